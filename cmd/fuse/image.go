package main

import (
	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/image"
)

func (a *app) imageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "image",
		Short: "Look at the image of a workflow",
		Long: `Image looks at the image of a workflow; fuse build makes and pushes it.

` + exitStatus(""),
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.imageLsCommand())
	return cmd
}

func (a *app) imageLsCommand() *cobra.Command {
	var load loadFlags
	var f imageFlags
	var output string
	cmd := &cobra.Command{
		Use:   "ls FILE",
		Short: "Show the layers of a workflow's image, and their sizes",
		Long: `Ls shows the layers of the image that fuse build would make of a workflow: their
sizes as they are pushed, and unpacked where that is known. It pushes nothing.

` + exitStatus(""),
		Example: `  fuse image ls pipeline.star
  fuse image ls pipeline.star --base-image python:3.12-slim --output json`,
		Args:              oneFile,
		ValidArgsFunction: completeFiles("star"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.openLog("text", false)
			defer a.log.done()
			if err := onlyStar(args[0]); err != nil {
				return err
			}
			wf, err := load.load(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			opts, err := f.options(cmd, a, repositoryOf(wf, ""))
			if err != nil {
				return err
			}
			img, err := image.Build(cmd.Context(), wf, opts...)
			if err != nil {
				return err
			}
			defer img.Close()
			a.log.done()
			r := newImageReport(wf, img)
			if output == "json" {
				return r.printJSON(a.stdout)
			}
			return r.printTable(a.stdout)
		},
	}
	choiceVar(cmd, &output, "output", "text", "how it is printed", "text", "json")
	f.add(cmd)
	f.addPlatform(cmd)
	load.add(cmd)
	return cmd
}
