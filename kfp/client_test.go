package kfp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// spec is a pipeline spec, as far as these tests go.
var spec = []byte(`{"pipelineInfo": {"name": "sums"}, "schemaVersion": "2.1.0"}`)

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// must returns a value that can be had.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ok fails the test for an error.
func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// all collects a list.
func all[T any](t testing.TB, list iter.Seq2[*T, error]) []*T {
	t.Helper()
	var found []*T
	for v, err := range list {
		ok(t, err)
		found = append(found, v)
	}
	return found
}

// shown is an error as people see it, with its hint.
func shown(err error) string {
	if err == nil {
		return "no error"
	}
	if e := (*starlarkfuse.Error)(nil); errors.As(err, &e) && e.Hint != "" {
		return err.Error() + "\nhint: " + e.Hint
	}
	return err.Error()
}

// tour calls everything that the API describes.
func tour(t *testing.T, s *server, c *kfp.Client) {
	ctx := t.Context()
	h := must[*kfp.Health](t)(c.Health(ctx))
	equal(t, "health", fmt.Sprintf("%+v", *h), "{Version:2.17.0 Commit:abc MultiUser:false PipelineStore:database Dashboard:false down:false}")

	e := must[*kfp.Experiment](t)(c.EnsureExperiment(ctx, kfp.NewExperiment{Name: "tests", Description: "of the client"}))
	again := must[*kfp.Experiment](t)(c.EnsureExperiment(ctx, kfp.NewExperiment{Name: "tests"}))
	equal(t, "experiment", again.ID, e.ID)
	equal(t, "last run", e.LastRunAt.IsZero(), true)
	equal(t, "experiment by id", must[*kfp.Experiment](t)(c.GetExperiment(ctx, e.ID)).Name, "tests")
	equal(t, "experiment by name", must[*kfp.Experiment](t)(c.GetExperimentByName(ctx, "tests")).ID, e.ID)
	equal(t, "experiments", len(all(t, c.ListExperiments(ctx, kfp.ListOptions{}))), 1)

	up := kfp.Upload{Name: "sums", Description: "adds", Spec: spec}
	p := must[*kfp.Pipeline](t)(c.UploadPipeline(ctx, up))
	v := must[*kfp.Version](t)(c.UploadVersion(ctx, p.ID, kfp.Upload{Name: "second", DisplayName: "the second", Spec: []byte("pipelineInfo:\n  name: sums\n")}))
	equal(t, "pipeline by id", must[*kfp.Pipeline](t)(c.GetPipeline(ctx, p.ID)).Name, "sums")
	equal(t, "pipeline by name", must[*kfp.Pipeline](t)(c.GetPipelineByName(ctx, "sums")).ID, p.ID)
	equal(t, "version", must[*kfp.Version](t)(c.GetVersion(ctx, p.ID, v.ID)).DisplayName, "the second")
	equal(t, "pipelines", len(all(t, c.ListPipelines(ctx, kfp.ListOptions{SortBy: "name", PageSize: 5}))), 1)
	equal(t, "versions", len(all(t, c.ListVersions(ctx, p.ID, kfp.ListOptions{PageSize: 1}))), 2)

	r := must[*kfp.Run](t)(c.CreateRun(ctx, kfp.NewRun{
		Name: "sums", Description: "a test", ExperimentID: e.ID, Spec: spec, Parameters: map[string]any{"items": []int{1, 2}, "flag": true},
		PipelineRoot: "minio://mlpipeline/v2", ServiceAccount: "pipeline-runner",
	}))
	other := must[*kfp.Run](t)(c.CreateRun(ctx, kfp.NewRun{Name: "again", Pipeline: &kfp.PipelineRef{PipelineID: p.ID, VersionID: v.ID}}))
	equal(t, "finished", r.FinishedAt.IsZero(), true)
	equal(t, "created", r.CreatedAt.IsZero(), false)
	equal(t, "parameters", fmt.Sprint(r.Config.Parameters), "map[flag:true items:[1 2]]")
	equal(t, "runs", len(all(t, c.ListRuns(ctx, kfp.ListOptions{ExperimentID: e.ID, Filter: []kfp.Predicate{
		kfp.Equals("display_name", "sums"), kfp.NotEquals("state", "FAILED"), kfp.Contains("display_name", "sum"),
		kfp.OneOf("state", "PENDING", "RUNNING"), kfp.Since("created_at", time.Unix(5, 0)), kfp.Before("created_at", time.Now()),
	}}))), 1)
	ok(t, c.ArchiveRun(ctx, r.ID))
	equal(t, "archived", must[*kfp.Run](t)(c.GetRun(ctx, r.ID)).StorageState, kfp.Archived)
	ok(t, c.UnarchiveRun(ctx, r.ID))
	ok(t, c.TerminateRun(ctx, r.ID))
	equal(t, "terminated", must[*kfp.Run](t)(c.GetRun(ctx, r.ID)).State, kfp.StateCanceling)
	s.set("runs", other.ID, "state", "FAILED")
	ok(t, c.RetryRun(ctx, other.ID))
	equal(t, "retried", must[*kfp.Run](t)(c.GetRun(ctx, other.ID)).State, kfp.StateRunning)
	ok(t, c.DeleteRun(ctx, r.ID))

	rec := must[*kfp.RecurringRun](t)(c.CreateRecurringRun(ctx, kfp.NewRecurringRun{
		NewRun: kfp.NewRun{Name: "nightly", ExperimentID: e.ID, Spec: spec}, Cron: "30 2 * * *", NoCatchup: true, Start: time.Now(), End: time.Now().Add(time.Hour),
	}))
	equal(t, "cron", rec.Trigger.Cron.Cron, "0 30 2 * * *")
	hourly := must[*kfp.RecurringRun](t)(c.CreateRecurringRun(ctx, kfp.NewRecurringRun{
		NewRun: kfp.NewRun{Name: "hourly", Pipeline: &kfp.PipelineRef{PipelineID: p.ID}}, Interval: time.Hour, MaxConcurrency: 3, Disabled: true,
	}))
	equal(t, "interval", hourly.Trigger.Periodic.Interval(), time.Hour)
	equal(t, "concurrency", hourly.MaxConcurrency, 3)
	equal(t, "status", hourly.Status, kfp.Disabled)
	ok(t, c.EnableRecurringRun(ctx, hourly.ID))
	ok(t, c.DisableRecurringRun(ctx, rec.ID))
	equal(t, "enabled", must[*kfp.RecurringRun](t)(c.GetRecurringRun(ctx, hourly.ID)).Status, kfp.Enabled)
	equal(t, "recurring runs", len(all(t, c.ListRecurringRuns(ctx, kfp.ListOptions{PageSize: 1}))), 2)
	ok(t, c.DeleteRecurringRun(ctx, rec.ID))

	ok(t, c.DeleteVersion(ctx, p.ID, v.ID))
	ok(t, c.DeletePipeline(ctx, p.ID, true))
	_, err := c.GetPipeline(ctx, p.ID)
	equal(t, "not found", kfp.IsNotFound(err), true)
}

