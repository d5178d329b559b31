//go:build unix

package exec_test

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
)

// makeFIFO makes a pipe at which processes can wait for each other.
func makeFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFailFast(t *testing.T) {
	// b waits for ever, and starts before a fails: they meet at a pipe.
	fifo := makeFIFO(t)
	spec := readSpec(t, flat(
		shTask{key: "a", script: "read x < " + fifo + "; exit 1"},
		shTask{key: "b", script: "echo go > " + fifo + "; sleep 1000"},
		shTask{key: "c", script: "true", after: []string{"b"}},
	))
	res := run(t, spec, exec.WithFailFast(true), exec.WithParallelism(2))
	if got, want := states(res), "a=FAILED b=CANCELED c=NOT_RUN"; got != want || res.State != exec.Failed {
		t.Errorf("got %s %s, want %s", res.State, got, want)
	}
}

// Two tasks that wait for each other end only when they run at the same time.
func TestParallel(t *testing.T) {
	one, two := makeFIFO(t), makeFIFO(t)
	spec := readSpec(t, flat(
		shTask{key: "a", script: "echo x > " + one + "; read y < " + two},
		shTask{key: "b", script: "read x < " + one + "; echo y > " + two},
	))
	if res := run(t, spec, exec.WithParallelism(2)); res.State != exec.Succeeded {
		t.Errorf("%s: %s", res.State, states(res))
	}
}
