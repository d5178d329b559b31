package kfptest

import (
	"crypto/rand"
	"net/http"
	"strings"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// createRun keeps a run, and lets the engine run it.
func (s *Server) createRun(req *http.Request) (any, error) {
	var in run
	if err := readRequest(req, &in); err != nil {
		return nil, err
	}
	r, answer, err := s.keepRun(&in)
	if err != nil {
		return nil, err
	}
	if err := s.launch(r); err != nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		if row := s.kept.runs.get(r.Run.ID); row != nil {
			_ = s.kept.runs.remove(row) // the answer is an error in any case
		}
		return nil, refuse(codeInvalid, "Failed to create a new run: %v", err)
	}
	return answer, nil
}

// keepRun checks what a run is to be, and keeps it. It returns a copy, and the
// answer: how the run was at the beginning.
func (s *Server) keepRun(in *run) (*keptRun, any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Name == "" {
		return nil, nil, refuse(codeInvalid, "Invalid input error: The run name is empty. Please specify a valid name")
	}
	home, err := s.home(in.ExperimentID)
	if err != nil {
		return nil, nil, err
	}
	text, spec, err := s.source(in.Spec, in.Pipeline, in.VersionID)
	if err != nil {
		return nil, nil, err
	}
	r := keptRun{Spec: text, Pipeline: spec.Name(), Workflow: spec.Name() + "-" + strings.ToLower(rand.Text()[:5])}
	r.Run = run{
		ExperimentID: home.ID, ID: newRunID(s.kept.runs.last), Name: in.Name, StorageState: "AVAILABLE", Description: in.Description,
		Spec: in.Spec, Pipeline: in.Pipeline, VersionID: in.VersionID, Config: in.Config,
		ServiceAccount: in.ServiceAccount, CreatedAt: now(), ScheduledAt: now(), PluginsInput: in.PluginsInput,
	}
	if r.Run.Config == nil {
		r.Run.Config = new(runtimeConfig)
	}
	if r.Run.ServiceAccount == "" {
		r.Run.ServiceAccount = "pipeline-runner"
	}
	r.Root = strings.TrimSuffix(r.Run.Config.Root, "/")
	if r.Root == "" {
		r.Root = "minio://mlpipeline/v2/artifacts"
	}
	r.Root += "/" + r.Pipeline + "/" + r.Run.ID
	r.become(pending)
	if _, err := s.kept.runs.add(r.Run.ID, r); err != nil {
		return nil, nil, err
	}
	home.Value.LastRunAt = r.Run.CreatedAt
	if err := s.kept.experiments.save(home); err != nil {
		return nil, nil, err
	}
	answer, err := asJSON(r.Run)
	return &r, answer, err
}

// source returns what a run, or a recurring run, is to run: the spec in the
// request, or the version that it names. mu is held.
func (s *Server) source(text []byte, ref *versionRef, versionID string) ([]byte, *compiler.Spec, error) {
	if ref == nil && versionID != "" {
		ref = &versionRef{VersionID: versionID}
	}
	switch {
	case (text == nil) == (ref == nil):
		return nil, nil, refuse(codeInvalid, "Invalid input error: A run needs either a pipeline spec or a pipeline version")
	case ref != nil:
		v := s.version(ref)
		if v == nil {
			return nil, nil, refuse(codeNotFound, "Failed to fetch a pipeline version with id %q: ResourceNotFoundError: PipelineVersion %q not found", ref.VersionID, ref.VersionID)
		}
		text = v.Value.Spec
	}
	spec, err := compiler.Read(text)
	if err == nil {
		err = spec.Validate()
	}
	if err != nil {
		return nil, nil, refuse(codeInvalid, "Failed to create a new run: %v", err)
	}
	return text, spec, nil
}

// view is the run as a list has it.
func view(r *row[keptRun]) any { return r.Value.Run }

// visibleRun returns the run of a request. mu is held.
func (s *Server) visibleRun(id string) (*row[keptRun], error) {
	if row := s.kept.runs.get(id); row != nil {
		return row, nil
	}
	return nil, refuse(codeNotFound, "Failed to get a run: ResourceNotFoundError: Run %s not found", id)
}

func (s *Server) getRun(req *http.Request) (any, error) {
	row, err := s.visibleRun(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	r := row.Value.Run
	if s.generation == Gen217 {
		r.Details = row.Value.details(row.executionID)
	}
	return r, nil
}

func (s *Server) listRuns(req *http.Request) (any, error) {
	q := req.URL.Query()
	if err := s.checkList(q.Get("namespace"), q.Get("experiment_id")); err != nil {
		return nil, err
	}
	return list(req, "runs", s.kept.runs.rows, view, func(r *row[keptRun]) bool {
		return q.Get("experiment_id") == "" || r.Value.Run.ExperimentID == q.Get("experiment_id")
	}, "run_id", "display_name", "created_at", "finished_at", "scheduled_at", "description", "storage_state",
		"experiment_id", "state", "recurring_run_id")
}

// changeRun does what the verb behind the id says.
func (s *Server) changeRun(req *http.Request) (any, error) {
	id, verb := idAndVerb(req)
	s.mu.Lock()
	row, err := s.visibleRun(id)
	if err != nil {
		s.mu.Unlock()
		return nil, err
	}
	r := &row.Value
	again := false
	switch verb {
	case "terminate":
		if e := s.live[id]; r.ended() || r.Run.State == canceling || e == nil {
			err = refuse(codeInvalid, "Failed to terminate a run %s. Row not found", id)
		} else {
			r.become(canceling)
			e.cancel()
		}
	case "retry":
		if again = r.Run.State == failed || r.Run.State == canceled; again {
			r.Attempt++
			r.Tasks = nil
			r.Run.FinishedAt = stamp{}
			r.become(running)
		} else {
			err = refuse(codeInternal, "Failed to retry run %s as it does not allow retries", id)
		}
	case "archive":
		r.Run.StorageState = "ARCHIVED"
	case "unarchive":
		r.Run.StorageState = "AVAILABLE"
	default:
		err = refuse(codeNotFound, "Not Found")
	}
	if err == nil {
		err = s.kept.runs.save(row)
	}
	attempt := *r
	s.mu.Unlock()
	if err == nil && again {
		if err = s.launch(&attempt); err != nil {
			s.update(id, func(r *keptRun) { r.become(failed) })
		}
	}
	return object{}, err
}

func (s *Server) deleteRun(req *http.Request) (any, error) {
	row, err := s.visibleRun(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if e := s.live[row.ID]; e != nil {
		e.cancel()
	}
	return object{}, s.kept.runs.remove(row)
}

// executionID returns the number of a task's execution in the metadata; that of
// the run itself is the one of -1. Each run has a range of its own.
func (r *row[T]) executionID(task int) int64 { return r.Number*1_000_000 + int64(task+1)*100 }

// record returns what the engine keeps of the run; nil if that is nothing.
func (s *Server) record(r *keptRun) *exec.Record {
	rec, err := exec.OpenRun(s.engineDir(r))
	if err != nil {
		return nil // one that was refused, or was never run
	}
	return rec
}
