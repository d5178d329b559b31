package metadata

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/grpcweb"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// A store is the metadata of servers up to 2.17: ML Metadata, as the
// dashboard's host serves it. It has a context for each run, executions and
// artifacts in it, and events that connect the two.
type store struct {
	*wire
	base string
}

// eventsAtOnce is how many executions are asked about in one request: what
// they gave out is not paged.
const eventsAtOnce = 200

func (s *store) read(ctx context.Context, runID string, artifacts bool) (*Run, error) {
	r := s.reading(runID)
	q := &mlmd.Query{TypeName: mlmd.ContextTypeRun, ContextName: runID}
	run, err := storeCall(ctx, s, r, "find the metadata", mlmd.GetContext, q.ForContext(), mlmd.DecodeContext)
	if status := (*grpcweb.Status)(nil); errors.As(err, &status) && status.Code == grpcweb.NotFound {
		run, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	if run == nil || run.ID == 0 {
		return nil, r.fail("find the metadata", 0, ErrUnknownRun)
	}
	executions, err := storeList(ctx, s, r, "list the executions", mlmd.GetExecutions, run.ID, mlmd.DecodeExecutions)
	if err != nil {
		return nil, err
	}
	f := &executionForest{executions: executions}
	if artifacts {
		if f.events, err = s.events(ctx, r, executions); err == nil {
			f.artifacts, err = s.artifacts(ctx, r, run.ID, f.events)
		}
		if err != nil {
			return nil, err
		}
	}
	out := assemble(runID, f.tasks(true), f.tasks(false))
	out.Namespace = run.CustomProperties.Text("namespace")
	return out, nil
}

// events reads what executions gave out. Groups gave out nothing of their own.
func (s *store) events(ctx context.Context, r *reading, executions []*mlmd.Execution) (out []*mlmd.Event, err error) {
	var ids []int64
	for _, e := range executions {
		if e.Type != mlmd.ExecutionTypeGroup {
			ids = append(ids, e.ID)
		}
	}
	for some := range slices.Chunk(ids, eventsAtOnce) {
		q := &mlmd.Query{IDs: some}
		page, err := storeCall(ctx, s, r, "list the events", mlmd.GetEvents, q.ForIDs(), mlmd.DecodeEvents)
		if err != nil {
			return nil, err
		}
		for _, e := range page.Items {
			if e.Type == mlmd.EventOutput || e.Type == mlmd.EventDeclaredOutput {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// artifacts reads the artifacts that events speak of, by ID. Those that come
// from the cache may belong to the run that made them alone.
func (s *store) artifacts(ctx context.Context, r *reading, contextID int64, events []*mlmd.Event) (map[int64]*mlmd.Artifact, error) {
	if len(events) == 0 {
		return nil, nil
	}
	list, err := storeList(ctx, s, r, "list the artifacts", mlmd.GetArtifacts, contextID, mlmd.DecodeArtifacts)
	if err != nil {
		return nil, err
	}
	out := make(map[int64]*mlmd.Artifact, len(list))
	for _, a := range list {
		out[a.ID] = a
	}
	var missing []int64
	for _, e := range events {
		if out[e.ArtifactID] == nil {
			missing = append(missing, e.ArtifactID)
		}
	}
	slices.Sort(missing)
	for some := range slices.Chunk(slices.Compact(missing), mlmd.MaxPage) {
		q := &mlmd.Query{IDs: some}
		page, err := storeCall(ctx, s, r, "get the artifacts", mlmd.GetArtifactsByID, q.ForIDs(), mlmd.DecodeArtifacts)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Items {
			out[a.ID] = a
		}
	}
	return out, nil
}

// storeList reads all pages of a list.
func storeList[T any](ctx context.Context, s *store, r *reading, op, method string, contextID int64, decode func([]byte) (mlmd.Page[T], error)) ([]T, error) {
	return pages(r, op, func(token string) ([]T, string, error) {
		q := &mlmd.Query{ContextID: contextID, MaxResultSize: mlmd.MaxPage, PageToken: token}
		page, err := storeCall(ctx, s, r, op, method, q.ForPage(), decode)
		return page.Items, page.Next, err
	})
}

// storeCall makes a call.
func storeCall[T any](ctx context.Context, s *store, r *reading, op, method string, request []byte, decode func([]byte) (T, error)) (v T, err error) {
	a, err := r.post(ctx, op, s.base+method, grpcweb.MediaType, grpcweb.AppendMessage(nil, request))
	if err != nil {
		return v, err
	}
	if a.status/100 != 2 || !grpcweb.IsAnswer(a.mediaType) {
		return v, s.refusal(a)
	}
	message, err := grpcweb.Message(a.header, a.body)
	if err != nil {
		e := s.refuse(a, err.Error(), err)
		if status := (*grpcweb.Status)(nil); errors.As(err, &status) {
			e.Code = status.Code
			e.absent = status.Code == grpcweb.Unimplemented
		}
		return v, e
	}
	if v, err = decode(message); err != nil {
		return v, s.refuse(a, "the answer cannot be read: "+err.Error(), err)
	}
	return v, nil
}

// refusal makes the error about an answer that is not gRPC-Web: somebody else's.
func (s *store) refusal(a *reply) error {
	switch {
	case a.isPage():
		e := s.refuse(a, errPage.Error(), errPage)
		e.absent = a.status/100 == 2 || a.isMissing()
		return e
	case a.status/100 == 2:
		e := s.refuse(a, fmt.Sprintf("the answer is no gRPC-Web but %q", a.mediaType), nil)
		e.absent = true
		return e
	}
	_, message := a.said()
	e := s.refuse(a, message, nil)
	e.absent = a.isMissing()
	return e
}
