package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// DefaultGrace is how long a process that is asked to end may take.
const DefaultGrace = 5 * time.Second

// A Process is a Runner without containers: commands run as child processes on
// this machine, with its programs and its environment, and the image is not
// used. The zero value is ready to use.
type Process struct {
	// Executable is the fuse binary that runs function tasks. The default is
	// the running program.
	Executable string
	// Grace is the time between asking a process to end and killing it. The
	// default is DefaultGrace.
	Grace time.Duration
}

// Run implements Runner. On Unix, each command is a process group of its own,
// all of which is ended with it. One that has left the group, and still holds
// the output open, is waited for as long as Grace, or three times that while it
// writes.
func (p *Process) Run(ctx context.Context, t *Task) error {
	argv, env := t.Command, append(os.Environ(), t.Env...)
	if t.Function != nil {
		exe := p.Executable
		if exe == "" {
			var err error
			if exe, err = os.Executable(); err != nil {
				return fmt.Errorf("find the fuse binary: %w", err)
			}
		}
		argv = append([]string{exe}, t.Command[1:]...)
		env = append(env, RootVariable+"="+t.Root)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = env
	cmd.WaitDelay = p.Grace
	if cmd.WaitDelay <= 0 {
		cmd.WaitDelay = DefaultGrace
	}
	// The pipe is ours, for Wait to return when the process has ended, and not
	// when all that it left behind have.
	output, theirs, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe for the output of %s: %w", argv[0], err)
	}
	cmd.Stdout, cmd.Stderr = theirs, theirs
	group(cmd)
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		output.Close()
		return startError(t, argv[0], err)
	}
	d := newDrain(output, t.Output)
	err = cmd.Wait()
	killGroup(cmd) // whatever it left running, as the end of a container would
	ticker := time.NewTicker(cmd.WaitDelay)
	defer ticker.Stop()
	d.finish(ticker.C)
	if ctxErr := context.Cause(ctx); ctxErr != nil && err != nil {
		return fmt.Errorf("stopped: %w", ctxErr)
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return &ExitError{Code: exit.ExitCode(), Signal: signalName(exit.ProcessState)}
	}
	return fmt.Errorf("run %s: %w", argv[0], err)
}

// startError explains why a command could not be started.
func startError(t *Task, name string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &starlarkfuse.Error{Msg: err.Error(), Err: err}
	if filepath.IsAbs(name) {
		e.Msg = fmt.Sprintf("start %s: %v", name, errors.Unwrap(err))
	}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.Hint = "this runner uses the programs of this machine, not those of the container's image: install it"
		if t.Image != "" {
			e.Hint = fmt.Sprintf("this runner uses the programs of this machine, not those of the container's image %s: install it", t.Image)
		}
	case errors.Is(err, fs.ErrPermission):
		e.Hint = "make the file executable"
	case errors.Is(err, syscall.EINVAL) && slices.ContainsFunc(slices.Concat(t.Command, t.Env), holdsNUL):
		e.Msg = fmt.Sprintf("start %s: an argument or a variable holds a NUL character", name)
		e.Hint = "pass binary data as artifacts, not as parameters"
	case isTooLong(err):
		e.Msg = fmt.Sprintf("start %s: its arguments are too long for the system: %v", name, err)
		e.Hint = "pass large values as artifacts, not as parameters"
	}
	return e
}

func holdsNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

var _ Runner = (*Process)(nil)
