package starlarkfuse_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/stdlib"
)

// writeFiles writes files into a new folder and returns it.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOverlay(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"flows/main.star": `load("lib.star", "x")` + "\nprint(x)\nworkflow(lambda *args: args)(x, read_file(\"//a.txt\"), define(\"d\", 0))\n",
		"flows/lib.star":  `x = "on disk"`,
		"a.txt":           "A",
	})
	prints := 0
	main := filepath.Join(dir, "flows", "main.star")
	f, err := starlarkfuse.LoadFile(context.Background(), main, starlarkfuse.WithRoot(dir), starlarkfuse.WithMaxSource(200),
		starlarkfuse.WithDefines(map[string]string{"d": "7"}), starlarkfuse.WithPrint(func(string, string) { prints++ }))
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, test := range []struct {
		overlay map[string]string
		want    string
	}{
		{nil, `args-0="on disk" args-1="A" args-2=7`},
		{map[string]string{"flows/lib.star": `x = "laid over"`}, `args-0="laid over" args-1="A" args-2=7`},
		{map[string]string{"a.txt": "B", "unused.star": "1 +"}, `args-0="on disk" args-1="B" args-2=7`},
		{map[string]string{"flows/lib.star": "x = 1 +\n"}, filepath.ToSlash(dir) + "/flows/lib.star:1:8: got newline, want primary expression"},
		{map[string]string{"a.txt": strings.Repeat("x", 500)}, main + ":3:42: " + filepath.Join(dir, "a.txt") + ": the files of this workflow are larger than 200 bytes in all\n" +
			"hint: read large data inside a node instead, or raise the limit with --max-source"},
		{map[string]string{"../a.txt": ""}, `WithOverlay: "../a.txt" is not a path under the root folder`},
	} {
		overlay := make(map[string][]byte)
		for name, text := range test.overlay {
			overlay[name] = []byte(text)
		}
		got := ""
		if again, err := f.Reload(context.Background(), starlarkfuse.WithOverlay(overlay)); err != nil {
			got = explain(err)
		} else {
			var args []string
			for _, in := range again.Workflows()[0].Nodes()[0].Inputs() {
				args = append(args, in.Name+"="+in.Value.String())
			}
			got = strings.Join(args, " ")
		}
		if got != test.want {
			t.Errorf("%v: got  %s\nwant %s", test.overlay, got, test.want)
		}
	}
	if prints != 1 {
		t.Errorf("%d prints, want those of the first load", prints)
	}
	if err := os.Remove(filepath.Join(dir, "a.txt")); err != nil {
		t.Fatal(err)
	}
	_, err = f.Reload(context.Background(), starlarkfuse.WithOverlay(map[string][]byte{"a.txt": []byte("A")}))
	if err == nil || !strings.HasSuffix(err.Error(), "a.txt: no such file") {
		t.Errorf("a file that is not there: %v", err)
	}
}

const reader = `
load("//lib/read.star", "text")
load("lib/rel.star", "rel")
load("@fuse//json.star", "json")
def f(x):
    return x
workflow(f)([text, rel, json.decode("[1]")])
`

func TestFilesUnderTheRoot(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"main.star":         reader,
		"lib/read.star":     `text = read_file("//data/a.txt") + read_file("b.txt")`,
		"lib/rel.star":      `load("more/rel.star", r = "rel"); rel = r`,
		"lib/b.txt":         "B",
		"data/a.txt":        "A",
		"lib/more/rel.star": `rel = read_file("x.txt")`,
		"lib/more/x.txt":    "X",
	})
	wf, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, "main.star"))
	if err != nil {
		t.Fatal(explain(err))
	}
	if got := wf.Nodes()[0].Inputs()[0].Value.String(); got != `["AB", "X", [1]]` {
		t.Errorf("got %s", got)
	}
	if wf.File().Root() != dir || wf.File().Path() != "main.star" {
		t.Errorf("root %s, path %s", wf.File().Root(), wf.File().Path())
	}
}

func TestRootAboveTheFile(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"flows/main.star": `load("//common/c.star", "c")` + "\nworkflow(lambda x: x)(c)\n",
		"common/c.star":   "c = 5",
	})
	wf, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, "flows", "main.star"), starlarkfuse.WithRoot(dir))
	if err != nil {
		t.Fatal(explain(err))
	}
	if got := wf.Reference(); got != "flows/main.star" {
		t.Errorf("reference %s", got)
	}
	_, err = starlarkfuse.Load(context.Background(), filepath.Join(dir, "flows", "main.star"), starlarkfuse.WithRoot(filepath.Join(dir, "common")))
	if err == nil || !strings.Contains(err.Error(), "is not inside the root folder") {
		t.Errorf("got %v", err)
	}
}

