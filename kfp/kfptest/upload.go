package kfptest

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/starlarkfuse/fuse/compiler"
)

// An upload is what a request brings: a version, whose spec has been read.
type upload struct {
	namespace string
	pipeline  string // its id
	version   version
}

// uploadPipeline makes a pipeline with its first version, of the same name.
func (s *Server) uploadPipeline(w http.ResponseWriter, r *http.Request) {
	u, err := readUpload(w, r)
	if err != nil {
		answerUploadError(w, http.StatusBadRequest, err.Error(), err)
		return
	}
	const what = "Failed to create a pipeline and a pipeline version"
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.checkNamespace(u.namespace); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	v := &u.version
	if s.pipelineNamed(v.Name) != nil {
		answerUploadError(w, http.StatusConflict, what, fmt.Errorf("Already exist error: The name %s already exist. Please specify a new name", v.Name))
		return
	}
	p := pipeline{ID: newID(), Name: v.Name, DisplayName: v.DisplayName, Description: v.Description, CreatedAt: now()}
	if s.multiUser {
		p.Namespace = s.namespace
	}
	v.PipelineID = p.ID
	_, err = s.kept.pipelines.add(p.ID, p)
	if err == nil {
		_, err = s.kept.versions.add(v.ID, *v)
	}
	if err != nil {
		answerUploadError(w, http.StatusInternalServerError, what, err)
		return
	}
	answerJSON(w, http.StatusOK, p)
}

// uploadVersion makes a version of a pipeline.
func (s *Server) uploadVersion(w http.ResponseWriter, r *http.Request) {
	const what = "Failed to create a pipeline version"
	u, err := readUpload(w, r)
	if err != nil {
		answerUploadError(w, http.StatusBadRequest, what, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.visiblePipeline(u.pipeline); err != nil {
		answerUploadError(w, http.StatusBadRequest, what, err)
		return
	}
	v := u.version
	v.PipelineID = u.pipeline
	for _, other := range s.versionsOf(u.pipeline) {
		if other.Value.Name == v.Name {
			answerUploadError(w, http.StatusConflict, what, fmt.Errorf("Already exist error: The name %s already exist. Please specify a new name", v.Name))
			return
		}
	}
	if _, err := s.kept.versions.add(v.ID, v); err != nil {
		answerUploadError(w, http.StatusInternalServerError, what, err)
		return
	}
	answerJSON(w, http.StatusOK, v)
}

// readUpload reads what is uploaded. The texts of its errors are the server's.
func readUpload(w http.ResponseWriter, r *http.Request) (*upload, error) {
	r.Body = http.MaxBytesReader(w, r.Body, compiler.MaxReadSize+1<<20) // and the form around it
	file, header, err := r.FormFile("uploadfile")
	if err != nil {
		return nil, errors.New("Failed to read pipeline from file")
	}
	defer file.Close()
	text, err := readSpecFile(header.Filename, file)
	if err != nil {
		return nil, errors.New("Failed to read a pipeline spec file")
	}
	spec, err := compiler.Read(text)
	if err == nil {
		err = spec.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("Invalid input error: %w", err)
	}
	q := r.URL.Query()
	u := &upload{namespace: q.Get("namespace"), pipeline: q.Get("pipelineid")}
	name := cmp.Or(q.Get("name"), q.Get("display_name"), header.Filename)
	u.version = version{
		ID: newID(), Name: name, DisplayName: cmp.Or(q.Get("display_name"), name), Description: q.Get("description"), CreatedAt: now(),
	}
	u.version.Spec, err = spec.MarshalJSON()
	return u, err
}

// readSpecFile reads a spec, out of an archive if it is in one.
func readSpecFile(name string, file io.Reader) ([]byte, error) {
	text, err := readAll(file)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(text, []byte("PK")):
		return unzip(text)
	case bytes.HasPrefix(text, []byte("\x1f\x8b")):
		return untar(text)
	case strings.HasSuffix(name, ".yaml"), strings.HasSuffix(name, ".yml"), strings.HasSuffix(name, ".json"):
		return text, nil
	}
	return nil, fmt.Errorf("unexpected pipeline file format %s", name)
}

// readAll reads a file that may be as large as a spec.
func readAll(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, compiler.MaxReadSize+1))
	if err == nil && len(text) > compiler.MaxReadSize {
		err = fmt.Errorf("the file is larger than %d bytes", compiler.MaxReadSize)
	}
	return text, err
}

// isSpecName tells whether a file of an archive is the spec.
func isSpecName(name string) bool { return path.Ext(name) == ".yaml" || path.Ext(name) == ".yml" }

func unzip(archive []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if isSpecName(f.Name) {
			r, err := f.Open()
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return readAll(r)
		}
	}
	return nil, errors.New("the archive has no YAML file")
}

func untar(archive []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if err != nil {
			return nil, err
		}
		if isSpecName(h.Name) {
			return readAll(t)
		}
	}
}
