package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// Load brings the image to docker or podman on this machine, by their command
// line, unless it is there already, and returns the name under which they have
// it then: "localhost/" and ref, with a tag made of the image's digest.
func (i *Image) Load(ctx context.Context, program, ref string) (string, error) {
	full := "localhost/" + ref + ":" + TagOf(i.Digest())
	if exec.CommandContext(ctx, program, "image", "inspect", "--format", "{{.Id}}", full).Run() == nil {
		return full, nil
	}
	cmd := exec.CommandContext(ctx, program, "load", "--quiet")
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", fmt.Errorf("load the image into %s: %w", program, err)
	}
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Start(); err != nil {
		return "", loadError(program, "", err)
	}
	writeErr := i.WriteTarball(ctx, in, full)
	in.Close()
	switch err := cmd.Wait(); {
	case ctx.Err() != nil:
		return "", fmt.Errorf("load the image into %s: stopped: %w", program, context.Cause(ctx))
	case writeErr != nil && !errors.Is(writeErr, syscall.EPIPE):
		return "", fmt.Errorf("load the image into %s: %w", program, writeErr)
	case err != nil: // it says more of the cause than a broken pipe does
		return "", loadError(program, text.String(), err)
	case writeErr != nil:
		return "", fmt.Errorf("load the image into %s: %w", program, writeErr)
	}
	return full, nil
}

// loadError says why docker or podman did not take an image.
func loadError(program, output string, err error) error {
	e := &starlarkfuse.Error{Msg: fmt.Sprintf("load the image into %s: %v", program, err), Err: err}
	if output = strings.TrimSpace(output); output != "" {
		e.Msg += "; its output was\n  " + strings.ReplaceAll(output, "\n", "\n  ")
	}
	if errors.Is(err, exec.ErrNotFound) {
		e.Msg = fmt.Sprintf("load the image into %s: the program is not installed", program)
		e.Hint = "install podman or docker, or run without containers: --runner in-process or process"
	} else {
		e.Hint = fmt.Sprintf("does %s work here? try: %s info", program, program)
	}
	return e
}
