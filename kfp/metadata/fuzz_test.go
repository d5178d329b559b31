package metadata

import (
	"net/http"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// checkRun looks at what every run promises.
func checkRun(t *testing.T, run *Run) {
	t.Helper()
	seen := map[string]bool{"": true}
	ids := make(map[string]bool)
	if run.Root != nil {
		ids[run.Root.ID] = true
	}
	for _, task := range run.Tasks {
		if seen[task.Path] {
			t.Fatalf("two tasks have the path %q", task.Path)
		}
		seen[task.Path] = true
		if task.ParentID != "" && !ids[task.ParentID] {
			t.Fatalf("the group of %q stands behind it", task.Path)
		}
		ids[task.ID] = true
		if task.Attempts < 1 || len(task.Path) > maxPath+maxKey+12 {
			t.Fatalf("%+v", task)
		}
		if task.Inputs == nil || task.Outputs == nil {
			t.Fatalf("%q has no map of values", task.Path)
		}
	}
	run.Settle(Failed)
	for _, task := range run.Tasks {
		if !task.State.Terminal() {
			t.Fatalf("%q is %s", task.Path, task.State)
		}
	}
}

func FuzzAPI(f *testing.F) {
	for _, s := range []string{
		`{}`, `null`, `[]`, `{"tasks": [null, {}]}`, `{"tasks": [{"task_id": "1", "parent_task_id": "1"}], "next_page_token": "x"}`,
		`{"tasks": [{"task_id": "1", "type": "LOOP", "type_attributes": {"iteration_count": 2}}, {"task_id": "2", "parent_task_id": "1", "type_attributes": {"iteration_index": "1"}, "pods": [{"name": "p"}]}]}`,
		`{"tasks": [{"outputs": {"parameters": [{"parameter_key": "a", "value": [1, {"b": null}]}], "artifacts": [{"artifact_key": "x", "artifacts": [null, {"type": "Metric"}]}]}}]}`,
		`{"artifact_tasks": [{"artifact_id": "1", "task_id": "1", "type": "OUTPUT", "key": "k"}], "tasks": [{"task_id": "1", "state": "FAILED"}], "metadata": {}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// All resources answer the same.
		c := clientOf(t, roundTripper(func(*http.Request) *http.Response {
			return respond(http.StatusOK, "application/json", []byte(text))
		}))
		if run, err := c.Run(t.Context(), "r"); err == nil {
			checkRun(t, run)
		}
	})
}

func FuzzStore(f *testing.F) {
	s := observed()
	executions := mlmd.Page[*mlmd.Execution]{Items: s.executions}.Encode()
	events := mlmd.Page[*mlmd.Event]{Items: s.events}.Encode()
	artifacts := mlmd.Page[*mlmd.Artifact]{Items: s.artifacts}.Encode()
	f.Add(answerOf(executions), answerOf(events), answerOf(artifacts))
	f.Add([]byte{}, []byte{0, 0}, []byte("<html>"))
	f.Fuzz(func(t *testing.T, executions, events, artifacts []byte) {
		c := clientOf(t, roundTripper(func(req *http.Request) *http.Response {
			body := artifacts
			switch {
			case req.URL.Path == mlmd.GetContext:
				body = answerOf(s.context.Encode())
			case req.URL.Path == mlmd.GetExecutions:
				body = executions
			case req.URL.Path == mlmd.GetEvents:
				body = events
			case strings.HasPrefix(req.URL.Path, "/apis/"):
				return respond(http.StatusNotFound, "application/json", []byte(unrouted))
			}
			return respond(http.StatusOK, gw, body)
		}))
		if run, err := c.Run(t.Context(), "r"); err == nil {
			checkRun(t, run)
		}
	})
}

// FuzzTree makes trees of bytes: two for a task, its parent and its key.
func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 1, 1, 1, 2, 2}, uint8(1))
	f.Add([]byte{1, 1, 2, 2, 0, 0, 5, 5}, uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, roots uint8) {
		var all []*Task
		for i := 0; i+1 < len(b) && i < 1000; i += 2 {
			task := small(i/2, small(int(b[i]%16), "", "").ID, string(rune('a'+b[i+1]%4)))
			task.Inputs, task.Outputs = map[string]any{}, map[string]any{}
			if b[i+1]&0x80 != 0 {
				n := int(b[i+1] & 3)
				task.Iteration, task.IterationCount = &n, &n
			}
			all = append(all, task)
		}
		n := min(int(roots), len(all))
		run := assemble("r", all[:n], all[n:])
		if (run.Root == nil) != (n == 0) {
			t.Fatal("the root is lost")
		}
		total := 0
		for _, task := range run.Tasks {
			total += task.Attempts
		}
		if total != len(all)-n {
			t.Fatalf("%d tasks became %d", len(all)-n, total)
		}
		checkRun(t, run)
	})
}
