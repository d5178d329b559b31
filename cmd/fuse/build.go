package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type buildFlags struct {
	load    loadFlags
	image   imageFlags
	to      string
	tags    []string
	layout  string
	tarball string
	dryRun  bool
	output  string
	verbose bool
}

func (a *app) buildCommand() *cobra.Command {
	var f buildFlags
	cmd := &cobra.Command{
		Use:   "build FILE",
		Short: "Build and push the image of a workflow",
		Long: `Build makes the container image in which the nodes of a workflow run, without
docker and without root, and pushes it: the base image, the fuse binary, and the
workflow's folder in /ffrun. It prints the reference of the image, which fuse
compile then takes for the spec.

The image goes to registry_credentials["server"]/workflow_name, or to the
repository that the file or --image names, under a tag made of its digest. What
the registry has is not sent again. With --oci-layout or --tarball it is written
to disk in the place of that.

The login is that of registry_credentials, or of the flags, else the one that
docker login or podman login left. A .fuseignore beside the workflow, in the
syntax of .dockerignore, says which files the image leaves out.

` + exitStatus(""),
		Example: `  fuse build pipeline.star
  fuse build pipeline.star --image registry.example.com/team/sums --tag v1
  fuse build pipeline.star --base-image python:3.12-slim --platform linux/amd64,linux/arm64
  fuse build pipeline.star --tarball - | podman load`,
		Args:              oneFile,
		ValidArgsFunction: completeFiles("star"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd, a, args[0])
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.to, "image", "", "the `repository` to push to, like registry.example.com/team/name")
	flags.StringArrayVar(&f.tags, "tag", nil, "a further `tag` for the image (repeatable)")
	flags.StringVar(&f.layout, "oci-layout", "", "write the image into the `folder`, an OCI layout, and push nothing")
	flags.StringVar(&f.tarball, "tarball", "", "write the image to the `file` as docker save does (-: standard output), and push nothing")
	flags.BoolVar(&f.dryRun, "dry-run", false, "show what would be built and pushed")
	choiceVar(cmd, &f.output, "output", "text", "how the result is printed", "text", "json")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell more")
	cmd.RegisterFlagCompletionFunc("image", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("tag", cobra.NoFileCompletions)
	cmd.MarkFlagDirname("oci-layout")
	cmd.MarkFlagFilename("tarball", "tar")
	f.image.add(cmd)
	f.image.addPlatform(cmd)
	f.load.add(cmd)
	return cmd
}

func (f *buildFlags) run(cmd *cobra.Command, a *app, file string) error {
	a.openLog("text", f.verbose)
	defer a.log.done()
	if err := f.check(cmd, file); err != nil {
		return err
	}
	wf, err := f.load.load(cmd.Context(), a, file)
	if err != nil {
		return err
	}
	warnPasswords(a, wf)
	pushTo, err := f.destination(wf)
	if err != nil {
		return err
	}
	opts, err := f.image.options(cmd, a, pushTo)
	if err != nil {
		return err
	}
	opts = append(opts, image.WithTags(f.tags...), image.WithExclude(f.outputs()...))
	img, err := image.Build(cmd.Context(), wf, opts...)
	if err != nil {
		return err
	}
	defer img.Close()
	if f.dryRun {
		return f.show(cmd.Context(), a, wf, img, pushTo)
	}
	return f.deliver(cmd.Context(), a, wf, img, pushTo)
}

// check refuses flags that make no sense together.
func (f *buildFlags) check(cmd *cobra.Command, file string) error {
	for _, name := range []string{"image", "oci-layout", "tarball", "base-image"} {
		if flag := cmd.Flags().Lookup(name); flag.Changed && flag.Value.String() == "" {
			return &usageError{msg: fmt.Sprintf("--%s: nothing given", name)}
		}
	}
	if f.tarball == "-" && f.output == "json" {
		return &usageError{msg: "--tarball - and --output json both want standard output"}
	}
	return onlyStar(file)
}

// destination returns the repository that the image is pushed to; "" where it
// is not pushed.
func (f *buildFlags) destination(wf *starlarkfuse.Workflow) (string, error) {
	if f.layout != "" || f.tarball != "" {
		return "", nil
	}
	to := repositoryOf(wf, f.to)
	if to == "" && !f.dryRun {
		return "", &usageError{
			msg:  fmt.Sprintf("nothing says where the image of %s is to be pushed", showName(wf.Name())),
			hint: "give a repository with --image, or registry_credentials in the file; --oci-layout and --tarball write the image to disk",
		}
	}
	return to, nil
}

// outputs returns the paths that the command writes to.
func (f *buildFlags) outputs() []string {
	var paths []string
	if f.layout != "" {
		paths = append(paths, f.layout)
	}
	if f.tarball != "" && f.tarball != "-" {
		paths = append(paths, f.tarball)
	}
	return paths
}

// deliver brings the image to where it is wanted, and tells of it.
func (f *buildFlags) deliver(ctx context.Context, a *app, wf *starlarkfuse.Workflow, img *image.Image, pushTo string) error {
	r := newImageReport(wf, img)
	name := imageName(wf, f.to)
	if f.layout != "" {
		if err := img.WriteLayout(ctx, f.layout, name); err != nil {
			return err
		}
		r.Layout = f.layout
		if err := f.rememberLayout(a, wf, img); err != nil {
			return err
		}
	}
	if f.tarball != "" {
		if err := f.writeTarball(ctx, a, img, name); err != nil {
			return err
		}
		r.Tarball = f.tarball
	}
	r.Image = img.Digest()
	if pushTo != "" {
		pushed, err := img.Push(ctx, pushTo)
		if err != nil {
			return err
		}
		r.Image, r.Tags, r.Uploaded, r.Unchanged = pushed.Reference, pushed.Tags, &pushed.Uploaded, pushed.Unchanged
		remember(a, img, pushed.Reference)
	}
	a.log.done()
	a.log.note(r.summary())
	switch {
	case f.output == "json":
		return r.printJSON(a.stdout)
	case f.tarball == "-":
		return nil
	}
	return writeOut(a.stdout, []byte(r.Image+"\n"))
}

// rememberLayout keeps the reference that the image will have when the layout
// is copied to the registry that the workflow names: tools that copy layouts
// keep the digest.
func (f *buildFlags) rememberLayout(a *app, wf *starlarkfuse.Workflow, img *image.Image) error {
	to := repositoryOf(wf, f.to)
	if to == "" {
		return nil
	}
	ref, err := img.Reference(to)
	if err == nil {
		remember(a, img, ref)
	}
	return err
}

// remember keeps the image for fuse compile.
func remember(a *app, img *image.Image, ref string) {
	if err := img.Remember(ref, a.now()); err != nil {
		a.log.warn(fmt.Sprintf("fuse compile will not know of this image: %v", err))
	}
}

// imageName returns the name under which a layout or a tarball has the image.
func imageName(wf *starlarkfuse.Workflow, flag string) string {
	if to := repositoryOf(wf, flag); to != "" {
		return to
	}
	return compiler.PipelineName(wf.Name())
}

func (f *buildFlags) writeTarball(ctx context.Context, a *app, img *image.Image, name string) error {
	if f.tarball == "-" {
		return img.WriteTarball(ctx, a.stdout, name)
	}
	return writeFileBy(f.tarball, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		if err := img.WriteTarball(ctx, out, name); err != nil {
			return err
		}
		return out.Flush()
	})
}
