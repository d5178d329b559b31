package starlarkfuse

import (
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/syntax"
)

// Kind says what declared a workflow.
type Kind int

const (
	// Implicit is a file without any declaration: all its nodes are one
	// workflow, named after the file.
	Implicit Kind = iota
	// KFP is a KFPWorkflow, meant for a cluster.
	KFP
	// Local is a LocalWorkflow, meant for this machine.
	Local
)

// String returns the name of the builtin that declares such a workflow.
func (k Kind) String() string {
	switch k {
	case KFP:
		return "KFPWorkflow"
	case Local:
		return "LocalWorkflow"
	}
	return "implicit workflow"
}

// A Workflow is a graph of nodes with the settings it is compiled and run
// with. It is immutable and safe for concurrent use.
type Workflow struct {
	file     *File
	kind     Kind
	name     string
	pos      syntax.Position
	given    []*Node
	settings Settings
	run      bool

	nodes  []*Node
	byName map[string]*Node
	params []*Param
}

// Settings are what a workflow's declaration and its setters gave.
type Settings struct {
	// BaseImage is the image that the workflow's own is built upon.
	BaseImage string
	// Image is the repository that the workflow's image is pushed to, when
	// given in full.
	Image string
	// Host is the address of the KFP API.
	Host string
	// Credentials are those of the registry that the image is pushed to.
	Credentials Credentials
	// Storage is the folder for the runs of a LocalWorkflow.
	Storage string
}

// File returns the file that declares the workflow.
func (w *Workflow) File() *File { return w.file }

// Name returns the workflow's name as the user wrote it; for an implicit
// workflow, the file's base name without extension.
func (w *Workflow) Name() string { return w.name }

// Kind returns what declared the workflow.
func (w *Workflow) Kind() Kind { return w.kind }

// Nodes returns the nodes of the graph, each after all those it depends on;
// otherwise in the order in which they were made. The slice must not be
// changed.
func (w *Workflow) Nodes() []*Node { return w.nodes }

// Results returns the nodes that the declaration was given, in its order and
// each once: those whose results a run reports. An implicit workflow reports
// the nodes that no other node depends on.
func (w *Workflow) Results() []*Node { return w.given }

// Params returns the parameters that the workflow's nodes take, in the order
// of their declaration.
func (w *Workflow) Params() []*Param { return w.params }

// Settings returns the workflow's settings.
func (w *Workflow) Settings() Settings { return w.settings }

// RunRequested tells whether the file called the workflow's run method.
func (w *Workflow) RunRequested() bool { return w.run }

// Defines returns the overrides of define that the file was loaded with,
// sorted by name.
func (w *Workflow) Defines() []Define { return w.file.defines }

// Reference returns how `fuse exec` is told of the workflow: the file's path
// under the root, followed by "#" and the workflow's name where the file
// declares several.
func (w *Workflow) Reference() string {
	if len(w.file.workflows) > 1 {
		return w.file.path + "#" + w.name
	}
	return w.file.path
}

// SplitReference takes apart what Reference returns. A "#" that is not behind
// ".star" belongs to the path, where the path ends in ".star".
func SplitReference(ref string) (path, workflow string) {
	if i := strings.Index(ref, ".star#"); i >= 0 {
		i += len(".star")
		return ref[:i], ref[i+1:]
	}
	if strings.HasSuffix(ref, ".star") {
		return ref, ""
	}
	path, workflow, _ = strings.Cut(ref, "#")
	return path, workflow
}

// Node returns the node of that name. The error for an unknown name lists
// the close ones.
func (w *Workflow) Node(name string) (*Node, error) {
	if n := w.byName[name]; n != nil {
		return n, nil
	}
	names := make([]string, len(w.nodes))
	for i, n := range w.nodes {
		names[i] = n.name
	}
	return nil, &Error{
		Msg:  fmt.Sprintf("workflow %q has no node %q", w.name, name),
		Hint: didYouMean(name, names),
	}
}

// A File is a loaded .star file with all that it declares. It is immutable and
// safe for concurrent use.
type File struct {
	path      string
	root      string
	defines   []Define
	workflows []*Workflow
	params    []*Param
	passwords []plainPassword // all that were given, in order: all are in the files
	sources   *sources
	read      []string

	opened string // the path and the options of the load, for Reload
	opts   []Option
}

// A Define is an override of a compile-time constant.
type Define struct {
	Name string
	// Text is the value as it was given: JSON, else a string.
	Text string
}

// Path returns the file's path under its root, with forward slashes.
func (f *File) Path() string { return f.path }

// Files returns the paths of all files that the load read, by load statements
// and read_file too, under the root, sorted. Whoever loads the file elsewhere
// needs them. The slice must not be changed.
func (f *File) Files() []string { return f.read }

// Root returns the folder that load and read_file stay inside; "" for a file
// loaded from an fs.FS.
func (f *File) Root() string { return f.root }

// Workflows returns the workflows that the file declares, in order; for a
// file that declares none, the implicit one.
func (f *File) Workflows() []*Workflow { return f.workflows }

// Workflow returns the workflow of that name. For "" it returns the only one,
// or the only one whose run method was called.
func (f *File) Workflow(name string) (*Workflow, error) {
	names := make([]string, len(f.workflows))
	for i, w := range f.workflows {
		if names[i] = w.name; w.name == name {
			return w, nil
		}
	}
	if name != "" {
		return nil, &Error{
			Msg:  fmt.Sprintf("%s declares no workflow %q", f.path, name),
			Hint: "it declares " + strings.Join(names, ", "),
		}
	}
	if len(f.workflows) == 1 {
		return f.workflows[0], nil
	}
	asked := slices.DeleteFunc(slices.Clone(f.workflows), func(w *Workflow) bool { return !w.run })
	if len(asked) == 1 {
		return asked[0], nil
	}
	return nil, &Error{
		Msg:  fmt.Sprintf("%s declares several workflows: %s", f.path, strings.Join(names, ", ")),
		Hint: "choose one with --workflow NAME",
	}
}
