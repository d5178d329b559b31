//go:build unix

package exec_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

func TestProcessErrors(t *testing.T) {
	res := run(t, readSpec(t, flat(shTask{key: "a", script: "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; exit 7"})))
	var exit *exec.ExitError
	if err := res.Task("a").Err; !errors.As(err, &exit) || exit.Code != 7 || len(exit.Tail) != 10 || exit.Tail[9] != "line 12" {
		t.Fatalf("got %#v", err)
	}
	mustContain(t, exit.Error(), "exit status 7; its last output was\n  line 3\n")

	res = run(t, readSpec(t, flat(shTask{key: "a", script: "kill -9 $$$$"})))
	if err := res.Task("a").Err; err == nil || err.Error() != "signal: killed" {
		t.Errorf("got %v", err)
	}

	const missing = `
pipelineInfo: {name: missing}
schemaVersion: 2.1.0
root: {dag: {tasks: {a: {taskInfo: {name: a}, componentRef: {name: c}}}}}
components: {c: {executorLabel: e}}
deploymentSpec: {executors: {e: {container: {image: python:3.11, command: [COMMAND]}}}}
`
	for _, command := range []string{"no-such-program", "/no/such/program"} {
		res = run(t, readSpec(t, strings.Replace(missing, "COMMAND", command, 1)))
		err := res.Task("a").Err
		if res.State != exec.Failed || err == nil {
			t.Fatalf("%s: %v", res.State, err)
		}
		mustContain(t, err.Error(), command)
		mustContain(t, hint(err), "not those of the container's image python:3.11")
	}
}

func TestArgumentWithNUL(t *testing.T) {
	err := run(t, readSpec(t, flat(shTask{key: "a", script: "echo \x00"}))).Task("a").Err
	if err == nil {
		t.Fatal("it ran")
	}
	mustContain(t, err.Error(), "sh: an argument or a variable holds a NUL character")
	mustContain(t, hint(err), "as artifacts")
}

// An argument may be 128 KiB at most, on Linux.
func TestArgumentTooLong(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems have other limits")
	}
	res := run(t, readSpec(t, flat(shTask{key: "a", script: ": " + strings.Repeat("x", 140_000)})))
	err := res.Task("a").Err
	if err == nil {
		t.Fatal("it ran")
	}
	mustContain(t, err.Error(), "too long")
	mustContain(t, hint(err), "as artifacts")
}

// Cancelling a task ends all that it started, also what ignores the request.
func TestProcessGroup(t *testing.T) {
	never, alive := makeFIFO(t), makeFIFO(t)
	gone := make(chan error)
	go func() {
		f, err := os.Open(alive) // waits for the grandchild to open it
		if err == nil {
			_, err = io.ReadAll(f) // and for the last who has it to be gone
			f.Close()
		}
		gone <- err
	}()
	spec := readSpec(t, flat(shTask{key: "a", script: `trap "" TERM; sh -c 'trap "" TERM; exec 3> ` + alive + `; echo up; read x < ` + never + `'`}))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := exec.Run(ctx, spec, exec.WithStorage(t.TempDir()),
		exec.WithRunner(&exec.Process{Grace: 10 * time.Millisecond}),
		exec.WithObserver(func(e exec.Event) {
			if e.Line == "up" {
				cancel()
			}
		}))
	if err == nil || res.State != exec.Canceled {
		t.Fatalf("%v, %+v", err, res)
	}
	if err := <-gone; err != nil {
		t.Error(err)
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("FROM_HOST", "host")
	res := run(t, readSpec(t, `
pipelineInfo: {name: env}
schemaVersion: 2.1.0
root: {dag: {tasks: {a: {taskInfo: {name: a}, componentRef: {name: c}}}}}
components: {c: {executorLabel: e, outputDefinitions: {parameters: {out: {parameterType: STRING}}}}}
deploymentSpec:
  executors:
    e:
      container:
        image: none
        command: [sh, -ec, 'printf "%s|%s|%s|%s" "$A" "$B" "$FROM_HOST" "$1" > "$0"', "{{$.outputs.parameters['out'].output_file}}", "$(A)-$$(A)-$(NONE)-$$$$-$x"]
        env: [{name: A, value: one}, {name: B, value: "$(A)+$$(A)"}]
`))
	if got, want := outputs(res), "a.out=one|one+$(A)|host|one-$(A)-$(NONE)-$$-$x"; got != want {
		t.Errorf("got %s\nwant %s (%v)", got, want, res.Tasks[0].Err)
	}
}

// What a task wrote is kept, whole, as KFP keeps it.
func TestLog(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	var lines []string
	res := run(t, readSpec(t, flat(shTask{key: "a", script: "echo one; head -c 200000 /dev/zero | tr '\\0' x; echo; printf last"})),
		exec.WithObserver(func(e exec.Event) {
			if e.Kind == exec.TaskOutput {
				lines = append(lines, e.Line)
			}
		}))
	log, err := os.ReadFile(filepath.Join(res.Dir, "a", "executor-logs-0"))
	if err != nil || string(log) != "one\n"+long+"\nlast" {
		t.Errorf("%d bytes, %v", len(log), err)
	}
	if strings.Join(lines, "") != "one"+long+"last" || len(lines) != 6 {
		t.Errorf("%d lines", len(lines))
	}
}

// A runner of somebody else is given everything, and can leave everything.
type fakeRunner struct{ tasks []*exec.Task }

func (f *fakeRunner) Run(ctx context.Context, task *exec.Task) error {
	f.tasks = append(f.tasks, task)
	task.Output.Write([]byte("hello\n"))
	return os.WriteFile(task.Command[len(task.Command)-1], []byte("42"), 0o644)
}

func TestRunner(t *testing.T) {
	spec := compile(t, "def f() -> int:\n    return 1\nKFPWorkflow(workflow(f)().set_name('n'), workflow_name = 'w')\n")
	res := run(t, spec, exec.WithRunner(&fakeRunner{}))
	if res.State != exec.Failed {
		t.Fatal("a function left no output, and succeeded")
	}
	fake := &fakeRunner{}
	res = run(t, readSpec(t, flat(shTask{key: "a", script: "x", outputs: []string{"out"}})), exec.WithRunner(fake))
	if len(fake.tasks) != 1 || outputs(res) != "a.out=42" {
		t.Fatalf("%s: %v", states(res), res.Tasks[0].Err)
	}
	got := fake.tasks[0]
	if got.Path != "a" || got.Image != "none" || got.Function != nil || got.RunDir != res.Dir || len(got.Command) != 5 {
		t.Errorf("got %+v", got)
	}
}
