package starlarkfuse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func mapFS(text string) fstest.MapFS {
	return fstest.MapFS{"main.star": &fstest.MapFile{Data: []byte(text)}}
}

// load loads the files of a test; "main.star" is the main one.
func load(t testing.TB, files map[string]string, opts ...starlarkfuse.Option) (*starlarkfuse.Workflow, error) {
	t.Helper()
	fsys := make(fstest.MapFS)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return starlarkfuse.Load(context.Background(), "main.star", append(opts, starlarkfuse.WithFS(fsys))...)
}

func mustLoad(t testing.TB, text string, opts ...starlarkfuse.Option) *starlarkfuse.Workflow {
	t.Helper()
	wf, err := load(t, map[string]string{"main.star": text}, opts...)
	if err != nil {
		t.Fatal(explain(err))
	}
	return wf
}

// explain prints an error with its hint and backtrace.
func explain(err error) string {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []string
		for _, e := range joined.Unwrap() {
			all = append(all, explain(e))
		}
		return strings.Join(all, "\n")
	}
	text := err.Error()
	var e *starlarkfuse.Error
	if errors.As(err, &e) {
		if e.Backtrace != "" {
			text += "\n" + e.Backtrace
		}
		if e.Hint != "" {
			text += "\nhint: " + e.Hint
		}
	}
	return text
}

// run calls the nodes of a workflow in order, as an engine would.
func run(wf *starlarkfuse.Workflow) (map[string]starlark.Value, error) {
	results := make(map[string]starlark.Value)
	for _, n := range wf.Nodes() {
		inputs := make([]starlark.Value, len(n.Inputs()))
		for i, in := range n.Inputs() {
			switch in.Kind {
			case starlarkfuse.FromNode:
				inputs[i] = results[in.Node.Name()]
			case starlarkfuse.FromParam:
				inputs[i] = in.Param.Default
			}
		}
		v, err := n.Call(context.Background(), starlarkfuse.CallOptions{Inputs: inputs})
		if err != nil {
			return results, fmt.Errorf("%s: %w", n.Name(), err)
		}
		results[n.Name()] = v
	}
	return results, nil
}

const sums = `
def sum(a, b):
    return a + b
sum = workflow(sum)

a, b = 1, 1
a_plus_b = sum(a, b).set_name("node1")
a_plus_two_b = sum(a_plus_b, b).set_name("node2")

wf = KFPWorkflow(a_plus_two_b, workflow_name = "sums")
wf.run()
`

func TestSums(t *testing.T) {
	wf := mustLoad(t, sums)
	if wf.Name() != "sums" || wf.Kind() != starlarkfuse.KFP || !wf.RunRequested() {
		t.Errorf("workflow %q, %v, run %v", wf.Name(), wf.Kind(), wf.RunRequested())
	}
	results, err := run(wf)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(results["node1"], results["node2"]); got != "2 3" {
		t.Errorf("got %s, want 2 3", got)
	}
}
