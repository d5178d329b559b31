package exec

import (
	"context"
	"fmt"
	"io"
	"io/fs"
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
	// ExecutorInput is what KFP replaces {{$}} by; "" runs the node alone.
	ExecutorInput string
	// Stdout takes what the function prints; nil drops it.
	Stdout io.Writer
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
// The result is returned too. Without an executor input, the node is run alone
// and its result only returned; this works for nodes whose arguments are all
// constants.
func Exec(ctx context.Context, c ExecConfig) (starlark.Value, error) {
	input, err := decodeExecutorInput(c.ExecutorInput)
	if err != nil {
		return nil, err
	}
	node, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	if err := checkFingerprint(node, c.Fingerprint); err != nil {
		return nil, err
	}
	run := call{
		node:  node,
		print: func(text string) { c.println(text) },
		failed: func(attempt int, err error) {
			c.println(fmt.Sprintf("attempt %d failed, trying again: %v", attempt, err))
		},
	}
	if run.inputs, err = entryInputs(node, input); err != nil {
		return nil, err
	}
	v, _, err := run.do(ctx)
	if err != nil {
		return nil, err
	}
	res, err := pack(node, v, nil)
	if err != nil {
		return nil, err
	}
	if res.param != nil {
		// What others will read, to the last bit.
		if v, err = resultValue(node, res.param); err != nil {
			return nil, err
		}
	}
	if input == nil {
		return v, nil
	}
	return v, writeOutputs(node, res, input.GetOutputs())
}

func (c *ExecConfig) println(text string) {
	if c.Stdout != nil {
		io.WriteString(c.Stdout, text+"\n")
	}
}

// load loads the workflow file and finds the node.
func (c *ExecConfig) load(ctx context.Context) (*starlarkfuse.Node, error) {
	names := compiler.ParseNodes(c.Function)
	switch {
	case len(names) == 0:
		return nil, &starlarkfuse.Error{
			Msg:  "there is no node to run",
			Hint: fmt.Sprintf("set the environment variable %s to a node's name", compiler.NodeVariable),
		}
	case len(names) > 1:
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s names %d nodes, and only one can be run at a time yet", compiler.NodeVariable, len(names)),
			Hint: "compile the spec with the same version of fuse as the image's",
		}
	}
	path, workflow, _ := strings.Cut(c.Workflow, "#")
	if path == "" {
		return nil, &starlarkfuse.Error{Msg: "there is no workflow file to load", Hint: "name it with --workflow"}
	}
	defines := make(map[string]string, len(c.Defines))
	for _, d := range c.Defines {
		name, text, ok := strings.Cut(d, "=")
		if !ok {
			return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("define %q has no value", d), Hint: "write it as name=value"}
		}
		defines[name] = text
	}
	opts := append([]starlarkfuse.Option{starlarkfuse.WithDefines(defines)}, c.Load...)
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
		return nil, err
	}
	if workflow != "" {
		wf, err := file.Workflow(workflow)
		if err != nil {
			return nil, err
		}
		return wf.Node(names[0])
	}
	return findNode(file, names[0])
}

// findNode finds a node in a file whose workflow was not named.
func findNode(file *starlarkfuse.File, name string) (*starlarkfuse.Node, error) {
	all := file.Workflows()
	if len(all) == 1 {
		return all[0].Node(name)
	}
	for _, wf := range all {
		if n, err := wf.Node(name); err == nil {
			return n, nil
		}
	}
	wf, err := file.Workflow("")
	if err != nil {
		return nil, err
	}
	return wf.Node(name)
}
