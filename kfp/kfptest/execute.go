package kfptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// An execution is a run that the engine has.
type execution struct {
	cancel context.CancelFunc
	done   chan struct{} // closed when the run has ended, and is kept so
}

// launch lets the engine run a run that is kept, and returns when it has
// started; or why it cannot, and then it has not.
func (s *Server) launch(r *keptRun) error {
	id := r.Run.ID
	spec, err := compiler.Read(r.Spec)
	if err != nil {
		return err
	}
	params, err := parameters(r.Run.Config)
	if err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return context.Canceled
	}
	ctx, cancel := context.WithCancel(s.cluster)
	e := &execution{cancel: cancel, done: make(chan struct{})}
	s.live[id] = e
	s.runners.Add(1)
	s.mu.Unlock()

	logs, accepted := s.newLogs(r), make(chan error, 1)
	observe := func(e exec.Event) {
		if e.Kind == exec.RunStarted {
			accepted <- nil
		}
		s.step(ctx, id, e)
		logs.event(e)
		s.event(id, spec, e)
	}
	opts := append(slices.Clone(s.engine),
		exec.WithStorage(s.storage), exec.WithRunID(r.engineID()), exec.WithParameters(params), exec.WithObserver(observe))
	go func() {
		defer s.runners.Done()
		defer cancel()
		res, err := exec.Run(ctx, spec, opts...)
		s.note(logs.close())
		s.finish(id, e, res)
		if res == nil {
			accepted <- err
		}
	}()
	return <-accepted
}

// parameters are those of a run, as the engine wants them.
func parameters(c *runtimeConfig) (map[string]any, error) {
	params := make(map[string]any)
	if c == nil {
		return params, nil
	}
	for name, v := range c.Parameters {
		p, err := structpb.NewValue(v)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", name, err)
		}
		params[name] = p
	}
	return params, nil
}

// event takes notice of a step of a run.
func (s *Server) event(id string, spec *compiler.Spec, e exec.Event) {
	if e.Kind == exec.TaskOutput || e.Kind == exec.TaskRetried || e.Kind == exec.RunEnded {
		return
	}
	s.update(id, func(r *keptRun) {
		if e.Kind == exec.RunStarted {
			if r.Run.State == pending {
				r.become(running)
			}
			return
		}
		t := r.task(e.Task)
		t.Name, t.Dag, t.State = e.Node, e.Dag, e.State
		if e.Kind == exec.TaskStarted {
			t.Started = e.Time
		} else {
			t.Ended = e.Time
			if e.Err != nil {
				t.Error = launcherError(e.Err)
			}
		}
		t.After = dependencies(spec, t.Path)
	})
}

// dependencies returns the keys of the tasks that one waits for.
func dependencies(spec *compiler.Spec, path string) []string {
	dag := spec.Pipeline.GetRoot().GetDag()
	for {
		key, rest, nested := strings.Cut(path, "/")
		t := dag.GetTasks()[key]
		if !nested {
			return t.GetDependentTasks()
		}
		dag, path = spec.ComponentOf(t).GetDag(), rest
	}
}

// finish takes notice of the end of a run. Without a result it did not start.
func (s *Server) finish(id string, e *execution, res *exec.Result) {
	if res != nil {
		s.update(id, func(r *keptRun) {
			for i := range res.Tasks {
				if t := &res.Tasks[i]; len(t.Inputs) > 0 {
					r.task(t.Path).Inputs = (&structpb.Struct{Fields: t.Inputs}).AsMap()
				}
			}
			r.become(string(res.State))
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live[id] == e {
		delete(s.live, id)
	}
	close(e.done)
}

// update changes a run, if it is still kept and the server is not closed: what
// happens then happens to nobody.
func (s *Server) update(id string, change func(*keptRun)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row := s.kept.runs.get(id)
	if row == nil || s.closed {
		return
	}
	change(&row.Value)
	s.broken = errors.Join(s.broken, s.kept.runs.save(row))
}

// note remembers that something could not be kept.
func (s *Server) note(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = errors.Join(s.broken, err)
}

// buryRuns ends the runs that nobody runs any more. mu is held.
func (s *Server) buryRuns() error {
	for _, row := range s.kept.runs.rows {
		r := &row.Value
		if r.ended() || s.live[row.ID] != nil {
			continue
		}
		r.become(failed)
		for i := range r.Tasks {
			if t := &r.Tasks[i]; t.State == exec.Running {
				t.State, t.Ended = exec.Failed, r.Run.FinishedAt.Time
			}
		}
		if err := s.kept.runs.save(row); err != nil {
			return err
		}
	}
	return nil
}

// WaitRun waits until a run has ended, and clients see that it has. One that is
// not kept, or was deleted, has.
func (s *Server) WaitRun(ctx context.Context, id string) error {
	s.mu.Lock()
	e := s.live[id]
	s.mu.Unlock()
	if e == nil {
		return nil
	}
	select {
	case <-e.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the run %s: %w", id, context.Cause(ctx))
	}
}
