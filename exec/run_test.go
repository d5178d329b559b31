package exec_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func asError(err error) (*starlarkfuse.Error, bool) {
	var e *starlarkfuse.Error
	return e, errors.As(err, &e)
}

func TestStates(t *testing.T) {
	const ok, bad = "true", "exit 3"
	for _, tt := range []struct {
		name  string
		tasks []shTask
		state exec.State
		want  string
	}{
		{"nothing depends on anything", []shTask{{key: "a", script: ok}, {key: "b", script: ok}},
			exec.Succeeded, "a=SUCCEEDED b=SUCCEEDED"},
		{"listed after what it depends on", []shTask{{key: "a", script: ok, after: []string{"b"}}, {key: "b", script: ok}},
			exec.Succeeded, "b=SUCCEEDED a=SUCCEEDED"},
		{"dependents of a failure do not run, siblings do",
			[]shTask{{key: "a", script: bad}, {key: "b", script: ok, after: []string{"a"}}, {key: "c", script: ok, after: []string{"b"}}, {key: "d", script: ok}},
			exec.Failed, "a=FAILED b=NOT_RUN c=NOT_RUN d=SUCCEEDED"},
		{"one that ignores failures runs once",
			[]shTask{{key: "a", script: bad}, {key: "b", script: ok}, {key: "c", script: ok, after: []string{"a", "b"}, completed: true}},
			exec.Failed, "a=FAILED b=SUCCEEDED c=SUCCEEDED"},
		{"but not if nobody ran",
			[]shTask{{key: "a", script: bad}, {key: "b", script: ok, after: []string{"a"}}, {key: "c", script: ok, after: []string{"b"}, completed: true}},
			exec.Failed, "a=FAILED b=NOT_RUN c=NOT_RUN"},
		{"its own failure does not count",
			[]shTask{{key: "a", script: ok}, {key: "b", script: bad, after: []string{"a"}, completed: true}},
			exec.Succeeded, "a=SUCCEEDED b=FAILED"},
		{"a failure that was seen to does not come down",
			[]shTask{{key: "a", script: bad}, {key: "b", script: ok, after: []string{"a"}, completed: true}, {key: "c", script: ok, after: []string{"a"}}},
			exec.Succeeded, "a=FAILED b=SUCCEEDED c=NOT_RUN"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, readSpec(t, flat(tt.tasks...)))
			if got := states(res); got != tt.want || res.State != tt.state {
				t.Errorf("got %s %s\nwant %s %s", res.State, got, tt.state, tt.want)
			}
		})
	}
}

// With a parallelism of one, a task that holds a lock is never disturbed.
func TestParallelismBound(t *testing.T) {
	lock := filepath.Join(t.TempDir(), "lock")
	var tasks []shTask
	for _, key := range strings.Split("a b c d e f", " ") {
		tasks = append(tasks, shTask{key: key, script: "mkdir " + lock + "; rmdir " + lock})
	}
	if res := run(t, readSpec(t, flat(tasks...)), exec.WithParallelism(1)); res.State != exec.Succeeded {
		t.Errorf("%s: %s", res.State, states(res))
	}
}

