package files_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/starlarkfuse/fuse/internal/files"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "c.json")
	for _, text := range []string{"one", "two, and longer"} {
		if err := files.Replace(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); string(got) != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	// A folder is where the file should be: it stays, and nothing is left beside it.
	if err := files.Replace(filepath.Dir(path), []byte("x")); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "a")); len(entries) != 1 {
		t.Errorf("%v, %v; want the folder alone", entries, err)
	}
}

func TestCause(t *testing.T) {
	other := errors.New("other")
	for _, test := range []struct{ err, want error }{
		{fmt.Errorf("doing: %w", &fs.PathError{Op: "open", Path: "x", Err: syscall.ENOENT}), syscall.ENOENT},
		{&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.EXDEV}, syscall.EXDEV},
		{other, other},
	} {
		if got := files.Cause(test.err); got != test.want {
			t.Errorf("the cause of %v is %v, want %v", test.err, got, test.want)
		}
	}
}
