package kfptest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
)

const runsPath = "/apis/v2beta1/runs"

// count is how many runs the server has.
func count(t testing.TB, c *kfp.Client) int {
	t.Helper()
	n := 0
	for _, err := range c.ListRuns(t.Context(), kfp.ListOptions{}) {
		ok(t, err)
		n++
	}
	return n
}

// TestFaults creates a run whatever goes wrong, once.
func TestFaults(t *testing.T) {
	released := make(chan struct{})
	close(released)
	for name, fault := range map[string]kfptest.Fault{
		"status":          kfptest.Status(503, "upstream connect error"),
		"reset":           kfptest.Reset(),
		"lost answer":     kfptest.Lose(kfptest.Reset()),
		"lost by a proxy": kfptest.Lose(kfptest.Status(504, "gateway timeout")),
		"half an answer":  kfptest.Cut(20),
		"slow":            kfptest.Hold(released),
	} {
		t.Run(name, func(t *testing.T) {
			s, c, spec := start(t, sums)
			s.Fail(kfptest.Rule{Method: http.MethodPost, Path: runsPath, Times: 2, Fault: fault})
			run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
			equal(t, "state", run.State, kfp.StateSucceeded)
			equal(t, "runs", count(t, c), 1)
		})
	}
}

// TestTwice has a proxy that sends the request again: then there are two, which
// is not the client's doing.
func TestTwice(t *testing.T) {
	s, c, spec := start(t, sums)
	s.Fail(kfptest.Rule{Method: http.MethodPost, Path: runsPath, Skip: 1, Times: 1, Fault: kfptest.Twice()})
	for range 3 {
		finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
	}
	equal(t, "runs", count(t, c), 4)
}

func TestRules(t *testing.T) {
	s, c, spec := start(t, sums)
	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
	s.Fail(
		kfptest.Rule{Path: runsPath + "/*:terminate", Fault: kfptest.Status(403, "no")},
		kfptest.Rule{Method: http.MethodGet, Path: runsPath + "/*", Fault: kfptest.Status(404, "gone")},
	)
	err := c.TerminateRun(t.Context(), run.ID)
	if err == nil || !strings.Contains(err.Error(), "403 Forbidden: no") {
		t.Errorf("got %v", err)
	}
	_, err = c.GetRun(t.Context(), run.ID)
	equal(t, "not found", kfp.IsNotFound(err), true)
	s.Heal()
	must(c.GetRun(t.Context(), run.ID))(t)
}

// TestHold keeps a request back until its client is gone.
func TestHold(t *testing.T) {
	s, c, spec := start(t, sums)
	ctx, cancel := context.WithCancel(t.Context())
	s.Fail(kfptest.Rule{Method: http.MethodPost, Path: runsPath, Fault: func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		cancel()
		kfptest.Hold(nil)(w, r, server)
	}})
	_, err := c.CreateRun(ctx, kfp.NewRun{Name: "sums", Spec: spec})
	equal(t, "stopped", err != nil && ctx.Err() != nil, true)
	s.Heal()
	equal(t, "runs", count(t, c), 0)
}

// TestRestart restarts the API server while a run runs and a request is on its
// way.
func TestRestart(t *testing.T) {
	g := newGate(exec.TaskStarted, "node2")
	s, c, spec := start(t, sums, kfptest.WithStep(g.step))
	run := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))(t)
	<-g.here
	held, got := make(chan struct{}), make(chan error, 1)
	s.Fail(kfptest.Rule{Path: runsPath + "/*", Times: 1, Fault: func(w http.ResponseWriter, r *http.Request, server http.Handler) {
		close(held)
		kfptest.Hold(nil)(w, r, server)
	}})
	go func() {
		_, err := c.GetRun(t.Context(), run.ID)
		got <- err
	}()
	<-held
	ok(t, s.Restart())
	ok(t, <-got) // it was tried again
	equal(t, "state", must(c.GetRun(t.Context(), run.ID))(t).State, kfp.StateRunning)
	close(g.open)
	ok(t, s.WaitRun(t.Context(), run.ID))
	equal(t, "state", must(c.GetRun(t.Context(), run.ID))(t).State, kfp.StateSucceeded)
}

// TestOpenAgain opens the storage of a server that was closed.
func TestOpenAgain(t *testing.T) {
	g := newGate(exec.TaskEnded, "node2")
	dir := t.TempDir()
	s, c, spec := start(t, sums, kfptest.WithStorage(dir), kfptest.WithStep(g.step))
	cut := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "cut", Spec: spec}))(t)
	<-g.here
	done := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "done", Spec: spec}))(t)
	<-g.here
	g.open <- struct{}{} // one of them, whichever
	ended := make(chan *kfp.Run, 2)
	for _, run := range []*kfp.Run{cut, done} {
		go func(s *kfptest.Server) {
			_ = s.WaitRun(context.WithoutCancel(t.Context()), run.ID)
			ended <- run
		}(s)
	}
	if first := <-ended; first == cut {
		cut, done = done, cut
	}
	before := must(c.GetRun(t.Context(), done.ID))(t)
	ok(t, s.Close())

	s, c, _ = start(t, sums, kfptest.WithStorage(dir))
	after := must(c.GetRun(t.Context(), done.ID))(t)
	equal(t, "state", after.State, kfp.StateSucceeded)
	equal(t, "end", after.FinishedAt.Equal(before.FinishedAt), true)
	equal(t, "details", len(after.Tasks()), len(before.Tasks()))
	facts := must(reader(t, s).Run(t.Context(), done.ID))(t)
	equal(t, "tasks", len(facts.Tasks), 2)
	equal(t, "artifact", text(c.ReadArtifact(t.Context(), kfp.Artifact{URI: facts.Tasks[0].Artifacts[1].URI}))(t) != "", true)

	cut = must(c.GetRun(t.Context(), cut.ID))(t)
	equal(t, "state of what was cut off", cut.State, kfp.StateFailed)
	equal(t, "node2", nodes(cut)["node2"], kfp.StateFailed)
	n := 0
	for range c.ListExperiments(t.Context(), kfp.ListOptions{}) {
		n++
	}
	equal(t, "experiments", n, 1)
	ok(t, c.RetryRun(t.Context(), cut.ID))
	ok(t, s.WaitRun(t.Context(), cut.ID))
	equal(t, "state after the retry", must(c.GetRun(t.Context(), cut.ID))(t).State, kfp.StateSucceeded)
}

// TestUnreachable has a server that is gone.
func TestUnreachable(t *testing.T) {
	s, _, _ := start(t, sums)
	ok(t, s.Close())
	c := must(kfp.New(s.URL, kfp.WithTries(2, time.Millisecond)))(t)
	_, err := c.Health(t.Context())
	equal(t, "unreachable", kfp.IsUnreachable(err), true)
}
