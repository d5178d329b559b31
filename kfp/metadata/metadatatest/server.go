// Package metadatatest serves the metadata of runs as KFP servers do, in the
// shapes that were observed, for the tests of programs that read it.
package metadatatest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

// A Generation is what kind of metadata a server has.
type Generation int

const (
	// Store is that of servers up to 2.17: ML Metadata as gRPC-Web.
	Store Generation = iota
	// API is that of servers after it: REST.
	API
)

// A Server is an http.Handler that serves the metadata of runs. It may be used
// by several goroutines at once. The zero Server has a store without runs.
type Server struct {
	// Generation must not change while the server is used, nor must the others.
	Generation Generation
	// PageSize bounds pages further than KFP does; 0 does not.
	PageSize int
	// Separate has the API list tasks without their artifacts, which are then to
	// be had as resources of their own only.
	Separate bool

	mu   sync.Mutex
	runs map[string]*metadata.Run
}

// Put sets what the server has of a run, which must not be changed afterwards.
// The IDs of its tasks and artifacts must be numbers, in the order in which
// they were made. What the tasks say that a generation does not keep is not
// served; Path is made anew by who reads it.
func (s *Server) Put(run *metadata.Run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.runs == nil {
		s.runs = make(map[string]*metadata.Run)
	}
	s.runs[run.ID] = run
}

// ServeHTTP implements http.Handler. What the generation does not have is
// answered as KFP's API answers what it does not know.
func (s *Server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	mux := http.NewServeMux()
	if s.Generation == Store {
		for _, method := range []string{mlmd.GetContext, mlmd.GetExecutions, mlmd.GetEvents, mlmd.GetArtifacts, mlmd.GetArtifactsByID} {
			mux.HandleFunc("POST "+method, s.call)
		}
	} else {
		mux.HandleFunc("GET /apis/v2beta1/runs/{id}/tasks", s.listTasks)
		mux.HandleFunc("GET /apis/v2beta1/artifact_tasks", s.listLinks)
		mux.HandleFunc("GET /apis/v2beta1/artifacts/{id}", s.getArtifact)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { refuse(w, http.StatusNotFound, "Not Found") })
	mux.ServeHTTP(w, req)
}

// run returns a run, else nil.
func (s *Server) run(id string) *metadata.Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs[id]
}

// all returns the runs in the order of their IDs.
func (s *Server) all() []*metadata.Run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(maps.Values(s.runs), func(a, b *metadata.Run) int { return cmp.Compare(a.ID, b.ID) })
}

// tasks returns the root and the tasks of a run, ordered by ID.
func tasks(run *metadata.Run) []*metadata.Task {
	all := slices.Clone(run.Tasks)
	if run.Root != nil {
		all = append(all, run.Root)
	}
	slices.SortFunc(all, func(a, b *metadata.Task) int { return cmp.Compare(number(a.ID), number(b.ID)) })
	return all
}

// page cuts a page out of a list: the token is the index of its first thing.
func page[T any](s *Server, all []T, size, most int, token string) (items []T, next string) {
	if size <= 0 || size > most {
		size = most
	}
	if s.PageSize > 0 {
		size = min(size, s.PageSize)
	}
	start, _ := strconv.Atoi(token) // "" is 0
	start = max(0, min(start, len(all)))
	end := min(start+size, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[start:end], next
}

// number reads an ID.
func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64) // Put asks for numbers
	return n
}
