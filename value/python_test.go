package value

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"
)

// pythonWithCBOR returns the interpreter, or skips the test when it, or version 6 of
// cbor2, is missing.
func pythonWithCBOR(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	const check = "import cbor2, importlib.metadata as m; v = m.version('cbor2'); assert int(v.split('.')[0]) >= 6, 'it is ' + v"
	if out, err := exec.Command(path, "-c", check).CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		t.Skip("Python's cbor2, version 6 or later, is not installed: ", lines[len(lines)-1])
	}
	return path
}

// snippet is the reader of FORMAT.md.
func snippet(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "```python\n")
	code, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("FORMAT.md has no Python snippet")
	}
	return code
}

func TestReadByPython(t *testing.T) {
	py := pythonWithCBOR(t)
	dir := t.TempDir()
	v := eval(t, `
v = {
	"none": None, "bools": [True, False],
	"ints": [0, -1, 255, 1 << 31, -(1 << 63), (1 << 64) - 1, 1 << 64, -(1 << 64) - 1, 10 * 1000 * 1000 << 200],
	"floats": [0.5, 0.1, 65504.0, 1e300, float("inf"), float("-inf"), -0.0, 1.0],
	"nan": float("nan"),
	"text": "größe", "raw": raw, "bytes": b"\x00\xff",
	"tuple": (1, ("a", [])), "set": set([3, 1, "x"]), "struct": struct(b = 1, a = (2,)),
	(1, "k"): {2: 3}, 7: "int key",
}
`)
	if err := os.WriteFile(filepath.Join(dir, "result"), mustEncode(t, v), 0o666); err != nil {
		t.Fatal(err)
	}
	check := snippet(t) + `
nan = value.pop("nan")
assert nan != nan, nan
assert str(value["floats"][6]) == "-0.0", value["floats"]
assert type(value["floats"][7]) is float
want = {
	"none": None, "bools": [True, False],
	"ints": [0, -1, 255, 1 << 31, -(1 << 63), (1 << 64) - 1, 1 << 64, -(1 << 64) - 1, 10 * 1000 * 1000 << 200],
	"floats": [0.5, 0.1, 65504.0, 1e300, float("inf"), float("-inf"), -0.0, 1.0],
	"text": "größe", "raw": "a\udcff", "bytes": b"\x00\xff",
	"tuple": (1, ("a", [])), "set": {3, 1, "x"}, "struct": {"b": 1, "a": (2,)},
	(1, "k"): {2: 3}, 7: "int key",
}
assert value == want, value
assert list(value) == list(want), list(value)
with open("back", "wb") as f:
	f.write(cbor2.dumps(cbor2.CBORTag(55799, {"b": 1, "a": [0.1, 1.5, -(1 << 70), b"x", "y", None, True], "t": cbor2.CBORTag(27, ["tuple", 1, 2]), "s": {5}})))
`
	cmd := exec.Command(py, "-c", check)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	back, err := os.ReadFile(filepath.Join(dir, "back"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(back)
	if err != nil {
		t.Fatalf("what Python wrote: %v", err)
	}
	if want := eval(t, `v = {"b": 1, "a": [0.1, 1.5, -(1 << 70), b"x", "y", None, True], "t": (1, 2), "s": set([5])}`); !same(got, want) {
		t.Errorf("what Python wrote: %s, want %s", got, want)
	}
}

// TestFormatTable checks the examples of FORMAT.md.
func TestFormatTable(t *testing.T) {
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(doc)) {
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.Contains(cells[4], "`") || strings.Contains(cells[4], "bytes after") {
			continue
		}
		rows++
		src, want := strings.Trim(cells[3], " `"), strings.Trim(cells[4], " `")
		var v starlark.Value = starlark.String("\xff") // Starlark itself has no such literal
		if src != `"\xff"` {
			v = eval(t, "v = "+src)
		}
		if got := hexOf(mustEncode(t, v)); got != want {
			t.Errorf("FORMAT.md has %s as %s, it is %s", src, want, got)
		}
	}
	if rows != 11 {
		t.Errorf("%d examples found in FORMAT.md, want 11", rows)
	}
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var out bytes.Buffer
	for _, c := range b[len(magic):] {
		out.WriteByte(digits[c>>4])
		out.WriteByte(digits[c&15])
	}
	return out.String()
}
