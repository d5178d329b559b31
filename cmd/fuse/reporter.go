package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/image"
)

// A reporter tells people on stderr what happens: as text, with a live view
// on a terminal, or as JSON for programs.
type reporter interface {
	// note tells something worth knowing; detail, with -v only.
	note(text string)
	detail(text string)
	// warn tells something that may turn out wrong, and what to do about it.
	warn(text string, hints ...string)
	// fail tells an error, with its backtrace and hints.
	fail(err error)
	// printed tells what a file prints while it is loading.
	printed(pos, text string)

	// building tells how far the image of a workflow is. It is called by
	// several goroutines, one at a time; done is called after the last.
	building(p image.Progress)
	done()

	// begin starts the report of a run, event continues it, and end, which is
	// called once after it, closes it with a summary.
	begin(v *runView)
	event(e exec.Event)
	end(res *exec.Result)
}

// A runView is what a reporter has to know of a run to speak of its tasks.
type runView struct {
	name  string // of the workflow
	spec  *compiler.Spec
	total int // tasks that will be reported as started or not run; 0: unknown

	states map[string]exec.State // of the tasks that have ended
	blame  map[string][]string   // for tasks that did not run: those that are the reason
}

func newRunView(name string, spec *compiler.Spec) *runView {
	v := &runView{name: name, spec: spec, states: make(map[string]exec.State), blame: make(map[string][]string)}
	if wf := spec.Workflow(); wf != nil {
		v.total = len(wf.Nodes())
	}
	return v
}

// label returns what a task is called: by the name of its node, or by its
// path, for a task of another kind.
func (v *runView) label(task string) string {
	if node := v.spec.NodeOf(task); node != "" {
		return node
	}
	return task
}

// ended keeps the state that a task ended in.
func (v *runView) ended(e exec.Event) {
	v.states[e.Task] = e.State
	if e.State != exec.NotRun {
		return
	}
	for _, dep := range upstream(v.spec, e.Task) {
		reasons := []string{dep}
		switch v.states[dep] {
		case exec.Succeeded, exec.Cached, "":
			continue
		case exec.NotRun:
			reasons = v.blame[dep]
		}
		for _, r := range reasons {
			if !slices.Contains(v.blame[e.Task], r) {
				v.blame[e.Task] = append(v.blame[e.Task], r)
			}
		}
	}
}

// whyNot says why a task did not run.
func (v *runView) whyNot(task string) string {
	const most = 3
	var reasons []string
	for _, t := range v.blame[task] {
		what := " failed"
		switch v.states[t] {
		case exec.Skipped:
			what = " was skipped"
		case exec.Canceled:
			what = " was stopped"
		}
		reasons = append(reasons, strconv.Quote(v.label(t))+what)
	}
	if len(reasons) == 0 {
		return "the run was stopped"
	}
	if more := len(reasons) - most; more > 0 {
		reasons = append(reasons[:most], "and "+count(more, "other"))
	}
	return strings.Join(reasons, ", ")
}

// taskAt returns the task at a path; nil where there is none.
func taskAt(spec *compiler.Spec, path string) *pipelinespec.PipelineTaskSpec {
	dag := spec.Pipeline.GetRoot().GetDag()
	key, rest, nested := strings.Cut(path, "/")
	for ; nested; key, rest, nested = strings.Cut(rest, "/") {
		dag = spec.ComponentOf(dag.GetTasks()[key]).GetDag()
	}
	return dag.GetTasks()[key]
}

// upstream returns the paths of the tasks that a task waits for, sorted. A
// task inside a dag waits for its siblings only, and the dag for its own.
func upstream(spec *compiler.Spec, task string) []string {
	prefix := task[:strings.LastIndexByte(task, '/')+1]
	producers := make(map[string]bool)
	for _, from := range producersOf(taskAt(spec, task)) {
		producers[prefix+from.task] = true
	}
	return slices.Sorted(maps.Keys(producers))
}

// An incoming edge of a task: the task it comes from, and the input that it
// feeds, "" for a dependency without data.
type incoming struct{ task, input string }

// producersOf returns the edges that lead to a task, in no order.
func producersOf(t *pipelinespec.PipelineTaskSpec) []incoming {
	var edges []incoming
	for name, in := range t.GetInputs().GetParameters() {
		if p := in.GetTaskOutputParameter(); p != nil {
			edges = append(edges, incoming{p.GetProducerTask(), name})
		}
	}
	for name, in := range t.GetInputs().GetArtifacts() {
		if p := in.GetTaskOutputArtifact(); p != nil {
			edges = append(edges, incoming{p.GetProducerTask(), name})
		}
	}
	for _, key := range t.GetDependentTasks() {
		edges = append(edges, incoming{key, ""})
	}
	return edges
}
