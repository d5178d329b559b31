package kfp_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// object is a thing in the form of the API.
type object = map[string]any

// A server is a KFP server in memory: it keeps what it is sent, lists it page
// by page, and fails as it is told. What it is asked, and what it answers, is
// held against the server's own description where that is to be had.
type server struct {
	t    testing.TB
	host string
	spec *openapi // nil where there is none

	mu     sync.Mutex
	next   int
	kept   map[string][]object // by the name in the path; those of versions by their pipeline's id
	log    []string
	faults []*fault
	files  map[string]string // what paths with their query, sorted, answer
}

// A fault answers requests of one kind in the place of the server; do may ask
// the server itself.
type fault struct {
	kind  string
	times int // that it does so; below 0: always
	do    func(w http.ResponseWriter, r *http.Request, really http.Handler)
}

// newServer starts a server on a port of its own.
func newServer(t testing.TB) *server {
	s := unserved(t)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	s.host = web.URL
	return s
}

// unserved is a server for a transport in memory.
func unserved(t testing.TB) *server {
	return &server{
		t: t, host: "http://kfp.example.com", spec: loadOpenAPI(t),
		kept: make(map[string][]object), files: make(map[string]string),
	}
}

// client makes a client of the server, whose waits are short.
func (s *server) client(opts ...kfp.Option) *kfp.Client {
	s.t.Helper()
	c, err := kfp.New(s.host, append([]kfp.Option{kfp.WithTries(8, time.Millisecond)}, opts...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// fail makes the server answer otherwise the next so many requests of a kind.
func (s *server) fail(kind string, times int, do func(http.ResponseWriter, *http.Request, http.Handler)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &fault{kind, times, do})
}

// says answers with a status and a text.
func says(status int, text string) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}
}

// drops breaks the connection off, without doing anything.
func drops(http.ResponseWriter, *http.Request, http.Handler) { panic(http.ErrAbortHandler) }

// loses does what it is asked, and breaks the connection off before the answer.
func loses(_ http.ResponseWriter, r *http.Request, really http.Handler) {
	really.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// hangs answers nothing until the client goes away.
func hangs(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() }

// kindOf says what a request is about: "POST runs/*:terminate"; of what is not
// in the API, the path: "GET /artifacts/get".
func kindOf(r *http.Request) string {
	path, ok := strings.CutPrefix(r.URL.Path, "/apis/v2beta1/")
	if !ok {
		return r.Method + " " + r.URL.Path
	}
	parts := strings.Split(path, "/")
	for i := 1; i < len(parts); i += 2 {
		if parts[i] != "upload" && parts[i] != "upload_version" && len(parts) < 5 {
			_, verb, ok := strings.Cut(parts[i], ":")
			parts[i] = "*"
			if ok {
				parts[i] += ":" + verb
			}
		}
	}
	return r.Method + " " + strings.Join(parts, "/")
}

func (s *server) fault(kind string) *fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, kind)
	for _, f := range s.faults {
		if f.kind == kind && f.times != 0 {
			f.times--
			return f
		}
	}
	return nil
}

// asked is what the server was asked, in order.
func (s *server) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, ", ")
}

// count is how many things of a kind there are.
func (s *server) count(kind string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.kept[kind])
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	really := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		s.serve(rec, r, body)
		s.spec.check(s.t, r, body, rec)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
	if f := s.fault(kindOf(r)); f != nil {
		f.do(w, r, really)
		return
	}
	really.ServeHTTP(w, r)
}
