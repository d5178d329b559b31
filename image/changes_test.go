package image_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	hintChanged  = "build again when nothing writes to it, or list it in .fuseignore"
	hintGone     = "build again when nothing changes the folder, or list the file in .fuseignore"
	hintReadable = "make it readable, or list it in .fuseignore"
)

// An openFile is a file of which a test says what it holds, and what it looks
// like each time that somebody asks.
type openFile struct {
	io.Reader
	name string
	size func() int64
	mod  func() time.Time
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f, nil }
func (f *openFile) Close() error               { return nil }
func (f *openFile) Name() string               { return f.name }
func (f *openFile) Size() int64                { return f.size() }
func (f *openFile) Mode() fs.FileMode          { return 0o644 }
func (f *openFile) IsDir() bool                { return false }
func (f *openFile) Sys() any                   { return nil }
func (f *openFile) ModTime() time.Time {
	if f.mod == nil {
		return time.Time{}
	}
	return f.mod()
}

func plainFile(text string) *openFile {
	return &openFile{Reader: strings.NewReader(text), name: "data.csv", size: func() int64 { return 5 }}
}

// A failing reader returns the text, then an error.
func failing(text string, err error) io.Reader {
	return io.MultiReader(strings.NewReader(text), readerFunc(func([]byte) (int, error) { return 0, err }))
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// data is a folder with a data.csv of 5 bytes, in memory, and the workflow.
func data(t *testing.T) (fs.FS, *starlarkfuse.Workflow) {
	t.Helper()
	fsys := fstest.MapFS{"pipeline.star": {Data: []byte(pipeline)}, "data.csv": {Data: []byte("1,2,3")}}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(fsys))
	if err != nil {
		t.Fatal(err)
	}
	return fsys, wf
}

func TestFilesThatChange(t *testing.T) {
	growing, touched := int64(4), time.Time{}
	for _, test := range []struct {
		name       string
		open       func(nth int) (fs.File, error) // the nth time that data.csv is opened; nil, nil: as it is
		text, hint string
	}{
		{
			"other size before it is read",
			func(int) (fs.File, error) {
				return &openFile{Reader: strings.NewReader("1,2,3,4"), size: func() int64 { return 7 }}, nil
			}, "data.csv: the file changed while the image was being built", hintChanged,
		}, {
			"longer than it says",
			func(int) (fs.File, error) { return plainFile("1,2,3,4"), nil },
			"data.csv: the file changed while the image was being built", hintChanged,
		}, {
			"shorter than it says",
			func(int) (fs.File, error) { return plainFile("1,2"), nil },
			"data.csv: the file changed while the image was being built", hintChanged,
		}, {
			"other size after it was read",
			func(int) (fs.File, error) {
				return &openFile{Reader: strings.NewReader("1,2,3"), size: func() int64 { growing++; return growing }}, nil
			}, "data.csv: the file changed while the image was being built", hintChanged,
		}, {
			"other time after it was read",
			func(int) (fs.File, error) {
				f := plainFile("1,2,3")
				f.mod = func() time.Time { now := touched; touched = time.Unix(1, 0); return now }
				return f, nil
			}, "data.csv: the file changed while the image was being built", hintChanged,
		}, {
			"other bytes of the same size and time",
			func(nth int) (fs.File, error) { return plainFile([]string{"1,2,3", "1,2,4"}[nth]), nil },
			"the files of the source layer changed while the image was being built", "build again when nothing writes to them",
		}, {
			"gone before it is read",
			func(int) (fs.File, error) {
				return nil, &fs.PathError{Op: "open", Path: "data.csv", Err: syscall.ENOENT}
			}, "data.csv: it disappeared while the image was being built", hintGone,
		}, {
			"gone the second time",
			func(nth int) (fs.File, error) {
				if nth == 0 {
					return nil, nil
				}
				return nil, &fs.PathError{Op: "open", Path: "data.csv", Err: syscall.ENOENT}
			}, "data.csv: it disappeared while the image was being built", hintGone,
		}, {
			"not readable",
			func(int) (fs.File, error) {
				return nil, &fs.PathError{Op: "open", Path: "data.csv", Err: syscall.EACCES}
			}, "read data.csv: permission denied", hintReadable,
		}, {
			"broken in the middle",
			func(int) (fs.File, error) {
				f := plainFile("")
				f.Reader = failing("1,2", &fs.PathError{Op: "read", Path: "data.csv", Err: syscall.EIO})
				return f, nil
			}, "read data.csv: input/output error", "",
		}, {
			"broken, and the error names nothing",
			func(int) (fs.File, error) {
				f := plainFile("")
				f.Reader = failing("1,2,3", errors.New("the line is dead"))
				return f, nil
			}, "read data.csv: the line is dead", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			check := emptyTemporary(t)
			fsys, wf := data(t)
			nth := -1
			fake := &fakeFS{FS: fsys, open: func(name string) (fs.File, error) {
				if name != "data.csv" {
					return nil, nil
				}
				nth++
				return test.open(nth)
			}}
			_, err := image.Build(context.Background(), wf, defaults(t, image.WithFolder(fake))...)
			mustFail(t, err, test.text, test.hint)
			check()
		})
	}
}

