package kfptest

import (
	"net/http"
	"strings"
)

// addExperiment keeps a new experiment. mu is held.
func (s *Server) addExperiment(name, description string) (*row[experiment], error) {
	e := experiment{
		ID: newID(), Name: name, Description: description, CreatedAt: now(), StorageState: "AVAILABLE",
	}
	if s.multiUser {
		e.Namespace = s.namespace
	}
	return s.kept.experiments.add(e.ID, e)
}

func (s *Server) createExperiment(req *http.Request) (any, error) {
	var in experiment
	if err := readRequest(req, &in); err != nil {
		return nil, err
	}
	if in.Name == "" {
		return nil, refuse(codeInvalid, "Invalid input error: Experiment's name cannot be empty")
	}
	if err := s.checkNamespace(in.Namespace); err != nil {
		return nil, err
	}
	if s.kept.experiments.find(func(r *row[experiment]) bool { return strings.EqualFold(r.Value.Name, in.Name) }) != nil {
		return nil, refuse(codeExists, "Failed to create a new experiment: Already exist error: The name %s already exists. Please specify a new name", in.Name)
	}
	row, err := s.addExperiment(in.Name, in.Description)
	if err != nil {
		return nil, err
	}
	return row.Value, nil
}

func (s *Server) getExperiment(req *http.Request) (any, error) {
	id := req.PathValue("id")
	if row := s.kept.experiments.get(id); row != nil {
		return row.Value, nil
	}
	return nil, refuse(codeNotFound, "Failed to get experiment: ResourceNotFoundError: Experiment %s not found", id)
}

func (s *Server) listExperiments(req *http.Request) (any, error) {
	if err := s.checkNamespace(req.URL.Query().Get("namespace")); err != nil {
		return nil, err
	}
	return list(req, "experiments", s.kept.experiments.rows,
		func(r *row[experiment]) any { return r.Value }, func(*row[experiment]) bool { return true },
		"experiment_id", "display_name", "description", "created_at", "namespace", "storage_state", "last_run_created_at")
}

// home returns the experiment that a run is to belong to. mu is held.
func (s *Server) home(id string) (*row[experiment], error) {
	if id == "" && s.multiUser {
		return nil, refuse(codeInvalid, "Invalid input error: An experiment must be given in the multi-user mode")
	}
	row := s.kept.experiments.find(func(r *row[experiment]) bool { return r.ID == id || id == "" && r.Value.Name == "Default" })
	if row == nil {
		return nil, refuse(codeNotFound, "Failed to create a run: ResourceNotFoundError: Experiment %s not found", id)
	}
	return row, nil
}

// checkList checks where runs or recurring runs are to be listed. mu is held.
func (s *Server) checkList(namespace, experimentID string) error {
	if experimentID == "" {
		return s.checkNamespace(namespace)
	}
	_, err := s.home(experimentID)
	return err
}
