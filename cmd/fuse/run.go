package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type runFlags struct {
	load        loadFlags
	params      []string
	backend     string
	runner      string
	runnerArgs  []string
	image       imageFlags
	parallelism int
	keepGoing   bool
	failFast    bool
	output      string
	verbose     bool
	logFormat   string
	storage     string
}

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run a workflow, or a pipeline spec",
		Long: `Run compiles the workflow in a .star file and runs it on this machine, or runs a
pipeline spec (.yaml, .json) that any KFP SDK has compiled. It tells on standard
error what happens, and prints the results of the workflow's nodes on standard
output. What a run yields is kept in a folder of its own.

With FFFUNCTION set to the name of a node, only this node is run, as fuse exec
does in a container.

` + exitStatus("the workflow ran and failed"),
		Example: `  fuse run pipeline.star
  fuse run pipeline.star -p rate=0.1 -p 'layers=[64, 64]'
  fuse run pipeline.star --output json | jq .results
  fuse run pipeline.star --runner podman
  fuse run spec.yaml --parallelism 1 -v`,
		Args:              oneFile,
		ValidArgsFunction: completeFiles("star", "yaml", "yml", "json"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, a, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.params, "param", "p", nil, "give a parameter of the pipeline: `name=value`, JSON or else a string (repeatable)")
	choiceVar(cmd, &f.backend, "backend", "local", "where to run", "local", "kfp")
	choiceVar(cmd, &f.runner, "runner", "in-process", "how nodes run: in this process, each in one of its own, or each in a container", "in-process", "process", "docker", "podman")
	flags.StringArrayVar(&f.runnerArgs, "runner-arg", nil, "a further `argument` for docker run or podman run, like --gpus=all (repeatable)")
	flags.IntVar(&f.parallelism, "parallelism", 0, "nodes that may run at the same time (default: the number of CPUs)")
	flags.BoolVar(&f.keepGoing, "keep-going", false, "after a failure, run all that does not depend on it (the default)")
	flags.BoolVar(&f.failFast, "fail-fast", false, "stop the run at the first failure")
	choiceVar(cmd, &f.output, "output", "text", "how results are printed", "text", "json")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell more")
	choiceVar(cmd, &f.logFormat, "log-format", "text", "how is told what happens", "text", "json")
	flags.StringVar(&f.storage, "storage", exec.DefaultStorage, "the `folder` that runs are kept in")
	cmd.RegisterFlagCompletionFunc("param", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("runner-arg", cobra.NoFileCompletions)
	cmd.MarkFlagDirname("storage")
	f.image.add(cmd)
	f.load.add(cmd)
	return cmd
}

func (f *runFlags) run(cmd *cobra.Command, a *app, file string) error {
	ctx := cmd.Context()
	a.openLog(f.logFormat, f.verbose)
	if err := f.check(cmd); err != nil {
		return err
	}
	format, err := formatOf(file)
	if err != nil {
		return err
	}
	if node := a.getenv(compiler.NodeVariable); node != "" && format == formatStar {
		return f.runNode(ctx, a, file, node)
	}
	var spec *compiler.Spec
	var images map[string]string
	if format == formatStar {
		spec, images, err = f.compile(cmd, a, file)
	} else {
		spec, err = f.readSpec(cmd, file)
	}
	if err != nil {
		return err
	}
	return f.runSpec(ctx, a, spec, images)
}

// containers tells whether nodes run in containers.
func (f *runFlags) containers() bool { return f.runner == "docker" || f.runner == "podman" }

// check refuses flags that make no sense together.
func (f *runFlags) check(cmd *cobra.Command) error {
	switch {
	case f.backend == "kfp":
		return &usageError{
			msg:  "--backend kfp: this version of Fuse cannot submit runs to a KFP cluster",
			hint: "compile the workflow with fuse compile FILE -o spec.yaml, and upload that in the dashboard",
		}
	case f.keepGoing && f.failFast:
		return &usageError{msg: "--keep-going and --fail-fast exclude each other"}
	case f.parallelism < 1 && cmd.Flags().Changed("parallelism"):
		return &usageError{msg: fmt.Sprintf("--parallelism %d: want at least 1", f.parallelism)}
	case f.storage == "":
		return &usageError{msg: "--storage: no folder given"}
	case len(f.runnerArgs) > 0 && !f.containers():
		return &usageError{msg: "--runner-arg is for --runner docker and podman"}
	}
	if !f.containers() {
		for _, name := range imageFlagNames() {
			if cmd.Flags().Changed(name) {
				return &usageError{msg: fmt.Sprintf("--%s is for an image, and --runner %s uses none", name, f.runner), hint: "choose --runner docker or podman"}
			}
		}
	}
	_, err := pairs("-p", f.params)
	return err
}

