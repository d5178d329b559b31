package exec

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"
)

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
	cmd.WaitDelay = graceOr(p.Grace)
	group(cmd)
	output, err := startDrained(cmd, t.Output)
	if err != nil {
		hint := "this runner uses the programs of this machine, not those of the container's image: install it"
		if t.Image != "" {
			hint = fmt.Sprintf("this runner uses the programs of this machine, not those of the container's image %s: install it", t.Image)
		}
		return startError(t, argv[0], hint, err)
	}
	err = cmd.Wait()
	killGroup(cmd) // whatever it left running, as the end of a container would
	output.end(cmd.WaitDelay)
	return endError(ctx, argv[0], err)
}

var _ Runner = (*Process)(nil)
