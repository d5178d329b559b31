package metadatatest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/kfp/metadata"
)

// object is a JSON object.
type object = map[string]any

// maxPage is the most that the API puts on a page.
const maxPage = 200

func (s *Server) listTasks(w http.ResponseWriter, req *http.Request) {
	run := s.run(req.PathValue("id"))
	if run == nil {
		refuse(w, http.StatusNotFound, "failed to list the tasks: run "+req.PathValue("id")+" not found")
		return
	}
	var all []object
	for _, t := range tasks(run) {
		all = append(all, s.task(run, t))
	}
	s.answerPage(w, req, "tasks", all)
}

func (s *Server) listLinks(w http.ResponseWriter, req *http.Request) {
	ids := req.URL.Query()["run_ids"]
	if len(ids) == 0 {
		refuse(w, http.StatusBadRequest, "one of task_ids, run_ids and artifact_ids is needed")
		return
	}
	var all []object
	for _, run := range s.all() {
		if !slices.Contains(ids, run.ID) {
			continue
		}
		for _, t := range tasks(run) {
			for _, a := range t.Artifacts {
				all = append(all, object{"id": t.ID + "-" + a.ID, "run_id": run.ID, "task_id": t.ID, "artifact_id": a.ID, "type": "OUTPUT", "key": a.Output})
			}
		}
	}
	s.answerPage(w, req, "artifact_tasks", all)
}

func (s *Server) getArtifact(w http.ResponseWriter, req *http.Request) {
	for _, run := range s.all() {
		for _, t := range tasks(run) {
			for _, a := range t.Artifacts {
				if a.ID == req.PathValue("id") {
					answer(w, apiArtifact(run, a))
					return
				}
			}
		}
	}
	refuse(w, http.StatusNotFound, "artifact "+req.PathValue("id")+" not found")
}

// task makes a task as the API has it: values that are zero are left out.
func (s *Server) task(run *metadata.Run, t *metadata.Task) object {
	o := object{"task_id": t.ID, "run_id": run.ID, "name": t.Key, "type": "RUNTIME", "state": apiState(t)}
	attributes := object{}
	if t.Iteration != nil {
		attributes["iteration_index"] = strconv.Itoa(*t.Iteration)
	}
	if t.IterationCount != nil {
		attributes["iteration_count"] = strconv.Itoa(*t.IterationCount)
	}
	switch {
	case t == run.Root:
		o["type"], o["name"] = "ROOT", "ROOT"
	case t.IterationCount != nil:
		o["type"] = "LOOP"
	case t.Group:
		o["type"] = "DAG"
	}
	setText(o, "parent_task_id", t.ParentID)
	setText(o, "display_name", t.DisplayName)
	setTime(o, "create_time", t.Started)
	setTime(o, "end_time", t.Ended)
	if t.Message != "" {
		o["status_metadata"] = object{"message": t.Message}
	}
	o["type_attributes"] = attributes
	o["pods"] = pods(t)
	o["inputs"] = object{"parameters": parameters(t.Inputs, "COMPONENT_INPUT")}
	outputs := object{"parameters": parameters(t.Outputs, "OUTPUT")}
	if !s.Separate {
		var list []object
		for _, a := range t.Artifacts {
			list = append(list, object{"artifact_key": a.Output, "type": "OUTPUT", "artifacts": []object{apiArtifact(run, a)}})
		}
		outputs["artifacts"] = list
	}
	o["outputs"] = outputs
	return o
}

func pods(t *metadata.Task) (out []object) {
	if t.DriverPod != "" {
		out = append(out, object{"name": t.DriverPod, "type": "DRIVER"})
	}
	for _, name := range append(slices.Clone(t.EarlierPods), t.Pod) {
		if name != "" {
			out = append(out, object{"name": name, "type": "EXECUTOR"})
		}
	}
	return out
}

func parameters(values map[string]any, kind string) (out []object) {
	for key, v := range values {
		out = append(out, object{"parameter_key": key, "value": v, "type": kind})
	}
	return out
}

// apiState is what the API calls a task's state: it has no word for one that
// was stopped.
func apiState(t *metadata.Task) string {
	if t.State == metadata.Canceled {
		return string(metadata.Running)
	}
	if t.State == metadata.Succeeded && t.IterationCount != nil && *t.IterationCount == 0 {
		return string(metadata.Skipped)
	}
	return string(t.State)
}

// apiArtifact makes an artifact as the API has it. It has words for a few types
// only, and keeps others in the metadata.
func apiArtifact(run *metadata.Run, a metadata.Artifact) object {
	meta := object{}
	for k, v := range a.Metadata {
		meta[k] = v
	}
	kind := "Artifact"
	switch a.Type {
	case "system.Metrics", "system.ClassificationMetrics", "system.SlicedClassificationMetrics":
		kind = strings.TrimSuffix(strings.TrimPrefix(a.Type, "system."), "s")
	case "system.Artifact", "system.Model", "system.Dataset", "system.HTML", "system.Markdown":
		kind = strings.TrimPrefix(a.Type, "system.")
	default:
		meta["_kfp_schema_title"] = a.Type
	}
	o := object{"artifact_id": a.ID, "name": a.Name, "type": kind, "metadata": meta}
	setText(o, "uri", a.URI)
	setText(o, "namespace", run.Namespace)
	return o
}

func setText(o object, name, v string) {
	if v != "" {
		o[name] = v
	}
}

func setTime(o object, name string, v time.Time) {
	if !v.IsZero() {
		o[name] = v.UTC().Truncate(time.Second)
	}
}

// answerPage answers with the page of a list that a request asks for.
func (s *Server) answerPage(w http.ResponseWriter, req *http.Request, name string, all []object) {
	query := req.URL.Query()
	size, _ := strconv.Atoi(query.Get("page_size")) // "" is as KFP likes
	items, next := page(s, all, size, maxPage, query.Get("page_token"))
	o := object{name: items, "total_size": len(all)}
	setText(o, "next_page_token", next)
	answer(w, o)
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// refuse answers with an error: 404 has gRPC's code 5, 400 its code 3.
func refuse(w http.ResponseWriter, status int, message string) {
	code := 5
	if status == http.StatusBadRequest {
		code = 3
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(object{"code": code, "message": message, "details": []any{}})
}
