package kfptest_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
)

func TestPipelines(t *testing.T) {
	s, c, spec := start(t, sums)
	first := must(c.UploadOnce(t.Context(), kfp.Upload{Name: "sums", Spec: spec}))(t)
	equal(t, "new", first.New, true)
	again := must(c.UploadOnce(t.Context(), kfp.Upload{Name: "sums", Spec: spec}))(t)
	equal(t, "new again", again.New, false)
	equal(t, "version", again.Version.ID, first.Version.ID)
	changed := bytes.Replace(spec, []byte(`"name":"sums"`), []byte(`"name":"sums-2"`), 1)
	second := must(c.UploadOnce(t.Context(), kfp.Upload{Name: "sums", Spec: changed}))(t)
	equal(t, "new version", second.New, true)
	equal(t, "pipeline", second.Pipeline.ID, first.Pipeline.ID)

	_, err := c.UploadPipeline(t.Context(), kfp.Upload{Name: "sums", Spec: changed})
	equal(t, "name conflict", kfp.IsAlreadyExists(err), true)
	_, err = c.UploadVersion(t.Context(), first.Pipeline.ID, kfp.Upload{Name: second.Version.Name, Spec: spec})
	equal(t, "conflict of versions", kfp.IsAlreadyExists(err), true)
	_, err = c.UploadPipeline(t.Context(), kfp.Upload{Name: "bad", Spec: []byte("a: b")})
	if err == nil || !strings.Contains(err.Error(), "400 Bad Request") {
		t.Errorf("a file that is no spec: %v", err)
	}

	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	_, _ = must(z.Create("pipeline.yaml"))(t).Write(spec)
	ok(t, z.Close())
	zipped := must(c.UploadPipeline(t.Context(), kfp.Upload{Name: "zipped", Spec: archive.Bytes()}))(t)
	equal(t, "by name", must(c.GetPipelineByName(t.Context(), "zipped"))(t).ID, zipped.ID)

	latest := finish(t, s, c, kfp.NewRun{Name: "latest", Pipeline: &kfp.PipelineRef{PipelineID: first.Pipeline.ID}})
	equal(t, "state", latest.State, kfp.StateSucceeded)
	if err := c.DeletePipeline(t.Context(), first.Pipeline.ID, false); err == nil {
		t.Error("a pipeline was deleted that has versions")
	}
	ok(t, c.DeleteVersion(t.Context(), first.Pipeline.ID, first.Version.ID))
	ok(t, c.DeletePipeline(t.Context(), first.Pipeline.ID, true))
	_, err = c.GetVersion(t.Context(), first.Pipeline.ID, second.Version.ID)
	equal(t, "version of what was deleted", kfp.IsNotFound(err), true)
}

// TestPages goes through lists whose things were all made in the same second.
func TestPages(t *testing.T) {
	_, c, _ := start(t, sums)
	var want []string
	for i := range 7 {
		name := fmt.Sprintf("experiment %d", i)
		must(c.CreateExperiment(t.Context(), kfp.NewExperiment{Name: name}))(t)
		want = append([]string{name}, want...)
	}
	for _, size := range []int{1, 3, 7, 0} {
		var got []string
		o := kfp.ListOptions{PageSize: size, SortBy: "created_at desc", Filter: []kfp.Predicate{kfp.Contains("display_name", "experiment %")}}
		for e, err := range c.ListExperiments(t.Context(), o) {
			ok(t, err)
			got = append(got, e.Name)
		}
		equal(t, "experiments", strings.Join(got, ", "), strings.Join(want, ", "))
	}
	for want, o := range map[string]kfp.ListOptions{
		"Invalid sorting field":      {SortBy: "color"},
		`unrecognized field "color"`: {Filter: []kfp.Predicate{kfp.Equals("color", "red")}},
		`fitting value`:              {Filter: []kfp.Predicate{kfp.OneOf("display_name")}, SortBy: "color"},
	} {
		for _, err := range c.ListExperiments(t.Context(), o) {
			if err == nil || !strings.Contains(err.Error(), want) && !strings.Contains(err.Error(), "sorting") {
				t.Errorf("got %v, want %s", err, want)
			}
		}
	}
}

