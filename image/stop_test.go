package image_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/image"
)

// What goes wrong where an archive is written to is not the file's fault.
func TestNoTemporaryFolder(t *testing.T) {
	program := image.WithBinaries(program(t, "amd64"))
	cache := image.WithCache(t.TempDir())
	wf := workflow(t, map[string]string{"pipeline.star": pipeline, "data.bin": random(9 * mebibyte)})
	t.Setenv("TMPDIR", "/not/there")
	_, err := image.Build(context.Background(), wf, program, cache, image.WithPlatforms("linux/amd64"))
	if err == nil || !strings.HasPrefix(err.Error(), "make a temporary file for a layer: open /not/there/fuse-layer-") || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error: %v", err)
	}
}

// A build stops wherever it is when its context ends.
func TestCancel(t *testing.T) {
	stopped := errors.New("the user had enough")
	for _, test := range []struct {
		name string
		at   func(cancel func()) *fakeFS
		want string
	}{
		{"while it lists the folder", func(cancel func()) *fakeFS {
			return &fakeFS{readDir: func(string) error { cancel(); return nil }}
		}, "context canceled"},
		{"while it reads a file", func(cancel func()) *fakeFS {
			return &fakeFS{open: func(name string) (fs.File, error) {
				if name != "data.csv" {
					return nil, nil
				}
				f := plainFile("")
				f.Reader = readerFunc(func(p []byte) (int, error) { cancel(); return copy(p, "1"), nil })
				return f, nil
			}}
		}, "stopped: the user had enough"},
	} {
		t.Run(test.name, func(t *testing.T) {
			check := emptyTemporary(t)
			ctx, cancel := context.WithCancelCause(context.Background())
			fsys, wf := data(t)
			fake := test.at(func() { cancel(stopped) })
			fake.FS = fsys
			_, err := image.Build(ctx, wf, defaults(t, image.WithFolder(fake))...)
			if err == nil || err.Error() != test.want {
				t.Errorf("error: %v", err)
			}
			check()
		})
	}

	// The context of the build is that of its layers, too.
	ctx, cancel := context.WithCancel(context.Background())
	cache := image.WithCache(t.TempDir())
	build(t, sums(t), cache)
	img, err := image.Build(ctx, sums(t), defaults(t, cache)...)
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	cancel()
	if err := img.WriteLayout(context.Background(), filepath.Join(t.TempDir(), "x"), "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
}

// The temporary files of an image go with it.
func TestClose(t *testing.T) {
	files := map[string]string{"pipeline.star": pipeline, "data.bin": random(9 * mebibyte)}
	wf := workflow(t, files)
	opts := defaults(t, image.WithCache(t.TempDir()))
	check := emptyTemporary(t)
	img, err := image.Build(context.Background(), wf, opts...)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(os.TempDir())
	if err != nil || len(entries) != 1 || !strings.HasPrefix(entries[0].Name(), "fuse-layer-") {
		t.Errorf("temporary files: %v, %v", entries, err)
	}
	for range 2 {
		if err := img.Close(); err != nil {
			t.Error(err)
		}
	}
	check()
	out := filepath.Join(t.TempDir(), "layout")
	err = img.WriteLayout(context.Background(), out, "x")
	if want := "write OCI layout " + out + ": the image was closed"; err == nil || err.Error() != want {
		t.Errorf("error: %v, want %s", err, want)
	}
	if !slices.Contains(img.Files(), "data.bin") {
		t.Error("a closed image does not know its files")
	}
}

// A build that fails takes its temporary files with it, too.
func TestFailureLeavesNothing(t *testing.T) {
	check := emptyTemporary(t)
	wf := workflow(t, map[string]string{"pipeline.star": pipeline, "data.bin": random(9 * mebibyte), "data.csv": "1,2,3"})
	opened := 0
	spooled := false
	fake := &fakeFS{FS: os.DirFS(wf.File().Root()), open: func(name string) (fs.File, error) {
		if name != "data.csv" {
			return nil, nil
		}
		if opened++; opened == 1 {
			return nil, nil
		}
		names, err := filepath.Glob(filepath.Join(os.TempDir(), "fuse-layer-*"))
		spooled = err == nil && len(names) > 0
		return nil, fs.ErrPermission
	}}
	_, err := image.Build(context.Background(), wf, defaults(t, image.WithFolder(fake), image.WithCache(""))...)
	mustFail(t, err, "read "+wf.File().Root()+"/data.csv: permission denied", hintReadable)
	if !spooled {
		t.Error("there was no temporary file")
	}
	check()
}
