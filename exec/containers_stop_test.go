//go:build linux

package exec_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// A command that is to end is asked, and killed when it does not; it has not
// succeeded when it ends well.
func testContainerCancel(t *testing.T, b *box) {
	for _, program := range []string{b.podman, b.script(t, "docker", "")} {
		for verb, want := range map[string]string{"obey": "ready\nasked to end\n", "ignore": "ready\n"} {
			ctx, cancel := context.WithCancelCause(t.Context())
			task, w := b.task(t.TempDir(), "/task", verb)
			w.text, w.tell = "ready", func() { cancel(errors.New("enough")) }
			err := b.runner(program).Run(ctx, task)
			if err == nil || err.Error() != "stopped: enough" || w.String() != want {
				t.Errorf("%s, %s: %v\n%s", program, verb, err, w)
			}
			cancel(nil)
			b.mustBeEmpty(t)
		}
	}
}

// A client that is still pulling the image is ended; there is no container.
func testContainerCancelPull(t *testing.T, b *box) {
	registry, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer registry.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		if conn, err := registry.Accept(); err == nil {
			defer conn.Close()
			cancel()
			io.Copy(io.Discard, conn) // it never answers
		}
	}()
	task, w := b.task(t.TempDir(), "/task", "print")
	task.Image = registry.Addr().String() + "/task:1"
	if err := b.runner(b.podman).Run(ctx, task); !errors.Is(err, context.Canceled) || err.Error() != "stopped: context canceled" {
		t.Errorf("got %v\n%s", err, w)
	}
}

// A client that somebody kills leaves no container.
func testContainerKilledClient(t *testing.T, b *box) {
	pid := filepath.Join(t.TempDir(), "pid")
	program := b.script(t, "podman", `test "$1" != run || echo $$ > `+pid)
	task, w := b.task(t.TempDir(), "/task", "ignore")
	w.text, w.tell = "ready", func() {
		text, err := os.ReadFile(pid)
		if err != nil {
			t.Error(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil {
			t.Error(err)
			return
		}
		if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
	err := b.runner(program).Run(t.Context(), task)
	if err == nil || err.Error() != program+" was ended: signal: killed; its last output was\n  ready" {
		t.Errorf("got %v", err)
	}
	mustContain(t, hint(err), "memory")
	b.mustBeEmpty(t)
}

// fakeProgram is one that does by its first argument what a shell's case says.
func fakeProgram(t *testing.T, cases string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncase $1 in "+cases+" esac\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A client's failure is not taken for that of a command, whatever its status.
func TestContainersClientFails(t *testing.T) {
	program := fakeProgram(t, `run) echo oops; exit 1;; container) echo 0 0001-01-01T00:00:00Z;;`)
	runner := &exec.Containers{Program: program}
	err := runner.Run(t.Context(), &exec.Task{Image: "x", Command: []string{"x"}, RunDir: t.TempDir(), Output: io.Discard})
	if err == nil || err.Error() != program+" cannot run image x; its last output was\n  oops" {
		t.Errorf("got %v", err)
	}
}

// A client may ignore that it is asked to end, and the program may fail at
// everything else: then the error says what may be left.
func TestContainersStopBadly(t *testing.T) {
	fifo := makeFIFO(t)
	for rest, want := range map[string]string{
		`rm) exit 1;; ps) ;;`:             `^stopped: context canceled$`, // there was no container
		`*) echo no answer >&2; exit 1;;`: `^stopped: context canceled, but container fuse-\w+ may still run: exit status 1: no answer$`,
	} {
		program := fakeProgram(t, fmt.Sprintf(`run) trap '' TERM; echo pulling; read x < %s;; %s`, fifo, rest))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := &tellWriter{text: "pulling", tell: cancel}
		runner := &exec.Containers{Program: program, Grace: 10 * time.Millisecond}
		err := runner.Run(ctx, &exec.Task{Image: "x", Command: []string{"x"}, RunDir: t.TempDir(), Output: w})
		if err == nil || !errors.Is(err, context.Canceled) || !regexp.MustCompile(want).MatchString(err.Error()) {
			t.Errorf("got %v", err)
		}
		if strings.Contains(want, "may still run") {
			mustContain(t, hint(err), "end it with `"+program+" rm --force fuse-")
		}
	}
}
