package kfptest_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
	"github.com/starlarkfuse/fuse/value"
)

// nodes returns the states of a run's nodes by their names.
func nodes(r *kfp.Run) map[string]kfp.State {
	states := make(map[string]kfp.State)
	for _, t := range r.Tasks() {
		states[t.Name] = t.State
	}
	return states
}

// pod returns the node in which a task's container ran, as a client finds it:
// task(0) ─ executor ─ executor(0), of which only the ids of children are told.
func pod(t testing.TB, r *kfp.Run, state kfp.State) string {
	t.Helper()
	for _, task := range r.Tasks() {
		if task.Name == "executor" && task.State == state {
			return task.Children[0].PodName
		}
	}
	t.Fatalf("there is no executor that %s", state)
	return ""
}

func TestRun(t *testing.T) {
	g := newGate(exec.TaskStarted, "node2")
	s, c, spec := start(t, sums, kfptest.WithStep(g.step))
	run := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "first", Spec: spec, Parameters: map[string]any{"a": 40}}))(t)
	equal(t, "state at first", run.State, kfp.StatePending)
	<-g.here
	run = must(c.GetRun(t.Context(), run.ID))(t)
	equal(t, "state", run.State, kfp.StateRunning)
	equal(t, "node1", nodes(run)["node1"], kfp.StateSucceeded)
	if _, there := nodes(run)["node2"]; there {
		t.Error("node2 is there before it started")
	}
	close(g.open)
	ok(t, s.WaitRun(t.Context(), run.ID))
	run = must(c.GetRun(t.Context(), run.ID))(t)
	equal(t, "state", run.State, kfp.StateSucceeded)
	equal(t, "finished", run.FinishedAt.IsZero(), false)
	var history []string
	for _, h := range run.StateHistory {
		history = append(history, string(h.State))
	}
	equal(t, "history", strings.Join(history, " "), "PENDING RUNNING SUCCEEDED")
	for _, name := range []string{"root", "root-driver", "root(0)", "node1-driver(0)", "node1", "node2(0)", "executor", "executor(0)"} {
		equal(t, name, nodes(run)[name], kfp.StateSucceeded)
	}
	log := text(c.RunLog(t.Context(), run.ID, pod(t, run, kfp.StateSucceeded)))(t)
	for _, want := range []string{`(?m)^adding 4[01] 1$`, `(?m)^I\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ launcher_v2\.go:\d+\] publish success\.$`, `"preview": "4[12]"`} {
		if !regexp.MustCompile(want).MatchString(log) {
			t.Errorf("no %s in the log:\n%s", want, log)
		}
	}
	found := 0
	for r, err := range c.ListRuns(t.Context(), kfp.ListOptions{Filter: []kfp.Predicate{kfp.Equals("state", "SUCCEEDED")}}) {
		ok(t, err)
		equal(t, "run", r.ID, run.ID)
		equal(t, "tasks in a list", len(r.Tasks()), 0)
		found++
	}
	equal(t, "runs", found, 1)
}

func TestRunThatFails(t *testing.T) {
	s, c, spec := start(t, broken)
	run := finish(t, s, c, kfp.NewRun{Name: "broken", Spec: spec})
	equal(t, "state", run.State, kfp.StateFailed)
	equal(t, "boom", nodes(run)["boom"], kfp.StateFailed)
	after, there := nodes(run)["after"]
	equal(t, "after is there", there, true)
	equal(t, "after", after, "")
	log := text(c.RunLog(t.Context(), run.ID, pod(t, run, kfp.StateFailed)))(t)
	for _, want := range []string{"error: ", "it is broken", "failed to execute component: exit status 1"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
	_, err := c.RunLog(t.Context(), run.ID, "none")
	equal(t, "no log", kfp.IsNotFound(err), true)
}

func TestTerminateRetryDelete(t *testing.T) {
	g := newGate(exec.TaskStarted, "node1")
	s, c, spec := start(t, sums, kfptest.WithStep(g.step))
	run := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "long", Spec: spec}))(t)
	<-g.here
	ok(t, c.TerminateRun(t.Context(), run.ID))
	ok(t, s.WaitRun(t.Context(), run.ID))
	run = must(c.GetRun(t.Context(), run.ID))(t)
	equal(t, "state", run.State, kfp.StateCanceled)
	if err := c.TerminateRun(t.Context(), run.ID); err == nil {
		t.Error("it was terminated twice")
	}
	close(g.open)
	ok(t, c.RetryRun(t.Context(), run.ID))
	ok(t, s.WaitRun(t.Context(), run.ID))
	equal(t, "state after the retry", must(c.GetRun(t.Context(), run.ID))(t).State, kfp.StateSucceeded)
	if err := c.RetryRun(t.Context(), run.ID); err == nil {
		t.Error("what had succeeded was retried")
	}
	ok(t, c.ArchiveRun(t.Context(), run.ID))
	equal(t, "archived", must(c.GetRun(t.Context(), run.ID))(t).StorageState, kfp.Archived)
	ok(t, c.UnarchiveRun(t.Context(), run.ID))
	ok(t, c.DeleteRun(t.Context(), run.ID))
	_, err := c.GetRun(t.Context(), run.ID)
	equal(t, "deleted", kfp.IsNotFound(err), true)
}

