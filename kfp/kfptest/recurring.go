package kfptest

import "net/http"

func (s *Server) createRecurringRun(req *http.Request) (any, error) {
	var in recurringRun
	if err := readRequest(req, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Name == "":
		return nil, refuse(codeInvalid, "Invalid input error: The recurring run's name cannot be empty")
	case in.Trigger == nil || (in.Trigger.Cron == nil) == (in.Trigger.Periodic == nil):
		return nil, refuse(codeInvalid, "Invalid input error: A recurring run needs a cron schedule or a periodic one")
	case in.MaxConcurrency < 1 || in.MaxConcurrency > 10:
		return nil, refuse(codeInvalid, "Invalid input error: The max concurrency of the recurring run is out of range. Support 1-10. Received %d", in.MaxConcurrency)
	case in.Mode != "ENABLE" && in.Mode != "DISABLE":
		return nil, refuse(codeInvalid, "Invalid input error: the mode of the recurring run is %q", in.Mode)
	}
	home, err := s.home(in.ExperimentID)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.source(in.Spec, in.Pipeline, in.VersionID); err != nil {
		return nil, err
	}
	in.ID, in.ExperimentID, in.Namespace = newID(), home.ID, home.Value.Namespace
	in.CreatedAt, in.UpdatedAt = now(), now()
	in.Status = in.Mode + "D"
	in.Mode = ""
	if _, err := s.kept.recurring.add(in.ID, in); err != nil {
		return nil, err
	}
	return in, nil
}

func (s *Server) visibleRecurringRun(id string) (*row[recurringRun], error) {
	if row := s.kept.recurring.get(id); row != nil {
		return row, nil
	}
	return nil, refuse(codeNotFound, "Failed to get a recurring run: ResourceNotFoundError: Job %s not found", id)
}

func (s *Server) getRecurringRun(req *http.Request) (any, error) {
	row, err := s.visibleRecurringRun(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return row.Value, nil
}

func (s *Server) listRecurringRuns(req *http.Request) (any, error) {
	q := req.URL.Query()
	if err := s.checkList(q.Get("namespace"), q.Get("experiment_id")); err != nil {
		return nil, err
	}
	return list(req, "recurringRuns", s.kept.recurring.rows,
		func(r *row[recurringRun]) any { return r.Value },
		func(r *row[recurringRun]) bool {
			return q.Get("experiment_id") == "" || r.Value.ExperimentID == q.Get("experiment_id")
		},
		"recurring_run_id", "display_name", "description", "created_at", "updated_at", "status", "experiment_id")
}

// changeRecurringRun does what the verb behind the id says.
func (s *Server) changeRecurringRun(req *http.Request) (any, error) {
	id, verb := idAndVerb(req)
	row, err := s.visibleRecurringRun(id)
	if err != nil {
		return nil, err
	}
	switch verb {
	case "enable":
		row.Value.Status = "ENABLED"
	case "disable":
		row.Value.Status = "DISABLED"
	default:
		return nil, refuse(codeNotFound, "Not Found")
	}
	row.Value.UpdatedAt = now()
	return object{}, s.kept.recurring.save(row)
}

func (s *Server) deleteRecurringRun(req *http.Request) (any, error) {
	row, err := s.visibleRecurringRun(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return object{}, s.kept.recurring.remove(row)
}
