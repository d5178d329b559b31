package kfptest

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/starlarkfuse/fuse/exec"
)

// logName is the artifact that KFP makes of the log of each task.
const logName = "executor-logs"

// folder is the address of the folder with the artifacts of a task.
func (r *keptRun) folder(t *keptTask) string {
	return r.Root + "/" + t.key() + "/" + r.derivedID("artifacts of "+t.Path)
}

// uri is the address of an artifact: where clients are told that it is. What a
// task says to be elsewhere is there.
func (r *keptRun) uri(t *keptTask, a *exec.ArtifactRecord) string {
	if a.Path == "" && a.Data == nil && a.URI != "" {
		return a.URI
	}
	return r.folder(t) + "/" + a.Name
}

// logURI is the address of the log of a task.
func (r *keptRun) logURI(t *keptTask) string { return r.folder(t) + "/" + logName + "-0" }

// executorOutput is what `fuse exec` tells the launcher of its outputs.
func (r *keptRun) executorOutput(t *keptTask, rec *exec.TaskRecord) object {
	out := object{}
	if len(rec.Parameters) > 0 {
		out["parameterValues"] = rec.Parameters
	}
	artifacts := object{}
	for i := range rec.Artifacts {
		a := &rec.Artifacts[i]
		artifacts[a.Name] = object{"artifacts": []object{{"name": a.Name, "uri": r.uri(t, a), "metadata": a.Metadata}}}
	}
	if len(artifacts) > 0 {
		out["artifacts"] = artifacts
	}
	return out
}

// indented writes a value as the launcher does, in several lines.
func indented(v any) string {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// taskRecord returns what the engine keeps of a task that has ended; nil if that
// is nothing.
func taskRecord(rec *exec.Record, t *keptTask) *exec.TaskRecord {
	if rec == nil {
		return nil
	}
	return rec.Task(t.Path)
}

// engineDir is the folder of the engine's run.
func (s *Server) engineDir(r *keptRun) string {
	return filepath.Join(s.storage, "runs", r.engineID())
}

// artifactContent answers what is at an address, as the dashboard does: a file
// as it is, and a folder as a .tar.gz.
func (s *Server) artifactContent(w http.ResponseWriter, req *http.Request) {
	q := req.URL.Query()
	scheme, bucket, key := q.Get("source"), q.Get("bucket"), q.Get("key")
	if bucket == "" || key == "" {
		http.Error(w, "Storage bucket and key are required", http.StatusBadRequest)
		return
	}
	if scheme == "gcs" {
		scheme = "gs"
	}
	s.mu.Lock()
	write, err := s.content(scheme + "://" + bucket + "/" + key)
	s.mu.Unlock()
	if err == nil {
		w.Header().Set("Content-Type", "application/octet-stream")
		err = write(w)
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("Failed to get object in bucket: NoSuchKey: The specified key does not exist. (%v)", err), http.StatusInternalServerError)
	}
}

// content finds what is at an address. mu is held.
func (s *Server) content(uri string) (func(io.Writer) error, error) {
	for _, row := range s.kept.runs.rows {
		r := &row.Value
		if !strings.HasPrefix(uri, r.Root+"/") {
			continue
		}
		rec := s.record(r)
		for i := range r.Tasks {
			t := &r.Tasks[i]
			if uri == r.logURI(t) && !t.Ended.IsZero() {
				text, err := s.logText(r, t, rec)
				return func(w io.Writer) error { _, err := w.Write(text); return err }, err
			}
			ended := taskRecord(rec, t)
			for k := 0; ended != nil && k < len(ended.Artifacts); k++ {
				if a := &ended.Artifacts[k]; r.uri(t, a) == uri {
					return artifactWriter(rec.Dir, a), nil
				}
			}
		}
	}
	return nil, errors.New("nothing is there")
}

// artifactWriter writes an artifact of the engine's.
func artifactWriter(dir string, a *exec.ArtifactRecord) func(io.Writer) error {
	return func(w io.Writer) error {
		path := filepath.Join(dir, filepath.FromSlash(a.Path))
		if info, err := os.Stat(path); a.Data == nil && err == nil && info.IsDir() {
			return writeFolder(w, path)
		}
		content, err := a.Read()
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		return err
	}
}

// writeFolder writes a folder as a .tar.gz.
func writeFolder(w io.Writer, dir string) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	err := t.AddFS(os.DirFS(dir))
	return errors.Join(err, t.Close(), z.Close())
}
