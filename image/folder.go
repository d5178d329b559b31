package image

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// DefaultMaxSize is the size in bytes of the largest folder that is put into
// an image, unless WithMaxSize says otherwise.
const DefaultMaxSize = 1 << 30

// An entry is a file, a folder or a symbolic link of the workflow's folder.
type entry struct {
	path string // slash path under the folder
	mode fs.FileMode
	size int64     // of a file
	mod  time.Time // of a file
	link string    // where a link leads
}

// A folder is what of the workflow's folder goes into the image.
type folder struct {
	fsys    fs.FS
	dir     string // as messages show it; "" where there is no path
	masked  texts  // of the files that have passwords in them, without these
	guard   guard
	entries []entry // sorted by path
	bytes   int64   // of all files
}

// largeFile is the size from which on a file is in the data layer: a change of
// the source need not send it again.
const largeFile = 1 << 20

func (e *entry) large() bool { return e.size >= largeFile }

func (f *folder) hasData() bool {
	return slices.ContainsFunc(f.entries, func(e entry) bool { return e.large() })
}

// data writes the archive of the data layer.
func (f *folder) data(ctx context.Context, w io.Writer) error {
	return f.writeTar(ctx, w, imageRoot(), (*entry).large)
}

// source writes the archive of the source layer.
func (f *folder) source(ctx context.Context, w io.Writer) error {
	return f.writeTar(ctx, w, imageRoot(), func(e *entry) bool { return !e.large() })
}

// imageRoot is the folder's path in archives.
func imageRoot() string { return strings.TrimPrefix(exec.ImageRoot, "/") }

// display returns how messages name a path under the folder.
func (f *folder) display(name string) string { return path.Join(filepath.ToSlash(f.dir), name) }

// has tells whether a path is listed, or leads by way of a link.
func (f *folder) has(name string) bool {
	for ; name != "."; name = path.Dir(name) {
		i, found := slices.BinarySearchFunc(f.entries, name, func(e entry, name string) int { return strings.Compare(e.path, name) })
		if found {
			return !f.entries[i].mode.IsDir()
		}
	}
	return false
}

// scan lists the folder. exclude are paths under it that are left out whatever
// the ignore file says.
func (f *folder) scan(ctx context.Context, exclude []string, maxSize int64) error {
	ig, err := newIgnorer(f.fsys, f.display)
	if err != nil {
		return err
	}
	verdicts := map[string]verdict{".": {}}
	dirs := make(map[string]bool)  // that are listed
	holed := make(map[string]bool) // that hold what is left out because Fuse makes it
	err = fs.WalkDir(f.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return f.unreadable(name, err)
		case name == ".":
			return nil
		case slices.Contains(exclude, name):
			holed[path.Dir(name)] = true
			return skip(d)
		}
		v, err := ig.match(name, verdicts[path.Dir(name)])
		if err != nil {
			return fmt.Errorf("match %s: %w", f.display(name), err)
		}
		if d.IsDir() {
			verdicts[name] = v
		}
		if v.ignored {
			if d.IsDir() && ig.mayHoldKept(name) {
				return nil
			}
			return skip(d)
		}
		e, err := f.entry(name, d)
		if err != nil {
			return err
		}
		if e.mode.IsRegular() && f.isCompiledSpec(e) {
			holed[path.Dir(name)] = true
			return nil
		}
		// A folder that is left out is listed all the same for what is kept in it.
		for dir := path.Dir(name); dir != "." && !dirs[dir]; dir = path.Dir(dir) {
			dirs[dir] = true
			f.entries = append(f.entries, entry{path: dir, mode: fs.ModeDir})
		}
		if d.IsDir() {
			if dirs[name] {
				return nil
			}
			dirs[name] = true
		}
		f.entries = append(f.entries, e)
		f.bytes += e.size
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(f.entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	f.dropEmptied(holed)
	for _, e := range f.entries {
		if f.guard.holds(e.path + "\n" + e.link) {
			return &starlarkfuse.Error{
				Msg:  "the password of the registry is in the name of a file, or of what a link leads to, and would be in the image",
				Hint: "rename it, or list it in " + IgnoreFile,
			}
		}
	}
	if f.bytes > maxSize {
		return f.tooLarge(maxSize)
	}
	return nil
}

// dropEmptied leaves out the folders that hold nothing but what Fuse makes: they
// may have been made for it, after an image of the same folder.
func (f *folder) dropEmptied(holed map[string]bool) {
	full := make(map[string]bool)
	for i := len(f.entries) - 1; i >= 0; i-- { // what is in a folder comes behind it
		e := f.entries[i]
		dir := path.Dir(e.path)
		if e.mode.IsDir() && holed[e.path] && !full[e.path] {
			f.entries = slices.Delete(f.entries, i, i+1)
			holed[dir] = true
			continue
		}
		full[dir] = true
	}
}

// skip leaves out an entry and what is in it.
func skip(d fs.DirEntry) error {
	if d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// whiteout begins the names of what is no file, but says that one of a lower
// layer is deleted.
const whiteout = ".wh."

// entry looks at one entry of the folder.
func (f *folder) entry(name string, d fs.DirEntry) (entry, error) {
	info, err := d.Info()
	if err != nil {
		return entry{}, f.unreadable(name, err)
	}
	e := entry{path: name, mode: info.Mode()}
	switch {
	case !utf8.ValidString(name):
		err = &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%q: the name is not UTF-8, as names in an image are", f.display(name)),
			Hint: "rename it, or list it in " + IgnoreFile,
		}
	case strings.HasPrefix(path.Base(name), whiteout):
		err = &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s: a name that begins with %q, which in an image says that the rest of it is deleted", f.display(name), whiteout),
			Hint: "rename it, or list it in " + IgnoreFile,
		}
	case info.IsDir():
	case info.Mode().IsRegular():
		e.size, e.mod = info.Size(), info.ModTime()
	case info.Mode()&fs.ModeSymlink != 0:
		e.link, err = f.link(name)
	default:
		err = &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s: neither a file, nor a folder, nor a link, which no image can hold", f.display(name)),
			Hint: "remove it, or list it in " + IgnoreFile,
		}
	}
	return e, err
}

// maxSpecSize bounds the files that are looked into for being a spec.
const maxSpecSize = 16 << 20

// isCompiledSpec tells whether a file is a pipeline spec that Fuse compiled.
// It holds the digest of the image, so an image that held it could never be
// the one that it names.
func (f *folder) isCompiledSpec(e entry) bool {
	switch strings.ToLower(path.Ext(e.path)) {
	case ".json", ".yaml", ".yml":
	default:
		return false
	}
	if e.size > maxSpecSize {
		return false
	}
	text, err := fs.ReadFile(f.fsys, e.path)
	if err != nil {
		return false // copying it says why
	}
	if !bytes.Contains(text, []byte("schemaVersion")) {
		return false
	}
	for found := true; found; {
		if _, text, found = bytes.Cut(text, []byte("sdkVersion")); bytes.HasPrefix(bytes.TrimLeft(text, `":' `), []byte("fuse-")) {
			return true
		}
	}
	return false
}
