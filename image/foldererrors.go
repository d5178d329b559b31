package image

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// unreadable says why something in the folder cannot be read.
func (f *folder) unreadable(name string, err error) error {
	e := &starlarkfuse.Error{Msg: fmt.Sprintf("read %s: %v", f.display(name), files.Cause(err)), Err: err}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "make it readable, or list it in " + IgnoreFile
	case errors.Is(err, fs.ErrNotExist):
		e.Msg = fmt.Sprintf("%s: it disappeared while the image was being built", f.display(name))
		e.Hint = "build again when nothing changes the folder, or list the file in " + IgnoreFile
	}
	return e
}

// changed is the error of a file that is not what it was.
func (f *folder) changed(name string) error {
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%s: the file changed while the image was being built", f.display(name)),
		Hint: "build again when nothing writes to it, or list it in " + IgnoreFile,
	}
}

// tooLarge names the folder's size and what in it is largest.
func (f *folder) tooLarge(maxSize int64) error {
	sizes := make(map[string]int64)
	for _, e := range f.entries {
		top, _, inside := strings.Cut(e.path, "/")
		if inside {
			top += "/"
		}
		sizes[top] += e.size
	}
	var tops []string
	for top, size := range sizes {
		if size > 0 {
			tops = append(tops, top)
		}
	}
	slices.SortFunc(tops, func(a, b string) int {
		return cmp.Or(cmp.Compare(sizes[b], sizes[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, top := range tops[:min(len(tops), 3)] {
		parts = append(parts, fmt.Sprintf("%s (%d)", top, sizes[top]))
	}
	return &starlarkfuse.Error{
		Msg: fmt.Sprintf("the folder %s holds %d bytes, more than the limit of %d; the largest in it: %s",
			cmp.Or(f.dir, "of the workflow"), f.bytes, maxSize, strings.Join(parts, ", ")),
		Hint: "list what no node reads in " + IgnoreFile + ", or raise the limit with --max-size",
	}
}
