package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

func (a *app) execCommand() *cobra.Command {
	var c exec.ExecConfig
	cmd := &cobra.Command{
		Use:   "exec --workflow FILE",
		Short: "Run one node, as the entrypoint of its container",
		Long: `Exec loads the workflow file again, in the container of one of its nodes, and
calls the function of the node that the environment variable FFFUNCTION names.
Specs that fuse compile writes call it; people rarely do.

Without --executor-input, the nodes that it depends on are run first, and the
result is printed.

` + exitStatus("the node ran and failed"),
		Example: `  FFFUNCTION=node1 fuse exec --workflow pipeline.star`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.Function = a.getenv(compiler.NodeVariable)
			c.Print = func(_, text string) { fmt.Fprintln(a.stdout, text) }
			v, err := exec.Exec(cmd.Context(), c)
			if err != nil || c.ExecutorInput != "" {
				return err
			}
			return printNode(a.stdout, compiler.ParseNodes(c.Function)[0], v, "text")
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
