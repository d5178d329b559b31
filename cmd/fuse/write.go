package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// writeFile writes a file as writeFileBy does.
func writeFile(path string, data []byte) error {
	return writeFileBy(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// writeFileBy writes a file so that there is either all of it or what was there
// before: the bytes go into a file beside it, which then takes its place.
func writeFileBy(path string, write func(io.Writer) error) (err error) {
	target := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		target = real // a link stays one
	}
	defer func() {
		if user := (*starlarkfuse.Error)(nil); err != nil && !errors.As(err, &user) { // of what is written
			err = fmt.Errorf("write %s: %w", showName(path), files.Cause(err))
		}
	}()
	mode := fs.FileMode(0o666) // less what the umask takes
	old, statErr := os.Stat(target)
	if statErr == nil && !old.Mode().IsRegular() {
		if old.IsDir() {
			return errors.New("is a folder")
		}
		return writeDevice(target, write)
	}
	tmp, err := createBeside(target, mode)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(tmp.Name())
		}
	}()
	if statErr == nil {
		// A new owner may not be allowed to; the umask's mode is good too.
		_ = tmp.Chmod(old.Mode().Perm())
	}
	if err = write(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err = tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), target)
}

// createBeside makes a new file in the folder of path. os.CreateTemp would make
// one that nobody else may read.
func createBeside(path string, mode fs.FileMode) (*os.File, error) {
	dir, base := filepath.Split(path)
	for i := 0; ; i++ {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%d.%d.tmp", base, os.Getpid(), i))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) || i >= 100 {
			return f, err
		}
	}
}

// writeDevice writes to what is no file, such as a pipe.
func writeDevice(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
