package kfp_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve does what it is asked.
func (s *server) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, ok := s.files[r.URL.Path+"?"+r.URL.Query().Encode()]; ok {
		fmt.Fprint(w, text)
		return
	}
	path, ok := strings.CutPrefix(r.URL.Path, "/apis/v2beta1/")
	if !ok {
		http.NotFound(w, r)
		return
	}
	parts := strings.Split(path, "/")
	switch {
	case path == "healthz":
		answerJSON(w, 200, object{"commit_sha": "abc", "tag_name": "2.17.0", "multi_user": false, "pipeline_store": "database"})
	case path == "pipelines/upload":
		s.upload(w, r)
	case path == "pipelines/upload_version":
		s.uploadVersion(w, r)
	case len(parts) == 3 && parts[1] == "names":
		s.answer(w, "pipelines", "name", parts[2])
	case len(parts) >= 3:
		if len(parts) == 3 {
			s.list(w, r, parts[1], "pipeline_versions")
			return
		}
		s.item(w, r, parts[1], parts[3])
	case len(parts) == 2:
		s.item(w, r, parts[0], parts[1])
	case r.Method == http.MethodPost:
		s.create(w, parts[0], body)
	default:
		s.list(w, r, parts[0], map[string]string{"recurringruns": "recurringRuns"}[parts[0]])
	}
}

// idKeys are the names of ids.
func idKey(kind string) string {
	switch kind {
	case "runs":
		return "run_id"
	case "pipelines":
		return "pipeline_id"
	case "experiments":
		return "experiment_id"
	case "recurringruns":
		return "recurring_run_id"
	}
	return "pipeline_version_id"
}

func answerJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func answerError(w http.ResponseWriter, status, code int, message string) {
	answerJSON(w, status, object{"code": code, "message": message, "details": []object{
		{"@type": "type.googleapis.com/google.rpc.Status", "code": code, "message": message},
	}})
}

// keep keeps a thing under a new id, and answers with it.
func (s *server) keep(w http.ResponseWriter, kind string, o object) {
	s.next++
	o[idKey(kind)] = fmt.Sprintf("id-%d", s.next)
	o["created_at"] = time.Date(2026, 11, 22, 8, 0, s.next, 0, time.UTC).Format(time.RFC3339)
	s.kept[kind] = append(s.kept[kind], o)
	answerJSON(w, 200, o)
}

func (s *server) create(w http.ResponseWriter, kind string, body []byte) {
	var o object
	if err := json.Unmarshal(body, &o); err != nil {
		answerError(w, 400, 3, err.Error())
		return
	}
	switch kind {
	case "experiments":
		if s.find(kind, "display_name", o["display_name"]) >= 0 {
			answerError(w, 409, 6, fmt.Sprintf("Already exist error: The name %v already exists", o["display_name"]))
			return
		}
		o["storage_state"], o["last_run_created_at"] = "AVAILABLE", "1970-01-01T00:00:00Z"
	case "runs":
		o["state"], o["storage_state"], o["finished_at"] = "PENDING", "AVAILABLE", "1970-01-01T00:00:00Z"
	case "recurringruns":
		o["status"] = o["mode"].(string) + "D"
	}
	s.keep(w, kind, o)
}

// find returns where a thing is; -1 if there is none.
func (s *server) find(kind, key string, value any) int {
	return slices.IndexFunc(s.kept[kind], func(o object) bool { return o[key] == value })
}

func (s *server) answer(w http.ResponseWriter, kind, key, value string) {
	if i := s.find(kind, key, value); i >= 0 {
		answerJSON(w, 200, s.kept[kind][i])
		return
	}
	answerError(w, 404, 5, fmt.Sprintf("%s %s not found", strings.TrimSuffix(kind, "s"), value))
}

// item gets, deletes or changes one thing.
func (s *server) item(w http.ResponseWriter, r *http.Request, kind, id string) {
	id, verb, _ := strings.Cut(id, ":")
	i := s.find(kind, idKey(kind), id)
	if i < 0 || r.Method == http.MethodGet {
		s.answer(w, kind, idKey(kind), id)
		return
	}
	o := s.kept[kind][i]
	switch {
	case r.Method == http.MethodDelete:
		s.kept[kind] = slices.Delete(s.kept[kind], i, i+1)
	case verb == "terminate" && o["state"] != "PENDING" && o["state"] != "RUNNING":
		answerError(w, 400, 3, "Failed to terminate a run "+id+". Row not found")
		return
	case verb == "retry" && o["state"] != "FAILED":
		answerError(w, 500, 13, "Failed to retry run "+id+" as it does not allow retries")
		return
	case verb == "terminate":
		o["state"] = "CANCELING"
	case verb == "retry":
		o["state"] = "RUNNING"
	case verb == "archive":
		o["storage_state"] = "ARCHIVED"
	case verb == "unarchive":
		o["storage_state"] = "AVAILABLE"
	case verb == "enable":
		o["status"] = "ENABLED"
	case verb == "disable":
		o["status"] = "DISABLED"
	}
	answerJSON(w, 200, object{})
}

