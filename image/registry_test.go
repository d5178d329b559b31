package image_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A testRegistry is a registry in memory. It keeps the blobs of its
// repositories apart, mounts them from one into another, writes down what it is
// asked, and fails as it is told. A manifest that comes before what it speaks
// of fails the test.
type testRegistry struct {
	t     testing.TB
	host  string
	blobs *blobStore
	inner http.Handler
	// noMounts makes it take no blob from another repository.
	noMounts bool

	mu     sync.Mutex
	log    []request
	faults []*fault
}

// A request is one that a registry got.
type request struct {
	kind  string // like "PATCH uploads"
	path  string
	query string
	bytes int64 // of the body, as far as they were read
}

// A fault answers requests of one kind in the place of the registry.
type fault struct {
	kind  string
	times int // that it does so; below 0: always
	answer
}

type answer = http.HandlerFunc

// newRegistry starts a registry on a port of its own.
func newRegistry(t testing.TB) *testRegistry {
	r := unserved(t)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.host = strings.TrimPrefix(server.URL, "http://")
	return r
}

// unserved is a registry without a server, for a transport.
func unserved(t testing.TB) *testRegistry {
	r := &testRegistry{t: t, host: "registry.example.com", blobs: &blobStore{blobs: make(map[string][]byte)}}
	r.inner = registry.New(registry.WithBlobHandler(r.blobs), registry.Logger(log.New(io.Discard, "", 0)))
	return r
}

// fail makes the registry answer otherwise the next so many requests of a
// kind.
func (r *testRegistry) fail(kind string, times int, do answer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, &fault{kind, times, do})
}

// mend takes all faults away, and forgets what was asked.
func (r *testRegistry) mend() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults, r.log = nil, nil
}

func (r *testRegistry) fault(kind string) answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.faults {
		if f.kind == kind && f.times != 0 {
			f.times--
			return f.answer
		}
	}
	return nil
}

func (r *testRegistry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	kind := kindOf(req)
	body := &countingReader{ReadCloser: req.Body}
	req.Body = body
	query := req.URL.RawQuery
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.log = append(r.log, request{kind, req.URL.Path, query, body.n})
	}()
	if answer := r.fault(kind); answer != nil {
		answer(w, req)
		return
	}
	switch kind {
	case "POST uploads":
		if q := req.URL.Query(); !r.noMounts && q.Get("mount") != "" && r.blobs.mount(q.Get("from"), repositoryOf(req), q.Get("mount")) {
			w.WriteHeader(http.StatusCreated)
			return
		}
		req.URL.RawQuery = ""
	case "PUT manifests":
		text, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.checkManifest(repositoryOf(req), text)
		body.ReadCloser = io.NopCloser(bytes.NewReader(text))
		body.n = 0
	}
	r.inner.ServeHTTP(w, req)
}

// checkManifest checks that all that a manifest speaks of came before it.
func (r *testRegistry) checkManifest(repo string, text []byte) {
	var m struct {
		Config    *v1.Descriptor
		Layers    []v1.Descriptor
		Manifests []v1.Descriptor
	}
	if err := json.Unmarshal(text, &m); err != nil {
		r.t.Errorf("the manifest is no JSON: %v", err)
	}
	if m.Config != nil {
		m.Layers = append(m.Layers, *m.Config)
	}
	for _, d := range m.Layers {
		if !r.blobs.has(repo, d.Digest.String()) {
			r.t.Errorf("the manifest came before its blob %s", d.Digest)
		}
	}
	for _, d := range m.Manifests {
		if code, _ := r.ask("/v2/" + repo + "/manifests/" + d.Digest.String()); code != http.StatusOK {
			r.t.Errorf("the index came before its manifest %s", d.Digest)
		}
	}
}

// ask gets something from the registry, without its faults and its log.
func (r *testRegistry) ask(path string) (int, string) {
	rec := httptest.NewRecorder()
	r.inner.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	return rec.Code, rec.Body.String()
}

// tags are those of a repository.
func (r *testRegistry) tags(repo string) []string {
	r.t.Helper()
	code, text := r.ask("/v2/" + repo + "/tags/list")
	if code == http.StatusNotFound {
		return nil
	}
	var list struct{ Tags []string }
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		r.t.Fatalf("%d %s: %v", code, text, err)
	}
	return list.Tags
}

// asked is what the registry was asked, as "2 HEAD blobs, 1 PUT manifests".
// Which protocol it speaks, and what login it wants, is asked too: that is not
// in it.
func (r *testRegistry) asked() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	count := make(map[string]int)
	for _, q := range r.log {
		if q.kind != "GET ping" {
			count[q.kind]++
		}
	}
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(count)) {
		all = append(all, fmt.Sprintf("%d %s", count[kind], kind))
	}
	return strings.Join(all, ", ")
}

// received is the number of bytes that were sent to the registry.
func (r *testRegistry) received() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range r.log {
		n += q.bytes
	}
	return n
}

// repository is the name of one in the registry.
func (r *testRegistry) repository(path string) name.Repository {
	r.t.Helper()
	repo, err := name.NewRepository(r.host + "/" + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return repo
}

// kindOf says what a request is about.
func kindOf(req *http.Request) string {
	parts := strings.Split(strings.Trim(req.URL.Path, "/"), "/")
	what := parts[0]
	switch {
	case len(parts) == 1 && what == "v2":
		what = "ping"
	case slices.Contains(parts, "uploads"):
		what = "uploads"
	case len(parts) > 2:
		what = parts[len(parts)-2]
	}
	return req.Method + " " + what
}

// repositoryOf is the repository that a request is about.
func repositoryOf(req *http.Request) string {
	path := strings.TrimPrefix(req.URL.Path, "/v2/")
	for _, part := range []string{"/blobs/", "/manifests/", "/tags/"} {
		path, _, _ = strings.Cut(path, part)
	}
	return path
}

type countingReader struct {
	io.ReadCloser
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n += int64(n)
	return n, err
}