func TestCancel(t *testing.T) {
	spec := readSpec(t, flat(
		shTask{key: "a", script: "printf done > $1", outputs: []string{"out"}},
		shTask{key: "b", script: "echo started; sleep 1000", after: []string{"a"}},
		shTask{key: "c", script: "true", after: []string{"b"}},
	))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := exec.Run(ctx, spec, exec.WithStorage(t.TempDir()), exec.WithObserver(func(e exec.Event) {
		if e.Line == "started" {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || res == nil {
		t.Fatalf("got %v, %v", res, err)
	}
	if got, want := states(res), "a=SUCCEEDED b=CANCELED c=NOT_RUN"; got != want || res.State != exec.Canceled {
		t.Errorf("got %s %s, want %s", res.State, got, want)
	}
	rec, err := exec.OpenRun(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if rec.State != exec.Canceled || rec.Task("a").Parameters["out"] != "done" {
		t.Errorf("the record is %+v", rec)
	}
}

// A failure before does not hide that the run was cancelled, however deep the
// tasks are.
func TestCancelAfterFailure(t *testing.T) {
	const command = `container: {image: none, command: [sh, -c, `
	spec := readSpec(t, `
pipelineInfo: {name: nested}
schemaVersion: 2.1.0
root: {dag: {tasks: {d: {taskInfo: {name: d}, componentRef: {name: c-d}}}}}
components:
  c-d: {dag: {tasks: {a: {taskInfo: {name: a}, componentRef: {name: c-a}}, b: {taskInfo: {name: b}, componentRef: {name: c-b}}}}}
  c-a: {executorLabel: e-a}
  c-b: {executorLabel: e-b}
deploymentSpec:
  executors:
    e-a: {`+command+`"exit 1"]}}
    e-b: {`+command+`"sleep 1000"]}}
`)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	started, failed := false, false
	res, err := exec.Run(ctx, spec, exec.WithStorage(t.TempDir()), exec.WithParallelism(2), exec.WithObserver(func(e exec.Event) {
		started = started || e.Kind == exec.TaskStarted && e.Task == "d/b"
		failed = failed || e.Kind == exec.TaskEnded && e.Task == "d/a"
		if started && failed {
			cancel()
		}
	}))
	if !errors.Is(err, context.Canceled) || res.State != exec.Canceled {
		t.Errorf("got %v, %v", res.State, err)
	}
	if got, want := states(res), "d=FAILED d/a=FAILED d/b=CANCELED"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	res, err := exec.Run(ctx, readSpec(t, flat(shTask{key: "a", script: "true"})), exec.WithStorage(t.TempDir()))
	if !errors.Is(err, context.Canceled) || res == nil || states(res) != "a=NOT_RUN" {
		t.Errorf("got %+v, %v", res, err)
	}
}

func TestRetryPolicy(t *testing.T) {
	const policy = "retryPolicy: {maxRetryCount: 3, backoffDuration: 0s}"
	for _, tt := range []struct {
		name, script string
		attempts     int
		state        exec.State
		out          string
	}{
		{"third time lucky", `printf x >> "$1.all" || true; test $KFP_RETRY_INDEX = 2; printf $KFP_RETRY_INDEX > $1`, 3, exec.Succeeded, "a.out=2"},
		{"never", "exit 1", 4, exec.Failed, ""},
		{"at once", "printf x > $1", 1, exec.Succeeded, "a.out=x"},
		{"no output counts as a failure", "true", 4, exec.Failed, ""},
		{"each attempt finds an empty folder", `test ! -e $1; printf $KFP_RETRY_INDEX > $1; test $KFP_RETRY_INDEX = 1`, 2, exec.Succeeded, "a.out=1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var retried []int
			res := run(t, readSpec(t, flat(shTask{key: "a", script: tt.script, outputs: []string{"out"}, extra: policy})),
				exec.WithObserver(func(e exec.Event) {
					if e.Kind == exec.TaskRetried {
						retried = append(retried, e.Attempt)
					}
				}))
			if a := res.Task("a"); a.Attempts != tt.attempts || a.State != tt.state || outputs(res) != tt.out {
				t.Errorf("%d attempts, %s, %q (%v)", a.Attempts, a.State, outputs(res), a.Err)
			}
			if len(retried) != tt.attempts-1 {
				t.Errorf("told of attempts %v", retried)
			}
		})
	}
}

func TestObserver(t *testing.T) {
	spec := readSpec(t, flat(
		shTask{key: "a", script: "echo one; echo two >&2; printf three"},
		shTask{key: "b", script: "exit 1", after: []string{"a"}},
		shTask{key: "c", script: "true", after: []string{"b"}},
	))
	var got []string
	res := run(t, spec, exec.WithObserver(func(e exec.Event) {
		if e.Time.IsZero() {
			t.Error("an event without a time")
		}
		kind := [...]string{"run", "start", "line", "retry", "end", "over"}[e.Kind]
		line := e.Line
		if e.Kind == exec.RunStarted {
			line = ""
		}
		got = append(got, strings.TrimSpace(strings.Join([]string{kind, e.Task, string(e.State), line}, " ")))
	}))
	want := []string{
		"run  RUNNING", "start a RUNNING", "line a RUNNING one", "line a RUNNING two", "line a RUNNING three", "end a SUCCEEDED",
		"start b RUNNING", "end b FAILED", "end c NOT_RUN", "over  FAILED",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if res.Duration <= 0 || res.Started.IsZero() {
		t.Errorf("no times: %+v", res)
	}
}
