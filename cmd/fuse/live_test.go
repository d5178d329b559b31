package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// flow is a workflow of nodes a, b, …, each depending on the one before.
func flow(t *testing.T, names ...string) *compiler.Spec {
	t.Helper()
	var b strings.Builder
	b.WriteString("def f(x):\n    return x\nf = workflow(f)\nn = 1\n")
	for _, name := range names {
		b.WriteString("n = f(n).set_name(" + strconv.Quote(name) + ")\n")
	}
	file := filepath.Join(t.TempDir(), "flow.star")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	wf, err := starlarkfuse.Load(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestLive compares all bytes that a terminal gets, one write a line.
func TestLive(t *testing.T) {
	names := []string{"load", "train the model 数据", "eval\x1b[2J", "report"}
	spec := flow(t, names...)
	var keys []string
	for _, n := range names {
		keys = append(keys, spec.TaskKey(n))
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	columns := 60
	var writes quotedWrites
	log := newLiveLog(&writes, func() (int, bool) { return columns, true }, func() time.Time { return now }, false)
	log.screen.every = 0
	after := func(d time.Duration) { now = now.Add(d) }
	tick := func() {
		log.screen.mu.Lock()
		defer log.screen.mu.Unlock()
		log.screen.paint()
	}

	log.note("before the run")
	log.begin(newRunView("flow", spec))
	log.event(exec.Event{Kind: exec.RunStarted, Line: "/run"})
	log.event(exec.Event{Kind: exec.TaskStarted, Task: keys[0]})
	writes.mark("a short node paints no status line")
	after(10 * time.Millisecond)
	log.event(exec.Event{Kind: exec.TaskEnded, Task: keys[0], State: exec.Succeeded, Duration: 10 * time.Millisecond})
	log.event(exec.Event{Kind: exec.TaskStarted, Task: keys[1]})
	after(90 * time.Millisecond)
	tick()
	writes.mark("output goes above the status line")
	after(100 * time.Millisecond)
	log.event(exec.Event{Kind: exec.TaskOutput, Task: keys[1], Line: "epoch 1\r\x1b[A"})
	writes.mark("events in a row are painted together")
	after(10 * time.Millisecond)
	log.event(exec.Event{Kind: exec.TaskOutput, Task: keys[1], Line: "epoch 2"})
	log.event(exec.Event{Kind: exec.TaskOutput, Task: keys[1], Line: "epoch 3"})
	after(90 * time.Millisecond)
	tick()
	writes.mark("a narrow terminal")
	columns = 34
	after(time.Second)
	tick()
	columns = 8
	tick()
	columns = 0 // a terminal that does not tell
	tick()
	columns = 60
	writes.mark("a failure")
	after(time.Second)
	log.event(exec.Event{Kind: exec.TaskEnded, Task: keys[1], State: exec.Failed, Duration: 2 * time.Second, Err: &starlarkfuse.Error{
		Msg: "no data", Hint: "get some", Backtrace: "  a.star:1:2: in f\n  a.star:3:4: in g",
	}})
	log.event(exec.Event{Kind: exec.TaskEnded, Task: keys[2], State: exec.NotRun})
	log.event(exec.Event{Kind: exec.TaskEnded, Task: keys[3], State: exec.NotRun})
	log.event(exec.Event{Kind: exec.RunEnded, State: exec.Failed})
	writes.mark("the end")
	log.end(&exec.Result{Workflow: "flow", State: exec.Failed, Dir: "/run", Duration: 3 * time.Second})
	log.fail(errors.New("afterwards"))
	tick()

	golden(t, "testdata/live.golden", []byte(writes.text.String()))
}

// quotedWrites keeps each write as a line, quoted.
type quotedWrites struct{ text strings.Builder }

func (q *quotedWrites) Write(b []byte) (int, error) {
	q.text.WriteString(strconv.Quote(string(b)) + "\n")
	return len(b), nil
}

func (q *quotedWrites) mark(text string) { q.text.WriteString("# " + text + "\n") }

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", path, got)
	}
}

// TestLiveTicker lets the real ticker run beside events, for the race
// detector, and looks for a status line that was not erased.
func TestLiveTicker(t *testing.T) {
	spec := flow(t, "a", "b")
	var writes lockedWrites
	log := newLiveLog(&writes, func() (int, bool) { return 80, true }, time.Now, false)
	log.screen.every = time.Millisecond
	log.begin(newRunView("flow", spec))
	log.event(exec.Event{Kind: exec.RunStarted})
	key := spec.TaskKey("a")
	log.event(exec.Event{Kind: exec.TaskStarted, Task: key})
	for !bytes.Contains(writes.bytes(), []byte("1 running: a")) {
		log.event(exec.Event{Kind: exec.TaskOutput, Task: key, Line: "x"})
	}
	log.event(exec.Event{Kind: exec.TaskEnded, Task: key, State: exec.Succeeded})
	log.end(&exec.Result{Workflow: "flow", State: exec.Succeeded})
	for line := range strings.SplitSeq(string(writes.bytes()), "\n") {
		if i := strings.LastIndex(line, " running"); i > strings.LastIndex(line, eraseLine) {
			t.Errorf("a status line was left behind: %q", line)
		}
	}
}
