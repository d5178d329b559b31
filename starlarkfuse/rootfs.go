package starlarkfuse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"go.starlark.net/syntax"
)

// A rootFS reads files under the workflow's root folder, and counts the bytes.
type rootFS struct {
	fsys    fs.FS
	root    *os.Root          // nil for the file system of WithFS
	dir     string            // absolute; "" for the file system of WithFS
	prefix  string            // what positions put before a path
	overlay map[string][]byte // texts in the place of files'
	names   map[string]bool   // of what was read
	left    int64             // bytes that may still be read
	max     int64
}

// openRoot opens the root folder of the file at name and returns the file's
// path inside it. Links that lead out of the folder are refused by os.Root.
func openRoot(name string, o *options) (*rootFS, string, error) {
	r := &rootFS{overlay: o.overlay, names: make(map[string]bool), left: o.maxSource, max: o.maxSource}
	if o.fsys != nil {
		if !fs.ValidPath(name) {
			return nil, "", &Error{Msg: fmt.Sprintf("%q is not a path in the file system", name), Hint: "use a relative path with forward slashes and without \"..\""}
		}
		r.fsys = o.fsys
		return r, name, nil
	}
	dir := o.root
	if dir == "" {
		dir = filepath.Dir(name)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, "", fmt.Errorf("finding the root folder: %w", err)
	}
	absName, err := filepath.Abs(name)
	if err != nil {
		return nil, "", fmt.Errorf("finding %s: %w", name, err)
	}
	rel, err := filepath.Rel(abs, absName)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return nil, "", &Error{Msg: fmt.Sprintf("%s is not inside the root folder %s", name, dir)}
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, "", &Error{Msg: fmt.Sprintf("%s: no such file", name), Err: err}
		}
		return nil, "", fmt.Errorf("opening the root folder: %w", err)
	}
	r.root, r.fsys, r.dir = root, root.FS(), abs
	if dir != "." {
		r.prefix = filepath.ToSlash(filepath.Clean(dir))
	}
	return r, filepath.ToSlash(rel), nil
}

func (r *rootFS) close() {
	if r.root != nil {
		r.root.Close()
	}
}

// display returns how positions name a file: as the user would from where the
// program was started.
func (r *rootFS) display(name string) string { return path.Join(r.prefix, name) }

var errTooMuch = errors.New("too many bytes")

// read returns a file's content, within what is left of the limit.
func (r *rootFS) read(name string) ([]byte, error) {
	f, err := r.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, errors.New("is a folder")
	} else if !info.Mode().IsRegular() {
		return nil, errors.New("is not a regular file")
	}
	var content io.Reader = f
	if text, ok := r.overlay[name]; ok {
		content = bytes.NewReader(text)
	}
	data, err := io.ReadAll(io.LimitReader(content, r.left+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > r.left {
		return nil, errTooMuch
	}
	r.left -= int64(len(data))
	r.names[name] = true
	return data, nil
}

// resolve turns the name in a load statement or a read_file call at pos into a
// path under the root: "//…" is from the root, anything else from the folder of
// the file that pos is in.
func (l *loader) resolve(pos syntax.Position, name string) (string, error) {
	fail := func(msg, hint string) (string, error) {
		return "", &Error{Pos: pos, Msg: fmt.Sprintf("%q: %s", name, msg), Hint: hint}
	}
	rel, fromRoot := strings.CutPrefix(name, "//")
	switch {
	case hasPromise(name):
		return fail(errText, hintPromise)
	case rel == "":
		return fail("the path is empty", "")
	case strings.Contains(rel, `\`):
		return fail("paths are written with forward slashes", "")
	case strings.HasPrefix(rel, "/"):
		return fail("absolute paths are not allowed", "write \"//dir/file\" for a path from the root folder")
	}
	for part := range strings.SplitSeq(rel, "/") {
		if part == ".." {
			return fail("\"..\" leads out of a folder", "write \"//dir/file\" for a path from the root folder")
		}
	}
	if !fromRoot {
		rel = path.Join(path.Dir(l.pathOf(pos)), rel)
	}
	return path.Clean(rel), nil
}

// checkCase refuses two spellings of a path that a file system which ignores
// case would take for one: the graph must be the same there and on Linux.
func (l *loader) checkCase(name string, pos syntax.Position) error {
	low := strings.ToLower(name)
	if other, ok := l.byLower[low]; ok && other != name {
		return &Error{
			Pos:  pos,
			Msg:  fmt.Sprintf("%q and %q differ only in upper and lower case", name, other),
			Hint: "on some machines these are one file, on others two: use one spelling",
		}
	}
	l.byLower[low] = name
	if runtime.GOOS == "linux" || l.files.root == nil {
		return nil
	}
	entries, err := fs.ReadDir(l.files.fsys, path.Dir(name))
	if err != nil {
		return nil // reading the file itself says it better
	}
	for _, e := range entries {
		if e.Name() != path.Base(name) && strings.EqualFold(e.Name(), path.Base(name)) {
			return &Error{
				Pos:  pos,
				Msg:  fmt.Sprintf("%q is called %q on disk", name, e.Name()),
				Hint: "inside the container case matters: use the name as it is on disk",
			}
		}
	}
	return nil
}

// readError says why a file under the root could not be read.
func (l *loader) readError(err error, name string, pos syntax.Position) error {
	shown := l.files.display(name)
	e := &Error{Pos: pos, Err: err}
	var pe *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Msg = shown + ": no such file"
		if pos.IsValid() {
			e.Hint = "paths start at the folder of the file that names them, or with \"//\" at the root folder"
		}
	case errors.Is(err, errTooMuch):
		e.Msg = fmt.Sprintf("%s: the files of this workflow are larger than %d bytes in all", shown, l.files.max)
		e.Hint = "read large data inside a node instead, or raise the limit with --max-source"
	case errors.As(err, &pe) && strings.Contains(pe.Err.Error(), "escapes"):
		e.Msg = fmt.Sprintf("%s: the link leads out of the root folder", shown)
		e.Hint = "the container holds the root folder only: copy the file into it, or choose a higher folder with --root"
	case errors.As(err, &pe):
		e.Msg = fmt.Sprintf("%s: %v", shown, pe.Err)
	default:
		e.Msg = fmt.Sprintf("%s: %v", shown, err)
	}
	return e
}
