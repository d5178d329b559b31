//go:build linux

package image_test

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const benchFlow = `def add(a, b):
    return a + b
add = workflow(add)
wf = KFPWorkflow(add(add(1, 1), 1), workflow_name = "sums")
`

// A bench is a workflow's folder, and a registry on this machine.
type bench struct {
	dir  string
	fuse string // the binary
	repo string
	opts []image.Option
}

func newBench(b *testing.B) *bench {
	b.Helper()
	dir := b.TempDir()
	writeBench(b, filepath.Join(dir, "sums.star"), benchFlow)
	server := httptest.NewServer(registry.New(
		registry.Logger(log.New(io.Discard, "", 0)), registry.WithBlobHandler(registry.NewDiskBlobHandler(b.TempDir()))))
	b.Cleanup(server.Close)
	fuse := benchFuse(b)
	return &bench{
		dir:  dir,
		fuse: fuse,
		repo: strings.TrimPrefix(server.URL, "http://") + "/team/sums",
		opts: []image.Option{image.WithCache(b.TempDir()), image.WithBinaries(fuse)},
	}
}

// benchFuse is the real binary, since its size counts.
func benchFuse(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "fuse")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, "../cmd/fuse")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return path
}

func writeBench(b *testing.B, path, text string) {
	b.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		b.Fatal(err)
	}
}

// push loads, builds and pushes, as fuse build does, and returns what was sent.
func (x *bench) push(b *testing.B) *image.Pushed {
	b.Helper()
	wf, err := starlarkfuse.Load(b.Context(), filepath.Join(x.dir, "sums.star"))
	if err != nil {
		b.Fatal(err)
	}
	img, err := image.Build(b.Context(), wf, x.opts...)
	if err != nil {
		b.Fatal(err)
	}
	defer img.Close()
	pushed, err := img.Push(b.Context(), x.repo)
	if err != nil {
		b.Fatal(err)
	}
	return pushed
}

func BenchmarkPushUnchanged(b *testing.B) {
	x := newBench(b)
	x.push(b)
	for b.Loop() {
		if pushed := x.push(b); !pushed.Unchanged || pushed.Uploaded != 0 {
			b.Fatalf("%d bytes were sent", pushed.Uploaded)
		}
	}
}

func BenchmarkPushOneLine(b *testing.B) {
	x := newBench(b)
	x.push(b)
	var sent int64
	for i := 0; b.Loop(); i++ {
		writeBench(b, filepath.Join(x.dir, "sums.star"), benchFlow+fmt.Sprintf("# %d\n", i))
		pushed := x.push(b)
		if sent = pushed.Uploaded; sent == 0 || sent > 8<<10 {
			b.Fatalf("%d bytes were sent", sent)
		}
	}
	b.ReportMetric(float64(sent), "B-sent/op")
}

// The folder holds a table of 500 MB, which nobody compressed before. It is
// pushed by a process of its own, whose memory is told.
func BenchmarkPushData(b *testing.B) {
	x := newBench(b)
	server := httptest.NewServer(http.HandlerFunc(swallow))
	b.Cleanup(server.Close)
	x.repo = strings.TrimPrefix(server.URL, "http://") + "/team/sums"
	const size = 500_000_000
	writeTable(b, filepath.Join(x.dir, "data.csv"), size)
	b.SetBytes(size)
	peak := int64(0)
	for b.Loop() {
		// With a cache that knows nothing.
		cmd := exec.Command(x.fuse, "build", "sums.star", "--image", x.repo)
		cmd.Dir = x.dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+b.TempDir())
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) // in KiB, on Linux
	}
	b.ReportMetric(float64(peak)*1024/1e6, "MB-peak")
}

// swallow is a registry that has nothing, takes everything, and keeps nothing:
// it uses no memory that would count as that of a process which this one
// starts, and little time.
func swallow(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	switch r.Method {
	case http.MethodHead:
		w.WriteHeader(http.StatusNotFound)
	case http.MethodPost, http.MethodPatch:
		w.Header().Set("Location", r.URL.Path+"/upload")
		w.WriteHeader(http.StatusAccepted)
	case http.MethodPut:
		w.WriteHeader(http.StatusCreated)
	}
}

// writeTable writes numbers and words, as tables of data hold them.
func writeTable(b *testing.B, path string, size int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"setosa", "versicolor", "virginica"}
	for i, n := 0, 0; n < size; i++ {
		m, err := fmt.Fprintf(w, "%d,%.6f,%s\n", i, r.Float64()*1000, words[r.IntN(len(words))])
		if n += m; err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}
