package image

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// maxLinks is how many links are followed for one; Linux follows 40.
const maxLinks = 255

// link returns where a symbolic link leads, and refuses one that leads out of
// the folder: there is nothing there in the container.
func (f *folder) link(name string) (string, error) {
	target, err := fs.ReadLink(f.fsys, name)
	if err != nil {
		return "", f.unreadable(name, err)
	}
	outside := &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%s: the link leads out of the folder, to %s", f.display(name), target),
		Hint: "the image holds the folder only: copy the file into it, or list the link in " + IgnoreFile,
	}
	slashed := filepath.ToSlash(target)
	if path.IsAbs(slashed) || filepath.IsAbs(target) {
		outside.Hint = "make the link relative if it leads to something in the folder; else copy the file, or list the link in " + IgnoreFile
		return "", outside
	}
	inside, err := f.staysInside(path.Dir(name), slashed)
	if err != nil {
		return "", f.unreadable(name, err)
	}
	if !inside {
		return "", outside
	}
	return slashed, nil
}

// staysInside tells whether the target of a link, in the folder at, leads to a
// place in the workflow's folder, whatever other links it goes by. What is not
// there is taken for a folder; a circle of links leads nowhere else.
func (f *folder) staysInside(at, target string) (bool, error) {
	left := strings.Split(target, "/")
	for links := 0; len(left) > 0; {
		segment := left[0]
		left = left[1:]
		switch segment {
		case "", ".":
			continue
		case "..":
			if at == "." {
				return false, nil
			}
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, segment)
		info, err := fs.Lstat(f.fsys, next)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return false, err
		case err != nil, info.Mode()&fs.ModeSymlink == 0:
			at = next
			continue
		}
		if links++; links > maxLinks {
			return true, nil
		}
		further, err := fs.ReadLink(f.fsys, next)
		if err != nil {
			return false, err
		}
		if further = filepath.ToSlash(further); path.IsAbs(further) || filepath.IsAbs(further) {
			return false, nil
		}
		left = append(strings.Split(further, "/"), left...)
	}
	return true, nil
}
