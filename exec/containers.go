package exec

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Containers is a Runner that runs each task in a container of its own, by
// the command line of docker or podman, on this machine.
//
// The containers are what a cluster makes of the spec: the entrypoint of the
// image is not used, and the command has no capabilities and gains none. Of
// this machine it sees the folder of the run. It is given neither the user's
// environment nor t.Root: a workflow's image has what is in it at ImageRoot.
//
// The user that the image names is not used either, for it could not write to
// the folder of the run. With docker, commands run under the ids of this
// process; with podman as root in the container, which is the user of this
// process outside. So that user owns what they write. A docker that runs
// without root, or is podman in truth, wants "--user=0:0" in Args.
//
// Run removes the container when it returns. What is left when this process is
// killed has a name that starts with "fuse-".
type Containers struct {
	// Program is "docker", "podman", or a path to one of them. It is taken for
	// podman when its name starts with that.
	Program string
	// Args are further arguments of its run command, like "--gpus=all". They
	// win over those that Run gives.
	Args []string
	// Images are names under which the program has an image, by the image's
	// name in the spec. Others are used under their own name, and pulled by
	// the program when they are missing.
	Images map[string]string
	// Grace is the time between asking a command to end and killing it, in
	// whole seconds, rounded up. The default is DefaultGrace.
	Grace time.Duration
}

// Exit statuses that the program's run command has of its own. The command in
// the container may have them too.
const (
	programFailed = 125
	notExecutable = 126
	notFound      = 127
)

// answerTime is how long the program may take for what it does at once.
const answerTime = 10 * time.Second

// Run implements Runner. What the program itself writes, like the progress of
// a pull, is part of the task's output. A command that could not be started is
// a *starlarkfuse.Error, and so is what else the program cannot do.
func (c *Containers) Run(ctx context.Context, t *Task) error {
	image, ok := c.Images[t.Image]
	if !ok {
		image = t.Image
	}
	if err := c.check(t, image); err != nil {
		return err
	}
	name := "fuse-" + strings.ToLower(rand.Text())
	cmd := c.client(ctx, c.runArgs(t, name, image, os.Getuid(), os.Getgid())...)
	cmd.WaitDelay = graceOr(c.Grace)
	cmd.Cancel = func() error {
		c.ask(ctx, "stop", name)            // fails while there is no container yet
		cmd.Process.Signal(syscall.SIGTERM) // and this keeps it from being made
		return nil                          // it was stopped, even if it has ended well
	}
	output := &lineWriter{log: t.Output, emit: func(string) {}} // for the tail
	pipe, err := startDrained(cmd, output)
	if err != nil {
		return startError(t, c.Program, "install podman or docker, or choose --runner in-process or process", err)
	}
	err = endError(ctx, c.Program, cmd.Wait())
	exit, ended := err.(*ExitError)
	ran := ended && c.ran(ctx, name, exit)
	left := c.remove(ctx, name)
	pipe.end(cmd.WaitDelay)
	output.end()
	switch {
	case ended && !ran:
		return c.failure(t, image, exit, output.tail)
	case err != nil && ctx.Err() != nil && left != nil:
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%v, but container %s may still run: %v", err, name, left),
			Hint: fmt.Sprintf("end it with `%s rm --force %s`", c.Program, name),
			Err:  err,
		}
	}
	return err
}

// check finds what the program would not tell, or not as well.
func (c *Containers) check(t *Task, image string) error {
	switch {
	case c.Program == "":
		return errors.New("Containers: no program")
	case image == "":
		return &starlarkfuse.Error{
			Msg:  "its container has no image",
			Hint: "name one in the component, or choose --runner process, which needs none",
		}
	case !strings.HasPrefix(t.RunDir, "/"):
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("folder %s cannot have this path in a container too", t.RunDir),
			Hint: "run fuse in Linux, that of WSL for example, or choose --runner in-process or process",
		}
	}
	return nil
}

// ran reports whether an exit status of the client is that of the command. The
// client's own can be any; the container tells. It still does because it is not
// run with --rm. Where there is none, all but the known ones are the command's.
func (c *Containers) ran(ctx context.Context, name string, exit *ExitError) bool {
	state, err := c.ask(ctx, "container", "inspect", "--format={{.State.ExitCode}} {{.State.StartedAt}}", name)
	if err != nil {
		return exit.Signal == "" && (exit.Code < programFailed || exit.Code > notFound)
	}
	code, started, _ := strings.Cut(state, " ")
	return code == strconv.Itoa(exit.Code) && !strings.HasPrefix(started, "0001-") // the zero time
}

// failure explains why a command did not run.
func (c *Containers) failure(t *Task, image string, exit *ExitError, tail []string) error {
	e := &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%s cannot run image %s", c.Program, image),
		Hint: fmt.Sprintf("see whether `%s info` and `%[1]s pull %s` work", c.Program, image),
	}
	switch {
	case exit.Signal != "":
		e.Msg = fmt.Sprintf("%s was ended: signal: %s", c.Program, exit.Signal)
		e.Hint = "if you did not end it, see whether the machine has run out of memory"
	case exit.Code == notExecutable, exit.Code == notFound:
		e.Msg = fmt.Sprintf("%s finds no program %s in image %s", c.Program, t.Command[0], image)
		e.Hint = fmt.Sprintf("choose an image that has the program %s, or the path that it has there", t.Command[0])
		if exit.Code == notExecutable {
			e.Msg = fmt.Sprintf("%s cannot execute %s in image %s", c.Program, t.Command[0], image)
		}
	}
	e.Msg = withTail(e.Msg, tail)
	return e
}

// remove removes a container, whether or not it runs, or exists.
func (c *Containers) remove(ctx context.Context, name string) error {
	_, err := c.ask(ctx, "rm", "--force", "--volumes", name)
	if err == nil {
		return nil
	}
	// Older versions fail when there is no such container.
	if found, e := c.ask(ctx, "ps", "--all", "--quiet", "--filter=name="+name); e == nil && found == "" {
		return nil
	}
	return err
}

// ask has the program do something about a container, also when ctx has ended,
// and returns what it says. It takes Grace at most, and answerTime.
func (c *Containers) ask(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceOr(c.Grace)+answerTime)
	defer cancel()
	cmd := c.client(ctx, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = fmt.Errorf("%w: %s", err, bytes.TrimSpace(exit.Stderr))
	}
	return string(bytes.TrimSpace(out)), err
}

// client returns a command of the program. It is in a process group of its own,
// for a Ctrl-C at the terminal to reach us alone. But not the group is asked to
// end: what podman has started there ends with the container.
func (c *Containers) client(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Program, args...)
	group(cmd)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return cmd
}

var _ Runner = (*Containers)(nil)
