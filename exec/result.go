package exec

import (
	"strings"
	"time"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

// A Result is what became of a run.
type Result struct {
	RunID string
	// Workflow is the name as people know it.
	Workflow string
	// State is SUCCEEDED, FAILED or CANCELED. As on a cluster, a run has
	// failed when a failure reaches one of its last tasks.
	State State
	// Dir is the run's folder: see OpenRun.
	Dir      string
	Started  time.Time
	Duration time.Duration
	// Tasks are all tasks that the run came by, each dag before its own
	// tasks; the tasks of a dag in an order in which they could have run one
	// after the other.
	Tasks []TaskResult
	// Outputs are the outputs of the spec's root dag, sorted by name.
	Outputs []Output
	// Results are the values that the run is for: one for each of the
	// workflow's given nodes, in their order. For a spec without a workflow,
	// one for each of Outputs.
	Results []NodeValue
}

// A TaskResult is what became of one task.
type TaskResult struct {
	// Path and Node are as in Event.
	Path string
	Node string
	// Function tells that the task runs function nodes; Node is then the
	// name of a node.
	Function bool
	Dag      bool
	State    State
	Duration time.Duration
	// Attempts is 0 for a task that did not run.
	Attempts int
	// Err is why a task FAILED or was CANCELED.
	Err error
	// Inputs are the parameters that the task was given, as far as they had
	// to be resolved: the constant arguments of a function called in this
	// process were not.
	Inputs map[string]*structpb.Value
	// Outputs are the recorded outputs, sorted by name, parameters before
	// artifacts. They must not be changed.
	Outputs []Output
}

// An Output is one output of a task: a parameter or an artifact.
type Output struct {
	Name string
	// Parameter is nil for an artifact.
	Parameter *structpb.Value
	// Artifact is nil for a parameter.
	Artifact *Artifact
}

// A NodeValue is one of the values that a run is for.
type NodeValue struct {
	// Name is the name of the node or of the root output.
	Name string
	// Value is the frozen value. It is nil when there is an error, and for
	// an artifact that was not written by Fuse.
	Value starlark.Value
	// Artifact is set where the value is an artifact.
	Artifact *Artifact
	// Err says why there is no value.
	Err error
}

// compareOutputs orders outputs by name, parameters before artifacts.
func compareOutputs(a, b Output) int {
	if c := strings.Compare(a.Name, b.Name); c != 0 || (a.Artifact == nil) == (b.Artifact == nil) {
		return c
	}
	if a.Artifact == nil {
		return -1
	}
	return 1
}

// Task returns the result of the task of that path; nil when there is none.
func (r *Result) Task(path string) *TaskResult {
	for i := range r.Tasks {
		if r.Tasks[i].Path == path {
			return &r.Tasks[i]
		}
	}
	return nil
}

// Output returns the output of that name, the parameter where there is an
// artifact of that name too; nil when there is none.
func (t *TaskResult) Output(name string) *Output {
	for i := range t.Outputs {
		if t.Outputs[i].Name == name {
			return &t.Outputs[i]
		}
	}
	return nil
}
