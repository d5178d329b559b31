package metadata

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/grpcweb"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// A storeServer answers calls of ML Metadata with what it has, on one page,
// and all else with 404.
type storeServer struct {
	context    mlmd.Context
	executions []*mlmd.Execution
	events     []*mlmd.Event
	artifacts  []*mlmd.Artifact
	elsewhere  []*mlmd.Artifact // of other runs
}

// RoundTrip implements http.RoundTripper.
func (s *storeServer) RoundTrip(req *http.Request) (*http.Response, error) {
	var message []byte
	switch req.URL.Path {
	case mlmd.GetContext:
		message = s.context.Encode()
	case mlmd.GetExecutions:
		message = mlmd.Page[*mlmd.Execution]{Items: s.executions}.Encode()
	case mlmd.GetEvents:
		message = mlmd.Page[*mlmd.Event]{Items: s.events}.Encode()
	case mlmd.GetArtifacts:
		message = mlmd.Page[*mlmd.Artifact]{Items: s.artifacts}.Encode()
	case mlmd.GetArtifactsByID:
		message = mlmd.Page[*mlmd.Artifact]{Items: s.elsewhere}.Encode()
	default:
		return respond(http.StatusNotFound, "application/json", []byte(`{"code":5, "message":"Not Found", "details":[]}`)), nil
	}
	return respond(http.StatusOK, grpcweb.MediaType, answerOf(message)), nil
}

func answerOf(message []byte) []byte {
	return grpcweb.AppendStatus(grpcweb.AppendMessage(nil, message), grpcweb.Status{})
}

func respond(status int, mediaType string, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {mediaType}},
		Body: io.NopCloser(strings.NewReader(string(body))), ContentLength: int64(len(body)),
	}
}

