package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// diskError explains why something under a run's folder, or a node's output,
// could not be written: what was being done, the path, and what to do.
func diskError(doing, path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err // the path is named once, by us
	}
	hint := "choose another storage folder"
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "the disk is full: free some space, or choose another storage folder"
	case errors.Is(err, syscall.EFBIG):
		hint = "the file would be larger than this process may write: raise the limit, or choose another storage folder"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		hint = "the folder cannot be written to: change that, or choose another storage folder"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, fs.ErrExist):
		hint = "a file is where a folder should be: move it, or choose another storage folder"
	}
	return &starlarkfuse.Error{Msg: fmt.Sprintf("%s %s: %v", doing, path, err), Hint: hint, Err: err}
}

// writeFile writes a new file, and the folder it is in when that is missing.
// Nothing is left of a file that could not be written whole.
func writeFile(path string, data []byte) error {
	err := os.WriteFile(path, data, 0o644)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			err = os.WriteFile(path, data, 0o644)
		}
	}
	if err != nil {
		os.Remove(path)
		return diskError("write", path, err)
	}
	return nil
}

// readFile reads a file that somebody else wrote, of at most that many bytes.
// Whatever stands at path, it neither waits for ever, as for a FIFO, nor reads
// without end. Its error is an fs.PathError.
func readFile(path string, most int64, hint string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		err = fmt.Errorf("it is a %s, not a file", fileKind(info.Mode()))
	case info.Size() > most:
		err = &starlarkfuse.Error{Msg: fmt.Sprintf("it is too large: %d bytes, the limit is %d", info.Size(), most), Hint: hint}
	default:
		return os.ReadFile(path)
	}
	return nil, &fs.PathError{Op: "read", Path: path, Err: err}
}

// readValue is readFile for the bytes of a value.
func readValue(path string) ([]byte, error) {
	return readFile(path, value.MaxSize, "a value that Fuse wrote is never so large")
}

// replaceFile writes a file that appears whole or not at all, where the folder
// lets us: by a temporary file beside it.
func replaceFile(path string, data []byte) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			tmp, err = os.CreateTemp(filepath.Dir(path), ".tmp-*")
		}
	}
	if errors.Is(err, fs.ErrPermission) {
		// Somebody may have made the file for us in a folder that is not ours.
		return writeFile(path, data)
	}
	if err != nil {
		return diskError("write", path, err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
			err = diskError("write", path, err)
		}
	}()
	_, err = tmp.Write(data)
	if err == nil {
		err = tmp.Chmod(0o644) // whoever reads it in another container
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}
