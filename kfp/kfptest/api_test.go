package kfptest_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
)

// TestOpenAPI asks for everything, and holds the answers against the real
// server's description. So do all tests, whatever they ask for.
func TestOpenAPI(t *testing.T) {
	s, _, spec := start(t, sums)
	answers := newChecker(t)
	if answers.router == nil {
		t.Skip("there is no description of the API")
	}
	c := must(kfp.New(s.URL, kfp.WithTransport(answers)))(t)
	ctx := t.Context()
	e := must(c.CreateExperiment(ctx, kfp.NewExperiment{Name: "tests"}))(t)
	must(c.GetExperiment(ctx, e.ID))(t)
	must(c.GetExperimentByName(ctx, "tests"))(t)

	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec, Description: "first", ExperimentID: e.ID})
	for _, err := range c.ListRuns(ctx, kfp.ListOptions{}) {
		ok(t, err)
	}
	ok(t, c.ArchiveRun(ctx, run.ID))
	ok(t, c.UnarchiveRun(ctx, run.ID))

	up := must(c.UploadOnce(ctx, kfp.Upload{Name: "sums", Spec: spec}))(t)
	must(c.UploadVersion(ctx, up.Pipeline.ID, kfp.Upload{Name: "second", Spec: spec, Description: "again"}))(t)
	must(c.GetPipeline(ctx, up.Pipeline.ID))(t)
	must(c.GetPipelineByName(ctx, "sums"))(t)
	must(c.GetVersion(ctx, up.Pipeline.ID, up.Version.ID))(t)
	for _, err := range c.ListPipelines(ctx, kfp.ListOptions{}) {
		ok(t, err)
	}
	finish(t, s, c, kfp.NewRun{Name: "sums", Pipeline: &kfp.PipelineRef{PipelineID: up.Pipeline.ID, VersionID: up.Version.ID}})

	r := must(c.CreateRecurringRun(ctx, kfp.NewRecurringRun{
		NewRun: kfp.NewRun{Name: "daily", Spec: spec}, Interval: 24 * time.Hour, Start: time.Unix(1e9, 0), End: time.Unix(2e9, 0), MaxConcurrency: 2,
	}))(t)
	must(c.GetRecurringRun(ctx, r.ID))(t)
	for _, err := range c.ListRecurringRuns(ctx, kfp.ListOptions{}) {
		ok(t, err)
	}
	ok(t, c.DisableRecurringRun(ctx, r.ID))
	ok(t, c.EnableRecurringRun(ctx, r.ID))
	ok(t, c.DeleteRecurringRun(ctx, r.ID))
	ok(t, c.DeleteVersion(ctx, up.Pipeline.ID, up.Version.ID))
	ok(t, c.DeletePipeline(ctx, up.Pipeline.ID, true))
	ok(t, c.DeleteRun(ctx, run.ID))

	var seen []string
	for op := range answers.seen {
		seen = append(seen, op[strings.LastIndexByte(op, '_')+1:]) // RunService_GetRun
	}
	slices.Sort(seen)
	want := "ArchiveRun CreateExperiment CreateRecurringRun CreateRun DeletePipeline DeletePipelineVersion DeleteRecurringRun DeleteRun " +
		"DisableRecurringRun EnableRecurringRun GetExperiment GetPipeline GetPipelineByName GetPipelineVersion GetRecurringRun GetRun " +
		"ListExperiments ListPipelineVersions ListPipelines ListRecurringRuns ListRuns UnarchiveRun UploadPipeline UploadPipelineVersion"
	equal(t, "operations", strings.Join(seen, " "), want)
}

// TestStrictly sends what package kfp never does.
func TestStrictly(t *testing.T) {
	s := kfptest.Start(t)
	post := func(path, body string) (int, string) {
		resp := must(http.Post(s.URL+path, "application/json", strings.NewReader(body)))(t)
		defer resp.Body.Close()
		return resp.StatusCode, string(must(io.ReadAll(resp.Body))(t))
	}
	for _, c := range []struct {
		path, body string
		status     int
		answer     string
	}{
		{"/apis/v2beta1/runs", `{"display_name": "x", "colour": "red"}`, 400, `{"code":3,"details":[{"@type":"type.googleapis.com/google.rpc.Status","code":3,"message":"proto: (line 1:1): unknown field \"colour\""}],"message":"proto: (line 1:1): unknown field \"colour\""}`},
		{"/apis/v2beta1/runs", `{"display_name": "x"}`, 400, "needs either a pipeline spec or a pipeline version"},
		{"/apis/v2beta1/runs", `{}`, 400, "The run name is empty"},
		{"/apis/v2beta1/runs", `{} {}`, 400, "syntax error"},
		{"/apis/v2beta1/recurringruns", `{"display_name": "x"}`, 400, "cron schedule"},
		{"/apis/v2beta1/recurringruns", `{"display_name": "x", "trigger": {"cron_schedule": {"cron": "@daily"}}, "max_concurrency": "11"}`, 400, "Support 1-10"},
		{"/apis/v2beta1/experiments", `{}`, 400, "name cannot be empty"},
		{"/apis/v2beta1/pipelines/upload", `{}`, 400, `{"error_message":"Failed to read pipeline from file"`},
		{"/apis/v2beta1/runs/none:terminate", ``, 404, "Run none not found"},
		{"/apis/v2beta1/runs/none:explode", ``, 404, "not found"},
		{"/apis/v2beta1/nothing", ``, 404, `"message":"Not Found"`},
	} {
		status, answer := post(c.path, c.body)
		if status != c.status || !strings.Contains(answer, c.answer) {
			t.Errorf("%s %s: got %d %s\nwant %d %s", c.path, c.body, status, answer, c.status, c.answer)
		}
	}
}
