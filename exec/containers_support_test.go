//go:build linux

package exec_test

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// A box is podman with an image of our own, which holds the program of
// testdata/task and the workflow that `everything` is.
type box struct {
	podman, image string
	args          []string // that let containers start where limits are low, and without a network
}

// specImage is the image of the box in specs.
const specImage = "registry.example.com/task:1"

// newBox makes a box, or skips the test where podman does not run containers.
func newBox(t *testing.T) *box {
	t.Helper()
	podman, err := osexec.LookPath("podman")
	if err != nil {
		t.Skip(err)
	}
	b := &box{
		podman: podman,
		image:  "localhost/fuse-test-" + strings.ToLower(rand.Text()) + ":1",
		args:   []string{"--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"},
	}
	program := filepath.Join(t.TempDir(), "task")
	build := osexec.Command("go", "build", "-o", program, "./testdata/task")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	layer := filepath.Join(t.TempDir(), "layer.tar")
	if err := os.WriteFile(layer, layerOf(t, program), 0o644); err != nil {
		t.Fatal(err)
	}
	// What the image says must not matter, but for its variables.
	if out, err := b.try("import", "--change=ENTRYPOINT [\"/nope\"]", "--change=CMD [\"/nope\"]", "--change=USER 1234:1234", "--change=ENV FROM_IMAGE=image", layer, b.image); err != nil {
		t.Skipf("podman makes no image: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := b.try("rmi", "--force", b.image); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	probe := append(append([]string{"run", "--rm", "--entrypoint="}, b.args...), b.image, "/task", "print")
	if out, err := b.try(probe...); err != nil {
		t.Skipf("podman runs no container: %v: %s", err, out)
	}
	return b
}

// layerOf is the file system of the image.
func layerOf(t *testing.T, program string) []byte {
	data, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, f := range []struct {
		header tar.Header
		data   []byte
	}{
		{tar.Header{Name: "task", Mode: 0o755}, data},
		{tar.Header{Name: "usr/local/bin/fuse", Typeflag: tar.TypeLink, Linkname: "task", Mode: 0o755}, nil},
		{tar.Header{Name: "ffrun/pipeline.star", Mode: 0o644}, []byte(everything)},
		{tar.Header{Name: "plain", Mode: 0o644}, []byte("no program")},
	} {
		f.header.Size = int64(len(f.data))
		if err := w.WriteHeader(&f.header); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// try runs podman, also when the test is over.
func (b *box) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := osexec.CommandContext(ctx, b.podman, args...).CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// runner is one for the box's image. Grace is short, for what does not end.
func (b *box) runner(program string) *exec.Containers {
	return &exec.Containers{
		Program: program,
		Args:    b.args,
		Images:  map[string]string{specImage: b.image, "localhost/everything:latest": b.image},
		Grace:   time.Second,
	}
}

// script is a program of that name which is podman, but does something before.
func (b *box) script(t *testing.T, name, before string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	text := fmt.Sprintf("#!/bin/sh\n%s\nexec %s \"$@\"\n", before, b.podman)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// task is one that a Runner runs without an engine.
func (b *box) task(dir string, command ...string) (*exec.Task, *tellWriter) {
	w := new(tellWriter)
	return &exec.Task{Path: "a", Node: "a", Image: specImage, Command: command, RunDir: dir, Output: w}, w
}

// mustBeEmpty fails the test when a container is left.
func (b *box) mustBeEmpty(t *testing.T) {
	t.Helper()
	if out, err := b.try("ps", "--all", "--quiet", "--filter=ancestor="+b.image); out != "" || err != nil {
		t.Errorf("there is container %s, %v", out, err)
	}
}

// A tellWriter keeps what is written, and tells of a text in it.
type tellWriter struct {
	bytes.Buffer
	text string
	tell func() // called when text is there
}

func (w *tellWriter) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if w.tell != nil && strings.Contains(w.String(), w.text) {
		w.tell()
		w.tell = nil
	}
	return n, err
}
