package exec

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	// RootVariable is the environment variable that names the folder with
	// the workflow file, where it is not where an image has it.
	RootVariable = "FUSE_ROOT"
	// ImageRoot is that folder in a workflow's image.
	ImageRoot = "/ffrun"
)

// ExecConfig says which node Exec runs, and with what.
type ExecConfig struct {
	// Workflow is the path of the workflow file under Root, followed by
	// "#name" where the file declares several workflows.
	Workflow string
	// Root is the folder with the workflow file; "" means as ResolveRoot has
	// it.
	Root string
	// Function is the value of FFFUNCTION: a node's name, or a JSON list of
	// names.
	Function string
	// Defines are overrides of compile-time constants, "name=value".
	Defines []string
	// Fingerprint is the one that the node must have; "" demands none.
	Fingerprint string
	// ExecutorInput is what KFP replaces {{$}} by; "" runs the node outside
	// of any run.
	ExecutorInput string
	// Parameters are those of the pipeline, "name=value" with a value that is
	// JSON or else a string, for a node outside of a run.
	Parameters []string
	// Print takes what a node's function prints, and what is told of its
	// retries; nil drops it.
	Print func(node, text string)
	// FS holds the workflow file in place of Root; nil for a folder of this
	// machine.
	FS fs.FS
	// Load are further options for loading the file, for programs that bring
	// modules of their own.
	Load []starlarkfuse.Option
}

// ResolveRoot returns the folder that workflow files are found in by a
// process that runs nodes: the given one; else that of FUSE_ROOT; else the
// one of a workflow's image, if it is there; else the current folder.
func ResolveRoot(dir string) string {
	if dir != "" {
		return dir
	}
	if dir := os.Getenv(RootVariable); dir != "" {
		return dir
	}
	if info, err := os.Stat(ImageRoot); err == nil && info.IsDir() {
		return ImageRoot
	}
	return "."
}

// Exec runs one node, as the entrypoint of its container: it loads the
// workflow file again, finds the node, makes sure that it is the one that the
// spec was compiled from, resolves its inputs, calls its function with the
// node's retries and timeout, and writes the outputs to where the executor
// input says. It writes nowhere else, and nothing when it fails.
//
// The result is returned too. Without an executor input, the nodes that the
// node depends on are run first, one after the other, and nothing is written.
//
// A failure of a node's function, its inputs or its result is a *NodeError; any other error means that
// the node could not be run.
//
// The load has no limits of steps, nodes and bytes unless c.Load sets them:
// the same load ended when the spec was compiled, within limits that the
// container is not told of.
func Exec(ctx context.Context, c ExecConfig) (starlark.Value, error) {
	input, err := decodeExecutorInput(c.ExecutorInput)
	if err != nil {
		return nil, err
	}
	wf, node, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkFingerprint(node, c.Fingerprint); err != nil {
		return nil, err
	}
	if input == nil {
		return c.alone(ctx, wf, node)
	}
	inputs, err := entryInputs(node, input)
	if err != nil {
		return nil, &NodeError{node.Name(), err}
	}
	v, res, err := c.call(ctx, node, inputs)
	if err != nil {
		return nil, err
	}
	return v, writeOutputs(node, res, input.GetOutputs())
}

// A NodeError is the failure of a node in Exec.
type NodeError struct {
	// Node is the node's name.
	Node string
	Err  error
}

// Error names the node, and says why.
func (e *NodeError) Error() string { return fmt.Sprintf("node %q failed: %v", e.Node, e.Err) }

// Unwrap returns Err.
func (e *NodeError) Unwrap() error { return e.Err }

// call calls a node's function with its retries and timeout, and returns the
// result as others will see it, and the form in which they get it.
func (c *ExecConfig) call(ctx context.Context, n *starlarkfuse.Node, inputs []starlark.Value) (starlark.Value, nodeResult, error) {
	print := func(text string) {
		if c.Print != nil {
			c.Print(n.Name(), text)
		}
	}
	run := call{
		node:   n,
		inputs: inputs,
		print:  print,
		failed: func(attempt int, err error) {
			print(fmt.Sprintf("attempt %d failed, trying again: %v", attempt, err))
		},
	}
	v, _, err := run.do(ctx)
	if err != nil {
		return nil, nodeResult{}, &NodeError{n.Name(), err}
	}
	res, err := pack(n, v, nil)
	if err == nil && res.param != nil {
		v, err = n.ResultFromParameter(res.param)
	}
	if err != nil {
		return nil, nodeResult{}, &NodeError{n.Name(), err}
	}
	return v, res, nil
}

// load loads the workflow file and finds the node.
func (c *ExecConfig) load(ctx context.Context) (*starlarkfuse.Workflow, *starlarkfuse.Node, error) {
	names := compiler.ParseNodes(c.Function)
	switch {
	case len(names) == 0:
		return nil, nil, &starlarkfuse.Error{
			Msg:  "there is no node to run",
			Hint: fmt.Sprintf("set the environment variable %s to a node's name", compiler.NodeVariable),
		}
	case len(names) > 1:
		return nil, nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s names %d nodes, and only one can be run at a time yet", compiler.NodeVariable, len(names)),
			Hint: "compile the spec with the same version of fuse as the image's",
		}
	}
	path, workflow := starlarkfuse.SplitReference(c.Workflow)
	if path == "" {
		return nil, nil, &starlarkfuse.Error{Msg: "there is no workflow file to load", Hint: "name it with --workflow"}
	}
	defines := make(map[string]string, len(c.Defines))
	for _, d := range c.Defines {
		name, text, ok := strings.Cut(d, "=")
		if !ok {
			return nil, nil, &starlarkfuse.Error{Msg: fmt.Sprintf("define %q has no value", d), Hint: "write it as name=value"}
		}
		defines[name] = text
	}
	opts := append([]starlarkfuse.Option{
		starlarkfuse.WithDefines(defines),
		starlarkfuse.WithMaxSteps(math.MaxUint64),
		starlarkfuse.WithMaxNodes(math.MaxInt),
		starlarkfuse.WithMaxSource(math.MaxInt64 - 1),
	}, c.Load...)
	if c.FS != nil {
		opts = append(opts, starlarkfuse.WithFS(c.FS))
	} else {
		root := ResolveRoot(c.Root)
		opts = append(opts, starlarkfuse.WithRoot(root))
		if path = filepath.FromSlash(path); !filepath.IsAbs(path) {
			path = filepath.Join(root, path)
		}
	}
	file, err := starlarkfuse.LoadFile(ctx, path, opts...)
	if err != nil {
		return nil, nil, err
	}
	return findNode(file, workflow, names[0])
}

// findNode finds a node of a workflow; where the workflow is not named, in any
// of the file.
func findNode(file *starlarkfuse.File, workflow, name string) (*starlarkfuse.Workflow, *starlarkfuse.Node, error) {
	if workflow == "" {
		for _, wf := range file.Workflows() {
			if n, err := wf.Node(name); err == nil {
				return wf, n, nil
			}
		}
	}
	wf, err := file.Workflow(workflow)
	if err != nil {
		return nil, nil, err
	}
	n, err := wf.Node(name)
	return wf, n, err
}
