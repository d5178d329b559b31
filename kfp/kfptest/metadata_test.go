package kfptest_test

import (
	"net/http"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
	"github.com/starlarkfuse/fuse/kfp/metadata"
)

// reader makes a client of the server's metadata.
func reader(t testing.TB, s *kfptest.Server) *metadata.Client {
	t.Helper()
	return must(metadata.New(s.URL, http.DefaultClient))(t)
}

// TestMetadata reads the same from both generations, while a run runs and when
// it has failed.
func TestMetadata(t *testing.T) {
	for _, generation := range []kfptest.Generation{kfptest.Gen217, kfptest.GenNext} {
		t.Run(string(generation), func(t *testing.T) {
			g := newGate(exec.TaskEnded, "boom")
			s, _, spec := start(t, broken, kfptest.WithStep(g.step), kfptest.WithGeneration(generation))
			c := must(kfp.New(s.URL))(t)
			run := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "broken", Spec: spec}))(t)
			<-g.here
			m := reader(t, s)
			facts := must(m.Run(t.Context(), run.ID))(t)
			equal(t, "tasks", len(facts.Tasks), 1)
			equal(t, "task", facts.Tasks[0].Path, "boom")
			equal(t, "state", facts.Tasks[0].State, metadata.Running)
			close(g.open)
			ok(t, s.WaitRun(t.Context(), run.ID))
			facts = must(m.Run(t.Context(), run.ID))(t)
			equal(t, "tasks", len(facts.Tasks), 1)
			equal(t, "state", facts.Tasks[0].State, metadata.Failed)
			run = must(c.GetRun(t.Context(), run.ID))(t)
			equal(t, "details", len(run.Tasks()) > 0, generation == kfptest.Gen217)
		})
	}
}

// TestWithoutDashboard has only the API.
func TestWithoutDashboard(t *testing.T) {
	s, c, spec := start(t, sums, kfptest.WithoutDashboard())
	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
	_, err := reader(t, s).Run(t.Context(), run.ID)
	if err == nil {
		t.Error("there is metadata")
	}
	_, err = c.ReadArtifact(t.Context(), kfp.Artifact{URI: "minio://mlpipeline/x"})
	equal(t, "artifacts", kfp.IsNotFound(err), true)
	h := must(c.Health(t.Context()))(t)
	equal(t, "dashboard", h.Dashboard, false)
	equal(t, "version", h.Version, "2.17.0")
	_ = text(c.RunLog(t.Context(), run.ID, pod(t, run, kfp.StateSucceeded)))(t)
}