func clientOf(t testing.TB, rt http.RoundTripper) *Client {
	t.Helper()
	c, err := New("http://kfp.example.com", &http.Client{Transport: rt})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// observed is what one test of a real server, KFP 2.17, was about: a task that
// fails, a loop over two items, a branch that is not taken.
func observed() *storeServer {
	type p = mlmd.Properties
	group := func(id, parent, state, created, updated int64, key string, more p) *mlmd.Execution {
		more["task_name"], more["display_name"], more["parent_dag_id"], more["total_dag_tasks"] = key, key, parent, int64(1)
		return &mlmd.Execution{ID: id, Type: "system.DAGExecution", LastKnownState: state, CustomProperties: more, Created: created, Updated: updated}
	}
	container := func(id, parent, state, created, updated int64, key, name, pod string) *mlmd.Execution {
		return &mlmd.Execution{ID: id, Type: "system.ContainerExecution", LastKnownState: state, Created: created, Updated: updated, CustomProperties: p{
			"task_name": key, "display_name": name, "parent_dag_id": parent, "pod_name": pod, "namespace": "kubeflow", "image": "",
			"inputs": map[string]any{"a": 1.0}, "outputs": map[string]any{}, "cache_fingerprint": "1f3d",
		}}
	}
	return &storeServer{
		context: mlmd.Context{ID: 42, CustomProperties: p{"namespace": "kubeflow", "pipeline_root": "minio://mlpipeline/v2/artifacts"}},
		executions: []*mlmd.Execution{
			{ID: 43, Name: "run/199e0eed", Type: "system.DAGExecution", LastKnownState: mlmd.StateRunning, Created: 1795337431453, Updated: 1795337431453,
				CustomProperties: p{"task_name": "", "display_name": "", "inputs": map[string]any{"flag": false, "items": []any{1.0, 2.0}}}},
			container(44, 43, mlmd.StateFailed, 1795337438757, 1795337448223, "boom", "boom, the failing", "names-zbrlm-system-container-impl-561481361"),
			group(45, 43, mlmd.StateComplete, 1795337439937, 1795337461434, "for-loop-1", p{"iteration_count": int64(2)}),
			container(46, 43, mlmd.StateComplete, 1795337439994, 1795337449168, "first-sum", "First sum", "names-zbrlm-system-container-impl-481689706"),
			group(47, 43, mlmd.StateCanceled, 1795337440370, 1795337440370, "condition-1", p{"inputs": map[string]any{"pipelinechannel--flag": false}}),
			group(48, 45, mlmd.StateComplete, 1795337446743, 1795337461429, "for-loop-1", p{"iteration_index": int64(1)}),
			group(49, 45, mlmd.StateComplete, 1795337446899, 1795337460554, "for-loop-1", p{"iteration_index": int64(0)}),
			container(53, 49, mlmd.StateComplete, 1795337452447, 1795337460547, "each", "each", "names-zbrlm-system-container-impl-3686161118"),
			container(54, 48, mlmd.StateComplete, 1795337453373, 1795337461423, "each", "each", "names-zbrlm-system-container-impl-1122348770"),
		},
		events: []*mlmd.Event{
			{ArtifactID: 50, ExecutionID: 44, Key: "executor-logs", Type: mlmd.EventOutput},
			{ArtifactID: 51, ExecutionID: 46, Key: "executor-logs", Type: mlmd.EventOutput},
			{ArtifactID: 52, ExecutionID: 46, Key: "result", Type: mlmd.EventOutput},
			{ArtifactID: 52, ExecutionID: 53, Key: "a", Type: mlmd.EventInput},
		},
		artifacts: []*mlmd.Artifact{
			{ID: 50, Type: "system.Artifact", URI: "minio://mlpipeline/boom/executor-logs-0", CustomProperties: p{"display_name": "executor-logs", "store_session_info": "{}"}},
			{ID: 51, Type: "system.Artifact", URI: "minio://mlpipeline/first-sum/executor-logs-0", CustomProperties: p{"display_name": "executor-logs", "store_session_info": "{}"}},
			{ID: 52, Type: "system.Artifact", URI: "minio://mlpipeline/first-sum/result", CustomProperties: p{"display_name": "result", "store_session_info": "{}", "preview": "2", "type": "int"}},
		},
	}
}

// wantObserved are path, ID, parent, state, display name, pod and outputs.
const wantObserved = `
boom                43>44 FAILED    "boom, the failing" names-zbrlm-system-container-impl-561481361 executor-logs
for-loop-1          43>45 SUCCEEDED "for-loop-1" -
for-loop-1[0]       45>49 SUCCEEDED "for-loop-1" -
for-loop-1[0]/each  49>53 SUCCEEDED "each" names-zbrlm-system-container-impl-3686161118
for-loop-1[1]       45>48 SUCCEEDED "for-loop-1" -
for-loop-1[1]/each  48>54 SUCCEEDED "each" names-zbrlm-system-container-impl-1122348770
first-sum           43>46 SUCCEEDED "First sum" names-zbrlm-system-container-impl-481689706 executor-logs result
condition-1         43>47 SKIPPED   "condition-1" -
`

func describe(run *Run, outputs func(*Task) bool) string {
	var b strings.Builder
	for _, t := range run.Tasks {
		line := []string{t.Path, t.ParentID + ">" + t.ID, string(t.State), strconv.Quote(t.DisplayName), t.Pod}
		if t.Pod == "" {
			line[4] = "-"
		}
		for _, a := range t.Artifacts {
			if outputs(t) {
				line = append(line, a.Output)
			}
		}
		b.WriteString(strings.Join(line, " ") + "\n")
	}
	return b.String()
}

func oneSpace(text string) string {
	var lines []string
	for line := range strings.Lines(strings.TrimSpace(text)) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestObserved(t *testing.T) {
	run, err := clientOf(t, observed()).Run(t.Context(), "199e0eed")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(oneSpace(wantObserved), describe(run, func(*Task) bool { return true })); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	sum := run.Tasks[6]
	want := Artifact{
		Output: "result", ID: "52", Name: "result", Type: "system.Artifact", URI: "minio://mlpipeline/first-sum/result",
		Metadata: map[string]any{"preview": "2", "type": "int"}, Session: "{}",
	}
	if diff := cmp.Diff(want, sum.Artifacts[1]); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if !sum.Started.Equal(time.UnixMilli(1795337439994)) || !sum.Ended.Equal(time.UnixMilli(1795337449168)) {
		t.Errorf("it ran from %v to %v", sum.Started, sum.Ended)
	}
	if run.Namespace != "kubeflow" || run.Root.ID != "43" || run.Root.State != Running || run.Root.Inputs["flag"] != false {
		t.Errorf("the root is %+v in %s", run.Root, run.Namespace)
	}
	run.Settle(Failed)
	if run.Root.State != Failed || run.Tasks[7].State != Skipped {
		t.Errorf("the root is %v", run.Root.State)
	}
}

// The artifacts of a task from the cache may be another run's.
func TestArtifactsOfAnotherRun(t *testing.T) {
	s := observed()
	s.executions[3].LastKnownState = mlmd.StateCached
	s.executions[3].CustomProperties["cached_execution_id"] = "7"
	s.artifacts, s.elsewhere = s.artifacts[:1], s.artifacts[1:2] // and the third is lost
	run, err := clientOf(t, s).Run(t.Context(), "199e0eed")
	if err != nil {
		t.Fatal(err)
	}
	sum := run.Tasks[6]
	if sum.State != Cached || sum.CachedFrom != "7" || len(sum.Artifacts) != 1 || sum.Artifacts[0].ID != "51" || len(run.Tasks[0].Artifacts) != 1 {
		t.Errorf("%+v", sum)
	}
}

// The recorded answers themselves, where they are there.
func TestObservedFile(t *testing.T) {
	text, err := os.ReadFile("../../../shared/kfp/observed/mlmd.txt")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	run, err := clientOf(t, fromText(t, string(text))).Run(t.Context(), "199e0eed")
	if err != nil {
		t.Fatal(err)
	}
	first := func(t *Task) bool { return !strings.HasPrefix(t.Path, "for-loop-1") } // the rest has more outputs than observed()
	if diff := cmp.Diff(oneSpace(wantObserved), describe(run, first)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for i, preview := range map[int]string{3: "3", 5: "4"} {
		if a := run.Tasks[i].Artifacts; len(a) != 2 || a[1].Metadata["preview"] != preview {
			t.Errorf("%s gave %v", run.Tasks[i].Path, a)
		}
	}
}

// fromText makes a server of answers in protojson, as they were recorded.
func fromText(t *testing.T, text string) *storeServer {
	t.Helper()
	type value struct {
		StringValue *string
		IntValue    *string
		StructValue map[string]any
	}
	type thing struct {
		ID, Name, Type, URI, LastKnownState            string
		ArtifactID, ExecutionID                        string
		CreateTimeSinceEpoch, LastUpdateTimeSinceEpoch string
		CustomProperties                               map[string]value
		Path                                           struct{ Steps []struct{ Key string } }
	}
	number := func(s string) int64 {
		n, _ := strconv.ParseInt(s, 10, 64) // "" is 0
		return n
	}
	properties := func(from map[string]value) mlmd.Properties {
		p := mlmd.Properties{}
		for name, v := range from {
			switch {
			case v.StringValue != nil:
				p[name] = *v.StringValue
			case v.IntValue != nil:
				p[name] = number(*v.IntValue)
			default:
				p[name] = v.StructValue
			}
		}
		return p
	}
	states := map[string]int64{"RUNNING": mlmd.StateRunning, "COMPLETE": mlmd.StateComplete, "FAILED": mlmd.StateFailed, "CACHED": mlmd.StateCached, "CANCELED": mlmd.StateCanceled}
	types := map[string]int64{"OUTPUT": mlmd.EventOutput, "INPUT": mlmd.EventInput}
	s := new(storeServer)
	for dec := json.NewDecoder(strings.NewReader(text)); dec.More(); {
		var answer struct {
			Context                       thing
			Executions, Events, Artifacts []thing
		}
		if err := dec.Decode(&answer); err != nil {
			t.Fatal(err)
		}
		if answer.Context.ID != "" {
			s.context = mlmd.Context{ID: number(answer.Context.ID), CustomProperties: properties(answer.Context.CustomProperties)}
		}
		for _, e := range answer.Executions {
			s.executions = append(s.executions, &mlmd.Execution{
				ID: number(e.ID), Name: e.Name, Type: e.Type, LastKnownState: states[e.LastKnownState], CustomProperties: properties(e.CustomProperties),
				Created: number(e.CreateTimeSinceEpoch), Updated: number(e.LastUpdateTimeSinceEpoch),
			})
		}
		for _, e := range answer.Events {
			s.events = append(s.events, &mlmd.Event{ArtifactID: number(e.ArtifactID), ExecutionID: number(e.ExecutionID), Key: e.Path.Steps[0].Key, Type: types[e.Type]})
		}
		for _, a := range answer.Artifacts {
			s.artifacts = append(s.artifacts, &mlmd.Artifact{ID: number(a.ID), Name: a.Name, Type: a.Type, URI: a.URI, CustomProperties: properties(a.CustomProperties)})
		}
	}
	return s
}
