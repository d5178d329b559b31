package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
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
KFP cluster and fuse run take. The same workflow gives the same bytes. Its nodes
run in the image that fuse build made of the workflow last, or that --image names.

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
	flags.StringVar(&f.image, "image", "", "the container image of the nodes, a `reference`, best with a digest (default: the one of fuse build)")
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
	warnPasswords(a, wf)
	if _, err := image.CheckPasswords(cmd.Context(), wf); err != nil {
		return err
	}
	ref, err := f.imageOf(cmd, a, wf)
	if err != nil {
		return err
	}
	var opts []compiler.Option
	if ref != "" || cmd.Flags().Changed("image") {
		opts = append(opts, compiler.WithImage(ref))
	}
	spec, err := compiler.Compile(wf, opts...)
	if err != nil {
		return err
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

// imageOf returns the image that the spec names: the given one, else the one
// that fuse build made of the workflow last; "" leaves it to the compiler.
func (f *compileFlags) imageOf(cmd *cobra.Command, a *app, wf *starlarkfuse.Workflow) (string, error) {
	named := wf.Settings().Image
	switch {
	case cmd.Flags().Changed("image"):
		return f.image, nil
	case strings.Contains(named, "@"): // by its digest, so it is another one than fuse build makes
		return "", nil
	}
	last, err := image.Remembered(wf)
	if err != nil {
		return "", err
	}
	if last == nil {
		a.log.warn("there is no image of " + showName(wf.Name()) + " yet: no cluster can run this spec before fuse build makes one, or --image names one")
		return "", nil
	}
	source, err := image.Source(cmd.Context(), wf, image.WithMaxSize(math.MaxInt64), image.WithLookup(a.lookupEnv))
	if err != nil {
		return "", err
	}
	if source != last.Source {
		a.log.warn("the workflow's folder has changed since its image was built: run fuse build again")
	}
	return last.Image, nil
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
