package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
)

type compileFlags struct {
	load   loadFlags
	output string
	format string
	image  string
}

func (a *app) compileCommand() *cobra.Command {
	var f compileFlags
	cmd := &cobra.Command{
		Use:   "compile FILE",
		Short: "Compile a workflow to a pipeline spec",
		Long: `Compile writes the pipeline spec of the workflow in a .star file, which is what a
KFP cluster and fuse run take. The same workflow gives the same bytes.

` + exitStatus(""),
		Example: `  fuse compile pipeline.star
  fuse compile pipeline.star -o spec.yaml --image registry.example.com/team/pipeline
  fuse compile pipeline.star --define depth=3 --format yaml`,
		Args:              oneFile,
		ValidArgsFunction: completeFiles("star"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, a, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "the `file` to write, .json or .yaml (default: standard output, as JSON)")
	choiceVar(cmd, &f.format, "format", "", "the format, whatever the file's name", formatJSON, formatYAML)
	flags.StringVar(&f.image, "image", "", "the container image of the nodes, a `reference`, best with a digest")
	cmd.MarkFlagFilename("output", "json", "yaml", "yml")
	cmd.RegisterFlagCompletionFunc("image", cobra.NoFileCompletions)
	f.load.add(cmd)
	return cmd
}

func (f *compileFlags) run(cmd *cobra.Command, a *app, file string) error {
	if err := onlyStar(file); err != nil {
		return err
	}
	format, err := f.outputFormat(cmd)
	if err != nil {
		return err
	}
	wf, err := f.load.load(cmd.Context(), a, file)
	if err != nil {
		return err
	}
	var opts []compiler.Option
	if cmd.Flags().Changed("image") {
		opts = append(opts, compiler.WithImage(f.image))
	}
	spec, err := compiler.Compile(wf, opts...)
	if err != nil {
		return err
	}
	if set := wf.Settings(); len(opts) == 0 && set.Image == "" && set.Credentials.Server == "" {
		a.log.warn("no image given: no cluster can run this spec before it names one, with --image")
	}
	marshal := spec.MarshalIndentJSON
	if format == formatYAML {
		marshal = spec.MarshalYAML
	}
	data, err := marshal()
	if err != nil {
		return err
	}
	f.warnOfSize(a, spec, data)
	if f.output == "" || f.output == "-" {
		return writeOut(a.stdout, data)
	}
	return writeFile(f.output, data)
}

func (f *compileFlags) outputFormat(cmd *cobra.Command) (string, error) {
	switch {
	case cmd.Flags().Changed("output") && f.output == "":
		return "", &usageError{msg: "--output: no file given"}
	case f.format != "":
		return f.format, nil
	case f.output == "" || f.output == "-":
		return formatJSON, nil
	}
	format, err := formatOf(f.output)
	if err != nil || format == formatStar {
		return "", &usageError{
			msg:  fmt.Sprintf("%s: the name does not tell the format", showName(f.output)),
			hint: "end it in .json or .yaml, or give --format",
		}
	}
	return format, nil
}

// warnOfSize tells when a spec is too large for a cluster. The limit is one of
// compact JSON, which is never longer than what is written.
func (f *compileFlags) warnOfSize(a *app, spec *compiler.Spec, written []byte) {
	if compiler.SizeWarning(len(written)) == "" {
		return
	}
	if compact, err := spec.MarshalJSON(); err == nil {
		if text := compiler.SizeWarning(len(compact)); text != "" {
			a.log.warn(strings.TrimSpace(text))
		}
	}
}
