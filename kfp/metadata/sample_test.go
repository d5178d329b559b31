package metadata_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/metadatatest"
)

const runID = "199e0eed-73af-432f-a1ae-0f896e09f842"

// generations are both that there are.
var generations = map[string]metadatatest.Generation{"store": metadatatest.Store, "api": metadatatest.API}

// at is a time some seconds into the run.
func at(seconds int) time.Time { return time.Unix(1795337431+int64(seconds), 0).UTC() }

// task makes a task as both generations have it: without what only one keeps.
func task(id, parent, path, key string, state metadata.State, change ...func(*metadata.Task)) *metadata.Task {
	t := &metadata.Task{
		ID: id, ParentID: parent, Path: path, Key: key, DisplayName: key, State: state, Attempts: 1,
		Started: at(len(id)), Inputs: map[string]any{}, Outputs: map[string]any{},
	}
	if state.Terminal() {
		t.Ended = at(60)
	}
	for _, c := range change {
		c(t)
	}
	return t
}

func group(t *metadata.Task) { t.Group = true }
func round(i int) func(*metadata.Task) {
	return func(t *metadata.Task) { t.Group, t.Iteration = true, &i }
}
func rounds(n int) func(*metadata.Task) {
	return func(t *metadata.Task) { t.Group, t.IterationCount = true, &n }
}
func pod(name string) func(*metadata.Task) { return func(t *metadata.Task) { t.Pod = name } }
func result(id, text string) metadata.Artifact {
	return metadata.Artifact{
		Output: "result", ID: id, Name: "result", Type: "system.Artifact", URI: "minio://mlpipeline/v2/" + id + "/result",
		Metadata: map[string]any{"preview": text, "type": "int"},
	}
}

func logs(id string) metadata.Artifact {
	return metadata.Artifact{Output: "executor-logs", ID: id, Name: "executor-logs", Type: "system.Artifact", URI: "minio://mlpipeline/v2/" + id + "/executor-logs-0", Metadata: map[string]any{}}
}

// sample is a run that has one of everything.
func sample() *metadata.Run {
	return &metadata.Run{
		ID: runID, Namespace: "kubeflow",
		Root: task("1", "", "", "", metadata.Running, group, func(t *metadata.Task) {
			t.Inputs = map[string]any{"flag": false, "items": []any{1.0, 2.0}, "deep": map[string]any{"a": nil, "b": "c"}}
		}),
		Tasks: []*metadata.Task{
			task("2", "1", "first", "first", metadata.Succeeded, pod("p-2"), func(t *metadata.Task) {
				t.Inputs = map[string]any{"a": 1.0, "b": 1.0}
				t.Outputs = map[string]any{"Output": 2.0}
				t.Artifacts = []metadata.Artifact{logs("51"), result("52", "2")}
			}),
			task("3", "1", "boom", "boom", metadata.Failed, pod("p-3"), func(t *metadata.Task) {
				t.DisplayName = "boom, the failing"
				t.Artifacts = []metadata.Artifact{logs("50")}
			}),
			task("4", "1", "again", "again", metadata.Cached, func(t *metadata.Task) {
				t.Artifacts = []metadata.Artifact{logs("51"), result("52", "2")}
			}),
			task("5", "1", "slow", "slow", metadata.Running, pod("p-5")),
			task("6", "1", "for-loop-1", "for-loop-1", metadata.Succeeded, rounds(2)),
			task("8", "6", "for-loop-1[0]", "for-loop-1", metadata.Succeeded, round(0)),
			task("11", "8", "for-loop-1[0]/each", "each", metadata.Succeeded, pod("p-11"), func(t *metadata.Task) {
				t.Artifacts = []metadata.Artifact{logs("55"), result("56", "3")}
			}),
			task("7", "6", "for-loop-1[1]", "for-loop-1", metadata.Succeeded, round(1)),
			task("12", "7", "for-loop-1[1]/for-loop-2", "for-loop-2", metadata.Succeeded, rounds(1)),
			task("13", "12", "for-loop-1[1]/for-loop-2[0]", "for-loop-2", metadata.Succeeded, round(0)),
			task("14", "13", "for-loop-1[1]/for-loop-2[0]/inner", "inner", metadata.Succeeded, pod("p-14"), func(t *metadata.Task) {
				t.Artifacts = []metadata.Artifact{{
					Output: "metrics", ID: "60", Name: "metrics", Type: "system.Metrics", URI: "minio://mlpipeline/v2/60/metrics", Metadata: map[string]any{"accuracy": 0.5},
				}, {
					Output: "model", ID: "61", Name: "my model", Type: "google.VertexModel", URI: "gs://b/m", Metadata: map[string]any{"layers": 12.0, "tags": map[string]any{"a": true}},
				}}
			}),
			task("9", "1", "for-loop-3", "for-loop-3", metadata.Succeeded, rounds(0)),
			task("15", "1", "condition-1", "condition-1", metadata.Skipped, group),
			task("16", "1", "condition-2", "condition-2", metadata.Succeeded, group),
			task("17", "16", "condition-2/inner", "inner", metadata.Skipped),
		},
	}
}

// serve starts a server, and returns its address.
func serve(t testing.TB, handler http.Handler) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t testing.TB, base string, opts ...metadata.Option) *metadata.Client {
	t.Helper()
	c, err := metadata.New(base, http.DefaultClient, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sampleServer is a server that has the sample.
func sampleServer(g metadatatest.Generation) *metadatatest.Server {
	s := &metadatatest.Server{Generation: g}
	s.Put(sample())
	return s
}
