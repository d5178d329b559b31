package kfptest

import "net/http"

func (s *Server) getPipeline(req *http.Request) (any, error) {
	row, err := s.visiblePipeline(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return row.Value, nil
}

func (s *Server) visiblePipeline(id string) (*row[pipeline], error) {
	if row := s.kept.pipelines.get(id); row != nil {
		return row, nil
	}
	return nil, refuse(codeNotFound, "Failed to get a pipeline: ResourceNotFoundError: Pipeline %s not found", id)
}

func (s *Server) pipelineNamed(name string) *row[pipeline] {
	return s.kept.pipelines.find(func(r *row[pipeline]) bool { return r.Value.Name == name })
}

// getPipelinePart answers .../pipelines/names/{name} and .../pipelines/{id}/versions,
// which a mux takes for the same.
func (s *Server) getPipelinePart(req *http.Request) (any, error) {
	switch {
	case req.PathValue("id") == "names":
		return s.getPipelineByName(req)
	case req.PathValue("name") == "versions":
		return s.listVersions(req)
	}
	return nil, refuse(codeNotFound, "Not Found")
}

func (s *Server) getPipelineByName(req *http.Request) (any, error) {
	if err := s.checkNamespace(req.URL.Query().Get("namespace")); err != nil {
		return nil, err
	}
	name := req.PathValue("name")
	if row := s.pipelineNamed(name); row != nil {
		return row.Value, nil
	}
	return nil, refuse(codeNotFound, "Failed to get a pipeline by name and namespace: ResourceNotFoundError: Pipeline %s not found", name)
}

func (s *Server) listPipelines(req *http.Request) (any, error) {
	if err := s.checkNamespace(req.URL.Query().Get("namespace")); err != nil {
		return nil, err
	}
	return list(req, "pipelines", s.kept.pipelines.rows,
		func(r *row[pipeline]) any { return r.Value }, func(*row[pipeline]) bool { return true },
		"pipeline_id", "name", "display_name", "description", "created_at", "namespace")
}

func (s *Server) deletePipeline(req *http.Request) (any, error) {
	row, err := s.visiblePipeline(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	versions := s.versionsOf(row.ID)
	if len(versions) > 0 && req.URL.Query().Get("cascade") != "true" {
		return nil, refuse(codeInvalid, "Invalid input error: Failed to delete pipeline %s: it has %d pipeline versions; delete them first, or set cascade", row.ID, len(versions))
	}
	for _, v := range versions {
		if err := s.kept.versions.remove(v); err != nil {
			return nil, err
		}
	}
	return object{}, s.kept.pipelines.remove(row)
}

// versionsOf returns the versions of a pipeline, the oldest first. mu is held.
func (s *Server) versionsOf(pipelineID string) []*row[version] {
	var found []*row[version]
	for _, r := range s.kept.versions.rows {
		if r.Value.PipelineID == pipelineID {
			found = append(found, r)
		}
	}
	return found
}

// version returns the version that is meant, the latest if none is named; nil
// if there is none. mu is held.
func (s *Server) version(ref *versionRef) *row[version] {
	var found *row[version]
	for _, r := range s.kept.versions.rows {
		if (ref.PipelineID == "" || r.Value.PipelineID == ref.PipelineID) && (ref.VersionID == "" || r.ID == ref.VersionID) {
			found = r
		}
	}
	return found
}

// visibleVersion returns the version of a request.
func (s *Server) visibleVersion(req *http.Request) (*row[version], error) {
	ref := &versionRef{PipelineID: req.PathValue("id"), VersionID: req.PathValue("version")}
	if row := s.version(ref); row != nil {
		return row, nil
	}
	return nil, refuse(codeNotFound, "Failed to get a pipeline version: ResourceNotFoundError: PipelineVersion %s not found", ref.VersionID)
}

func (s *Server) getVersion(req *http.Request) (any, error) {
	row, err := s.visibleVersion(req)
	if err != nil {
		return nil, err
	}
	return row.Value, nil
}

func (s *Server) deleteVersion(req *http.Request) (any, error) {
	row, err := s.visibleVersion(req)
	if err != nil {
		return nil, err
	}
	return object{}, s.kept.versions.remove(row)
}

func (s *Server) listVersions(req *http.Request) (any, error) {
	p, err := s.visiblePipeline(req.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return list(req, "pipeline_versions", s.versionsOf(p.ID),
		func(r *row[version]) any { return r.Value }, func(*row[version]) bool { return true },
		"pipeline_version_id", "name", "display_name", "description", "created_at")
}
