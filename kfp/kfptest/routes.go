package kfptest

import (
	"encoding/json"
	"net/http"
	"strings"
)

const api = "/apis/v2beta1"

// routes returns what the server answers.
func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+api+"/healthz", s.health)

	mux.Handle("POST "+api+"/runs", answers(s.createRun))
	mux.Handle("GET "+api+"/runs", s.locked(s.listRuns))
	mux.Handle("GET "+api+"/runs/{id}", s.locked(s.getRun))
	mux.Handle("POST "+api+"/runs/{id}", answers(s.changeRun))
	mux.Handle("DELETE "+api+"/runs/{id}", s.locked(s.deleteRun))
	mux.HandleFunc("GET /apis/v1alpha1/runs/{id}/nodes/{node}/log", s.runLog)

	mux.Handle("POST "+api+"/experiments", s.locked(s.createExperiment))
	mux.Handle("GET "+api+"/experiments", s.locked(s.listExperiments))
	mux.Handle("GET "+api+"/experiments/{id}", s.locked(s.getExperiment))

	mux.HandleFunc("POST "+api+"/pipelines/upload", s.uploadPipeline)
	mux.HandleFunc("POST "+api+"/pipelines/upload_version", s.uploadVersion)
	mux.Handle("GET "+api+"/pipelines", s.locked(s.listPipelines))
	mux.Handle("GET "+api+"/pipelines/{id}", s.locked(s.getPipeline))
	mux.Handle("DELETE "+api+"/pipelines/{id}", s.locked(s.deletePipeline))
	mux.Handle("GET "+api+"/pipelines/{id}/{name}", s.locked(s.getPipelinePart))
	mux.Handle("GET "+api+"/pipelines/{id}/versions/{version}", s.locked(s.getVersion))
	mux.Handle("DELETE "+api+"/pipelines/{id}/versions/{version}", s.locked(s.deleteVersion))

	mux.Handle("POST "+api+"/recurringruns", s.locked(s.createRecurringRun))
	mux.Handle("GET "+api+"/recurringruns", s.locked(s.listRecurringRuns))
	mux.Handle("GET "+api+"/recurringruns/{id}", s.locked(s.getRecurringRun))
	mux.Handle("POST "+api+"/recurringruns/{id}", s.locked(s.changeRecurringRun))
	mux.Handle("DELETE "+api+"/recurringruns/{id}", s.locked(s.deleteRecurringRun))

	if s.generation == GenNext {
		mux.HandleFunc("GET "+api+"/runs/{id}/tasks", s.metadata)
		mux.HandleFunc("GET "+api+"/artifacts/{artifact}", s.metadata)
		mux.HandleFunc("GET "+api+"/artifact_tasks", s.metadata)
	}
	if !s.bare {
		mux.HandleFunc("GET /artifacts/get", s.artifactContent)
		mux.HandleFunc("GET /k8s/pod/logs", s.podLog)
		if s.generation == Gen217 {
			mux.HandleFunc("POST /ml_metadata.MetadataStoreService/{method}", s.metadata)
		}
	}
	mux.Handle("/apis/", answers(func(*http.Request) (any, error) { return nil, refuse(codeNotFound, "Not Found") }))
	return mux
}

// A handler answers a request of the API.
type handler func(r *http.Request) (any, error)

// answers writes what a handler returns.
func answers(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, err := h(r)
		if err != nil {
			answerError(w, err)
			return
		}
		answerJSON(w, http.StatusOK, v)
	})
}

// locked is answers for a handler that needs what is kept, until its answer is
// written down.
func (s *Server) locked(h handler) http.Handler {
	return answers(func(r *http.Request) (any, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		v, err := h(r)
		if err != nil {
			return nil, err
		}
		return asJSON(v)
	})
}

// asJSON writes a value down, before it changes.
func asJSON(v any) (json.RawMessage, error) { return json.Marshal(v) }

// health answers as the API server does, or the dashboard in its place.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	const commit = "fa4e0000000000000000000000000000000fa4e0"
	if s.bare {
		answerJSON(w, http.StatusOK, object{
			"commit_sha": commit, "tag_name": s.generation.version(), "multi_user": s.multiUser, "pipeline_store": "database",
		})
		return
	}
	answerJSON(w, http.StatusOK, object{
		"apiServerCommitHash": commit, "apiServerTagName": s.generation.version(), "apiServerMultiUser": s.multiUser,
		"multi_user": s.multiUser, "apiServerReady": true, "pipelineStore": "database",
		"buildDate": "", "frontendCommitHash": commit, "frontendTagName": s.generation.version(),
	})
}

// idAndVerb takes the last part of a path apart: "7b0e:terminate".
func idAndVerb(r *http.Request) (id, verb string) {
	id, verb, _ = strings.Cut(r.PathValue("id"), ":")
	return id, verb
}

// checkNamespace refuses what is not in the server's namespace.
func (s *Server) checkNamespace(namespace string) error {
	switch {
	case !s.multiUser:
		return nil
	case namespace == "":
		return refuse(codeInvalid, "Invalid input error: A namespace cannot be empty in the multi-user mode")
	case namespace != s.namespace:
		return refuse(codeForbidden, "PermissionDenied: User is not authorized in the namespace %q", namespace)
	}
	return nil
}
