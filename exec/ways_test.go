package exec_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// oddWorkflows are files of which each has something that could be lost on the
// way into a container and back.
var oddWorkflows = map[string]string{
	"names": `
def f(*xs, **kw):
    return [xs, sorted(kw.items())]
f = workflow(f)
a = f("$(HOME) $$ {{$}} {{workflow.name}}", kw = "$x").set_name("$(HOME) {{$}} [\"x\"] ü #1")
b = f(a[0], **{"a b": a, "ü": {"{{$}}": "$$"}}).set_name("[a, b]")
c = f(b, {1: a}, (a, [b])).set_name("a-driver")
KFPWorkflow(c, a, workflow_name = "a workflow with a name: #1")
`,
	"defines": `
n = define("n", 2)
text = define("text", "$(A) {{$}}")
def f(x):
    return [x, n, text]
f = workflow(f)
last = f(None)
for i in range(n):
    last = f(last)
KFPWorkflow(last)
`,
	"constants": `
def f(x, y = None):
    return [x, y]
f = workflow(f)
deep = []
for _ in range(500):
    deep = [deep]
nodes = [f(x, y = i) for i, x in enumerate([
    1 << 500, -0.0, float("inf"), b"\x00\xff", "\x00\n", set([1, "a"]), {(1, 2): {}}, struct(a = 1, b = struct()), deep, list(range(5000)), "x" * 200000, (), None, "", [], {},
])]
nodes.append(f(f))
def apply(g, x):
    return g(x)
nodes[-1] = workflow(apply)(lambda x: x + 1, nodes[0][1])
KFPWorkflow(workflow_name = "constants", *nodes)
`,
	"two workflows": `
def f() -> str:
    return "one"
def g() -> dict[str, float]:
    return {"x": 1.0}
KFPWorkflow(workflow(f)().set_name("same"), workflow_name = "one")
KFPWorkflow(workflow(g)().set_name("same"), workflow_name = "two")
`,
}

// A file runs to the same results as itself and as the spec that was written
// and read back, in this process and in others.
func TestAllWaysGiveTheSame(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "examples", "*.star"))
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	for name, text := range oddWorkflows {
		path := filepath.Join(t.TempDir(), name+".star")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	process := asProcess(t)
	for _, file := range files {
		loaded, err := starlarkfuse.LoadFile(context.Background(), file, starlarkfuse.WithDefines(defines(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, wf := range loaded.Workflows() {
			t.Run(filepath.Base(file)+"#"+wf.Name(), func(t *testing.T) {
				spec, err := compiler.Compile(wf)
				if err != nil {
					t.Fatal(err)
				}
				data, err := spec.MarshalYAML()
				if err != nil {
					t.Fatal(err)
				}
				back, err := compiler.Read(data)
				if err != nil {
					t.Fatal(err)
				}
				res := run(t, spec)
				want := tasksOf(t, res)
				if res.State != exec.Succeeded {
					t.Fatalf("%s\n%s", states(res), want)
				}
				ways := map[string]*exec.Result{
					"read back":               run(t, back, exec.WithWorkflow(wf)),
					"read back, as processes": run(t, back, exec.WithRoot(wf.File().Root())),
				}
				if len(wf.Nodes()) < 30 { // a process takes its time with the race detector
					ways["as processes"] = run(t, spec, process)
				}
				for way, res := range ways {
					if got := tasksOf(t, res); got != want {
						t.Errorf("%s:\n%s\nwant\n%s", way, got, want)
					}
				}
			})
		}
	}
}

// defines are overrides of the compile-time constants of one of the files.
func defines(file string) map[string]string {
	if filepath.Base(file) == "defines.star" {
		return map[string]string{"n": "3", "text": `$(B) "{{$}}" $$`}
	}
	return nil
}

// tasksOf is what became of all tasks of a run, with their values.
func tasksOf(t *testing.T, res *exec.Result) string {
	t.Helper()
	var lines []string
	for _, task := range res.Tasks {
		line := fmt.Sprintf("%s (%s) %s", task.Path, task.Node, task.State)
		if task.Err != nil {
			line += ": " + task.Err.Error()
		}
		for _, o := range task.Outputs {
			if o.Artifact == nil {
				line += fmt.Sprintf(" %s=%v", o.Name, o.Parameter.AsInterface())
				continue
			}
			v, err := o.Artifact.Value()
			if err != nil {
				t.Errorf("%s: %v", task.Path, err)
				continue
			}
			line += fmt.Sprintf(" %s=%v %v", o.Name, v, o.Artifact.Metadata().AsMap())
		}
		lines = append(lines, line)
	}
	slices.Sort(lines) // two orders are right
	return strings.Join(lines, "\n")
}