// compile loads and compiles a workflow. Where it is run in containers, it
// builds the image, and returns the name under which the runner has it too.
func (f *runFlags) compile(cmd *cobra.Command, a *app, file string) (*compiler.Spec, map[string]string, error) {
	start := a.now()
	wf, err := f.load.load(cmd.Context(), a, file)
	if err != nil {
		return nil, nil, err
	}
	loaded := a.now()
	warnPasswords(a, wf)
	if dir := wf.Settings().Storage; dir != "" && !cmd.Flags().Changed("storage") {
		f.storage = dir
	}
	var opts []compiler.Option
	var images map[string]string
	if f.containers() {
		ref, name, err := f.loadImage(cmd, a, wf)
		if err != nil {
			return nil, nil, err
		}
		opts = append(opts, compiler.WithImage(ref))
		images = map[string]string{ref: name}
	}
	built := a.now()
	spec, err := compiler.Compile(wf, opts...)
	if err != nil {
		return nil, nil, err
	}
	a.log.detail(fmt.Sprintf("loaded %s of %s in %s, compiled it in %s", count(len(wf.Nodes()), "node"),
		showName(wf.Name()), showSeconds(loaded.Sub(start)), showSeconds(a.now().Sub(built))))
	if wf.Kind() == starlarkfuse.KFP && wf.RunRequested() && !cmd.Flags().Changed("backend") {
		a.log.note("this version of Fuse cannot submit runs to a KFP cluster: running " + showName(wf.Name()) + " on this machine")
	}
	return spec, images, nil
}

// loadImage builds the image of a workflow and loads it into docker or podman.
// It returns its reference, for the spec, and the name that it has there.
func (f *runFlags) loadImage(cmd *cobra.Command, a *app, wf *starlarkfuse.Workflow) (ref, name string, err error) {
	defer a.log.done()
	opts, err := f.image.options(cmd, a, repositoryOf(wf, ""))
	if err != nil {
		return "", "", err
	}
	// What runs leave behind is not part of the workflow.
	img, err := image.Build(cmd.Context(), wf, append(opts, image.WithExclude(f.storage))...)
	if err != nil {
		return "", "", err
	}
	defer img.Close()
	if ref, err = img.Reference(imageName(wf, "")); err != nil {
		return "", "", err
	}
	name, err = img.Load(cmd.Context(), f.runner, compiler.PipelineName(wf.Name()))
	return ref, name, err
}

// readSpec reads a pipeline spec, and refuses the flags that are for
// workflows.
func (f *runFlags) readSpec(cmd *cobra.Command, file string) (*compiler.Spec, error) {
	for _, name := range []string{"workflow", "define", "max-steps", "max-nodes", "max-source"} {
		if cmd.Flags().Changed(name) {
			return nil, &usageError{msg: fmt.Sprintf("--%s is for .star files, and %s is a pipeline spec", name, showName(file))}
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, readError(file, err)
	}
	spec, err := compiler.Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", showName(file), err)
	}
	return spec, nil
}

func (f *runFlags) runSpec(ctx context.Context, a *app, spec *compiler.Spec, images map[string]string) error {
	opts := []exec.Option{
		exec.WithParameterArgs(f.params),
		exec.WithFailFast(f.failFast),
		exec.WithRunnerName(f.runner),
		exec.WithStorage(f.storage),
		exec.WithObserver(a.log.event),
	}
	if f.containers() {
		opts = append(opts, exec.WithRunner(&exec.Containers{Program: f.runner, Args: f.runnerArgs, Images: images}))
	}
	if f.parallelism > 0 {
		opts = append(opts, exec.WithParallelism(f.parallelism))
	}
	if f.load.root != "" {
		opts = append(opts, exec.WithRoot(f.load.root))
	}
	name := spec.DisplayName()
	if wf := spec.Workflow(); wf != nil {
		name = wf.Name()
	}
	a.log.begin(newRunView(name, spec))
	res, err := exec.Run(ctx, spec, opts...)
	if res == nil {
		return err
	}
	a.log.end(res)
	print := printResults
	if f.output == "json" {
		print = printJSON
	}
	if e := print(a.stdout, spec, res); e != nil && err == nil {
		err = e
	}
	if err == nil && res.State != exec.Succeeded {
		err = errFailed
	}
	return err
}

// readError says why a file that was named on the command line cannot be read.
func readError(file string, err error) error {
	return fmt.Errorf("%s: %w", showName(file), files.Cause(err))
}
