package exec

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// digestPath returns the size and the SHA-256 of what is at path: of a file's
// content; for a folder, of the names, kinds and contents of all in it. exists
// is false when nothing is there. Devices, FIFOs and the like have no content.
func digestPath(path string) (size int64, sum [sha256.Size]byte, exists bool, err error) {
	info, err := os.Stat(path)
	if os.IsNotExist(err) {
		return 0, sum, false, nil
	}
	if err != nil {
		return 0, sum, false, err
	}
	h := sha256.New()
	switch {
	case info.IsDir():
		size, err = digestFolder(h, path)
	case info.Mode().IsRegular():
		size, err = digestFile(h, path)
	default:
		err = &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("it is a %s, neither a file nor a folder", fileKind(info.Mode()))}
	}
	h.Sum(sum[:0])
	return size, sum, true, err
}

func digestFile(h hash.Hash, path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.Copy(h, f)
}

func digestFolder(h hash.Hash, dir string) (total int64, err error) {
	// WalkDir goes in lexical order, so the digest depends on nothing else.
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %v\n", filepath.ToSlash(rel), e.Type())
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(path)
			fmt.Fprintf(h, "%q\n", target)
			return err
		case e.Type().IsRegular():
			n, err := digestFile(h, path)
			fmt.Fprintf(h, "\n%d\n", n)
			total += n
			return err
		}
		return nil
	})
	return total, err
}

// fileKind names what a file that is not regular is.
func fileKind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "folder"
	case m&fs.ModeNamedPipe != 0:
		return "FIFO"
	case m&fs.ModeSocket != 0:
		return "socket"
	}
	return "device"
}
