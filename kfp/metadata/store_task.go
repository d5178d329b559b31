package metadata

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// An executionForest is what ML Metadata has of a run.
type executionForest struct {
	executions []*mlmd.Execution
	events     []*mlmd.Event // outputs only
	artifacts  map[int64]*mlmd.Artifact
}

// tasks converts the executions that are roots, or those that are not.
func (f *executionForest) tasks(roots bool) (out []*Task) {
	parents := make(map[string]bool)
	for _, e := range f.executions {
		if id, ok := e.CustomProperties.Int("parent_dag_id"); ok {
			parents[formatID(id)] = true
		}
	}
	outputs := make(map[int64][]Artifact)
	for _, event := range f.events {
		if a := f.artifacts[event.ArtifactID]; a != nil {
			outputs[event.ExecutionID] = append(outputs[event.ExecutionID], storeArtifact(event.Key, a))
		}
	}
	for _, e := range f.executions {
		if isRootExecution(e) != roots {
			continue
		}
		task := storeTask(e, parents[formatID(e.ID)])
		task.Artifacts = outputs[e.ID]
		slices.SortStableFunc(task.Artifacts, func(a, b Artifact) int {
			return cmp.Or(cmp.Compare(a.Output, b.Output), compareIDs(a.ID, b.ID))
		})
		out = append(out, task)
	}
	return out
}

// isRootExecution tells whether an execution is the whole run: the group that
// is in none.
func isRootExecution(e *mlmd.Execution) bool {
	parent, _ := e.CustomProperties.Int("parent_dag_id")
	return e.Type == mlmd.ExecutionTypeGroup && parent == 0
}

// storeTask converts an execution. Its properties are those that KFP's driver
// and launcher write.
func storeTask(e *mlmd.Execution, parent bool) *Task {
	p := e.CustomProperties
	t := &Task{
		ID:             formatID(e.ID),
		Key:            p.Text("task_name"),
		DisplayName:    p.Text("display_name"),
		Group:          e.Type == mlmd.ExecutionTypeGroup,
		Iteration:      storeInt(p, "iteration_index"),
		IterationCount: storeInt(p, "iteration_count"),
		Started:        storeTime(e.Created),
		Attempts:       1,
		Pod:            p.Text("pod_name"),
		CachedFrom:     p.Text("cached_execution_id"),
		Inputs:         orEmpty(p.Struct("inputs")),
		Outputs:        orEmpty(p.Struct("outputs")),
	}
	if id, _ := p.Int("parent_dag_id"); id != 0 {
		t.ParentID = formatID(id)
	}
	if t.State = storeState(e, t, parent); t.State.Terminal() {
		t.Ended = storeTime(e.Updated)
	}
	return t
}

// storeState converts an execution's state.
//
// CANCELED is what the driver writes, when it makes the execution, for a
// condition that does not hold, and nothing else in KFP writes it: whoever stops
// a run stops the launcher too, and the state stays RUNNING. Should somebody
// write it for a task that has begun, the task has a pod, or others in it.
func storeState(e *mlmd.Execution, t *Task, parent bool) State {
	switch e.LastKnownState {
	case mlmd.StateNew:
		return Pending
	case mlmd.StateRunning:
		if t.IterationCount != nil && *t.IterationCount == 0 {
			return Succeeded // nothing in it will ever say so
		}
		return Running
	case mlmd.StateComplete:
		return Succeeded
	case mlmd.StateFailed:
		return Failed
	case mlmd.StateCached:
		return Cached
	case mlmd.StateCanceled:
		if t.Pod != "" || parent {
			return Canceled
		}
		return Skipped
	}
	return ""
}

// storeArtifact converts an artifact that is an output.
func storeArtifact(output string, a *mlmd.Artifact) Artifact {
	out := Artifact{
		Output:   output,
		ID:       formatID(a.ID),
		Name:     cmp.Or(a.CustomProperties.Text("display_name"), a.Name, output),
		URI:      a.URI,
		Type:     a.Type,
		Session:  a.CustomProperties.Text("store_session_info"),
		Metadata: make(map[string]any),
	}
	for _, properties := range []mlmd.Properties{a.Properties, a.CustomProperties} {
		for name, v := range properties {
			switch name {
			case "display_name", "store_session_info":
				continue
			}
			if i, ok := v.(int64); ok {
				v = float64(i) // as JSON has it
			}
			out.Metadata[name] = v
		}
	}
	return out
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

// storeInt returns a property that is an index or a number of things.
func storeInt(p mlmd.Properties, name string) *int {
	i, ok := p.Int(name)
	if !ok || i < 0 || i > math.MaxInt32 {
		return nil
	}
	n := int(i)
	return &n
}

// storeTime converts a time, in milliseconds; 0 is none.
func storeTime(millis int64) time.Time {
	if millis <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(millis).UTC()
}

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}
