package starlarkfuse_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const fingerprinted = `
load("lib.star", "helper", lib_const = "const")

scale = 3
unused = 1

def inner(x):
    return helper(x) * scale

def f(x, y = 1):
    return inner(x) + y

def g(x):
    return x

def even(n):
    return n == 0 or odd(n - 1)

def odd(n):
    return n != 0 and even(n - 1)

def make(k):
    def closure(x):
        return x + k
    return closure

f = workflow(f)
g = workflow(g)
c2 = workflow(make(2))
c3 = workflow(make(3))
e = workflow(even)

f(1).set_name("f1")
g(1).set_name("g1")
c2(1).set_name("c2")
c3(1).set_name("c3")
e(4).set_name("e")
g(lambda v: inner(v)).set_name("fn")
`

const fingerprintedLib = `
const = [1, 2]
def helper(x):
    return x + len(const)
`

// fingerprints loads the two files and returns the fingerprints by node.
func fingerprints(t *testing.T, main, lib string) map[string]string {
	t.Helper()
	wf, err := load(t, map[string]string{"main.star": main, "lib.star": lib})
	if err != nil {
		t.Fatal(explain(err))
	}
	prints := make(map[string]string)
	for _, n := range wf.Nodes() {
		prints[n.Name()] = n.Fingerprint()
	}
	return prints
}

// TestFingerprintChanges edits the files and lists the nodes whose
// fingerprints change: those that reach the edit, and no others.
func TestFingerprintChanges(t *testing.T) {
	before := fingerprints(t, fingerprinted, fingerprintedLib)
	for name, fp := range before {
		if len(fp) != len("sha256:")+64 || !strings.HasPrefix(fp, "sha256:") {
			t.Errorf("%s: %q", name, fp)
		}
	}
	for _, test := range []struct{ name, old, new, changed string }{
		{"nothing", "", "", ""},
		{"lines are added above", "scale = 3", "\n\n\nscale = 3", ""},
		{"a global that nothing reaches", "unused = 1", "unused = 2", ""},
		{"a name of a node", `"g1"`, `"g9"`, ""},
		{"another function", "    return x\n", "    return x + 0\n", "g1 fn"},
		{"the function itself", "inner(x) + y", "inner(x) - y", "f1"},
		{"a default", "y = 1", "y = 2", "f1"},
		{"a function that it calls", "helper(x) * scale", "helper(x) + scale", "f1 fn"},
		{"a global", "scale = 3", "scale = 4", "f1 fn"},
		{"a function in another file", "x + len(const)", "x - len(const)", "f1 fn"},
		{"a global of another file", "[1, 2]", "[1, 3]", "f1 fn"},
		{"an argument", `f(1).`, `f(2).`, "f1"},
		{"the type of an argument", `f(1).`, `f(1.0).`, "f1"},
		{"a keyword", `f(1).`, `f(x = 1).`, "f1"},
		{"a captured value", "make(2)", "make(4)", "c2"},
		{"a function of a cycle", "n != 0", "n > 0", "e"},
		{"an annotation of the result", "def g(x):", "def g(x) -> int:", "g1 fn"},
	} {
		t.Run(test.name, func(t *testing.T) {
			main := strings.Replace(fingerprinted, test.old, test.new, 1)
			lib := strings.Replace(fingerprintedLib, test.old, test.new, 1)
			if test.name == "an annotation of the result" {
				main = strings.Replace(main, `g(lambda v: inner(v)).set_name("fn")`, `g(0).set_name("fn")`, 1)
			}
			after := fingerprints(t, main, lib)
			var changed []string
			for _, name := range []string{"f1", "g1", "c2", "c3", "e", "fn"} {
				if fp, ok := after[name]; ok && fp != before[name] {
					changed = append(changed, name)
				}
			}
			if got := strings.Join(changed, " "); got != test.changed {
				t.Errorf("changed: %q, want %q", got, test.changed)
			}
		})
	}
}

// Nodes that KFP tells apart by their environment only must have different
// fingerprints where their results differ, and may share one where not.
func TestFingerprintsDiffer(t *testing.T) {
	wf := mustLoad(t, `
def add(a, b):
    return a + b
def mul(a, b):
    return a * b
add, mul = workflow(add), workflow(mul)
n = add(1, 1)
all = [n, mul(1, 1), add(1, 2), add(1, 1.0), add(True, 1), add("1", "1"), add([1], [1]), add((1,), (1,)),
    add([1, 1], []), add([[1], 1], []), add(b"1", b"1"), add({"a": 1}, {}), add(n, 1), add(1, n), add(n["x"], 1),
    add({"a": 1, "b": 2}, {}), add({"b": 2, "a": 1}, {}), add(set([1]), set()), add(struct(a = 1), None), add(None, None),
    add(-0.0, 0.0), add(0.0, 0.0), add(1 << 70, 1), add(-1, 1)]
`)
	seen := make(map[string]*starlarkfuse.Node)
	for _, n := range wf.Nodes() {
		if old := seen[n.Fingerprint()]; old != nil {
			t.Errorf("%s and %s, made at %s and %s, have one fingerprint", old.Name(), n.Name(), old.Pos(), n.Pos())
		}
		seen[n.Fingerprint()] = n
	}
	if len(seen) != 24 {
		t.Errorf("%d nodes", len(seen))
	}
}

// Where the files lie, and how their lines end, makes no difference.
func TestFingerprintsDoNotDependOnPlaces(t *testing.T) {
	want := fingerprints(t, fingerprinted, fingerprintedLib)
	same := func(what string, got map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	for _, newline := range []string{"\r\n", "\r"} {
		lines := strings.NewReplacer("\n", newline)
		same(fmt.Sprintf("lines end in %q", newline), fingerprints(t, lines.Replace(fingerprinted), lines.Replace(fingerprintedLib)))
	}
	for _, folder := range []string{"a", "b/c ü"} {
		dir := filepath.Join(t.TempDir(), folder)
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"main.star": fingerprinted, "lib.star": fingerprintedLib} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		wf, err := starlarkfuse.Load(t.Context(), filepath.Join(dir, "main.star"))
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, n := range wf.Nodes() {
			got[n.Name()] = n.Fingerprint()
		}
		same("on disk in "+folder, got)
	}
}

// Loading is deterministic: twice the same graph, bit for bit.
func TestFingerprintsAreStable(t *testing.T) {
	first := fingerprints(t, fingerprinted, fingerprintedLib)
	for range 5 {
		for name, fp := range fingerprints(t, fingerprinted, fingerprintedLib) {
			if first[name] != fp {
				t.Errorf("%s: %s, then %s", name, first[name], fp)
			}
		}
	}
	// The same on any machine and in every release: a change of this value
	// makes every cache miss, and needs a new fingerprintVersion.
	if got, want := first["f1"], "sha256:ac9f4f6a2be5930c76a2a8f9aee1e444e2eb26d5df18c308c5937a836b727662"; got != want {
		t.Errorf("the fingerprint of f1 is %s, want %s", got, want)
	}
}