// set changes a thing that the server keeps.
func (s *server) set(kind, id, key string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept[kind][s.find(kind, idKey(kind), id)][key] = value
}

func TestTour(t *testing.T) {
	s := newServer(t)
	tour(t, s, s.client(kfp.WithNamespace("team")))
}

// TestOpenAPI makes sure that the requests of the tour, and the answers to them,
// are held against the server's own description: see server.ServeHTTP.
func TestOpenAPI(t *testing.T) {
	s := newServer(t)
	if s.spec == nil {
		t.Skipf("the server's description is not in %s", openapiFile)
	}
	tour(t, s, s.client())
	for _, id := range []string{
		"HealthzService_GetHealthz", "UploadPipeline", "UploadPipelineVersion",
		"RunService_CreateRun", "RunService_GetRun", "RunService_ListRuns", "RunService_TerminateRun", "RunService_RetryRun",
		"RunService_ArchiveRun", "RunService_UnarchiveRun", "RunService_DeleteRun",
		"PipelineService_GetPipeline", "PipelineService_GetPipelineByName", "PipelineService_ListPipelines", "PipelineService_DeletePipeline",
		"PipelineService_GetPipelineVersion", "PipelineService_ListPipelineVersions", "PipelineService_DeletePipelineVersion",
		"ExperimentService_CreateExperiment", "ExperimentService_GetExperiment", "ExperimentService_ListExperiments",
		"RecurringRunService_CreateRecurringRun", "RecurringRunService_GetRecurringRun", "RecurringRunService_ListRecurringRuns",
		"RecurringRunService_EnableRecurringRun", "RecurringRunService_DisableRecurringRun", "RecurringRunService_DeleteRecurringRun",
	} {
		if !s.spec.seen[id] {
			t.Errorf("nothing asked for %s", id)
		}
	}
}

