package kfp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// A memory is a transport to a server in this process. Unlike one over the
// network it works with the clock of synctest.
type memory struct{ handler http.Handler }

func (m memory) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	if req.Body == nil {
		req.Body = http.NoBody
	}
	done := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				done <- io.ErrUnexpectedEOF
			}
		}()
		m.handler.ServeHTTP(rec, req)
		done <- nil
	}()
	select {
	case err := <-done:
		return rec.Result(), err
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// waits collects the waits of a client.
type waits struct {
	all []time.Duration
	err []string
}

func (w *waits) observe(r kfp.Retry) {
	w.all = append(w.all, r.Wait)
	w.err = append(w.err, r.Err.Error())
}

// inBubble runs a test with a server in memory, and a clock of its own.
func inBubble(t *testing.T, f func(t *testing.T, s *server, c *kfp.Client, w *waits)) {
	s := unserved(t) // which reads the description outside
	synctest.Test(t, func(t *testing.T) {
		w := new(waits)
		c := must[*kfp.Client](t)(kfp.New(s.host, kfp.WithTransport(memory{s}), kfp.WithObserver(w.observe)))
		f(t, s, c, w)
	})
}

func TestWaitsGrow(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, c *kfp.Client, w *waits) {
		s.fail("GET runs/*", -1, says(502, "bad gateway"))
		start := time.Now()
		_, err := c.GetRun(t.Context(), "1")
		equal(t, "error", err.Error(), "get the run 1: 502 Bad Gateway: bad gateway")
		equal(t, "tries", strings.Count(s.asked(), "GET"), 8)
		var sum time.Duration
		for i, d := range w.all {
			sum += d
			step := min(250*time.Millisecond<<i, 8*time.Second)
			if d < step/2 || d > step*3/2 {
				t.Errorf("wait %d is %s, about %s is due", i, d, step)
			}
		}
		equal(t, "waits", time.Since(start), sum)
		equal(t, "told", w.err[0], err.Error())
	})
}

func TestRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		after  func() string
		want   time.Duration // 0 for the client's own
	}{
		"seconds":  {429, func() string { return "17" }, 17 * time.Second},
		"time":     {503, func() string { return time.Now().Add(20 * time.Second).UTC().Format(http.TimeFormat) }, 20 * time.Second},
		"too long": {429, func() string { return "86400" }, time.Minute},
		"past":     {429, func() string { return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat) }, 0},
		"nonsense": {429, func() string { return "-5" }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *server, c *kfp.Client, w *waits) {
				fault := func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
					w.Header().Set("Retry-After", tc.after())
					w.WriteHeader(tc.status)
				}
				s.fail("GET healthz", 1, fault)
				s.fail("POST experiments", 1, fault)
				must[*kfp.Health](t)(c.Health(t.Context()))
				must[*kfp.Experiment](t)(c.CreateExperiment(t.Context(), kfp.NewExperiment{Name: "x"}))
				for i, d := range w.all {
					if tc.want != 0 && d != tc.want || tc.want == 0 && d > 2*time.Second {
						t.Errorf("wait %d is %s, want %s", i, d, tc.want)
					}
				}
			})
		})
	}
}

// TestTimeouts has a server that never answers.
func TestTimeouts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, c *kfp.Client, w *waits) {
		s.fail("GET runs/*", -1, hangs)
		start := time.Now()
		_, err := c.GetRun(t.Context(), "1")
		equal(t, "error", shown(err), "get the run 1: no answer within 30s\nhint: is the server busy, or something between that drops connections?")
		equal(t, "unreachable", kfp.IsUnreachable(err), true)
		equal(t, "tries", strings.Count(s.asked(), "GET"), 3) // nobody ever answered
		if took := time.Since(start); took < 90*time.Second || took > 2*time.Minute {
			t.Errorf("it took %s", took)
		}

		// Who ends the context is not told of a timeout.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = c.GetRun(ctx, "1")
		equal(t, "error", shown(err), "get the run 1: stopped: context deadline exceeded")
		equal(t, "deadline", errors.Is(err, context.DeadlineExceeded), true)
	})
}

// TestTimeoutOfCreate gives a server that was too slow the same time again.
func TestTimeoutOfCreate(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, c *kfp.Client, w *waits) {
		s.fail("POST runs", 1, hangs)
		must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))
		equal(t, "waits", fmt.Sprint(w.all), "[10s 10s 10s]")
		equal(t, "asked", s.asked(), "POST runs, GET runs, GET runs, GET runs, POST runs")
		equal(t, "runs", s.count("runs"), 1)
	})
}

// TestUploadsTakeLonger gives large uploads more time.
func TestUploadsTakeLonger(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, c *kfp.Client, w *waits) {
		s.fail("POST pipelines/upload", -1, hangs)
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
		defer cancel()
		_, _ = c.UploadPipeline(ctx, kfp.Upload{Name: "x", Spec: make([]byte, 30<<20)})
		equal(t, "told", w.err[0], "upload the pipeline x: no answer within 4m0s")
	})
}

// TestRestart has nobody listening for a while, after the server was there.
func TestRestart(t *testing.T) {
	inBubble(t, func(t *testing.T, s *server, _ *kfp.Client, w *waits) {
		down := 0
		c := must[*kfp.Client](t)(kfp.New(s.host, kfp.WithObserver(w.observe), kfp.WithTransport(carrier(func(req *http.Request) (*http.Response, error) {
			if down > 0 {
				down--
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
			}
			return memory{s}.RoundTrip(req)
		}))))
		must[*kfp.Health](t)(c.Health(t.Context()))
		down = 5
		run := must[*kfp.Run](t)(c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec}))
		equal(t, "runs", s.count("runs"), 1)
		equal(t, "waits", len(w.all), 5)
		down = 7
		must[*kfp.Run](t)(c.GetRun(t.Context(), run.ID))
		// What was never sent is not looked for.
		equal(t, "asked", s.asked(), "GET healthz, POST runs, GET runs/*")
	})
}

// A carrier is a transport that is a function.
type carrier func(*http.Request) (*http.Response, error)

func (f carrier) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestUnknownHost(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New("kfp.example.com", kfp.WithTransport(carrier(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "kfp.example.com", IsNotFound: true}}
	}))))
	_, err := c.Health(t.Context())
	equal(t, "error", shown(err), "ask the KFP server how it is: dial tcp: lookup kfp.example.com: no such host\nhint: is the address kfp.example.com right?")
}

func TestLongAnswer(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New("kfp.example.com", kfp.WithTransport(carrier(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(endless{})}, nil
	}))))
	_, err := c.GetRun(t.Context(), "1")
	equal(t, "error", fmt.Sprint(err), "get the run 1: the answer is longer than 64 MiB")
}

// An endless is an answer that does not end.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}
