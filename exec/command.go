package exec

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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

// graceOr returns how long that is for a runner with such a setting.
func graceOr(grace time.Duration) time.Duration {
	if grace <= 0 {
		return DefaultGrace
	}
	return grace
}

// startError explains why a command could not be started. missing is the hint
// when there is no such program.
func startError(t *Task, name, missing string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := &starlarkfuse.Error{Msg: err.Error(), Err: err}
	if filepath.IsAbs(name) {
		e.Msg = fmt.Sprintf("start %s: %v", name, errors.Unwrap(err))
	}
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		e.Hint = missing
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

// endError explains the error with which a command has ended, if there is one:
// an *ExitError for a command that ended by itself.
func endError(ctx context.Context, name string, err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("stopped: %w", context.Cause(ctx))
	case errors.As(err, &exit):
		return &ExitError{Code: exit.ExitCode(), Signal: signalName(exit.ProcessState)}
	}
	return fmt.Errorf("run %s: %w", name, err)
}
