package kfptest

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// TestDetailsAsObserved makes the nodes of tasks of a run that a real server was
// asked for: the same names, states and edges.
func TestDetailsAsObserved(t *testing.T) {
	text, err := os.ReadFile("../../../shared/kfp/observed/run-failed.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("there is no recorded run")
	}
	if err != nil {
		t.Fatal(err)
	}
	var observed run
	if err := json.Unmarshal(text, &observed); err != nil {
		t.Fatal(err)
	}
	at := time.Unix(1e9, 0)
	r := keptRun{
		Workflow: "names-zbrlm",
		Run:      run{ID: observed.ID, State: failed, History: []stateChange{{Time: stamp{at}, State: pending}}},
		Tasks: []keptTask{
			{Path: "boom", State: exec.Failed, Started: at, Ended: at},
			{Path: "first-sum", State: exec.Succeeded, Started: at, Ended: at},
			{Path: "after-boom", After: []string{"boom"}, State: exec.NotRun, Ended: at},
		},
	}
	if got, want := r.pod(&r.Tasks[0]), "names-zbrlm-system-container-impl-561481361"; got != want {
		t.Errorf("the pod is %s, want %s", got, want)
	}
	made := r.details(func(i int) int64 { return int64(i) }).Tasks
	if len(made) < 20 {
		t.Errorf("there are only %d nodes", len(made))
	}
	for _, d := range made {
		if d.Name == "" || d.Name == "root(0)" { // which had other tasks, too
			continue
		}
		same := func(o taskDetail) bool {
			return o.Name == d.Name && o.State == d.State && slices.Equal(o.Children, d.Children)
		}
		if !slices.ContainsFunc(observed.Details.Tasks, same) {
			t.Errorf("no such node was observed: %+v", d)
		}
	}
}
