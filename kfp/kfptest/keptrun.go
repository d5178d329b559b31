package kfptest

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// The states of runs and of their nodes.
const (
	pending   = "PENDING"
	running   = "RUNNING"
	succeeded = "SUCCEEDED"
	skipped   = "SKIPPED"
	failed    = "FAILED"
	canceling = "CANCELING"
	canceled  = "CANCELED"
)

// A keptRun is a run as it is kept.
type keptRun struct {
	Run run `json:"run"`
	// Spec is what runs, wherever it came from.
	Spec json.RawMessage `json:"spec"`
	// Workflow is the name of the Argo workflow that a cluster would have made
	// of it, and Root the folder of its artifacts.
	Workflow string `json:"workflow"`
	Pipeline string `json:"pipeline"`
	Root     string `json:"root"`
	// Attempt counts how often it was retried, from 0. Each time the engine has
	// another run.
	Attempt int        `json:"attempt"`
	Tasks   []keptTask `json:"tasks"`
}

// A keptTask is a task that a run has come by.
type keptTask struct {
	Path    string         `json:"path"`
	Name    string         `json:"name"` // for people
	Dag     bool           `json:"dag,omitempty"`
	After   []string       `json:"after,omitempty"` // the keys of those it depends on
	State   exec.State     `json:"state"`
	Started time.Time      `json:"started,omitzero"`
	Ended   time.Time      `json:"ended,omitzero"`
	Error   string         `json:"error,omitempty"`  // as the launcher has it
	Inputs  map[string]any `json:"inputs,omitempty"` // from the end of the run on
}

func (r *keptRun) ended() bool {
	switch r.Run.State {
	case succeeded, failed, canceled:
		return true
	}
	return false
}

// become changes the state of the run.
func (r *keptRun) become(state string) {
	r.Run.State = state
	r.Run.History = append(r.Run.History, stateChange{Time: now(), State: state})
	if r.ended() {
		r.Run.FinishedAt = now()
	}
}

// engineID is the engine's name of the run.
func (r *keptRun) engineID() string {
	if r.Attempt == 0 {
		return r.Run.ID
	}
	return r.Run.ID + "-" + strconv.Itoa(r.Attempt)
}

// task returns the task of that path, which is added if it is a new one.
func (r *keptRun) task(path string) *keptTask {
	for i := range r.Tasks {
		if r.Tasks[i].Path == path {
			return &r.Tasks[i]
		}
	}
	r.Tasks = append(r.Tasks, keptTask{Path: path})
	return &r.Tasks[len(r.Tasks)-1]
}

// key is the task's in its dag.
func (t *keptTask) key() string { return t.Path[strings.LastIndexByte(t.Path, '/')+1:] }

// parent is the path of the task's dag; "" for the root.
func (t *keptTask) parent() string {
	return t.Path[:max(0, strings.LastIndexByte(t.Path, '/'))]
}

// ran tells whether the task has started.
func (t *keptTask) ran() bool { return !t.Started.IsZero() }

// node returns the name that Argo gives to a node, of which it makes the id:
//
//	names-zbrlm(0).root(0).boom(0).executor(0)
func (r *keptRun) node(path string, suffix string) string {
	name := r.Workflow + "(0).root"
	for key := range strings.SplitSeq(path, "/") {
		if key != "" {
			name += "(0)." + key
		}
	}
	return name + suffix
}

// nodeID makes the id of a node from its name, as Argo does.
func (r *keptRun) nodeID(node string) string { return r.Workflow + "-" + nodeHash(node) }

// executor returns the node in which the task's container runs, and pod the
// name of its pod.
func (r *keptRun) executor(t *keptTask) string { return r.node(t.Path, "(0).executor(0)") }

func (r *keptRun) pod(t *keptTask) string {
	return r.Workflow + "-system-container-impl-" + nodeHash(r.executor(t))
}

func nodeHash(node string) string {
	h := fnv.New32a()
	h.Write([]byte(node))
	return strconv.FormatUint(uint64(h.Sum32()), 10)
}
