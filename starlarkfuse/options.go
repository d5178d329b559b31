package starlarkfuse

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/starlarkfuse/fuse/stdlib"
)

// The limits of a load unless options say otherwise.
const (
	// DefaultMaxSteps bounds the Starlark computation steps of a load.
	DefaultMaxSteps = 100_000_000
	// DefaultMaxNodes bounds the nodes that a file makes.
	DefaultMaxNodes = 100_000
	// DefaultMaxSource bounds the bytes of all that a load reads.
	DefaultMaxSource = 64 << 20
)

type options struct {
	fsys      fs.FS
	root      string
	overlay   map[string][]byte
	workflow  string
	defines   map[string]string
	maxSteps  uint64
	maxNodes  int
	maxSource int64
	print     func(pos, text string)
	modules   []stdlib.Module
}

// An Option changes how a file is loaded.
type Option func(*options) error

func newOptions(opts []Option) (*options, error) {
	o := &options{
		maxSteps:  DefaultMaxSteps,
		maxNodes:  DefaultMaxNodes,
		maxSource: DefaultMaxSource,
		print:     func(string, string) {},
		modules:   stdlib.Modules(),
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	if o.fsys != nil && o.root != "" {
		return nil, errors.New("WithFS and WithRoot exclude each other")
	}
	return o, nil
}

// WithFS loads from fsys, whose top is the root folder; the path given to Load
// is a slash path inside it. The caller answers for symbolic links in it.
func WithFS(fsys fs.FS) Option {
	return func(o *options) error {
		if fsys == nil {
			return errors.New("WithFS: no file system")
		}
		o.fsys = fsys
		return nil
	}
}

// WithRoot sets the folder that load and read_file stay inside. The default is
// the folder of the file.
func WithRoot(dir string) Option {
	return func(o *options) error {
		if dir == "" {
			return errors.New("WithRoot: no folder")
		}
		o.root = dir
		return nil
	}
}

// WithOverlay loads with other texts in the place of some files', by their
// slash paths under the root folder. It hides what a file holds, not that it
// is there: one that does not exist is not found with a text either, and texts
// of files that the load does not read go unused. Neither the map nor the
// texts may be changed afterwards.
func WithOverlay(texts map[string][]byte) Option {
	return func(o *options) error {
		for name := range texts {
			if !fs.ValidPath(name) {
				return fmt.Errorf("WithOverlay: %q is not a path under the root folder", name)
			}
		}
		o.overlay = texts
		return nil
	}
}

// WithWorkflow chooses the workflow that Load returns, for a file that
// declares several.
func WithWorkflow(name string) Option {
	return func(o *options) error { o.workflow = name; return nil }
}

// WithDefines overrides compile-time constants, by name; a value is JSON, or
// else a string. A name that the file does not define is an error.
func WithDefines(defines map[string]string) Option {
	return func(o *options) error { o.defines = defines; return nil }
}

// WithMaxSteps bounds the Starlark computation steps of the load.
func WithMaxSteps(n uint64) Option {
	return func(o *options) error {
		if n == 0 {
			return errors.New("WithMaxSteps: want at least one step")
		}
		o.maxSteps = n
		return nil
	}
}

// WithMaxNodes bounds the number of nodes that the file makes.
func WithMaxNodes(n int) Option {
	return func(o *options) error {
		if n <= 0 {
			return fmt.Errorf("WithMaxNodes: %d", n)
		}
		o.maxNodes = n
		return nil
	}
}

// WithMaxSource bounds the bytes of all files that are read, data files
// included.
func WithMaxSource(n int64) Option {
	return func(o *options) error {
		if n <= 0 {
			return fmt.Errorf("WithMaxSource: %d", n)
		}
		o.maxSource = n
		return nil
	}
}

// WithPrint is called for each print statement that loading executes, with the
// position of the call. The default ignores them.
func WithPrint(fn func(pos, text string)) Option {
	return func(o *options) error { o.print = fn; return nil }
}

// WithModules adds modules to the standard library. Files load them as
// load("@fuse//<name>.star", "<name>"), unless they are predeclared.
func WithModules(modules ...stdlib.Module) Option {
	return func(o *options) error {
		for _, m := range modules {
			if m.Name == "" || m.Value == nil {
				return errors.New("WithModules: a module without name or value")
			}
			for _, old := range o.modules {
				if old.Name == m.Name {
					return fmt.Errorf("WithModules: there is a module %q already", m.Name)
				}
			}
			o.modules = append(o.modules, m)
		}
		return nil
	}
}
