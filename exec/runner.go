package exec

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/starlarkfuse/fuse/compiler"
)

// A Runner runs the containers of tasks.
//
// Run starts t's command with its environment, passes on what it writes, and
// returns when it has ended: nil for exit status 0, else an error, an
// *ExitError where the command did run. When ctx ends, Run ends the command
// and everything that it started, and returns an error soon after. Run is
// called from several goroutines at once, and again for each attempt of a
// task.
//
// All paths in the command are absolute and lie in t.RunDir. A Runner that
// gives the command a file system of its own shows it that folder under the
// same path, writable, and t.Root readable, unless the image has the workflow.
// The engine has made the folders that KFP's launcher makes, and reads the
// outputs when Run has returned.
type Runner interface {
	Run(ctx context.Context, t *Task) error
}

// A Task is what a Runner is given to run.
type Task struct {
	// Path and Node are as in Event.
	Path string
	Node string
	// Image is that of the container; a Runner may have no use for it.
	Image string
	// Command is the program and its arguments, all placeholders replaced.
	Command []string
	// Env are the container's own variables, "name=value".
	Env []string
	// Function is set for a task of function nodes. Its command is `fuse exec`,
	// under the path that it has in the workflow's image.
	Function *compiler.FunctionTask
	// Root is the folder with the workflow file.
	Root string
	// RunDir is the folder of the run.
	RunDir string
	// Output takes what the command writes, to standard output and to
	// standard error. It must not be used by two goroutines at once, nor after
	// Run has returned.
	Output io.Writer
}

// An ExitError is the failure of a command that ran.
type ExitError struct {
	// Code is the exit status; -1 when a signal ended the command.
	Code int
	// Signal names that signal, like "killed".
	Signal string
	// Tail are the last lines that the command wrote, up to ten, each cut
	// after 1 KiB.
	Tail []string
}

// Error returns "exit status 3", and the last lines.
func (e *ExitError) Error() string {
	msg := fmt.Sprintf("exit status %d", e.Code)
	if e.Signal != "" {
		msg = "signal: " + e.Signal
	}
	return withTail(msg, e.Tail)
}

// withTail adds the last lines that a command wrote to what is said of it.
func withTail(msg string, tail []string) string {
	if len(tail) == 0 {
		return msg
	}
	return msg + "; its last output was\n  " + strings.Join(tail, "\n  ")
}
