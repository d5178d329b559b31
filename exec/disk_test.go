package exec

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// twoNodes is a workflow whose second node leaves a file.
func twoNodes(t *testing.T) *compiler.Spec {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.star")
	err := os.WriteFile(path, []byte(`
def f():
    return list(range(5000))
def g(x):
    return x
KFPWorkflow(workflow(g)(workflow(f)().set_name("f")).set_name("g"), workflow_name = "w")
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// wantDiskError checks that an error names a path and says what to do.
func wantDiskError(t *testing.T, err error, path, hint string) {
	t.Helper()
	var e *starlarkfuse.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(e.Msg, path) || !strings.Contains(e.Hint, hint) || !strings.Contains(e.Hint, "another storage folder") {
		t.Errorf("got %q, hint %q; want %q and %q", e.Msg, e.Hint, path, hint)
	}
}

func TestStorageUnderFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	res, err := Run(context.Background(), twoNodes(t), WithStorage(filepath.Join(file, "fuse")))
	if res != nil {
		t.Fatal("it ran")
	}
	wantDiskError(t, err, filepath.Join(file, "fuse", "runs"), "a file is where a folder should be")
}

func TestStorageReadOnly(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		f.Close()
		t.Skip("this user may write to every folder")
	}
	res, err := Run(context.Background(), twoNodes(t), WithStorage(filepath.Join(dir, "fuse")))
	if res != nil {
		t.Fatal("it ran")
	}
	wantDiskError(t, err, dir, "cannot be written to")
}

// A journal on a full disk: from the start, and later.
func TestJournalOnFullDisk(t *testing.T) {
	for _, room := range []int{0, 1} {
		var path string
		res, err := Run(context.Background(), twoNodes(t), WithStorage(t.TempDir()), func(o *options) error {
			o.create = func(p string) (io.WriteCloser, error) {
				path = p
				return &fullAfter{lines: room}, nil
			}
			return nil
		})
		wantDiskError(t, err, path, "the disk is full")
		switch {
		case room == 0 && res != nil:
			t.Error("it ran")
		case room > 0 && (res == nil || res.State != Failed):
			t.Error("the run did not fail")
		}
	}
}

// fullAfter takes some writes and is full then.
type fullAfter struct{ lines int }

func (f *fullAfter) Write(p []byte) (int, error) {
	if f.lines--; f.lines < 0 {
		return 0, &os.PathError{Op: "write", Path: "journal", Err: syscall.ENOSPC}
	}
	return len(p), nil
}

func (f *fullAfter) Close() error { return nil }

// A node whose file cannot be written has failed; what is left of the file is
// removed.
func TestArtifactOnFullDisk(t *testing.T) {
	storage := t.TempDir()
	res, err := Run(context.Background(), twoNodes(t), WithStorage(storage), WithRunID("r"), WithObserver(func(e Event) {
		if e.Kind == RunStarted { // something is in the file's place
			if err := os.Mkdir(filepath.Join(storage, "runs", "r", "f.result"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	if res.State != Failed || res.Tasks[1].State != NotRun {
		t.Errorf("the run is %s, its second task %s", res.State, res.Tasks[1].State)
	}
	wantDiskError(t, res.Tasks[0].Err, filepath.Join(storage, "runs", "r", "f.result"), "another storage folder")
}

func TestWriteFileFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("this system has no /dev/full")
	}
	// /dev/full itself must survive: writeFile removes what it could not write.
	link := filepath.Join(t.TempDir(), "full")
	if err := os.Symlink("/dev/full", link); err != nil {
		t.Fatal(err)
	}
	wantDiskError(t, writeFile(link, []byte("x")), link, "the disk is full")
	if _, err := os.Lstat(link); !errors.Is(err, os.ErrNotExist) {
		t.Error("something is left")
	}
}

func TestReplaceFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "f")
	for _, text := range []string{"one", "two"} {
		if err := replaceFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, _ := os.ReadFile(path); string(b) != text {
			t.Errorf("got %q", b)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "d", "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(filepath.Join(dir, "d"), nil); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("a temporary file is left: %v", entries)
	}
}

func TestRunFolders(t *testing.T) {
	storage := t.TempDir()
	spec := twoNodes(t)
	seen := map[string]bool{}
	for range 20 {
		res, err := Run(context.Background(), spec, WithStorage(storage))
		if err != nil {
			t.Fatal(err)
		}
		if seen[res.Dir] || filepath.Base(res.Dir) != res.RunID || len(res.RunID) != len("20261122-134501-x7f3") {
			t.Errorf("run %s in %s", res.RunID, res.Dir)
		}
		seen[res.Dir] = true
	}
	if _, err := Run(context.Background(), spec, WithStorage(storage), WithRunID("mine")); err != nil {
		t.Fatal(err)
	}
	res, err := Run(context.Background(), spec, WithStorage(storage), WithRunID("mine"))
	if res != nil || err == nil || !strings.Contains(err.Error(), `there is a run "mine" already`) {
		t.Errorf("got %v, %v", res, err)
	}
	for _, id := range []string{"", "..", "a/b", ".x"} {
		if _, err := Run(context.Background(), spec, WithStorage(storage), WithRunID(id)); err == nil {
			t.Errorf("id %q was taken", id)
		}
	}
}

// Behind half a line, nothing is written: the record ends with what is whole.
func TestJournalAfterPartialWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, journalFile)
	res, err := Run(context.Background(), twoNodes(t), WithStorage(t.TempDir()), WithParallelism(1), func(o *options) error {
		o.create = func(string) (io.WriteCloser, error) {
			f, err := os.Create(path)
			return &fullOnce{File: f}, err
		}
		return nil
	})
	wantDiskError(t, err, journalFile, "the disk is full")
	if res == nil || res.State != Failed {
		t.Errorf("the result is %+v", res)
	}
	rec, err := OpenRun(dir)
	if err != nil {
		t.Fatal(err)
	}
	if rec.State != Running || len(rec.Tasks) != 0 {
		t.Errorf("the record is %+v", rec)
	}
}

// fullOnce writes half a line of what it is given the second time, and all of
// it at other times.
type fullOnce struct {
	*os.File
	writes int
}

func (f *fullOnce) Write(p []byte) (int, error) {
	if f.writes++; f.writes == 2 {
		n, _ := f.File.Write(p[:bytes.IndexByte(p, '\n')/2])
		return n, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// A run that cannot start leaves no folder.
func TestNoFolderWithoutRecord(t *testing.T) {
	storage := t.TempDir()
	_, err := Run(context.Background(), twoNodes(t), WithStorage(storage), func(o *options) error {
		o.create = func(string) (io.WriteCloser, error) { return &fullAfter{}, nil }
		return nil
	})
	wantDiskError(t, err, storage, "the disk is full")
	if left, _ := os.ReadDir(filepath.Join(storage, runsFolder)); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
}
