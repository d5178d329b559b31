package kfp_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// A way is how a request goes wrong.
type way = func(http.ResponseWriter, *http.Request, http.Handler)

// really makes a fault of one that does what it is asked before.
func really(then way) way {
	return func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		do.ServeHTTP(httptest.NewRecorder(), r)
		then(w, r, do)
	}
}

// truncates announces more than it sends.
func truncates(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Length", "1000")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte(`{"run_id": `))
}

// ways are those after which a thing may be there, or not.
var ways = map[string]way{
	"reset":           drops,
	"500 of KFP":      says(500, `{"code": 13, "message": "Internal Server Error", "details": []}`),
	"500 of a proxy":  says(500, "Error occurred while trying to proxy: localhost:3000/apis/v2beta1/runs"),
	"502":             says(502, "<html><body>Bad Gateway</body></html>"),
	"503":             says(503, `{"code": 14, "message": "Service unavailable"}`),
	"504":             says(504, ""),
	"half an answer":  truncates,
	"half a document": says(200, `{"run_id": "id`),
}

// TestOnce loses answers, where the server did what it was asked, and where it
// did not: in either case there is one thing in the end.
func TestOnce(t *testing.T) {
	create := map[string]func(context.Context, *kfp.Client) (string, error){
		"runs": func(ctx context.Context, c *kfp.Client) (string, error) {
			r, err := c.CreateRun(ctx, kfp.NewRun{Name: "100% a+b", Spec: spec})
			if err != nil {
				return "", err
			}
			return r.ID, nil
		},
		"recurringruns": func(ctx context.Context, c *kfp.Client) (string, error) {
			r, err := c.CreateRecurringRun(ctx, kfp.NewRecurringRun{NewRun: kfp.NewRun{Name: "nightly", Spec: spec}, Interval: time.Hour})
			if err != nil {
				return "", err
			}
			return r.ID, nil
		},
		"experiments": func(ctx context.Context, c *kfp.Client) (string, error) {
			e, err := c.CreateExperiment(ctx, kfp.NewExperiment{Name: "tests"})
			if err != nil {
				return "", err
			}
			return e.ID, nil
		},
		"pipelines": func(ctx context.Context, c *kfp.Client) (string, error) {
			p, err := c.UploadPipeline(ctx, kfp.Upload{Name: "sums", Spec: spec})
			if err != nil {
				return "", err
			}
			return p.ID, nil
		},
	}
	posts := map[string]string{"pipelines": "POST pipelines/upload"}
	for kind, do := range create {
		for name, fault := range ways {
			for _, done := range []bool{false, true} {
				what, fault := kind+", "+name+", not done", fault
				if done {
					what, fault = kind+", "+name+", done", really(fault)
				}
				t.Run(what, func(t *testing.T) {
					t.Parallel()
					s := newServer(t)
					post := posts[kind]
					if post == "" {
						post = "POST " + kind
					}
					s.fail(post, 2, fault)
					id, err := do(t.Context(), s.client())
					ok(t, err)
					equal(t, "things", s.count(kind), 1)
					if id != s.kept[kind][0][idKey(kind)] {
						t.Errorf("the id %q is not the one that is kept", id)
					}
					if done && strings.Count(s.asked(), post) != 1 {
						t.Errorf("it was asked for again: %s", s.asked())
					}
				})
			}
		}
	}
}

// TestOnceAmongOthers finds the run among many of the same name, on a server
// that also fails while it is looked for.
func TestOnceAmongOthers(t *testing.T) {
	s := newServer(t)
	c := s.client()
	for range 30 {
		must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))
	}
	s.fail("POST runs", 1, loses)
	s.fail("GET runs", 2, drops)
	run := must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec, Description: "the last"}))
	equal(t, "runs", s.count("runs"), 31)
	equal(t, "run", run.ID, "id-31")
	equal(t, "description", run.Description, "the last\n\nfuse-submission: "+run.SubmissionID())
}

func TestSubmissionID(t *testing.T) {
	s := newServer(t)
	c := s.client()
	r := kfp.NewRun{Name: "sums", Spec: spec, ID: kfp.NewSubmissionID()}
	first := must[*kfp.Run](t)(c.CreateRun(t.Context(), r))
	second := must[*kfp.Run](t)(c.CreateRun(t.Context(), r))
	equal(t, "run", second.ID, first.ID)
	equal(t, "id", first.SubmissionID(), r.ID)
	equal(t, "runs", s.count("runs"), 1)

	rec := kfp.NewRecurringRun{NewRun: r, Cron: "@daily"}
	once := must[*kfp.RecurringRun](t)(c.CreateRecurringRun(t.Context(), rec))
	equal(t, "recurring run", must[*kfp.RecurringRun](t)(c.CreateRecurringRun(t.Context(), rec)).ID, once.ID)
	equal(t, "recurring runs", s.count("recurringruns"), 1)
	equal(t, "id", once.SubmissionID(), r.ID)

	r.ID = "short"
	_, err := c.CreateRun(t.Context(), r)
	equal(t, "error", shown(err), "a submission's id must have 8 to 64 letters, digits, dashes or dots\nhint: leave it out, or take one of NewSubmissionID")
}

// TestOnceSlowly has a server that creates the run when the client no longer
// waits for the answer, while it looks for it.
func TestOnceSlowly(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, c *kfp.Client, _ *waits) {
		late := make(chan func(), 1)
		s.fail("POST runs", 1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
			again := r.Clone(context.WithoutCancel(r.Context()))
			late <- func() { do.ServeHTTP(httptest.NewRecorder(), again) }
			hangs(w, r, do)
		})
		looked := 0
		s.fail("GET runs", -1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
			if looked++; looked == 2 {
				(<-late)()
			}
			do.ServeHTTP(w, r)
		})
		run := must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))
		equal(t, "runs", s.count("runs"), 1)
		equal(t, "run", run.ID, "id-1")
		equal(t, "asked", s.asked(), "POST runs, GET runs, GET runs")
	})
}

