package exec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

const entrySource = `
def make(n):
    print("making", n)
    return list(range(n))
make = workflow(make)

def join(a, k: int, sep) -> str:
    return sep.join([str(x + k) for x in a])
join = workflow(join)

def fails(x):
    return 1 // x
fails = workflow(fails)

m = make(3).set_name("maker")
j = join(m, param("k", type = "NUMBER_INTEGER"), "-").set_name("joiner")
f = fails(0).set_name("failer")
KFPWorkflow(j, f, workflow_name = "w")
`

// An entry is what `fuse exec` finds around it.
type entry struct {
	dir    string
	config exec.ExecConfig
	out    bytes.Buffer
}

func newEntry(t *testing.T, node string) *entry {
	path := starFile(t, entrySource)
	e := &entry{dir: filepath.Dir(path)}
	e.config = exec.ExecConfig{Workflow: "pipeline.star", Root: e.dir, Function: node, Print: func(_, text string) { fmt.Fprintln(&e.out, text) }}
	return e
}

func (e *entry) path(name string) string { return filepath.Join(e.dir, "task", name) }

// inputs sets the executor input: the value of the artifact a, and k.
func (e *entry) inputs(t *testing.T, a any, k string) {
	in := `{"inputs": {"parameterValues": {"k": %s, "sep": "ignored"}, "artifacts": {"a": {"artifacts": [{"name": "x", "uri": %q, "type": {"instanceSchema": ""}}]}}},
	"outputs": {"parameters": {"Output": {"outputFile": %q}}, "artifacts": {"executor-logs": {"artifacts": [{"uri": "minio://b/logs"}]}, "result": {"artifacts": [{"name": "result", "uri": %q}]}}, "outputFile": %q}}`
	e.config.ExecutorInput = fmt.Sprintf(in, k, e.path("in"), e.path("Output"), e.path("result"), e.path("meta/executor_output.json"))
	b, err := value.Encode(mustValue(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(e.path("in")), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.path("in"), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (e *entry) run() (string, error) {
	v, err := exec.Exec(context.Background(), e.config)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// files are the names of all that is in the task's folder.
func (e *entry) files(t *testing.T) string {
	var names []string
	err := filepath.WalkDir(e.path(""), func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, filepath.Base(p))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func TestExecParameter(t *testing.T) {
	e := newEntry(t, "joiner")
	e.inputs(t, []any{1, 2}, "40")
	got, err := e.run()
	if err != nil || got != `"41-42"` {
		t.Fatalf("got %s, %v", got, err)
	}
	if b, err := os.ReadFile(e.path("Output")); err != nil || string(b) != "41-42" {
		t.Errorf("the parameter's file holds %q, %v", b, err)
	}
	if b, err := os.ReadFile(e.path("meta/executor_output.json")); err != nil || string(b) != `{"parameterValues":{"Output":"41-42"}}` {
		t.Errorf("the executor output is %s, %v", b, err)
	}
	if got := e.files(t); got != "Output in executor_output.json" {
		t.Errorf("files: %s", got)
	}
}

func TestExecArtifact(t *testing.T) {
	e := newEntry(t, "maker")
	e.inputs(t, nil, "0")
	if got, err := e.run(); err != nil || got != "[0, 1, 2]" {
		t.Fatalf("got %s, %v", got, err)
	}
	b, err := os.ReadFile(e.path("result"))
	if err != nil {
		t.Fatal(err)
	}
	if v, err := value.Decode(b); err != nil || v.String() != "[0, 1, 2]" {
		t.Errorf("the artifact holds %v, %v", v, err)
	}
	var out struct {
		Artifacts map[string]struct {
			Artifacts []struct {
				Name, URI string
				Metadata  map[string]string
			}
		}
	}
	readJSON(t, e.path("meta/executor_output.json"), &out)
	a := out.Artifacts["result"].Artifacts[0]
	if a.Name != "result" || a.URI != e.path("result") || a.Metadata["type"] != "list" || !json.Valid([]byte(a.Metadata["preview"])) {
		t.Errorf("got %+v", a)
	}
	if e.out.String() != "making 3\n" {
		t.Errorf("it printed %q", e.out.String())
	}
	if info, err := os.Stat(e.path("result")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestExecAlone(t *testing.T) {
	e := newEntry(t, "maker")
	if got, err := e.run(); err != nil || got != "[0, 1, 2]" {
		t.Errorf("got %s, %v", got, err)
	}
	// What it takes from others is computed before.
	e = newEntry(t, "joiner")
	_, err := e.run()
	if err == nil {
		t.Fatal("it ran without its parameter")
	}
	mustContain(t, err.Error(), `parameter "k"`)
	mustContain(t, hint(err), "-p k=VALUE")
	if errors.As(err, new(*exec.NodeError)) {
		t.Error("a missing parameter is called a failure of the node")
	}
	e.config.Parameters = []string{"k=4"}
	if got, err := e.run(); err != nil || got != `"4-5-6"` {
		t.Errorf("got %s, %v", got, err)
	}
	for arg, want := range map[string]string{"q=1": `there is no parameter "q"`, "k": `parameter "k" has no value`, "k=x": `parameter "k"`} {
		e.config.Parameters = []string{arg}
		if _, err := e.run(); err == nil {
			t.Errorf("%s: no error", arg)
		} else {
			mustContain(t, err.Error(), want)
		}
	}
}

func TestExecErrors(t *testing.T) {
	damaged := func(cut int) func(*testing.T, *entry) {
		return func(t *testing.T, e *entry) {
			b, err := os.ReadFile(e.path("in"))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(e.path("in"), b[:len(b)-cut], 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		name   string
		node   string
		change func(*testing.T, *entry)
		want   []string
	}{
		{"unknown node", "joinr", nil, []string{`no node "joinr"`}},
		{"no node", "", nil, []string{"there is no node to run"}},
		{"several nodes", `["maker", "joiner"]`, nil, []string{"FFFUNCTION names 2 nodes"}},
		{"one node in a list", `["failer"]`, nil, []string{"division by zero"}},
		{"no file", "joiner", func(_ *testing.T, e *entry) { e.config.Workflow = "other.star" }, []string{"other.star"}},
		{"no workflow", "joiner", func(_ *testing.T, e *entry) { e.config.Workflow = "" }, []string{"no workflow file"}},
		{"unknown workflow", "joiner", func(_ *testing.T, e *entry) { e.config.Workflow += "#x" }, []string{`"x"`}},
		{"define without value", "joiner", func(_ *testing.T, e *entry) { e.config.Defines = []string{"x"} }, []string{`define "x" has no value`}},
		{"other fingerprint", "joiner", func(_ *testing.T, e *entry) { e.config.Fingerprint = "sha256:00" }, []string{`node "joiner"`, "sha256:00", "another version than the spec"}},
		{"input that nobody filled in", "joiner", func(_ *testing.T, e *entry) { e.config.ExecutorInput = "{{$}}" }, []string{"{{$}}"}},
		{"input that is no JSON", "joiner", func(_ *testing.T, e *entry) { e.config.ExecutorInput = "{" }, []string{"the executor input is none"}},
		{"no parameter", "joiner", func(_ *testing.T, e *entry) {
			e.config.ExecutorInput = strings.Replace(e.config.ExecutorInput, `"k": 1`, `"q": 1`, 1)
		}, []string{`node "joiner" failed: input "k" (parameter "k") was not given`}},
		{"wrong parameter", "joiner", func(t *testing.T, e *entry) { e.inputs(t, []any{1}, `"x"`) }, []string{`node "joiner"`, `input "k"`, "NUMBER_INTEGER"}},
		{"truncated artifact", "joiner", damaged(1), []string{`node "joiner"`, `input "a" (result of node "maker") in `, "task/in", "not a whole value"}},
		{"empty artifact", "joiner", damaged(4), []string{`input "a"`, "not a whole value"}},
		{"no artifact", "joiner", func(_ *testing.T, e *entry) { os.Remove(e.path("in")) }, []string{`input "a" (result of node "maker") in `, "no such file"}},
		{"artifact that is a folder", "joiner", func(_ *testing.T, e *entry) {
			os.Remove(e.path("in"))
			os.Mkdir(e.path("in"), 0o755)
		}, []string{`input "a"`, "task/in: it is a folder, not a file"}},
		{"huge artifact", "joiner", func(_ *testing.T, e *entry) { os.Truncate(e.path("in"), 1<<40) }, []string{`input "a"`, "it is too large: 1099511627776 bytes"}},
		{"artifact elsewhere", "joiner", func(_ *testing.T, e *entry) {
			e.config.ExecutorInput = strings.Replace(e.config.ExecutorInput, e.path("in"), "ftp://host/in", 1)
		}, []string{`input "a"`, "ftp://host/in"}},
		{"no place for the output", "joiner", func(_ *testing.T, e *entry) {
			e.config.ExecutorInput = strings.Replace(e.config.ExecutorInput, `"Output"`, `"Other"`, 1)
		}, []string{`no place for its output parameter "Output"`}},
		{"place that cannot be", "joiner", func(_ *testing.T, e *entry) {
			e.config.ExecutorInput = strings.Replace(e.config.ExecutorInput, e.path("meta"), e.path("in"), 1)
		}, []string{"write ", "executor_output.json"}},
		{"function that fails", "failer", nil, []string{"pipeline.star", "division by zero"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := newEntry(t, tt.node)
			e.inputs(t, []any{}, "1")
			before := e.files(t)
			if tt.change != nil {
				tt.change(t, e)
				before = e.files(t)
			}
			got, err := e.run()
			if err == nil {
				t.Fatalf("it ran: %s", got)
			}
			for _, part := range tt.want {
				mustContain(t, err.Error(), part)
			}
			if after := e.files(t); after != before {
				t.Errorf("it left %s, before there was %s", after, before)
			}
		})
	}
}

func TestExecFromFS(t *testing.T) {
	c := exec.ExecConfig{
		FS:       fstest.MapFS{"dir/a.star": {Data: []byte("load(\"//lib.star\", \"f\")\nKFPWorkflow(workflow(f)().set_name('n'), workflow_name = 'w')")}, "lib.star": {Data: []byte("def f():\n    return 7\n")}},
		Workflow: "dir/a.star", Function: "n",
	}
	if v, err := exec.Exec(context.Background(), c); err != nil || v.String() != "7" {
		t.Errorf("got %v, %v", v, err)
	}
}

// In a file of several workflows, the one is named in the reference.
func TestExecWorkflowReference(t *testing.T) {
	path := starFile(t, `
n = define("n", 1)
def f(x):
    return x
f = workflow(f)
KFPWorkflow(f(n).set_name("a"), workflow_name = "one")
KFPWorkflow(f(n + 10).set_name("b"), workflow_name = "two")
`)
	c := exec.ExecConfig{Root: filepath.Dir(path), Defines: []string{"n=5"}}
	for _, tt := range [][3]string{{"pipeline.star#one", "a", "5"}, {"pipeline.star#two", "b", "15"}, {"pipeline.star", "b", "15"}} {
		c.Workflow, c.Function = tt[0], tt[1]
		if v, err := exec.Exec(context.Background(), c); err != nil || v.String() != tt[2] {
			t.Errorf("%v: got %v, %v", tt, v, err)
		}
	}
	c.Workflow, c.Function = "pipeline.star#one", "b"
	if _, err := exec.Exec(context.Background(), c); err == nil {
		t.Error("a node of another workflow was found")
	}
}

func TestResolveRoot(t *testing.T) {
	t.Setenv(exec.RootVariable, "")
	if got := exec.ResolveRoot("x"); got != "x" {
		t.Errorf("got %q", got)
	}
	if got := exec.ResolveRoot(""); got != "." && got != exec.ImageRoot {
		t.Errorf("got %q", got)
	}
	t.Setenv(exec.RootVariable, "/somewhere")
	if got := exec.ResolveRoot(""); got != "/somewhere" {
		t.Errorf("got %q", got)
	}
}

// Options of loading reach the load.
func TestExecLoadOptions(t *testing.T) {
	e := newEntry(t, "maker")
	e.config.Load = []starlarkfuse.Option{starlarkfuse.WithMaxSteps(1)}
	if _, err := e.run(); err == nil {
		t.Error("the bound was not kept")
	}
}
