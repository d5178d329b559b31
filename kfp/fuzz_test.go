package kfp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"", "null", "[]", `""`, "{}", "podname argument is required", "<!DOCTYPE html><html>", "<html",
		`{"code": 5, "message": "run 1 not found", "details": [{"@type": "x", "message": "y"}]}`,
		`{"error": "bad", "code": 3, "message": "bad", "details": null}`,
		`{"error": {"code": 3, "message": "bad", "details": ["a", 5, {}]}}`,
		`{"error_message": "no", "error_details": "no\nstack"}`,
		`{"code": "x", "message": 5, "details": {}}`, `{"error": {}}`, "\xff\x00\x1b[31m", "s3cr3t-token", `{"message": "s3cr3t\u0000-token"}`,
	} {
		f.Add(500, []byte(s))
	}
	c, err := New("http://kfp.example.com", WithToken("s3cr3t-token"))
	if err != nil {
		f.Fatal(err)
	}
	c.wire.secrets.Add("s3cr3t-token")
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		req := &http.Request{Header: http.Header{}, URL: &url.URL{Scheme: "http", Host: "kfp.example.com"}}
		resp := &http.Response{StatusCode: status, Header: http.Header{"Location": {string(body)}, "Retry-After": {string(body)}}, Request: req}
		e := c.refusal(&call{op: "do"}, resp, body)
		for _, text := range append(e.Details, e.Message, e.hint, explain(e).Error()) {
			if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
				t.Fatalf("%q cannot be shown", text)
			}
			if strings.Contains(text, "s3cr3t-token") {
				t.Fatalf("%q has the token in it", text)
			}
		}
		if len(e.Message) > maxMessage+10 || len(e.Details) > maxDetails || e.after < 0 || e.after > longestWait {
			t.Fatalf("%+v", e)
		}
	})
}

func FuzzRun(f *testing.F) {
	for _, s := range []string{
		`{"run_id": "1"}`, `{}`, `null`, `[]`, `{"run_id": 1}`,
		`{"run_id": "1", "state": "FAILED", "error": null, "created_at": "2026-11-22T08:50:28Z", "finished_at": "1970-01-01T00:00:00Z", "unknown": {}}`,
		`{"run_id": "1", "run_details": {"task_details": [{"task_id": "2", "child_tasks": [{"pod_name": "p"}], "state_history": [{"update_time": "2026-11-22T08:50:28Z"}]}, null]}}`,
		`{"run_id": "1", "created_at": ""}`, `{"run_id": "1", "runtime_config": {"parameters": {"a": [1, {"b": 1e999}]}}, "pipeline_spec": [1, 2]}`,
		`{"run_id": "1", "description": "a\n\nfuse-submission: x\r\nfuse-submission: y"}`, `{"run_id": "1", "description": "fuse-submission: 0\r0"}`,
		`{"recurring_run_id": "1", "max_concurrency": "5", "trigger": {"periodic_schedule": {"interval_second": 60}}}`,
		`{"recurring_run_id": "1", "max_concurrency": null, "trigger": {"cron_schedule": {"cron": "@daily", "start_time": "1970-01-01T00:00:00Z"}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		again(t, text, new(Run), new(Run))
		again(t, text, new(RecurringRun), new(RecurringRun))
		again(t, text, new(Version), new(Version))
		again(t, text, new(Health), new(Health))
	})
}

// again reads a text, and what is written of it, which must be the same.
func again[T any](t *testing.T, text []byte, v, w *T) {
	if decode(text, v) != nil {
		return
	}
	if r, ok := any(v).(*Run); ok && (r.ID == "" || strings.ContainsFunc(r.SubmissionID(), unicode.IsSpace)) {
		t.Fatalf("%q has the ids %q and %q", text, r.ID, r.SubmissionID())
	}
	first, err := json.Marshal(v)
	if err != nil {
		if strings.Contains(err.Error(), "year outside of range") {
			return
		}
		t.Fatalf("%q cannot be written: %v", text, err)
	}
	if err := decode(first, w); err != nil {
		t.Fatalf("%q was written as %q: %v", text, first, err)
	}
	second, err := json.Marshal(w)
	if err != nil || string(second) != string(first) {
		t.Fatalf("%q was written as %q, and then as %q: %v", text, first, second, err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"", "localhost:3000", "http://[::1]:3/x/#/y", "me:pw@h", "a//b", "https://h/%2f/", "http://h:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parseAddress(text)
		if err != nil {
			return
		}
		if strings.HasSuffix(a.prefix, "/") || !strings.HasPrefix(a.prefix, "http") {
			t.Fatalf("%q gives %q", text, a.prefix)
		}
		req, err := http.NewRequest(http.MethodGet, a.prefix+"/apis/v2beta1/runs?a=b", nil)
		if err != nil || req.URL.Host != a.host || req.URL.User != nil || !strings.HasSuffix(req.URL.Path, "/apis/v2beta1/runs") {
			t.Fatalf("%q gives %q: %v", text, a.prefix, err)
		}
	})
}