// listing is what a page token has in it, as with the real server: it does
// without filter and order.
type listing struct {
	From   int
	Filter string
	SortBy string
}

func (s *server) list(w http.ResponseWriter, r *http.Request, kind, field string) {
	if field == "" {
		field = kind
	}
	q := r.URL.Query()
	l := listing{Filter: q.Get("filter"), SortBy: q.Get("sort_by")}
	if token := q.Get("page_token"); token != "" {
		if l.Filter+l.SortBy != "" {
			answerError(w, 400, 3, "page token does not match the supplied sort by and/or filtering criteria")
			return
		}
		text, err := url.QueryUnescape(token)
		if err != nil || json.Unmarshal([]byte(text), &l) != nil {
			answerError(w, 400, 3, "Invalid page token")
			return
		}
	}
	var found []object
	for _, o := range s.kept[kind] {
		if matches(s.t, o, l.Filter) {
			found = append(found, o)
		}
	}
	if l.SortBy == "created_at desc" {
		slices.Reverse(found)
	}
	size, _ := strconv.Atoi(q.Get("page_size"))
	if size == 0 {
		size = 20
	}
	page := object{"total_size": len(found)}
	end := min(len(found), l.From+size)
	if items := found[min(l.From, len(found)):end]; len(items) > 0 {
		page[field] = items
	}
	if end < len(found) {
		l.From = end
		token, _ := json.Marshal(l)
		page["next_page_token"] = url.QueryEscape(string(token))
	}
	answerJSON(w, 200, page)
}

// matches tells whether a filter holds, as the real server reads it: it takes
// the escapes of URLs out twice.
func matches(t testing.TB, o object, filter string) bool {
	if filter == "" {
		return true
	}
	text, err := url.QueryUnescape(filter)
	var f struct {
		Predicates []struct {
			Operation   string
			Key         string
			StringValue string `json:"string_value"`
		}
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &f)
	}
	if err != nil {
		t.Errorf("the filter %s: %v", filter, err)
	}
	for _, p := range f.Predicates {
		if p.Operation == "EQUALS" && o[p.Key] != p.StringValue {
			return false
		}
	}
	return true
}

// uploaded is what an upload says of what it sends.
func uploaded(r *http.Request) (object, error) {
	file, header, err := r.FormFile("uploadfile")
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	if err != nil || !strings.HasSuffix(header.Filename, ".yaml") && !strings.HasSuffix(header.Filename, ".json") {
		return nil, fmt.Errorf("%s: %v", header.Filename, err)
	}
	q := r.URL.Query()
	o := object{"name": q.Get("name"), "display_name": q.Get("display_name"), "description": q.Get("description")}
	if o["display_name"] == "" {
		o["display_name"] = o["name"]
	}
	var spec object
	if json.Unmarshal(text, &spec) == nil {
		o["pipeline_spec"] = spec
	}
	return o, nil
}

func (s *server) upload(w http.ResponseWriter, r *http.Request) {
	version, err := uploaded(r)
	if err != nil {
		answerJSON(w, 400, object{"error_message": "Failed to read pipeline from file", "error_details": err.Error()})
		return
	}
	if s.find("pipelines", "name", version["name"]) >= 0 {
		answerJSON(w, 409, object{"error_message": "Failed to create a pipeline and a pipeline version", "error_details": "Failed\ngithub.com/kubeflow/stack"})
		return
	}
	pipeline := maps.Clone(version)
	delete(pipeline, "pipeline_spec")
	s.keep(w, "pipelines", pipeline)
	version["pipeline_id"] = pipeline["pipeline_id"]
	s.keep(httptest.NewRecorder(), pipeline["pipeline_id"].(string), version)
}

func (s *server) uploadVersion(w http.ResponseWriter, r *http.Request) {
	version, err := uploaded(r)
	id := r.URL.Query().Get("pipelineid")
	switch {
	case err != nil || s.find("pipelines", "pipeline_id", id) < 0:
		answerJSON(w, 400, object{"error_message": "Failed to create a pipeline version", "error_details": fmt.Sprint(err)})
	case s.find(id, "name", version["name"]) >= 0:
		answerJSON(w, 409, object{"error_message": "Failed to create a pipeline version", "error_details": "Failed"})
	default:
		version["pipeline_id"] = id
		s.keep(w, id, version)
	}
}