func TestExperiments(t *testing.T) {
	s, c, spec := start(t, sums)
	e := must(c.EnsureExperiment(t.Context(), kfp.NewExperiment{Name: "mine"}))(t)
	equal(t, "the same", must(c.EnsureExperiment(t.Context(), kfp.NewExperiment{Name: "Mine"}))(t).ID, e.ID)
	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec, ExperimentID: e.ID})
	finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
	n := 0
	for r, err := range c.ListRuns(t.Context(), kfp.ListOptions{ExperimentID: e.ID}) {
		ok(t, err)
		equal(t, "run", r.ID, run.ID)
		n++
	}
	equal(t, "runs", n, 1)
	equal(t, "last run", must(c.GetExperiment(t.Context(), e.ID))(t).LastRunAt.IsZero(), false)
}

func TestSchedules(t *testing.T) {
	_, c, spec := start(t, sums)
	r := must(c.CreateRecurringRun(t.Context(), kfp.NewRecurringRun{
		NewRun: kfp.NewRun{Name: "nightly", Spec: spec}, Cron: "30 2 * * *", Start: time.Unix(1e9, 0),
	}))(t)
	equal(t, "cron", r.Trigger.Cron.Cron, "0 30 2 * * *")
	equal(t, "status", r.Status, kfp.Enabled)
	ok(t, c.DisableRecurringRun(t.Context(), r.ID))
	equal(t, "status", must(c.GetRecurringRun(t.Context(), r.ID))(t).Status, kfp.Disabled)
	ok(t, c.EnableRecurringRun(t.Context(), r.ID))
	hourly := must(c.CreateRecurringRun(t.Context(), kfp.NewRecurringRun{
		NewRun: kfp.NewRun{Name: "hourly", Spec: spec}, Interval: time.Hour, Disabled: true,
	}))(t)
	equal(t, "interval", hourly.Trigger.Periodic.Interval(), time.Hour)
	equal(t, "status", hourly.Status, kfp.Disabled)
	ok(t, c.DeleteRecurringRun(t.Context(), r.ID))
	n := 0
	for r, err := range c.ListRecurringRuns(t.Context(), kfp.ListOptions{}) {
		ok(t, err)
		equal(t, "recurring run", r.ID, hourly.ID)
		n++
	}
	equal(t, "recurring runs", n, 1)
}

func TestUser(t *testing.T) {
	s, nobody, spec := start(t, sums, kfptest.WithUser("team", "secret-token"))
	_, err := nobody.Health(t.Context())
	if err == nil || !strings.Contains(err.Error(), "401 Unauthorized") {
		t.Errorf("without a token: %v", err)
	}
	homeless := client(t, s, kfp.WithToken("secret-token"))
	if _, err := homeless.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}); err == nil {
		t.Error("a run was created without an experiment")
	}
	if _, err := homeless.GetExperimentByName(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "namespace cannot be empty") {
		t.Errorf("without a namespace: %v", err)
	}
	_, err = client(t, s, kfp.WithToken("secret-token"), kfp.WithNamespace("other")).EnsureExperiment(t.Context(), kfp.NewExperiment{Name: "x"})
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden") {
		t.Errorf("in another namespace: %v", err)
	}
	c := client(t, s, kfp.WithToken("secret-token"), kfp.WithNamespace("team"))
	e := must(c.EnsureExperiment(t.Context(), kfp.NewExperiment{Name: "x"}))(t)
	equal(t, "namespace", e.Namespace, "team")
	equal(t, "state", finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec, ExperimentID: e.ID}).State, kfp.StateSucceeded)
	must(c.UploadOnce(t.Context(), kfp.Upload{Name: "sums", Spec: spec}))(t)
	equal(t, "multi-user", must(c.Health(t.Context()))(t).MultiUser, true)
}
