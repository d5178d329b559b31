package kfptest_test

import (
	"context"
	"io"
	"testing"
	"testing/fstest"
	"time"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// sums is a workflow of two nodes.
const sums = `
def sum(a, b):
    print("adding", a, b)
    return a + b
sum = workflow(sum)
a = param("a", default = 1)
first = sum(a, 1).set_name("node1")
second = sum(first, 1).set_name("node2")
KFPWorkflow(second, workflow_name = "sums")
`

// broken is a workflow whose first node fails.
const broken = `
def boom(a):
    fail("it is", a)
boom = workflow(boom)
def after(a):
    return a
after = workflow(after)
KFPWorkflow(after(boom("broken").set_name("boom")).set_name("after"), workflow_name = "broken")
`

// load reads a workflow.
func load(t testing.TB, text string) *starlarkfuse.Workflow {
	t.Helper()
	files := fstest.MapFS{"pipeline.star": {Data: []byte(text)}}
	return must(starlarkfuse.Load(t.Context(), "pipeline.star", starlarkfuse.WithFS(files)))(t)
}

// compile makes the spec of a workflow.
func compile(t testing.TB, wf *starlarkfuse.Workflow) []byte {
	t.Helper()
	return must(must(compiler.Compile(wf))(t).MarshalJSON())(t)
}

// start starts a server for a workflow, and returns its spec.
func start(t testing.TB, text string, opts ...kfptest.Option) (*kfptest.Server, *kfp.Client, []byte) {
	t.Helper()
	wf := load(t, text)
	s := kfptest.Start(t, append([]kfptest.Option{kfptest.WithWorkflow(wf)}, opts...)...)
	return s, client(t, s), compile(t, wf)
}

// client makes a client whose waits are short, and whose answers are checked.
func client(t testing.TB, s *kfptest.Server, opts ...kfp.Option) *kfp.Client {
	t.Helper()
	opts = append([]kfp.Option{kfp.WithTries(8, time.Millisecond), kfp.WithTransport(newChecker(t))}, opts...)
	return must(kfp.New(s.URL, opts...))(t)
}

// finish creates a run, and returns it when it has ended.
func finish(t testing.TB, s *kfptest.Server, c *kfp.Client, r kfp.NewRun) *kfp.Run {
	t.Helper()
	run := must(c.CreateRun(t.Context(), r))(t)
	ok(t, s.WaitRun(t.Context(), run.ID))
	return must(c.GetRun(t.Context(), run.ID))(t)
}

// A gate holds runs at a step, until the test lets them go on.
type gate struct {
	at   func(exec.Event) bool
	here chan string // the run's id, when it has come
	open chan struct{}
}

func newGate(kind exec.Kind, task string) *gate {
	return &gate{
		at:   func(e exec.Event) bool { return e.Kind == kind && e.Task == task },
		here: make(chan string, 16), open: make(chan struct{}),
	}
}

func (g *gate) step(ctx context.Context, id string, e exec.Event) {
	if !g.at(e) {
		return
	}
	g.here <- id
	select {
	case <-g.open:
	case <-ctx.Done():
	}
}

// must returns what is no error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		ok(t, err)
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// text reads what a stream has.
func text(r io.ReadCloser, err error) func(testing.TB) string {
	return func(t testing.TB) string {
		t.Helper()
		ok(t, err)
		defer r.Close()
		return string(must(io.ReadAll(r))(t))
	}
}
