//go:build unix

package exec_test

import (
	"path/filepath"
	"syscall"
	"testing"
)

// makeFIFO makes a pipe at which processes can wait for each other.
func makeFIFO(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