func TestRefusalsAreFinal(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 409, 413, 501} {
		s := newServer(t)
		s.fail("POST runs", -1, says(status, `{"code": 3, "message": "no"}`))
		_, err := s.client().CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
		e := (*kfp.Error)(nil)
		if !errors.As(err, &e) || e.Status != status {
			t.Errorf("%d: %v", status, err)
		}
		equal(t, "asked", s.asked(), "POST runs")
	}
}

// TestVerdict has a server that says the same of a spec each time.
func TestVerdict(t *testing.T) {
	s := newServer(t)
	s.fail("POST runs", -1, says(500, `{"code": 13, "message": "Failed to create a new run: InternalServerError: name 'a_b' is invalid", "details": [{"message": "Internal Server Error"}]}`))
	_, err := s.client().CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
	equal(t, "error", err.Error(), "create the run sums: 500 Internal Server Error: Failed to create a new run: InternalServerError: name 'a_b' is invalid")
	equal(t, "asked", s.asked(), "POST runs, GET runs, POST runs, GET runs, POST runs, GET runs, POST runs, GET runs")
}

// TestInterrupted ends a call whose answer is not known.
func TestInterrupted(t *testing.T) {
	s := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	s.fail("POST runs", 1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		cancel()
		hangs(w, r, do)
	})
	r := kfp.NewRun{Name: "sums", Spec: spec, ID: "submission-1"}
	_, err := s.client().CreateRun(ctx, r)
	equal(t, "error", shown(err), "create the run sums: stopped: context canceled\nhint: look for it before you try again: its description has fuse-submission: submission-1")
	equal(t, "canceled", errors.Is(err, context.Canceled), true)
	// Before anything was sent there is nothing to look for.
	_, err = s.client().CreateRun(ctx, kfp.NewRun{Name: "sums", Spec: spec})
	equal(t, "error", shown(err), "create the run sums: stopped: context canceled")

	// It ends while the client waits.
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	s.fail("GET runs/*", -1, drops)
	_, err = s.client(kfp.WithTries(5, time.Hour), kfp.WithObserver(func(kfp.Retry) { cancel() })).GetRun(ctx, "1")
	equal(t, "error", shown(err), "get the run 1: stopped: context canceled")
}

// TestOnceLate has a server that did what it was asked after the client had
// looked for it: so the next request is refused.
func TestOnceLate(t *testing.T) {
	s := newServer(t)
	s.fail("POST experiments", 1, drops)
	s.fail("POST experiments", 1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		s.kept["experiments"] = []object{{"experiment_id": "late", "display_name": "x"}}
		answerError(w, 409, 6, "The name x already exists")
	})
	e := must[*kfp.Experiment](t)(s.client().CreateExperiment(t.Context(), kfp.NewExperiment{Name: "x"}))
	equal(t, "experiment", e.ID, "late")
}

func TestStillUnknown(t *testing.T) {
	s := newServer(t)
	s.fail("POST runs", 1, drops)
	s.fail("GET runs", -1, says(403, `{"code": 7, "message": "not allowed"}`))
	_, err := s.client().CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
	want := "create the run sums: EOF, then list runs: 403 Forbidden: not allowed\n" +
		"hint: may this user do that in this namespace? another is given with --namespace, another user's token with --token; " +
		"look for it before you try again: its description has fuse-submission: "
	if got := shown(err); !strings.HasPrefix(got, want) {
		t.Errorf("got %s\nwant %s…", got, want)
	}
}

// TestChangesOnce repeats requests that a server refuses the second time.
func TestChangesOnce(t *testing.T) {
	s := newServer(t)
	c := s.client()
	run := must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))
	s.fail("POST runs/*:terminate", 1, loses)
	ok(t, c.TerminateRun(t.Context(), run.ID))
	equal(t, "terminated again", shown(c.TerminateRun(t.Context(), run.ID)), "terminate the run id-1: 400 Bad Request: Failed to terminate a run id-1. Row not found")

	equal(t, "retry of what has not ended", shown(c.RetryRun(t.Context(), run.ID)), "retry the run id-1: it has not ended, its state is CANCELING\nhint: wait for its end, or terminate it")
	s.set("runs", run.ID, "state", "FAILED")
	s.fail("POST runs/*:retry", 1, loses)
	ok(t, c.RetryRun(t.Context(), run.ID))
	s.fail("DELETE runs/*", 1, loses)
	ok(t, c.DeleteRun(t.Context(), run.ID))
	equal(t, "deleted again", kfp.IsNotFound(c.DeleteRun(t.Context(), run.ID)), true)
	s.fail("DELETE runs/*", 1, drops)
	equal(t, "what is not there", c.DeleteRun(t.Context(), run.ID), nil)
}

// TestConcurrently creates many runs at once on a server that loses every
// other answer.
func TestConcurrently(t *testing.T) {
	s := newServer(t)
	var mu sync.Mutex
	n := 0
	s.fail("POST runs", -1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		mu.Lock()
		n++
		lost := n%2 == 0
		mu.Unlock()
		if lost {
			loses(w, r, do)
		}
		do.ServeHTTP(w, r)
	})
	c := s.client()
	var group sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		group.Go(func() {
			run, err := c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = run.ID
		})
	}
	group.Wait()
	equal(t, "runs", s.count("runs"), len(ids))
	seen := make(map[string]bool)
	for _, id := range ids {
		seen[id] = true
	}
	equal(t, "ids", len(seen), len(ids))
}
