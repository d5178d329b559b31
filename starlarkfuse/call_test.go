package starlarkfuse_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func TestCall(t *testing.T) {
	for _, test := range []struct{ name, text, node, want string }{
		{"nested arguments", `
def f(*args, **kw):
    return args, kw
f = workflow(f)
a = f(1).set_name("a")
b = f([a, (2, {"k": a[0][0]})], x = set([a[0]]), y = struct(z = a)).set_name("b")
`, "b", `(([((1,), {}), (2, {"k": 1})],), {"x": set([(1,)]), "y": struct(z = ((1,), {}))})`},
		{"operations on sets of nodes", `
def f(x):
    return x
f = workflow(f)
a, b, c = f(1), f(2), f(3)
s = (set([a, b]) | set([b])) - set([a])
s |= set([c])
s = s & set([b, c]) ^ set([a])
f(s).set_name("b")
`, "b", "set([2, 3, 1])"},
		{"a chain of 10000 operators", `
def f(x):
    return x` + strings.Repeat(" + 1", 9_990) + `
f = workflow(f)
f(1).set_name("b")
`, "b", "9991"},
		{"brackets in texts", `
# ` + strings.Repeat("(", 2_000) + `
def f(x):
    return len(x)
f = workflow(f)
f("` + strings.Repeat("[", 2_000) + `").set_name("b")
`, "b", "2000"},
		{"json of some depth", `
def f(x):
    d = 0
    x = json.decode(x, None)
    while x != "]]":
        x = x[0]
        d += 1
    return d
f = workflow(f)
f("[" * 9000 + '"]]"' + "]" * 9000).set_name("b")
`, "b", "9000"},
		{"containers with nodes, shared between arguments", `
def f(a, b = None, **kw):
    return (a, b, kw)
f = workflow(f)
n = f(1)[0]
l = [n]
s = set([n])
f(l, l, z = {"l": l, "s": [s]}, s = s, t = [2]).set_name("b")
`, "b", `([1], [1], {"z": {"l": [1], "s": [set([1])]}, "s": set([1]), "t": [2]})`},
		{"indices from the end", `
def f(x):
    return x
f = workflow(f)
b = f(f([1, 2, 3])[-1]).set_name("b")
`, "b", "3"},
		{"arguments are those of the time of the call", `
def f(x):
    return x
f = workflow(f)
xs = [1]
b = f(xs).set_name("b")
xs.append(2)
`, "b", "[1]"},
		{"a workflow function calls itself", `
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib = workflow(fib)
fib(20).set_name("b")
`, "b", "6765"},
		{"functions and big numbers are arguments", `
def apply(fn, x):
    return fn(x)
apply = workflow(apply)
apply(lambda x: x + (1 << 100), 1).set_name("b")
`, "b", "1267650600228229401496703205377"},
		{"float annotation", `
def f(x: int) -> list[float]:
    return [x, 2.5]
f = workflow(f)
f(1).set_name("b")
`, "b", "[1.0, 2.5]"},
		{"a parameter's default", `
def f(x):
    return x
f = workflow(f)
f(param("p", default = 1, type = float)).set_name("b")
`, "b", "1.0"},
		{"the clock", `
def f():
    return time.now().year > 2000
f = workflow(f)
f().set_name("b")
`, "b", "True"},
		{"shared and global values", `
table = {"a": [1]}
def f(x):
    return x["a"] + table["a"]
f = workflow(f)
f(table).set_name("b")
`, "b", "[1, 1]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			results, err := run(mustLoad(t, test.text))
			if err != nil {
				t.Fatal(explain(err))
			}
			if got := results[test.node].String(); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestCallStopsWithContext(t *testing.T) {
	wf := mustLoad(t, `
def f():
    print("started")
    while True:
        pass
workflow(f)()
`)
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	_, err := wf.Nodes()[0].Call(ctx, starlarkfuse.CallOptions{Print: func(string) { cancel(why) }})
	if !errors.Is(err, why) {
		t.Fatalf("got %v, want %v", err, why)
	}
	var e *starlarkfuse.Error
	if !errors.As(err, &e) || e.Pos.Line == 0 {
		t.Errorf("no position in %#v", err)
	}
}

func TestCallMaxSteps(t *testing.T) {
	wf := mustLoad(t, "def f():\n    while True:\n        pass\nworkflow(f)()\n")
	_, err := wf.Nodes()[0].Call(context.Background(), starlarkfuse.CallOptions{MaxSteps: 100_000})
	if err == nil || !strings.Contains(err.Error(), "more than 100000 computation steps") {
		t.Errorf("got %v", err)
	}
}

// Where exactly a recursion is stopped depends on when its depth is looked at.
func TestCallRecursion(t *testing.T) {
	_, err := run(mustLoad(t, "def f():\n    return f()\nf = workflow(f)\nf()\n"))
	if err == nil || !strings.Contains(err.Error(), "calls are nested more than 20000 deep") {
		t.Errorf("got %v", err)
	}
}

// Loading and calling are safe in parallel: the race detector watches.
func TestParallel(t *testing.T) {
	wf := mustLoad(t, `
table = {"a": list(range(100))}
def f(x):
    return sorted(table["a"], reverse = True)[:x]
f = workflow(f)
[f(i) for i in range(20)]
`)
	var wg sync.WaitGroup
	for _, n := range wf.Nodes() {
		wg.Go(func() {
			if _, err := n.Call(context.Background(), starlarkfuse.CallOptions{Inputs: make([]starlark.Value, 1)}); err != nil {
				t.Error(err)
			}
			n.Fingerprint()
		})
		wg.Go(func() { wf.Nodes()[0].Fingerprint() })
		wg.Go(func() { mustLoad(t, sums).Nodes()[1].Fingerprint() })
	}
	wg.Wait()
}

func TestPrint(t *testing.T) {
	var lines []string
	wf := mustLoad(t, `
def f():
    print("in", "node")
    return time.parse_time("2026-01-02T03:04:05+01:00")
f = workflow(f)
n = f()
print("loading", n)
`, starlarkfuse.WithPrint(func(pos, text string) { lines = append(lines, pos+" "+text) }))
	_, err := wf.Nodes()[0].Call(context.Background(), starlarkfuse.CallOptions{
		Print: func(text string) { lines = append(lines, text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`main.star:7:6 loading node "f_0000"`, "in node"}; !slices.Equal(lines, want) {
		t.Errorf("got %q, want %q", lines, want)
	}
}

func ExampleLoad() {
	files := mapFS(`
def add(a, b):
    return a + b
add = workflow(add)

three = add(1, 2).set_name("three")
LocalWorkflow(add(three, 4).set_name("seven"), workflow_name = "sums")
`)
	wf, err := starlarkfuse.Load(context.Background(), "main.star", starlarkfuse.WithFS(files))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, n := range wf.Nodes() {
		for _, in := range n.Inputs() {
			if in.Kind == starlarkfuse.FromNode {
				fmt.Printf("%s takes %s as %s\n", n.Name(), in.Node.Name(), in.Name)
			}
		}
	}
	v, err := wf.Nodes()[0].Call(context.Background(), starlarkfuse.CallOptions{Inputs: make([]starlark.Value, 2)})
	fmt.Println(v, err)
	// Output:
	// seven takes three as a
	// 3 <nil>
}
