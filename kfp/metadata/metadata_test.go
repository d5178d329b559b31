package metadata_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/metadatatest"
)

func TestBothGenerationsGiveTheSame(t *testing.T) {
	for name, g := range generations {
		for _, pageSize := range []int{0, 3, 1} {
			s := sampleServer(g)
			s.PageSize = pageSize
			got, err := newClient(t, serve(t, s)).Run(t.Context(), runID)
			if err != nil {
				t.Fatalf("%s, %d on a page: %v", name, pageSize, err)
			}
			if diff := cmp.Diff(sample(), got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s, %d on a page: -want +got\n%s", name, pageSize, diff)
			}
		}
	}
}

func TestSeparateArtifacts(t *testing.T) {
	s := sampleServer(metadatatest.API)
	s.Separate, s.PageSize = true, 2
	got, err := newClient(t, serve(t, s)).Run(t.Context(), runID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestProgressHasNoArtifacts(t *testing.T) {
	want := sample()
	for _, task := range want.Tasks {
		task.Artifacts = nil
	}
	for name, g := range generations {
		rec := &recorder{inner: sampleServer(g)}
		got, err := newClient(t, serve(t, rec)).Progress(t.Context(), runID)
		if err != nil {
			t.Fatal(name, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		if paths := strings.Join(rec.paths, " "); strings.Contains(paths, "Artifacts") || strings.Contains(paths, "Events") || strings.Contains(paths, "artifact") {
			t.Errorf("%s asks for %s", name, paths)
		}
	}
}

// What only one of the generations keeps.
func TestWhatOneGenerationKeeps(t *testing.T) {
	for name, g := range generations {
		run := sample()
		boom, again := run.Tasks[1], run.Tasks[2]
		boom.Message, boom.DriverPod, boom.EarlierPods = "exit status 1", "d-3", []string{"p-1", "p-2"}
		again.CachedFrom = "7"
		run.Tasks[0].Artifacts[1].Session = `{"Provider":"minio"}`
		again.Artifacts = run.Tasks[0].Artifacts
		s := &metadatatest.Server{Generation: g}
		s.Put(run)
		got, err := newClient(t, serve(t, s)).Run(t.Context(), runID)
		if err != nil {
			t.Fatal(name, err)
		}
		boom, again = got.Tasks[1], got.Tasks[2]
		session := got.Tasks[0].Artifacts[1].Session
		if g == metadatatest.Store {
			if boom.Attempts != 1 || boom.Pod != "p-3" || boom.Message != "" || again.CachedFrom != "7" || session == "" {
				t.Errorf("%s: %+v, %+v, %q", name, boom, again, session)
			}
			continue
		}
		if boom.Attempts != 3 || boom.Pod != "p-3" || !slices.Equal(boom.EarlierPods, []string{"p-1", "p-2"}) ||
			boom.Message != "exit status 1" || boom.DriverPod != "d-3" || again.CachedFrom != "" || session != "" {
			t.Errorf("%s: %+v, %+v, %q", name, boom, again, session)
		}
	}
}

// A recorder notes the paths that are asked for.
type recorder struct {
	inner http.Handler
	mu    sync.Mutex
	paths []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.paths = append(r.paths, req.URL.Path)
	inner := r.inner
	r.mu.Unlock()
	inner.ServeHTTP(w, req)
}

// become replaces the server.
func (r *recorder) become(inner http.Handler) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inner, r.paths = inner, nil
}

func TestTheChoiceIsRemembered(t *testing.T) {
	rec := &recorder{inner: sampleServer(metadatatest.Store)}
	c := newClient(t, serve(t, rec))
	asked := func() (api int) {
		t.Helper()
		if _, err := c.Run(t.Context(), runID); err != nil {
			t.Fatal(err)
		}
		for _, path := range rec.paths {
			if strings.HasPrefix(path, "/apis/") {
				api++
			}
		}
		return api
	}
	if n := asked(); n != 1 {
		t.Errorf("the API is asked %d times at first", n)
	}
	rec.become(rec.inner)
	if n := asked(); n != 0 {
		t.Errorf("the API is asked %d times later", n)
	}
	// The server is upgraded.
	rec.become(sampleServer(metadatatest.API))
	if n := asked(); n != 1 || len(rec.paths) != 2 {
		t.Errorf("the upgraded server is asked for %q", rec.paths)
	}
	rec.become(rec.inner)
	if asked(); len(rec.paths) != 1 {
		t.Errorf("the upgraded server is asked for %q later", rec.paths)
	}
}

func TestUnknownRun(t *testing.T) {
	for name, g := range generations {
		c := newClient(t, serve(t, sampleServer(g)))
		for _, id := range []string{"no-such-run", "", "..", "a/b?c"} {
			if run, err := c.Run(t.Context(), id); !errors.Is(err, metadata.ErrUnknownRun) {
				t.Errorf("%s: run %q is %v, %v", name, id, run, err)
			}
		}
		// It is not forgotten who answered.
		if _, err := c.Run(t.Context(), runID); err != nil {
			t.Error(name, err)
		}
	}
}

// A run that was just made is known to the API, and has no tasks; the store
// gets to know it with its root.
func TestRunThatHasNotBegun(t *testing.T) {
	for name, g := range generations {
		s := &metadatatest.Server{Generation: g}
		s.Put(&metadata.Run{ID: runID})
		c := newClient(t, serve(t, s))
		run, err := c.Run(t.Context(), runID)
		if g == metadatatest.Store {
			if !errors.Is(err, metadata.ErrUnknownRun) {
				t.Errorf("%s: %v, %v", name, run, err)
			}
		} else if err != nil || run.Root != nil || len(run.Tasks) != 0 {
			t.Errorf("%s: %v, %v", name, run, err)
		}
		s.Put(&metadata.Run{ID: runID, Root: sample().Root})
		if run, err := c.Run(t.Context(), runID); err != nil || run.Root == nil || len(run.Tasks) != 0 {
			t.Errorf("%s: %v, %v", name, run, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	c := newClient(t, serve(t, sampleServer(metadatatest.Store)))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.Run(t.Context(), runID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
