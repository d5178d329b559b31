package metadata

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// A tasksAPI is the metadata of servers after 2.17: REST resources of the API.
//
//	GET /apis/v2beta1/runs/{id}/tasks           the tasks, mostly with their artifacts
//	GET /apis/v2beta1/artifact_tasks?run_ids=…  which artifacts belong to which task
//	GET /apis/v2beta1/artifacts/{id}            one artifact
type tasksAPI struct {
	*wire
	base string
}

const apiPath = "/apis/v2beta1"

// apiPage is how many things are asked for at once, the most that servers give.
const apiPage = 200

func (s *tasksAPI) read(ctx context.Context, runID string, artifacts bool) (*Run, error) {
	r := s.reading(runID)
	tasks, err := apiList(ctx, s, r, "list the tasks", "/runs/"+url.PathEscape(runID)+"/tasks", nil, apiTasks.items)
	if e := (*Error)(nil); errors.As(err, &e) && e.missing {
		e.Err = ErrUnknownRun
	}
	if err != nil {
		return nil, err
	}
	if artifacts {
		if err := s.addArtifacts(ctx, r, tasks); err != nil {
			return nil, err
		}
	}
	var roots, others []*Task
	namespace := ""
	for _, t := range tasks {
		task := t.task()
		if !artifacts {
			task.Artifacts = nil
		}
		if t.isRoot() {
			task.Key = ""
			roots = append(roots, task)
		} else {
			others = append(others, task)
		}
		namespace = cmp.Or(namespace, t.namespace())
	}
	run := assemble(runID, roots, others)
	run.Namespace = namespace
	return run, nil
}

// apiList reads all pages of a list.
func apiList[Page, T any](ctx context.Context, s *tasksAPI, r *reading, op, path string, query url.Values, items func(Page) ([]T, string)) ([]T, error) {
	if query == nil {
		query = make(url.Values)
	}
	query.Set("page_size", fmt.Sprint(apiPage))
	return pages(r, op, func(token string) ([]T, string, error) {
		if token != "" {
			query.Set("page_token", token)
		}
		page, err := apiGet[Page](ctx, s, r, op, path+"?"+query.Encode())
		if err != nil {
			return nil, "", err
		}
		list, next := items(*page)
		return list, next, nil
	})
}

// apiGet reads one thing.
func apiGet[T any](ctx context.Context, s *tasksAPI, r *reading, op, path string) (*T, error) {
	a, err := r.get(ctx, op, s.base+apiPath+path, "application/json")
	switch {
	case err != nil:
		return nil, err
	case a.status/100 != 2:
		return nil, s.refusal(a)
	case a.isPage():
		return nil, s.refuse(a, errPage.Error(), errPage)
	}
	v := new(T)
	if err := json.Unmarshal(a.body, v); err != nil {
		return nil, s.refuse(a, "the answer cannot be read: "+err.Error(), err)
	}
	return v, nil
}

// refusal makes the error about an answer that is one.
//
// A server that does not have the resource, and one that has it and does not
// know the run, both say 404 and code 5. The first is the router's, whose
// message is "Not Found"; the second says what was not found.
func (s *tasksAPI) refusal(a *reply) error {
	code, message := a.said()
	e := s.refuse(a, message, nil)
	e.Code = code
	unrouted := code == 0 || strings.EqualFold(strings.TrimSpace(message), http.StatusText(a.status))
	switch {
	case a.isMissing() && unrouted, a.status == http.StatusNotImplemented:
		e.absent = true
	case a.status == http.StatusNotFound:
		e.missing = true
	case a.isPage():
		e.Err = errPage
	}
	return e
}

// pages reads a list page by page: next gives the things on the page of a
// token, "" at first, and the token of the page that follows, "" at the end.
func pages[T any](r *reading, op string, next func(token string) ([]T, string, error)) (all []T, err error) {
	seen := make(map[string]bool)
	for token := ""; ; {
		list, following, err := next(token)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
		switch {
		case following == "":
			return all, nil
		case len(all) > maxTasks:
			return nil, r.fail(op, 0, fmt.Errorf("there are more than %d", maxTasks))
		case seen[following]:
			return nil, r.fail(op, 0, errors.New("the server's pages go round in a circle"))
		}
		seen[following] = true
		token = following
	}
}
