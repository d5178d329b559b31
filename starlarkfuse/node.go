package starlarkfuse

import (
	"slices"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/value"
)

// A Node is one deferred call of a workflow function: what the user wrote as
// fn(args…). It is a promise of the call's result, not a value.
//
// A Node is immutable once its file has been loaded, and then safe for
// concurrent use.
type Node struct {
	ctor     *constructor
	index    int // order of creation in the file
	name     string
	display  string
	pos      syntax.Position
	promise  *promise
	args     starlark.Tuple   // snapshot; holds an argRef where the call had a promise
	kwargs   []starlark.Tuple // snapshot
	params   []argument       // of args, then of kwargs
	inputs   []Input
	settings NodeSettings
	after    []*Node
	deps     []*Node // set when the load ends
	digest   lazyDigest
}

// Name returns the name that the user sees: the default one or that of
// set_name. It may be any text; it is unique among the nodes of a workflow.
func (n *Node) Name() string { return n.name }

// DisplayName returns the name that the dashboard shows: Name, unless
// set_display_name gave another.
func (n *Node) DisplayName() string {
	if n.display != "" {
		return n.display
	}
	return n.name
}

// Function returns the name of the Starlark function that the node calls.
func (n *Node) Function() string { return n.ctor.fn.Name() }

// Pos returns the position of the call that made the node.
func (n *Node) Pos() syntax.Position { return n.pos }

// Inputs returns what the node's task is given, in the order of the
// arguments; for a nested argument, in the order of its elements. The names
// are unique in the node. The slice must not be changed.
func (n *Node) Inputs() []Input { return n.inputs }

// After returns the nodes that must have ended before this one starts beside
// those whose results it takes.
func (n *Node) After() []*Node { return n.after }

// Settings returns the options that the node's setters gave. They must not be
// changed.
func (n *Node) Settings() *NodeSettings { return &n.settings }

// Dependencies returns the distinct nodes that this one waits for: the
// producers of its inputs in the order of the inputs, then those of After.
func (n *Node) Dependencies() []*Node {
	if n.deps != nil {
		return n.deps
	}
	return n.findDependencies()
}

func (n *Node) findDependencies() []*Node {
	deps := []*Node{}
	var seen map[*Node]bool // from a number of dependencies on where a scan is slower
	add := func(d *Node) {
		switch {
		case seen != nil && seen[d], seen == nil && slices.Contains(deps, d):
			return
		case seen == nil && len(deps) == 16:
			seen = make(map[*Node]bool)
			for _, old := range deps {
				seen[old] = true
			}
		}
		if seen != nil {
			seen[d] = true
		}
		deps = append(deps, d)
	}
	for i := range n.inputs {
		if d := n.inputs[i].Node; d != nil {
			add(d)
		}
	}
	for _, d := range n.after {
		add(d)
	}
	return deps
}

// InputKind says where the value of an Input comes from.
type InputKind int

const (
	// Constant is a literal argument, known at load time. In a container the
	// value that the re-evaluated file gives is used, never the one on the wire.
	Constant InputKind = iota
	// FromParam is the value of a pipeline parameter.
	FromParam
	// FromNode is the whole result of another node. Parts of a result
	// (node["k"]) are picked where the value is used, inside Node.Call.
	FromNode
)

// An Input is one input of a node's task.
type Input struct {
	// Name is the input's name in the task: the argument's, for one that is
	// nested in an argument followed by its path. It holds only letters,
	// digits, '-' and '_'.
	Name string
	Kind InputKind
	// Value is the argument of a Constant; frozen.
	Value starlark.Value
	// Param is set for FromParam.
	Param *Param
	// Node is set for FromNode.
	Node *Node
}

// Output describes the result of a node as its task declares it.
type Output struct {
	// Name is "Output" for a parameter, "result" for an artifact.
	Name string
	// Parameter tells that the result is a KFP parameter, which it is where
	// the function's return annotation says one of KFP's types.
	Parameter bool
	// Type is the parameter's type.
	Type value.ParamType
}

// NodeSettings are the options of a node's task, as the KFP SDK's setters of
// the same names give them. Zero values mean "not set".
type NodeSettings struct {
	// Caching is nil where set_caching_options was not called.
	Caching  *bool
	CacheKey string
	Retry    *Retry

	// Quantities are in the notation of Kubernetes ("500m", "2Gi"), checked.
	CPURequest, CPULimit       string
	MemoryRequest, MemoryLimit string
	AcceleratorType            string
	AcceleratorLimit           string

	// Env is in the order in which the variables were first set.
	Env []EnvVar
	// Timeout bounds one attempt of the node.
	Timeout time.Duration
	// IgnoreUpstreamFailure runs the node when all it waits for has ended,
	// however it ended.
	IgnoreUpstreamFailure bool
}

// Retry says how often and when a failed node is tried again.
type Retry struct {
	// Count is the number of attempts after the first.
	Count int
	// Backoff is the pause before the second attempt, multiplied by Factor
	// for each further one and bounded by MaxBackoff.
	Backoff    time.Duration
	Factor     float64
	MaxBackoff time.Duration
}

// EnvVar is an environment variable of a node's container.
type EnvVar struct{ Name, Value string }

// A Param is a pipeline parameter: a value given when the workflow is run.
type Param struct {
	// Name is unique in the file.
	Name string
	// Type is never Invalid: where neither type nor default say otherwise, a
	// parameter is a STRING.
	Type value.ParamType
	// Default is nil for a parameter that must be given; frozen.
	Default     starlark.Value
	Description string
	Pos         syntax.Position
}