func TestLinks(t *testing.T) {
	outside := writeFiles(t, map[string]string{"secret.txt": "secret", "secret.star": "x = 1"})
	dir := writeFiles(t, map[string]string{
		"inside.txt": "fine",
		"ok.star":    `workflow(lambda x: x)(read_file("link-inside.txt"))`,
		"bad.star":   `read_file("link-outside.txt")`,
		"load.star":  `load("link.star", "x")`,
		"deep.star":  `read_file("folder/secret.txt")`,
	})
	for link, to := range map[string]string{
		"link-inside.txt":  "inside.txt",
		"link-outside.txt": filepath.Join(outside, "secret.txt"),
		"link.star":        filepath.Join(outside, "secret.star"),
		"folder":           outside,
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, "ok.star")); err != nil {
		t.Error(explain(err))
	}
	for _, name := range []string{"bad.star", "load.star", "deep.star"} {
		_, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, name))
		if err == nil || !strings.Contains(err.Error(), "the link leads out of the root folder") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"none.star", "no/folder.star"} {
		path := filepath.Join(dir, name)
		_, err := starlarkfuse.Load(context.Background(), path)
		if want := path + ": no such file"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestDefines(t *testing.T) {
	text := `
n = define("n", 2)
rate = define("rate", 0.5)
name = define("name", "x")
any = define("any", None)
def f(x):
    return x
f = workflow(f)
f([n, rate, name, any] + [0] * n)
`
	for _, test := range []struct {
		defines map[string]string
		want    string
	}{
		{nil, `[2, 0.5, "x", None, 0, 0]`},
		{map[string]string{"n": "1", "rate": "2", "name": "5"}, `[1, 2.0, "5", None, 0]`},
		{map[string]string{"name": `"quoted"`, "any": `{"a": [1, 2.5]}`}, `[2, 0.5, "quoted", {"a": [1, 2.5]}, 0, 0]`},
		{map[string]string{"any": "plain text"}, `[2, 0.5, "x", "plain text", 0, 0]`},
		{map[string]string{"n": "x"}, `main.star:2:11: define "n": "x" is a string, but the default is an int`},
		{map[string]string{"n": "1.5"}, `main.star:2:11: define "n": "1.5" is a float, but the default is an int`},
		{map[string]string{"m": "1"}, `main.star defines no "m"` + "\nhint: did you mean \"n\"?"},
	} {
		got := ""
		wf, err := load(t, map[string]string{"main.star": text}, starlarkfuse.WithDefines(test.defines))
		if err != nil {
			got = explain(err)
		} else {
			got = wf.Nodes()[0].Inputs()[0].Value.String()
			if len(wf.Defines()) != len(test.defines) {
				t.Errorf("defines recorded: %v", wf.Defines())
			}
		}
		if got != test.want {
			t.Errorf("%v: got  %s\nwant %s", test.defines, got, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	files := map[string]string{"main.star": sums + `x = read_file("big.txt")`, "big.txt": strings.Repeat("x", 1000)}
	_, err := load(t, files, starlarkfuse.WithMaxSource(900))
	want := "big.txt: the files of this workflow are larger than 900 bytes in all"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	_, err = starlarkfuse.Load(ctx, "main.star", starlarkfuse.WithFS(mapFS("print(1)\nwhile True:\n    pass\n")),
		starlarkfuse.WithPrint(func(string, string) { cancel(why) }))
	if !errors.Is(err, why) {
		t.Errorf("got %v, want %v", err, why)
	}
}

func TestModules(t *testing.T) {
	effect := stdlib.Effect("dice.roll", "roll", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		return starlark.MakeInt(4), nil
	})
	with := starlarkfuse.WithModules(stdlib.Module{Name: "dice", Value: effect})
	wf := mustLoad(t, `
load("@fuse//dice.star", roll = "dice")
def f():
    return roll()
workflow(f)()
`, with)
	results, err := run(wf)
	if err != nil || results["f_0000"].String() != "4" {
		t.Errorf("got %v, %v", results, err)
	}
	_, err = load(t, map[string]string{"main.star": "load(\"@fuse//dice.star\", roll = \"dice\")\nroll()\n"}, with)
	if err == nil || err.Error() != "main.star:2:5: dice.roll: only inside a node function" {
		t.Errorf("got %v", err)
	}
	_, err = starlarkfuse.Load(context.Background(), "x", starlarkfuse.WithModules(stdlib.Module{Name: "json", Value: effect}))
	if err == nil || !strings.Contains(err.Error(), `there is a module "json" already`) {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	for _, seed := range []string{sums, fingerprinted, "def f(a: int) -> str:\n  pass\n", "x = [i for i in range(9)]\n", "load(\"main.star\", \"x\")"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		wf, err := starlarkfuse.Load(context.Background(), "main.star", starlarkfuse.WithFS(mapFS(text)),
			starlarkfuse.WithMaxSteps(10_000), starlarkfuse.WithMaxNodes(20))
		if err == nil {
			for _, n := range wf.Nodes() {
				n.Fingerprint()
			}
		}
	})
}

// TestFiles: all that was read is told, by whatever way, each once.
func TestFiles(t *testing.T) {
	f := loadFile(t, map[string]string{
		"main.star":    secretWorkflow + "load(\"lib/a.star\", \"a\")\nload(\"//lib/b.star\", \"b\")\nx = read_file(\"data/x.txt\") + read_file(\"//data/x.txt\")\n",
		"lib/a.star":   "load(\"b.star\", \"b\")\na = b\n",
		"lib/b.star":   "b = 1\n",
		"data/x.txt":   "x",
		"data/not.txt": "not read",
	})
	want := []string{"data/x.txt", "lib/a.star", "lib/b.star", "main.star"}
	if diff := cmp.Diff(want, f.Files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
