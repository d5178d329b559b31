package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile writes a file so that there is either all of it or what was there
// before: the bytes go into a file beside it, which then takes its place.
func writeFile(path string, data []byte) (err error) {
	target := path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		target = real // a link stays one
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", showName(path), plainCause(err))
		}
	}()
	mode := fs.FileMode(0o666) // less what the umask takes
	old, statErr := os.Stat(target)
	if statErr == nil && !old.Mode().IsRegular() {
		if old.IsDir() {
			return errors.New("is a folder")
		}
		return writeDevice(target, data)
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
	if _, err = tmp.Write(data); err != nil {
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
func writeDevice(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// plainCause takes an operation and a path off an error whose text names them
// already.
func plainCause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}
