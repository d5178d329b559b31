package exec_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
)

// A run can be looked at while it writes.
func TestOpenRunWhileItRuns(t *testing.T) {
	storage := t.TempDir()
	looks := 0
	run(t, compile(t, "def f(x):\n    return x\nf = workflow(f)\nn = f(1)\nfor i in range(200):\n    n = f(n)\n"),
		exec.WithStorage(storage), exec.WithRunID("r"), exec.WithObserver(func(e exec.Event) {
			if e.Kind == exec.RunEnded {
				return
			}
			rec, err := exec.OpenRun(filepath.Join(storage, "runs", "r"))
			if err != nil || rec.State != exec.Running {
				t.Errorf("%+v, %v", rec, err)
				return
			}
			for i := range rec.Tasks {
				if _, err := rec.Tasks[i].Artifact("result").Value(); err != nil {
					t.Error(err)
				}
			}
			looks++
		}))
	if looks < 400 {
		t.Errorf("%d looks", looks)
	}
}

// Runs at the same time share a storage folder, and do not meet.
func TestRunsAtTheSameTime(t *testing.T) {
	storage := t.TempDir()
	spec := compile(t, "def f(x):\n    return [x] * 2000\nf = workflow(f)\nfor i in range(20):\n    f(i)\n")
	results := make(chan *exec.Result)
	for range 8 {
		go func() {
			res, err := exec.Run(context.Background(), spec, exec.WithStorage(storage))
			if err != nil {
				t.Error(err)
			}
			results <- res
		}()
	}
	dirs := map[string]bool{}
	for range 8 {
		res := <-results
		if res == nil {
			continue
		}
		dirs[res.Dir] = true
		if rec, err := exec.OpenRun(res.Dir); err != nil || len(rec.Tasks) != 20 || rec.State != exec.Succeeded {
			t.Errorf("%s: %+v, %v", res.Dir, rec, err)
		}
	}
	if len(dirs) != 8 {
		t.Errorf("the folders are %v", dirs)
	}
}

// The storage folder stays where it was when the process goes elsewhere.
func TestRelativeStorage(t *testing.T) {
	home, other := t.TempDir(), t.TempDir()
	t.Chdir(home)
	res := run(t, compile(t, "def f():\n    return [0] * 9000\nf = workflow(f)\nf()\n"), exec.WithStorage("storage"), exec.WithObserver(func(e exec.Event) {
		if err := os.Chdir(other); err != nil {
			t.Error(err)
		}
	}))
	if _, err := exec.OpenRun(filepath.Join(home, "storage", "runs", res.RunID)); err != nil || !filepath.IsAbs(res.Dir) {
		t.Error(res.Dir, err)
	}
	if left, _ := os.ReadDir(other); len(left) != 0 {
		t.Errorf("left in the other folder: %v", left)
	}
}