// TestObserved reads what a real server answered.
func TestObserved(t *testing.T) {
	text, err := os.ReadFile("../../shared/kfp/observed/run-failed.json")
	if err != nil {
		t.Skip(err)
	}
	s := newServer(t)
	s.fail("GET runs/*", -1, says(200, string(text)))
	run := must[*kfp.Run](t)(s.client().GetRun(t.Context(), "199e0eed-73af-432f-a1ae-0f896e09f842"))
	equal(t, "state", run.State, kfp.StateFailed)
	equal(t, "end", run.FinishedAt.Format(time.RFC3339), "2026-11-22T08:51:05Z")
	equal(t, "history", len(run.StateHistory), 3)
	var pod string
	for _, task := range run.Tasks() {
		if task.Name == "executor" && task.State == kfp.StateFailed {
			pod = task.Children[0].PodName
		}
	}
	equal(t, "pod", pod, "names-zbrlm-561481361")
	equal(t, "tasks without a state", countTasks(run, ""), 5)
	// What is written can be read again.
	written := must[[]byte](t)(json.Marshal(run))
	var read kfp.Run
	ok(t, json.Unmarshal(written, &read))
	equal(t, "tasks", len(read.Tasks()), len(run.Tasks()))
}

func countTasks(run *kfp.Run, state kfp.State) (n int) {
	for _, task := range run.Tasks() {
		if task.State == state {
			n++
		}
	}
	return n
}

func TestHealthOfDashboard(t *testing.T) {
	s := newServer(t)
	s.fail("GET healthz", 1, says(200, `{"apiServerCommitHash": "c0ffee", "apiServerTagName": "2.17.0", "apiServerMultiUser": true, "multi_user": true,
		"pipelineStore": "kubernetes", "buildDate": "today", "frontendTagName": "2.17.0", "frontendCommitHash": "f00", "apiServerReady": true}`))
	h := must[*kfp.Health](t)(s.client().Health(t.Context()))
	equal(t, "health", fmt.Sprintf("%+v", *h), "{Version:2.17.0 Commit:c0ffee MultiUser:true PipelineStore:kubernetes Dashboard:true down:false}")
	text := must[[]byte](t)(json.Marshal(h))
	equal(t, "JSON", string(text), `{"tag_name":"2.17.0","commit_sha":"c0ffee","multi_user":true,"pipeline_store":"kubernetes","dashboard":true}`)

	s.fail("GET healthz", 1, says(200, `{"apiServerReady": false, "buildDate": "today"}`))
	_, err := s.client().Health(t.Context())
	equal(t, "error", shown(err), "ask the KFP server how it is: the dashboard answers, but not the API server behind it\nhint: kubectl get pods -n kubeflow shows what is wrong with it")
}