// TestDeleteRunning deletes a run from under the engine.
func TestDeleteRunning(t *testing.T) {
	g := newGate(exec.TaskStarted, "node2")
	s, c, spec := start(t, sums, kfptest.WithStep(g.step))
	run := must(c.CreateRun(t.Context(), kfp.NewRun{Name: "long", Spec: spec}))(t)
	<-g.here
	ok(t, c.DeleteRun(t.Context(), run.ID))
	ok(t, s.WaitRun(t.Context(), run.ID))
	for range c.ListRuns(t.Context(), kfp.ListOptions{}) {
		t.Error("it is still there")
	}
}

func TestArtifacts(t *testing.T) {
	s, c, spec := start(t, sums)
	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: spec})
	facts := must(reader(t, s).Run(t.Context(), run.ID))(t)
	results := make(map[string]string)
	for _, task := range facts.Tasks {
		equal(t, task.Path, string(task.State), "SUCCEEDED")
		for _, a := range task.Artifacts {
			content := text(c.ReadArtifact(t.Context(), kfp.Artifact{URI: a.URI, Namespace: facts.Namespace, ProviderInfo: a.Session}))(t)
			if a.Output == "result" {
				v := must(value.Decode([]byte(content)))(t)
				results[task.Path] = v.String()
				equal(t, "preview", a.Metadata["preview"], any(v.String()))
				if !strings.HasPrefix(a.URI, "minio://mlpipeline/v2/artifacts/sums/"+run.ID+"/"+task.Key+"/") {
					t.Errorf("the uri is %s", a.URI)
				}
			} else if !strings.Contains(content, "adding") {
				t.Errorf("%s of %s: %s", a.Output, task.Path, content)
			}
		}
		if log := text(c.PodLog(t.Context(), task.Pod, facts.Namespace))(t); !strings.Contains(log, "adding") {
			t.Errorf("the log of the pod %s: %s", task.Pod, log)
		}
	}
	equal(t, "node1", results["node1"], "2")
	equal(t, "node2", results["node2"], "3")
	_, err := c.ReadArtifact(t.Context(), kfp.Artifact{URI: "minio://mlpipeline/none"})
	equal(t, "no artifact", kfp.IsNotFound(err), true)
	_, err = c.PodLog(t.Context(), "none", "")
	equal(t, "no pod", kfp.IsNotFound(err), true)
}

// TestRefusals sends what the real server refuses, too.
func TestRefusals(t *testing.T) {
	_, c, spec := start(t, sums)
	for want, r := range map[string]kfp.NewRun{
		`there is no parameter "b"`:        {Name: "x", Spec: spec, Parameters: map[string]any{"b": 1}},
		"the pipeline spec":                {Name: "x", Spec: []byte(`{"pipelineInfo": {"name": "UPPER"}, "schemaVersion": "2.1.0", "root": {"dag": {}}}`)},
		"Experiment none not found":        {Name: "x", Spec: spec, ExperimentID: "none"},
		`PipelineVersion "none" not found`: {Name: "x", Pipeline: &kfp.PipelineRef{PipelineID: "none", VersionID: "none"}},
	} {
		_, err := c.CreateRun(t.Context(), r)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for range c.ListRuns(t.Context(), kfp.ListOptions{}) {
		t.Error("a run is there that was refused")
	}
}
