package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/starlarkfuse/fuse/exec"
)

// The exit codes, as every command's help lists them.
const (
	exitOK          = 0
	exitFailed      = 1   // the workflow, or the node, ran and failed
	exitError       = 2   // it could not be run
	exitInterrupted = 130 // as shells report a program that Ctrl-C ended
)

// errFailed ends a command whose workflow ran and failed, which was told
// already.
var errFailed = errors.New("failed")

// An app is one call of fuse with all that it knows of the world, so that a
// test can give it another one.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookupEnv      func(string) (string, bool)
	now            func() time.Time
	// width returns the width in columns of the terminal that stderr is, and
	// false when it is none.
	width func() (int, bool)

	log reporter
}

// newApp returns the app of this process.
func newApp() *app {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, lookupEnv: os.LookupEnv, now: time.Now}
	a.width = func() (int, bool) {
		fd := int(os.Stderr.Fd())
		if !term.IsTerminal(fd) || a.getenv("TERM") == "dumb" {
			return 0, false
		}
		width, _, err := term.GetSize(fd)
		return width, err == nil
	}
	return a
}

// getenv returns the value of an environment variable, "" where it is not set.
func (a *app) getenv(name string) string {
	value, _ := a.lookupEnv(name)
	return value
}

// openLog sets how is told what happens: as JSON, or as text, with a live view
// on a terminal.
func (a *app) openLog(format string, verbose bool) {
	_, terminal := a.width()
	switch {
	case format == "json":
		a.log = &jsonLog{w: a.stderr, now: a.now, verbose: verbose}
	case terminal:
		a.log = newLiveLog(a.stderr, a.width, a.now, verbose)
	default:
		a.log = &textLog{w: a.stderr, verbose: verbose}
	}
}

// run executes one command line and returns the exit code. All that a user
// can do wrong ends here, as text on stderr.
func (a *app) run(ctx context.Context, args []string) int {
	a.log = newTextLog(a.stderr)
	root := a.rootCommand()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		a.log.fail(errors.New("interrupted"))
		return exitInterrupted
	case errors.Is(err, errFailed):
		return exitFailed
	}
	a.log.fail(err)
	if node := (*exec.NodeError)(nil); errors.As(err, &node) {
		return exitFailed
	}
	return exitError
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "fuse",
		Short: "Compile workflows written in Starlark to Kubeflow Pipelines, and run them",
		Long: `Fuse compiles workflows written in Starlark to Kubeflow Pipelines (KFP v2), and
runs them on this machine with nothing installed.

` + exitStatus("the workflow, or the node, ran and failed"),
		Example: `  fuse run pipeline.star                  # run it here
  fuse compile pipeline.star -o spec.yaml # what a KFP cluster takes
  fuse graph pipeline.star | dot -Tsvg    # draw it`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			e := &usageError{msg: fmt.Sprintf("there is no command %q", args[0]), command: "fuse"}
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				e.hint = "did you mean " + strings.Join(near, ", ") + "?"
			} else if format, err := formatOf(args[0]); err == nil && format != "" {
				e.hint = "to run the file: fuse run " + args[0]
			}
			return e
		},
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{msg: err.Error(), command: cmd.CommandPath()}
	})
	root.SuggestionsMinimumDistance = 2
	root.AddCommand(a.runCommand(), a.compileCommand(), a.buildCommand(), a.imageCommand(), a.graphCommand(), a.execCommand(), a.versionCommand())
	return root
}

// exitStatus returns the block of a command's help that lists its exit codes.
func exitStatus(failed string) string {
	text := "EXIT STATUS\n  0    all went well\n"
	if failed != "" {
		text += "  1    " + failed + "\n"
	}
	return text + "  2    it could not be done: wrong usage, or an error in the file\n" +
		"  130  interrupted"
}

// oneFile checks that a command was given one file.
func oneFile(cmd *cobra.Command, args []string) error {
	switch len(args) {
	case 1:
		return nil
	case 0:
		return &usageError{msg: "no file given", command: cmd.CommandPath()}
	}
	return &usageError{msg: fmt.Sprintf("want one file, got %d arguments: %s", len(args), quoteAll(args)), command: cmd.CommandPath()}
}

// noArgs checks that a command was given flags only.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{msg: fmt.Sprintf("unexpected argument %q", args[0]), command: cmd.CommandPath()}
}
