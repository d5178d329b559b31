package kfp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp"
)

// fill creates so many runs.
func fill(t testing.TB, c *kfp.Client, n int) {
	t.Helper()
	for i := range n {
		must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: fmt.Sprint("run", i%2), Spec: spec}))
	}
}

func TestListPages(t *testing.T) {
	s := newServer(t)
	c := s.client()
	fill(t, c, 25)
	before := s.asked()
	s.fail("GET runs", 1, drops) // in the middle of it all
	list := all(t, c.ListRuns(t.Context(), kfp.ListOptions{Filter: []kfp.Predicate{kfp.Equals("display_name", "run1")}, SortBy: "created_at desc", PageSize: 5}))
	equal(t, "runs", len(list), 12)
	equal(t, "first", list[0].ID, "id-24")
	equal(t, "last", list[11].ID, "id-2")
	equal(t, "asked", strings.TrimPrefix(s.asked(), before), strings.Repeat(", GET runs", 4))
	equal(t, "all", len(all(t, c.ListRuns(t.Context(), kfp.ListOptions{}))), 25)
}

func TestListStops(t *testing.T) {
	s := newServer(t)
	c := s.client()
	fill(t, c, 9)
	before := s.asked()
	n := 0
	for _, err := range c.ListRuns(t.Context(), kfp.ListOptions{PageSize: 3}) {
		ok(t, err)
		if n++; n == 4 {
			break
		}
	}
	equal(t, "asked", strings.TrimPrefix(s.asked(), before), ", GET runs, GET runs")
}

// pages answers with one page after the other.
func pages(texts ...string) way {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		fmt.Fprint(w, texts[0])
		if len(texts) > 1 {
			texts = texts[1:]
		}
	}
}

func TestOddPages(t *testing.T) {
	const more = `, "next_page_token": `
	for name, tc := range map[string]struct {
		pages []string
		want  string
	}{
		"nothing":        {[]string{`{}`}, "[] no error"},
		"null":           {[]string{`null`}, "[] no error"},
		"an empty page":  {[]string{`{"runs": []` + more + `"a"}`, `{"next_page_token": "b"}`, `{"runs": [{"run_id": "1"}]}`}, "[1] no error"},
		"null in it":     {[]string{`{"runs": [null, {"run_id": "1"}]` + more + `null}`}, "[1] no error"},
		"the same again": {[]string{`{"runs": [{"run_id": "1"}]` + more + `"a"}`}, "[1 1] list runs: the server's pages go round in a circle"},
		"a circle": {[]string{`{"runs": [{"run_id": "1"}]` + more + `"a"}`, `{"next_page_token": "b"}`, `{"next_page_token": "a"}`},
			"[1] list runs: the server's pages go round in a circle"},
		"other runs":  {[]string{`{"runs": [5]}`}, "[] list runs: the answer cannot be read: json: cannot unmarshal number into Go value of type kfp.Run"},
		"other token": {[]string{`{"next_page_token": 5}`}, "[] list runs: the answer cannot be read: json: cannot unmarshal number into Go value of type string"},
		"a refusal":   {[]string{`{"runs": [{"run_id": "1"}]` + more + `"a"}`, `<html>`}, "[1] list runs: the answer is a web page"},
	} {
		s := newServer(t)
		s.fail("GET runs", -1, pages(tc.pages...))
		ids, end := []string{}, "no error"
		for run, err := range s.client().ListRuns(t.Context(), kfp.ListOptions{}) {
			if err != nil {
				end = err.Error()
				continue
			}
			ids = append(ids, run.ID)
		}
		equal(t, name, fmt.Sprint(ids, " ", end), tc.want)
	}
}

func TestEndlessPages(t *testing.T) {
	s := newServer(t)
	n := 0
	s.fail("GET runs", -1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		n++
		fmt.Fprintf(w, `{"next_page_token": "%d"}`, n)
	})
	for _, err := range s.client().ListRuns(t.Context(), kfp.ListOptions{}) {
		equal(t, "error", fmt.Sprint(err), "list runs: the server's pages are empty, one after the other")
	}
	equal(t, "pages", n, 101)
}

// TestListQueries has the exact queries of lists.
func TestListQueries(t *testing.T) {
	s := newServer(t)
	var seen []url.Values
	note := func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		seen = append(seen, r.URL.Query())
		fmt.Fprint(w, `{"next_page_token": "`+map[bool]string{true: "next"}[len(seen) == 1]+`"}`)
	}
	for _, kind := range []string{"runs", "experiments", "pipelines", "pipelines/*/versions", "recurringruns"} {
		s.fail("GET "+kind, -1, note)
	}
	c := s.client(kfp.WithNamespace("team"))
	all(t, c.ListRuns(t.Context(), kfp.ListOptions{ExperimentID: "e", SortBy: "name desc", PageSize: 7, Filter: []kfp.Predicate{kfp.Equals("display_name", `50%+"x"`)}}))
	equal(t, "first page", seen[0].Encode(), url.Values{
		"experiment_id": {"e"}, "sort_by": {"name desc"}, "page_size": {"7"},
		"filter": {`{"predicates":[{"key":"display_name","operation":"EQUALS","string_value":"50\u0025\u002b\"x\""}]}`},
	}.Encode())
	equal(t, "second page", seen[1].Encode(), "experiment_id=e&page_size=7&page_token=next")
	o := kfp.ListOptions{ExperimentID: "e"}
	all(t, c.ListExperiments(t.Context(), o))
	all(t, c.ListPipelines(t.Context(), kfp.ListOptions{Namespace: "other"}))
	all(t, c.ListVersions(t.Context(), "p", o))
	all(t, c.ListRecurringRuns(t.Context(), kfp.ListOptions{}))
	var queries []string
	for _, q := range seen[2:] {
		queries = append(queries, q.Encode())
	}
	equal(t, "queries", strings.Join(queries, " "), "namespace=team namespace=other  namespace=team")
}
