package metadata

import "time"

// A Run is what the metadata tells of a run.
type Run struct {
	// ID is the run's.
	ID string
	// Namespace is where its pods are; "" as long as that is not known.
	Namespace string
	// Root is the group that the whole run is; nil where it has not begun.
	Root *Task
	// Tasks are all others, groups too: a group before what is in it, and tasks
	// of the same group in the order in which they began.
	Tasks []*Task
}

// A Task is one task of a run, or a group of tasks: a loop, one round of it, a
// branch, a nested pipeline.
type Task struct {
	// ID is the metadata's, and ParentID that of the group that the task is in;
	// "" for the root.
	ID, ParentID string
	// Path names the task for people: the keys of its groups and its own, with
	// the index of each round of a loop, as in for-loop-1[0]/each. It is unique
	// in the run; the root's is "".
	Path string
	// Key is the task's key in the spec; the root's is "". A loop and its rounds
	// have the same.
	Key string
	// DisplayName is the task's name for people; may be "".
	DisplayName string
	// Group tells that the task has tasks, and no pod of its own.
	Group bool
	// Iteration is the index of a round in its loop; else nil.
	Iteration *int
	// IterationCount is the number of rounds of a loop; else nil.
	IterationCount *int

	State State
	// Message says why the task failed. Only servers after 2.17 tell.
	Message string
	// Started and Ended are zero where they are not known. Started is when the
	// task's driver had done its work, before the container starts.
	Started, Ended time.Time
	// Attempts is how often the task was begun, at least 1, as far as the server
	// tells: a container that the cluster starts again by itself is the same
	// attempt for servers up to 2.17.
	Attempts int
	// Pod is the name of the pod that the container of the last attempt is in,
	// and EarlierPods those of others, oldest first. "" where there is none, or
	// none yet.
	Pod         string
	EarlierPods []string
	// DriverPod is the pod of the task's driver. Only servers after 2.17 tell.
	DriverPod string
	// CachedFrom is the ID of the execution, of another run mostly, that gave the
	// outputs of a task that is CACHED. Only servers up to 2.17 tell.
	CachedFrom string

	// Inputs and Outputs are parameters as JSON has them: nil, bool, float64,
	// string, []any and map[string]any. Integers beyond 2^53 have lost digits on
	// the server.
	Inputs, Outputs map[string]any
	// Artifacts are what the task gave out, ordered by output. Only Client.Run
	// reads them.
	Artifacts []Artifact
}

// An Artifact is one that a task gave out.
type Artifact struct {
	// Output is the key of the output in the spec. Several artifacts of a task
	// have the same one where it collects the rounds of a loop.
	Output string
	// ID is the metadata's.
	ID string
	// Name is the artifact's own, mostly that of the output.
	Name string
	// URI is where the content is; "" where there is none.
	URI string
	// Type is the title of its schema, as "system.Model".
	Type string
	// Metadata is what the task said of it, as JSON.
	Metadata map[string]any
	// Session tells the dashboard how to reach the store that the URI is in,
	// where that is not the default one: JSON text without secrets, made by the
	// server. "" where servers find it out themselves.
	Session string
}
