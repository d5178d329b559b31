package image_test

import (
	"bytes"
	"context"
	"debug/elf"
	encoding "encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// pipeline is a small workflow.
const pipeline = `
def sum(a, b):
    return a + b
sum = workflow(sum)

wf = KFPWorkflow(sum(1, 1), workflow_name = "sums")
`

// TestMain hides the logins of this machine from the tests, and removes what is
// built once for all of them.
func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	log.SetOutput(io.Discard) // of HTTP servers and registries
	dir, err := programs()
	if err == nil {
		defer os.RemoveAll(dir)
		err = errors.Join(os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o644), os.Setenv("DOCKER_CONFIG", dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// programs is the folder of the programs that are put into images.
var programs = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "fuse-test-*") })

var programAMD64 = sync.OnceValues(func() (string, error) { return buildProgram("amd64") })
var programARM64 = sync.OnceValues(func() (string, error) { return buildProgram("arm64") })

// program stands for fuse in the images of tests. It is no more than the header
// of a static executable: compressing a whole one takes long, with the race
// detector.
func program(t testing.TB, goarch string) string {
	t.Helper()
	build, ok := map[string]func() (string, error){"amd64": programAMD64, "arm64": programARM64}[goarch]
	if !ok {
		t.Fatalf("no program for %s", goarch)
	}
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func buildProgram(goarch string) (string, error) {
	dir, err := programs()
	if err != nil {
		return "", err
	}
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[goarch]
	header := elf.Header64{Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Entry: 1, Ehsize: 64}
	copy(header.Ident[:], elf.ELFMAG+"\x02\x01\x01") // 64 bits, little endian
	var binary bytes.Buffer
	if err := encoding.Write(&binary, encoding.LittleEndian, header); err != nil {
		return "", err
	}
	path := filepath.Join(dir, goarch)
	return path, os.WriteFile(path, binary.Bytes(), 0o755)
}

// folder writes files, by their slash paths, into a folder of their own.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	return dir
}

// write writes a file, and the folders that it is in.
func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// load loads pipeline.star of a folder.
func load(t testing.TB, dir string, opts ...starlarkfuse.Option) *starlarkfuse.Workflow {
	t.Helper()
	wf, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, "pipeline.star"), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return wf
}

// workflow is the workflow of pipeline.star among the files.
func workflow(t testing.TB, files map[string]string) *starlarkfuse.Workflow {
	t.Helper()
	return load(t, folder(t, files))
}

// sums is the workflow of a folder with pipeline alone.
func sums(t testing.TB) *starlarkfuse.Workflow {
	t.Helper()
	return workflow(t, map[string]string{"pipeline.star": pipeline})
}

// defaults are the options that tests build with, before their own: nothing of
// this machine gets into the image, and nothing is left behind. What layers are
// compressed to is remembered for all tests: to find it out takes most of the
// time of a build.
func defaults(t testing.TB, opts ...image.Option) []image.Option {
	t.Helper()
	binary := program(t, "amd64")
	return append([]image.Option{
		image.WithPlatforms("linux/amd64"),
		image.WithBinaries(binary),
		image.WithCache(filepath.Join(filepath.Dir(binary), "cache")),
	}, opts...)
}

// build builds an image that can be built.
func build(t testing.TB, wf *starlarkfuse.Workflow, opts ...image.Option) *image.Image {
	t.Helper()
	img, err := image.Build(context.Background(), wf, defaults(t, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { img.Close() })
	return img
}

// sharedSums is an image for all tests that only push it.
var sharedSums = sync.OnceValues(func() (*image.Image, error) {
	program, err := programAMD64()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(filepath.Dir(program), "sums", "pipeline.star")
	if err := os.Mkdir(filepath.Dir(file), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, []byte(pipeline), 0o644); err != nil {
		return nil, err
	}
	wf, err := starlarkfuse.Load(context.Background(), file)
	if err != nil {
		return nil, err
	}
	return image.Build(context.Background(), wf,
		image.WithPlatforms("linux/amd64"), image.WithBinaries(program), image.WithCache(""))
})

// shared is an image that tests push and do not close.
func shared(t testing.TB) *image.Image {
	t.Helper()
	img, err := sharedSums()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// mustFail checks an error that the user can mend: its text, with its place,
// and its hint.
func mustFail(t testing.TB, err error, text, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want\n  %s", text)
	}
	if err.Error() != text {
		t.Errorf("the error is\n  %s\nwant\n  %s", err, text)
	}
	if got := hintOf(err); got != hint {
		t.Errorf("the hint is\n  %s\nwant\n  %s", got, hint)
	}
}

func hintOf(err error) string {
	if e := (*starlarkfuse.Error)(nil); errors.As(err, &e) {
		return e.Hint
	}
	return ""
}
