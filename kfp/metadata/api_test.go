package metadata

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// A roundTripper is a server in a function.
type roundTripper func(*http.Request) *http.Response

// RoundTrip implements http.RoundTripper.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req), nil }

// apiServer answers the list of tasks with a text, and nothing else.
func apiServer(text string) roundTripper {
	return func(req *http.Request) *http.Response {
		if req.URL.Path != "/apis/v2beta1/runs/r/tasks" {
			return respond(http.StatusNotFound, "application/json", []byte(`{"code":5, "message":"Not Found"}`))
		}
		return respond(http.StatusOK, "application/json", []byte(text))
	}
}

// What servers after 2.17 write in their own way.
func TestAPIWords(t *testing.T) {
	run, err := clientOf(t, apiServer(`{"unknown": 1, "total_size": 5, "tasks": [
		{"task_id": "aa", "name": "ROOT", "display_name": "my run", "type": "ROOT", "state": "RUNNING", "create_time": "2026-11-22T08:50:31Z",
		 "type_attributes": {}, "inputs": {"parameters": [{"parameter_key": "x", "value": null, "type": "RUNTIME_VALUE_INPUT", "producer": {"task_name": "ROOT"}}]}},
		{"task_id": "bb", "parent_task_id": "aa", "name": "for-loop-1", "display_name": "Loop", "type": "LOOP", "state": "SUCCEEDED",
		 "create_time": "2026-11-22T08:50:32Z", "end_time": "2026-11-22T08:51:00.5Z", "type_attributes": {"iteration_count": "2"},
		 "outputs": {"parameters": [
			{"parameter_key": "Output", "value": "second", "type": "ITERATOR_OUTPUT", "producer": {"task_name": "each", "iteration": "1"}},
			{"parameter_key": "Output", "value": "first", "type": "ITERATOR_OUTPUT", "producer": {"task_name": "each", "iteration": 0}},
			{"parameter_key": "one", "value": 1, "type": "ITERATOR_OUTPUT", "producer": {"task_name": "each", "iteration": "0"}}]}},
		{"task_id": "cc", "parent_task_id": "bb", "name": "for-loop-1", "type": "DAG", "state": "SUCCEEDED", "create_time": "2026-11-22T08:50:33Z",
		 "type_attributes": {"iteration_index": "0"}, "outputs": {"parameters": [{"parameter_key": "Output", "value": "first", "type": "ITERATOR_OUTPUT"}]}},
		null,
		{"task_id": "dd", "parent_task_id": "cc", "name": "each", "type": "RUNTIME", "state": "FAILED", "create_time": "2026-11-22T08:50:34Z",
		 "pods": [{"name": "d", "uid": "1", "type": "DRIVER"}, {"name": "e-1", "type": "EXECUTOR"}, {"name": "e-2", "type": "EXECUTOR"}],
		 "status_metadata": {"message": "it broke"}, "state_history": [{"state": "RUNNING"}],
		 "outputs": {"artifacts": [
			{"artifact_key": "metrics", "type": "OUTPUT", "artifacts": [
				{"artifact_id": "1", "name": "accuracy", "type": "Metric", "metadata": {"accuracy": 0.5}, "number_value": 0.5},
				{"artifact_id": "2", "name": "loss", "type": "Metric", "number_value": 2}]},
			{"artifact_key": "log", "type": "OUTPUT", "artifacts": [null, {"artifact_id": "3", "name": "log", "type": "TYPE_UNSPECIFIED", "uri": null, "namespace": "team"}]},
			{"artifact_key": "roc", "artifacts": [{"artifact_id": "4", "type": "ClassificationMetric", "metadata": {"_kfp_schema_title": "acme.Roc", "n": 1}}]},
			{"artifact_key": "nan", "artifacts": [{"artifact_id": "5", "name": "x", "type": "Metric", "number_value": "NaN"}]}]}},
		{"task_id": "ee", "name": "importer", "type": "IMPORTER", "state": "RUNTIME_STATE_UNSPECIFIED"}
	]}`)).Run(t.Context(), "r")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, "2026-11-22T08:"+text+"Z")
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	two, zero := 2, 0
	want := &Run{
		ID: "r", Namespace: "team",
		Root: &Task{ID: "aa", DisplayName: "my run", Group: true, State: Running, Started: at("50:31"), Attempts: 1, Inputs: map[string]any{"x": nil}},
		Tasks: []*Task{
			{ID: "ee", ParentID: "aa", Path: "importer", Key: "importer", Attempts: 1},
			{ID: "bb", ParentID: "aa", Path: "for-loop-1", Key: "for-loop-1", DisplayName: "Loop", Group: true, IterationCount: &two, State: Succeeded,
				Started: at("50:32"), Ended: at("51:00.5"), Attempts: 1, Outputs: map[string]any{"Output": []any{"first", "second"}, "one": []any{1.0}}},
			{ID: "cc", ParentID: "bb", Path: "for-loop-1[0]", Key: "for-loop-1", Group: true, Iteration: &zero, State: Succeeded, Started: at("50:33"), Attempts: 1,
				Outputs: map[string]any{"Output": "first"}},
			{ID: "dd", ParentID: "cc", Path: "for-loop-1[0]/each", Key: "each", State: Failed, Message: "it broke", Started: at("50:34"), Attempts: 2,
				Pod: "e-2", EarlierPods: []string{"e-1"}, DriverPod: "d", Artifacts: []Artifact{
					{Output: "log", ID: "3", Name: "log"},
					{Output: "metrics", ID: "1", Name: "metrics", Type: "system.Metrics", Metadata: map[string]any{"accuracy": 0.5, "loss": 2.0}},
					{Output: "nan", ID: "5", Name: "nan", Type: "system.Metrics", Metadata: map[string]any{"x": "NaN"}},
					{Output: "roc", ID: "4", Type: "acme.Roc", Metadata: map[string]any{"n": 1.0}},
				}},
		},
	}
	if diff := cmp.Diff(want, run, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestAPIStates(t *testing.T) {
	for text, want := range map[string]State{
		`"state": "RUNNING"`: Running, `"state": "SUCCEEDED"`: Succeeded, `"state": "SKIPPED"`: Skipped, `"state": "FAILED"`: Failed, `"state": "CACHED"`: Cached,
		`"state": "RUNTIME_STATE_UNSPECIFIED"`: "", `"state": null`: "", `"state": "PAUSED"`: "PAUSED",
		`"state": "SKIPPED", "type_attributes": {"iteration_count": "0"}`:  Succeeded,
		`"state": "SKIPPED", "type_attributes": {"iteration_count": "3"}`:  Skipped,
		`"state": "RUNNING", "type_attributes": {"iteration_count": "-1"}`: Running,
	} {
		run, err := clientOf(t, apiServer(`{"tasks": [{"task_id": "1", "name": "a", `+text+`}]}`)).Run(t.Context(), "r")
		if err != nil || run.Tasks[0].State != want {
			t.Errorf("%s: %+v, %v", text, run, err)
		}
	}
}

// Where the list of tasks has no artifacts, and there is no other way to them
// either, there are none.
func TestArtifactsThatAreNowhere(t *testing.T) {
	run, err := clientOf(t, apiServer(`{"tasks": [{"task_id": "1", "name": "a", "state": "SUCCEEDED"}]}`)).Run(t.Context(), "r")
	if err != nil || len(run.Tasks) != 1 {
		t.Errorf("%v, %v", run, err)
	}
}
