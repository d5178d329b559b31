package starlarkfuse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/stdlib"
)

// A loader evaluates one file and what it loads, on one thread, and collects
// what the builtins make.
type loader struct {
	opts        *options
	files       *rootFS
	thread      *starlark.Thread
	predeclared starlark.StringDict
	file        *File

	modules  map[string]*module // by path under the root
	byLower  map[string]string  // lower-cased path → path
	nodes    []*Node
	counts   map[string]int // function name → default names given
	defines  map[string]*define
	declared map[string]*Param
	done     bool
}

// A module is a .star file that was loaded, or is being.
type module struct {
	globals starlark.StringDict
	loading bool
	pos     syntax.Position // of the load statement; zero for the main file
	err     error
}

// LoadFile evaluates the file at path and returns what it declares. The path
// is one of this machine, or one inside the file system of WithFS. Errors that
// the file's author caused are *Error, or several of them joined.
func LoadFile(ctx context.Context, path string, opts ...Option) (*File, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	files, name, err := openRoot(path, o)
	if err != nil {
		return nil, err
	}
	defer files.close()

	l := &loader{
		opts:     o,
		files:    files,
		modules:  make(map[string]*module),
		byLower:  make(map[string]string),
		counts:   make(map[string]int),
		defines:  make(map[string]*define),
		declared: make(map[string]*Param),
		file: &File{
			path:    name,
			root:    files.dir,
			sources: &sources{byDisplay: make(map[string]*source)},
			opened:  path,
			opts:    slices.Clone(opts),
		},
	}
	l.predeclared = l.builtins()
	l.thread = &starlark.Thread{
		Name: "load " + path,
		Load: l.load,
		Print: func(t *starlark.Thread, msg string) {
			o.print(t.CallFrame(1).Pos.String(), plainText(msg))
		},
	}
	stop := limit(ctx, l.thread, o.maxSteps)
	err = l.main(name)
	if limitErr := stop(); limitErr != nil && err != nil {
		err = withLimit(err, limitErr)
	}
	if err != nil {
		return nil, err
	}
	if err := l.finish(); err != nil {
		return nil, err
	}
	l.file.read = slices.Sorted(maps.Keys(files.names))
	return l.file, nil
}

// Load evaluates the file at path and returns its workflow: the one of
// WithWorkflow, else the only one, else the only one whose run method the file
// called. See LoadFile for the errors.
func Load(ctx context.Context, path string, opts ...Option) (*Workflow, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	file, err := LoadFile(ctx, path, opts...)
	if err != nil {
		return nil, err
	}
	return file.Workflow(o.workflow)
}

// Reload loads the file again, from the same place, with the options of its
// load and then these: WithOverlay, to see what a change would make of it.
// Unless WithPrint is among these, what print statements print is dropped.
func (f *File) Reload(ctx context.Context, opts ...Option) (*File, error) {
	all := append(slices.Clip(f.opts), WithPrint(func(string, string) {}))
	return LoadFile(ctx, f.opened, append(all, opts...)...)
}

// main evaluates the main file. A promise that is used as a value inside an
// operation that cannot fail panics with its error: see promise.misused.
func (l *loader) main(name string) (err error) {
	defer func() {
		l.done = true
		switch p := recover().(type) {
		case nil:
		case *Error:
			err = p
		default:
			panic(p)
		}
	}()
	_, err = l.module(name, syntax.Position{})
	return err
}

// load is the load statement.
func (l *loader) load(thread *starlark.Thread, name string) (starlark.StringDict, error) {
	frame := thread.CallFrame(0)
	if stdlib.PhaseOf(thread) == stdlib.Running {
		return nil, errors.New("load: only while the file is loading")
	}
	if lib, ok := strings.CutPrefix(name, "@"); ok {
		return l.library(frame.Pos, lib)
	}
	path, err := l.resolve(frame.Pos, name)
	if err != nil {
		return nil, err
	}
	return l.module(path, frame.Pos)
}

// library finds a module of the standard library.
func (l *loader) library(pos syntax.Position, name string) (starlark.StringDict, error) {
	base, isFuse := strings.CutPrefix(name, "fuse//")
	base, isStar := strings.CutSuffix(base, ".star")
	names := make([]string, 0, len(l.opts.modules))
	for _, m := range l.opts.modules {
		if isFuse && isStar && m.Name == base {
			return starlark.StringDict{m.Name: m.Value}, nil
		}
		names = append(names, "@fuse//"+m.Name+".star")
	}
	return nil, &Error{
		Pos:  pos,
		Msg:  fmt.Sprintf("there is no module \"@%s\" in the standard library", name),
		Hint: didYouMean("@"+name, names),
	}
}

// module returns the globals of the .star file at path, evaluating it at the
// first time. pos is that of the load statement.
func (l *loader) module(path string, pos syntax.Position) (starlark.StringDict, error) {
	if m := l.modules[path]; m != nil {
		if m.loading {
			return nil, l.cycle(path, pos)
		}
		return m.globals, m.err
	}
	if err := l.checkCase(path, pos); err != nil {
		return nil, err
	}
	m := &module{loading: true, pos: pos}
	l.modules[path] = m
	m.globals, m.err = l.evaluate(path, pos)
	m.loading = false
	return m.globals, m.err
}

func (l *loader) evaluate(path string, pos syntax.Position) (starlark.StringDict, error) {
	text, err := l.files.read(path)
	if err != nil {
		return nil, l.readError(err, path, pos)
	}
	src, err := parseSource(path, l.files.display(path), text, l.predeclared.Has)
	if err != nil {
		return nil, err
	}
	l.file.sources.byDisplay[src.display] = src
	globals, err := src.program.Init(l.thread, l.predeclared)
	if err != nil {
		return nil, evalError(err)
	}
	for _, name := range slices.Sorted(maps.Keys(globals)) {
		if tooDeep(l.thread, globals[name]) {
			return nil, &Error{
				Msg:  fmt.Sprintf("%s: the value of %q is nested more than %d levels deep", src.display, name, maxValueDepth),
				Hint: "is there a loop that puts a list into itself, again and again?",
			}
		}
	}
	globals.Freeze()
	return globals, nil
}

// cycle describes the loads that lead from a file back to itself.
func (l *loader) cycle(path string, pos syntax.Position) error {
	var steps []string
	for at := pos; at.IsValid(); {
		from := l.pathOf(at)
		steps = append(steps, fmt.Sprintf("%s loads %s", at, path))
		if path = from; l.modules[path] == nil || len(steps) > len(l.modules) {
			break
		}
		at = l.modules[path].pos
	}
	slices.Reverse(steps)
	return &Error{
		Pos:  pos,
		Msg:  "the files load each other in a cycle",
		Hint: strings.Join(steps, "; "),
	}
}

// pathOf returns the path under the root of the file that a position is in.
func (l *loader) pathOf(pos syntax.Position) string {
	if src := l.file.sources.byDisplay[pos.Filename()]; src != nil {
		return src.path
	}
	return l.file.path
}

// where returns the position of the Starlark code that called the builtin
// which is running.
func (l *loader) where() syntax.Position {
	for depth := range l.thread.CallStackDepth() {
		if pos := l.thread.CallFrame(depth).Pos; pos.IsValid() && pos.Filename() != "<builtin>" {
			return pos
		}
	}
	return syntax.Position{}
}
