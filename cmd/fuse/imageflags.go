package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// imageFlags say how the image of a workflow is built. They are the same for
// all commands that build one.
type imageFlags struct {
	base      string
	platforms []string
	binaries  []string
	maxSize   int64
	insecure  bool
	username  string
	password  bool // is read from standard input
}

func (f *imageFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.base, "base-image", "", "the `image` to build upon: of a registry, an OCI layout (./DIR), a docker-save tarball (FILE.tar), or \"scratch\" for none")
	flags.StringArrayVar(&f.binaries, "fuse-binary", nil, "a static fuse binary for Linux, a `file`; one for each platform (repeatable; default: this program, or what the Go toolchain builds)")
	flags.Int64Var(&f.maxSize, "max-size", image.DefaultMaxSize, "bytes that the workflow's folder may have")
	flags.BoolVar(&f.insecure, "insecure", false, "speak plain HTTP with registries that have no HTTPS")
	flags.StringVar(&f.username, "registry-username", "", "the user `name` for the registry that the image is pushed to")
	flags.BoolVar(&f.password, "registry-password-stdin", false, "read the password for that registry from standard input")
	cmd.RegisterFlagCompletionFunc("base-image", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("registry-username", cobra.NoFileCompletions)
}

// imageFlagNames returns the names of the flags that add adds.
func imageFlagNames() []string {
	return []string{"base-image", "fuse-binary", "max-size", "insecure", "registry-username", "registry-password-stdin"}
}

// addPlatform adds --platform, for commands whose image may be for several.
func (f *imageFlags) addPlatform(cmd *cobra.Command) {
	cmd.Flags().StringSliceVar(&f.platforms, "platform", nil, "the `platforms` of the image, like linux/amd64,linux/arm64 (default: Linux on this machine's architecture)")
	cmd.RegisterFlagCompletionFunc("platform", cobra.FixedCompletions([]string{"linux/amd64", "linux/arm64"}, cobra.ShellCompDirectiveNoFileComp))
}

// options returns the options of a build. repository is where the image will
// be pushed to; "" for nowhere.
func (f *imageFlags) options(cmd *cobra.Command, a *app, repository string) ([]image.Option, error) {
	if f.maxSize < 1 {
		return nil, &usageError{msg: fmt.Sprintf("--max-size %d: want at least 1", f.maxSize)}
	}
	opts := []image.Option{
		image.WithMaxSize(f.maxSize),
		image.WithInsecure(f.insecure),
		image.WithBinaries(f.binaries...),
		image.WithLookup(a.lookupEnv),
		image.WithProgress(a.log.building),
		image.WithNotes(a.log.note),
	}
	if cmd.Flags().Changed("base-image") {
		opts = append(opts, image.WithBase(f.base))
	}
	if len(f.platforms) > 0 {
		opts = append(opts, image.WithPlatforms(f.platforms...))
	}
	login, err := f.login(a, repository)
	if login != nil {
		opts = append(opts, login)
	}
	return opts, err
}

// maxPassword bounds what is read as a password.
const maxPassword = 64 << 10

// login reads the login that the flags give; nil for none.
func (f *imageFlags) login(a *app, repository string) (image.Option, error) {
	switch {
	case !f.password && f.username == "":
		return nil, nil
	case !f.password:
		return nil, &usageError{msg: "--registry-username without a password", hint: "give it on standard input: --registry-password-stdin"}
	case f.username == "":
		return nil, &usageError{msg: "--registry-password-stdin without a user name", hint: "give it with --registry-username"}
	case repository == "":
		return nil, &usageError{msg: "--registry-username is for an image that is pushed, and this one is not"}
	}
	text, err := io.ReadAll(io.LimitReader(a.stdin, maxPassword+1))
	if err != nil {
		return nil, fmt.Errorf("read the password from standard input: %w", files.Cause(err))
	}
	password := strings.TrimRight(string(text), "\r\n")
	switch {
	case password == "":
		return nil, &usageError{msg: "--registry-password-stdin: standard input holds no password"}
	case len(text) > maxPassword:
		return nil, &usageError{msg: fmt.Sprintf("--registry-password-stdin: more than %d bytes", maxPassword)}
	}
	return image.WithLogin(repository, f.username, password), nil
}

// warnPasswords tells of passwords that are written in the workflow's files.
// One that cannot be masked is an error where that matters, not here.
func warnPasswords(a *app, wf *starlarkfuse.Workflow) {
	places, err := wf.File().PasswordLiterals()
	if err != nil {
		return
	}
	for _, p := range places {
		a.log.warn(fmt.Sprintf("%s: the password of the registry is written in the file", p.Pos),
			`write "password": secret_env("REGISTRY_PASSWORD"), and set this variable where the image is pushed`)
	}
}

// repositoryOf returns where a workflow's image is pushed to: what the flag
// says, else what the workflow does, else "".
func repositoryOf(wf *starlarkfuse.Workflow, flag string) string {
	if flag != "" {
		return flag
	}
	return compiler.Repository(wf)
}
