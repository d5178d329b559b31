package kfptest

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp/metadata/metadatatest"
)

// A Server is a KFP server: an http.Handler of all that it serves.
type Server struct {
	// URL is where it is served; "" for one that New made.
	URL string

	*options
	mux  *http.ServeMux
	meta *metadatatest.Server

	cluster context.Context // that runs run in; ends with Close
	crash   context.CancelFunc
	runners sync.WaitGroup

	mu     sync.Mutex
	up     context.Context // ends when the API server does
	down   context.CancelFunc
	kept   *store
	live   map[string]*execution // by the run's id
	told   map[string]string     // by the run's id: the attempt whose end the metadata knows
	rules  []*rule
	closed bool
	broken error // why something could not be kept
}

// A store is everything that is kept.
type store struct {
	experiments *table[experiment]
	pipelines   *table[pipeline]
	versions    *table[version]
	runs        *table[keptRun]
	recurring   *table[recurringRun]
}

// New makes a server that is not served yet, with what its storage folder has.
// It must be closed.
func New(opts ...Option) (*Server, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if o.storage, err = filepath.Abs(o.storage); err != nil {
		return nil, err
	}
	s := &Server{options: o, meta: newMetadata(o.generation), live: make(map[string]*execution), told: make(map[string]string)}
	s.cluster, s.crash = context.WithCancel(context.Background())
	s.mux = s.routes()
	if err := s.open(); err != nil {
		s.crash()
		return nil, fmt.Errorf("start the KFP server: %w", err)
	}
	return s, nil
}

// Start makes a server, and serves it until the test ends. Without WithStorage
// its folder is one of the test's.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := New(append([]Option{WithStorage(t.TempDir())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	s.URL = web.URL
	t.Cleanup(func() {
		s.Close() // first: it breaks off what a rule holds
		web.Close()
	})
	return s
}

// open starts the API server with what the folder has.
func (s *Server) open() error {
	s.mu.Lock() // before the files are read: runs go on writing them
	defer s.mu.Unlock()
	dir := filepath.Join(s.storage, "server")
	k := new(store)
	var errs [5]error
	k.experiments, errs[0] = openTable[experiment](filepath.Join(dir, "experiments"))
	k.pipelines, errs[1] = openTable[pipeline](filepath.Join(dir, "pipelines"))
	k.versions, errs[2] = openTable[version](filepath.Join(dir, "versions"))
	k.runs, errs[3] = openTable[keptRun](filepath.Join(dir, "runs"))
	k.recurring, errs[4] = openTable[recurringRun](filepath.Join(dir, "recurringruns"))
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	s.kept = k
	s.up, s.down = context.WithCancel(context.Background())
	if err := s.buryRuns(); err != nil {
		return err
	}
	if !s.multiUser && len(k.experiments.rows) == 0 {
		_, err := s.addExperiment("Default", "All runs created without specifying an experiment will be grouped here.")
		return err
	}
	return nil
}

// Restart lets the API server crash and start again: requests that are on their
// way break off, and what is not in the storage folder is forgotten. Runs go on,
// and rules stay in force.
func (s *Server) Restart() error {
	s.mu.Lock()
	s.down()
	s.mu.Unlock()
	return s.open()
}

// Close ends everything: requests that are on their way break off, and so do
// runs. It returns when they have ended. The error says that something could not
// be kept.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.down()
	s.crash()
	s.mu.Unlock()
	s.runners.Wait()
	return s.broken
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	up, fault := s.up, s.fault(r)
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(up, cancel)()
	r = r.WithContext(ctx)
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// No answer begins before it is known that the server can end it.
		rec := httptest.NewRecorder()
		s.serve(rec, r)
		if up.Err() != nil {
			panic(http.ErrAbortHandler)
		}
		deliver(w, rec)
	})
	if fault != nil {
		fault(w, r, server)
		return
	}
	server.ServeHTTP(w, r)
}

// deliver sends an answer that was recorded.
func deliver(w http.ResponseWriter, rec *httptest.ResponseRecorder) {
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = w.Write(rec.Body.Bytes()) // who is gone needs no answer
}

// serve does what it is asked.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if s.multiUser && r.Header.Get("Authorization") != "Bearer "+s.token {
		answerError(w, refuse(codeUnauthenticated, "Request header error: there is no user identity header."))
		return
	}
	s.mux.ServeHTTP(w, r)
}

// newID makes an id: a UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return formatID(b, 4)
}

// newRunID makes the id of a run that comes after so many others: one that sorts
// behind theirs. The metadata numbers runs by their ids, and a run must not have
// another number when there are more.
func newRunID(others int64) string {
	var b [16]byte
	rand.Read(b[8:])
	binary.BigEndian.PutUint64(b[:], uint64(time.Now().UnixMilli())<<16|uint64(others&0xfff))
	return formatID(b, 7)
}

// formatID writes a UUID of that version.
func formatID(b [16]byte, version byte) string {
	b[6] = b[6]&0x0f | version<<4
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