// What changed while it was read is found out at once, not when it is read again.
func TestSourceOfFileThatChanges(t *testing.T) {
	fsys, wf := data(t)
	touched := time.Time{}
	fake := &fakeFS{FS: fsys, open: func(name string) (fs.File, error) {
		if name != "data.csv" {
			return nil, nil
		}
		f := plainFile("1,2,3")
		f.mod = func() time.Time { now := touched; touched = time.Unix(1, 0); return now }
		return f, nil
	}}
	_, err := image.Source(context.Background(), wf, image.WithFolder(fake))
	mustFail(t, err, "data.csv: the file changed while the image was being built", hintChanged)
}

// What was compressed by an earlier build is read again when it is written.
func TestFilesThatChangeAfterTheBuild(t *testing.T) {
	cache := image.WithCache(t.TempDir())
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "data.csv": "1,2,3"})
	wf := load(t, dir)
	build(t, wf, cache)
	img := build(t, wf, cache)
	path := filepath.Join(dir, "data.csv")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, "1,2,4")
	if err := os.Chtimes(path, time.Time{}, info.ModTime()); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "layout")
	err = img.WriteLayout(context.Background(), out, "sums")
	mustFail(t, err, "write OCI layout "+out+": the files of the source layer changed while the image was being built", "build again when nothing writes to them")
	if text, err := os.ReadFile(filepath.Join(out, "index.json")); err != nil || strings.Contains(string(text), "sums") {
		t.Errorf("the layout speaks of the image: %s, %v", text, err)
	}
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	fsys, wf := data(t)
	fsys.(fstest.MapFS)["lib/x"] = &fstest.MapFile{}
	fake := &fakeFS{FS: fsys, readDir: func(name string) error {
		if name == "lib" {
			return syscall.EACCES
		}
		return nil
	}}
	_, err := image.Build(context.Background(), wf, defaults(t, image.WithFolder(fake))...)
	mustFail(t, err, "read lib: permission denied", hintReadable)

	_, err = image.Build(context.Background(), wf, defaults(t)...)
	mustFail(t, err, "the workflow was loaded from a file system: give that with WithFolder", "")

	dir := folder(t, map[string]string{"pipeline.star": pipeline})
	wf = load(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	_, err = image.Build(context.Background(), wf, defaults(t)...)
	mustFail(t, err, "open the workflow's folder "+dir+": no such file or directory", "")
}

func TestMaxSize(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star": pipeline,
		"data/a":        strings.Repeat("a", 300),
		"data/deep/b":   strings.Repeat("b", 200),
		"models/c":      strings.Repeat("c", 400),
		"d":             strings.Repeat("d", 400),
		"e":             strings.Repeat("e", 10),
		"empty":         "",
	})
	wf := load(t, dir)
	total := int64(500 + 400 + 400 + 10 + len(pipeline))
	_, err := image.Build(context.Background(), wf, defaults(t, image.WithMaxSize(total-1))...)
	mustFail(t, err, fmt.Sprintf("the folder %s holds %d bytes, more than the limit of %d; the largest in it: data/ (500), d (400), models/ (400)", dir, total, total-1),
		"list what no node reads in .fuseignore, or raise the limit with --max-size")
	build(t, wf, image.WithMaxSize(total))

	write(t, filepath.Join(dir, image.IgnoreFile), "data")
	build(t, wf, image.WithMaxSize(total-500))

	fsys, wf := data(t)
	_, err = image.Build(context.Background(), wf, defaults(t, image.WithFolder(fsys), image.WithMaxSize(3))...)
	mustFail(t, err, fmt.Sprintf("the folder of the workflow holds %d bytes, more than the limit of 3; the largest in it: pipeline.star (%d), data.csv (5)", len(pipeline)+5, len(pipeline)),
		"list what no node reads in .fuseignore, or raise the limit with --max-size")
	_, err = image.Build(context.Background(), wf, image.WithMaxSize(0))
	mustFail(t, err, "a limit of 0 bytes leaves no room for a folder", "")
}
