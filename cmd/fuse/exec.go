package main

import (
	"context"
	"encoding/json"
	"math"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func (a *app) execCommand() *cobra.Command {
	var c exec.ExecConfig
	cmd := &cobra.Command{
		Use:   "exec --workflow FILE",
		Short: "Run one node, as the entrypoint of its container",
		Long: `Exec loads the workflow file again, in the container of one of its nodes, and
calls the function of the node that the environment variable FFFUNCTION names.
Specs that fuse compile writes call it; people rarely do.

Without --executor-input, a node all of whose arguments are constants is run,
and its result is printed.

` + exitStatus("the node ran and failed"),
		Example: `  FFFUNCTION=node1 fuse exec --workflow pipeline.star`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Function, c.Stdout, c.Load = a.getenv(compiler.NodeVariable), a.stdout, noLimits()
			v, err := exec.Exec(cmd.Context(), c)
			if err != nil {
				if cmd.Context().Err() == nil && loads(cmd.Context(), c) {
					return &nodeError{err}
				}
				return err
			}
			if c.ExecutorInput != "" {
				return nil
			}
			return printNodes(a.stdout, compiler.ParseNodes(c.Function), []starlark.Value{v}, "text")
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags := cmd.Flags()
	flags.StringVar(&c.Workflow, "workflow", "", "the workflow's `file` under the root folder, with #NAME where it declares several")
	flags.StringArrayVar(&c.Defines, "define", nil, "override a compile-time constant: `name=value` (repeatable)")
	flags.StringVar(&c.Fingerprint, "fingerprint", "", "the `fingerprint` that the node must have")
	flags.StringVar(&c.ExecutorInput, "executor-input", "", "the task's inputs and outputs, as `JSON`, as KFP gives them")
	flags.StringVar(&c.Root, "root", "", "the `folder` that the workflow's files are in (default: $FUSE_ROOT, else /ffrun, else the current one)")
	cmd.MarkFlagFilename("workflow", "star")
	cmd.MarkFlagDirname("root")
	return cmd
}

// noLimits lifts the limits of a load. The same load came to its end when the
// spec was compiled, within limits that the user may have raised and that the
// container is not told.
func noLimits() []starlarkfuse.Option {
	return []starlarkfuse.Option{
		starlarkfuse.WithMaxSteps(math.MaxUint64),
		starlarkfuse.WithMaxNodes(math.MaxInt),
		starlarkfuse.WithMaxSource(math.MaxInt64 >> 1),
	}
}

// loads tells, after a failure of exec.Exec, whether there is such a node as
// it was to run: then the node has failed.
func loads(ctx context.Context, c exec.ExecConfig) bool {
	path, name, _ := strings.Cut(c.Workflow, "#")
	defines, err := pairs("--define", c.Defines)
	if err != nil || c.ExecutorInput != "" && !json.Valid([]byte(c.ExecutorInput)) {
		return false
	}
	root := exec.ResolveRoot(c.Root)
	opts := append(noLimits(), starlarkfuse.WithRoot(root), starlarkfuse.WithDefines(defines))
	file, err := starlarkfuse.LoadFile(ctx, filepath.Join(root, path), opts...)
	if err != nil {
		return false
	}
	for _, wf := range file.Workflows() {
		for _, function := range compiler.ParseNodes(c.Function) {
			n, err := wf.Node(function)
			if err != nil || name != "" && name != wf.Name() {
				continue
			}
			return (c.Fingerprint == "" || c.Fingerprint == n.Fingerprint()) && (c.ExecutorInput != "" || alone(n))
		}
	}
	return false
}

// alone tells whether a node can be run without an executor input.
func alone(n *starlarkfuse.Node) bool {
	for _, in := range n.Inputs() {
		if in.Kind != starlarkfuse.Constant {
			return false
		}
	}
	return true
}
