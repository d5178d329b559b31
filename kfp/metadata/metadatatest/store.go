package metadatatest

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/grpcweb"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// call answers a call of ML Metadata.
func (s *Server) call(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil || len(body) < 5 || req.Header.Get("Content-Type") != grpcweb.MediaType {
		http.Error(w, "this is no gRPC-Web", http.StatusUnsupportedMediaType)
		return
	}
	// A request is framed as an answer is, but for the status.
	message, err := grpcweb.Message(nil, grpcweb.AppendStatus(bytes.Clone(body), grpcweb.Status{}))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q, err := mlmd.DecodeQuery(req.URL.Path, message)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer := grpcweb.AppendMessage(nil, s.answer(req.URL.Path, q))
	w.Header().Set("Content-Type", grpcweb.MediaType)
	w.Write(grpcweb.AppendStatus(answer, grpcweb.Status{}))
}

func (s *Server) answer(method string, q *mlmd.Query) []byte {
	if method == mlmd.GetContext {
		return s.context(q).Encode()
	}
	var executions []*mlmd.Execution
	var events []*mlmd.Event
	var artifacts []*mlmd.Artifact
	for i, run := range s.all() {
		inContext := int64(i+1) == q.ContextID
		for _, t := range tasks(run) {
			if inContext {
				executions = append(executions, execution(run, t))
			}
			for _, a := range t.Artifacts {
				if slices.Contains(q.IDs, number(t.ID)) {
					events = append(events, &mlmd.Event{ArtifactID: number(a.ID), ExecutionID: number(t.ID), Key: a.Output, Type: mlmd.EventOutput})
				}
				if inContext || slices.Contains(q.IDs, number(a.ID)) {
					artifacts = append(artifacts, artifact(a))
				}
			}
		}
	}
	slices.SortFunc(artifacts, func(a, b *mlmd.Artifact) int { return cmp.Compare(a.ID, b.ID) })
	artifacts = slices.CompactFunc(artifacts, func(a, b *mlmd.Artifact) bool { return a.ID == b.ID }) // several tasks may have it
	size := int(q.MaxResultSize)
	switch method {
	case mlmd.GetExecutions:
		items, next := page(s, executions, size, mlmd.MaxPage, q.PageToken)
		return mlmd.Page[*mlmd.Execution]{Items: items, Next: next}.Encode()
	case mlmd.GetArtifacts:
		items, next := page(s, artifacts, size, mlmd.MaxPage, q.PageToken)
		return mlmd.Page[*mlmd.Artifact]{Items: items, Next: next}.Encode()
	case mlmd.GetEvents:
		return mlmd.Page[*mlmd.Event]{Items: events}.Encode()
	}
	return mlmd.Page[*mlmd.Artifact]{Items: artifacts}.Encode()
}

// context returns the context of a run; of one that has not begun there is
// none.
func (s *Server) context(q *mlmd.Query) *mlmd.Context {
	for i, run := range s.all() {
		if q.TypeName == mlmd.ContextTypeRun && run.ID == q.ContextName && run.Root != nil {
			return &mlmd.Context{ID: int64(i + 1), CustomProperties: mlmd.Properties{"namespace": run.Namespace}}
		}
	}
	return nil
}

// execution makes a task's execution.
func execution(run *metadata.Run, t *metadata.Task) *mlmd.Execution {
	p := mlmd.Properties{"task_name": t.Key, "display_name": t.DisplayName, "inputs": t.Inputs}
	e := &mlmd.Execution{
		ID:               number(t.ID),
		Type:             "system.ContainerExecution",
		LastKnownState:   state(t),
		CustomProperties: p,
		Created:          millis(t.Started),
		Updated:          max(millis(t.Started), millis(t.Ended)),
	}
	if t.Inputs == nil {
		delete(p, "inputs")
	}
	if t.Outputs != nil {
		p["outputs"] = t.Outputs
	}
	if t.Group {
		e.Type = mlmd.ExecutionTypeGroup
	} else {
		p["pod_name"], p["namespace"], p["image"] = t.Pod, run.Namespace, ""
	}
	if t == run.Root {
		e.Name = "run/" + run.ID
	} else {
		p["parent_dag_id"] = number(t.ParentID)
	}
	if t.Iteration != nil {
		p["iteration_index"] = int64(*t.Iteration)
	}
	if t.IterationCount != nil {
		p["iteration_count"] = int64(*t.IterationCount)
	}
	if t.CachedFrom != "" {
		p["cached_execution_id"] = t.CachedFrom
	}
	return e
}

// state is what the store calls a task's state.
func state(t *metadata.Task) int64 {
	switch t.State {
	case metadata.Succeeded:
		if t.IterationCount != nil && *t.IterationCount == 0 {
			return mlmd.StateRunning
		}
		return mlmd.StateComplete
	case metadata.Pending:
		return mlmd.StateNew
	case metadata.Running, metadata.Canceled: // nobody writes that it was stopped
		return mlmd.StateRunning
	case metadata.Failed:
		return mlmd.StateFailed
	case metadata.Cached:
		return mlmd.StateCached
	case metadata.Skipped:
		return mlmd.StateCanceled
	}
	return mlmd.StateUnknown
}

func artifact(a metadata.Artifact) *mlmd.Artifact {
	p := mlmd.Properties{"display_name": a.Name}
	if a.Session != "" {
		p["store_session_info"] = a.Session
	}
	for name, v := range a.Metadata {
		p[name] = v
	}
	return &mlmd.Artifact{ID: number(a.ID), Type: a.Type, URI: a.URI, CustomProperties: p}
}

// millis is a time as the store has it; none is 0.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
