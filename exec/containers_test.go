//go:build linux

package exec_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// All that needs containers shares one image, and leaves none behind.
func TestContainers(t *testing.T) {
	b := newBox(t)
	t.Run("spec", func(t *testing.T) { testContainerSpec(t, b) })
	t.Run("functions", func(t *testing.T) { testContainerFunctions(t, b) })
	t.Run("what a command finds", func(t *testing.T) { testContainerView(t, b) })
	t.Run("statuses", func(t *testing.T) { testContainerStatuses(t, b) })
	t.Run("failures", func(t *testing.T) { testContainerFailures(t, b) })
	t.Run("cancel", func(t *testing.T) { testContainerCancel(t, b) })
	t.Run("cancel a pull", func(t *testing.T) { testContainerCancelPull(t, b) })
	t.Run("killed client", func(t *testing.T) { testContainerKilledClient(t, b) })
	t.Run("two at once", func(t *testing.T) { testContainersAtOnce(t, b) })
	b.mustBeEmpty(t)
}

// containerSpec is what another SDK may make: a container that writes a
// parameter and an artifact, and one that takes both.
const containerSpec = `
pipelineInfo: {name: containers}
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      make: {taskInfo: {name: make}, componentRef: {name: comp-make}}
      take:
        taskInfo: {name: take}
        componentRef: {name: comp-take}
        dependentTasks: [make]
        inputs:
          parameters: {name: {taskOutputParameter: {producerTask: make, outputParameterKey: name}}}
          artifacts: {data: {taskOutputArtifact: {producerTask: make, outputArtifactKey: data}}}
components:
  comp-make:
    executorLabel: exec-make
    outputDefinitions:
      parameters: {name: {parameterType: STRING}}
      artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}
  comp-take:
    executorLabel: exec-take
    inputDefinitions:
      parameters: {name: {parameterType: STRING}}
      artifacts: {data: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}
    outputDefinitions:
      parameters: {out: {parameterType: STRING}}
deploymentSpec:
  executors:
    exec-make:
      container:
        image: registry.example.com/task:1
        command: [/task]
        args: [make, "{{$.outputs.parameters['name'].output_file}}", "{{$.outputs.artifacts['data'].path}}"]
    exec-take:
      container:
        image: registry.example.com/task:1
        command: [/task]
        args: [take, "{{$.inputs.parameters['name']}}", "{{$.inputs.artifacts['data'].path}}", "{{$.outputs.parameters['out'].output_file}}"]
`

// A spec runs, wherever the folder of the run is, and its files are ours.
func testContainerSpec(t *testing.T, b *box) {
	for _, program := range []string{b.podman, b.script(t, "docker", "")} {
		storage := filepath.Join(t.TempDir(), `a b:c,d"e=f`)
		res := run(t, readSpec(t, containerSpec), exec.WithRunner(b.runner(program)), exec.WithStorage(storage))
		if got, want := outputs(res), "make.name=Zoë take.out=Zoë has 1, 2"; got != want {
			t.Fatalf("%s: got %s, want %s (%v, %v)", program, got, want, res.Task("make").Err, res.Task("take").Err)
		}
		info, err := os.Stat(filepath.Join(res.Dir, "take", "parameters", "out"))
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); int(owner.Uid) != os.Getuid() || int(owner.Gid) != os.Getgid() {
			t.Errorf("%s: the file belongs to %d:%d", program, owner.Uid, owner.Gid)
		}
	}
}

// Function nodes find their workflow in the image.
func testContainerFunctions(t *testing.T, b *box) {
	spec := compile(t, everything)
	here, there := run(t, spec), run(t, spec, exec.WithRunner(b.runner(b.podman)))
	if there.State != exec.Succeeded || values(here) != values(there) || outputs(here) != outputs(there) {
		t.Errorf("in this process:\n%s\n%s\nin containers:\n%s\n%s\n%s", values(here), outputs(here), values(there), outputs(there), states(there))
	}
}

// must runs a task that succeeds, and returns what it wrote.
func (b *box) must(t *testing.T, runner exec.Runner, env []string, command ...string) string {
	t.Helper()
	task, w := b.task(t.TempDir(), command...)
	task.Env = env
	if err := runner.Run(t.Context(), task); err != nil {
		t.Errorf("%v\n%s", err, w)
	}
	return w.String()
}

// A command gets its variables and arguments as they are, and no power.
func testContainerView(t *testing.T, b *box) {
	t.Setenv("FROM_HOST", "host")
	runner := b.runner(b.podman)
	got := b.must(t, runner, []string{"A=x y\n,\"z\"", "B=", "HOME=/here"}, "/task", "env", "A", "B", "HOME", "FROM_IMAGE", "FROM_HOST")
	mustContain(t, got, `A="x y\n,\"z\"" true`+"\n"+`B="" true`+"\n"+`HOME="/here" true`+"\n"+`FROM_IMAGE="image" true`+"\n"+`FROM_HOST="" false`)

	got = b.must(t, runner, nil, "/task", "print", "--", "-x", "", "[\"/nope\"]")
	mustContain(t, got, "[-- -x  [\"/nope\"]]\n")

	const nothing = "0000000000000000\n"
	got = b.must(t, runner, nil, "/task", "status")
	for _, want := range []string{"Uid:\t0\t0\t0\t0\n", "CapEff:\t" + nothing, "CapBnd:\t" + nothing, "NoNewPrivs:\t1\n"} {
		mustContain(t, got, want)
	}
	runner.Args = append([]string{"--user=1234:1234"}, b.args...)
	mustContain(t, b.must(t, runner, nil, "/task", "status"), "Uid:\t1234\t1234\t1234\t1234\n")
}

// Exit statuses are the command's, those too that the program uses itself.
func testContainerStatuses(t *testing.T, b *box) {
	for _, code := range []int{1, 125, 126, 127, 137, 255} {
		task, w := b.task(t.TempDir(), "/task", "exit", strconv.Itoa(code))
		err := b.runner(b.podman).Run(t.Context(), task)
		if exit, ok := err.(*exec.ExitError); !ok || exit.Code != code || exit.Signal != "" {
			t.Errorf("status %d: %v", code, err)
		}
		mustContain(t, w.String(), "out\n")
		mustContain(t, w.String(), "err\n")
	}
	removed := b.runner(b.podman)
	removed.Args = append([]string{"--rm"}, b.args...) // it tells nothing any more
	task, _ := b.task(t.TempDir(), "/task", "exit", "1")
	if err := removed.Run(t.Context(), task); err == nil || err.Error() != "exit status 1" {
		t.Errorf("with --rm: %v", err)
	}
	spec := readSpec(t, strings.Replace(containerSpec, "[make,", `[exit, "7",`, 1))
	err := run(t, spec, exec.WithRunner(b.runner(b.podman))).Task("make").Err
	if err == nil || err.Error() != "exit status 7; its last output was\n  out\n  err" {
		t.Errorf("got %v", err)
	}
}

// When a command does not run at all, the error says so.
func testContainerFailures(t *testing.T, b *box) {
	for _, tt := range []struct {
		name, image, command string
		args                 []string
		msg, tail, hint      string
	}{
		{
			name: "no such program", image: specImage, command: "/nope",
			msg:  "podman finds no program /nope in image " + b.image + "; its last output was\n  ",
			tail: "no such file or directory", hint: "choose an image that has the program /nope, or the path that it has there",
		},
		{
			name: "no such name", image: specImage, command: "null",
			msg:  "podman finds no program null in image " + b.image,
			tail: "not found", hint: "choose an image that has the program null",
		},
		{
			name: "no program", image: specImage, command: "/plain",
			msg:  "podman cannot execute /plain in image " + b.image,
			tail: "permission denied", hint: "choose an image that has the program /plain",
		},
		{
			name: "no image", image: "localhost/fuse-test-none:1", command: "/task", args: []string{"--pull=never"},
			msg:  "podman cannot run image localhost/fuse-test-none:1; its last output was\n  ",
			tail: "image not known", hint: "podman info` and `" + b.podman + " pull localhost/fuse-test-none:1` work",
		},
		{
			name: "an image that looks like an option", image: "--privileged", command: "/task",
			msg: "podman cannot run image --privileged",
		},
		{
			name: "a bad argument", image: specImage, command: "/task", args: []string{"--bogus"},
			msg: "podman cannot run image " + b.image, tail: "unknown flag: --bogus", hint: "see whether",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runner := b.runner(b.podman)
			runner.Args = append(tt.args, b.args...)
			task, w := b.task(t.TempDir(), tt.command)
			task.Image = tt.image
			err := runner.Run(t.Context(), task)
			e, ok := asError(err)
			if !ok || errors.As(err, new(*exec.ExitError)) {
				t.Fatalf("got %#v", err)
			}
			mustContain(t, e.Msg, tt.msg)
			mustContain(t, e.Msg, tt.tail)
			mustContain(t, e.Hint, tt.hint)
			mustContain(t, w.String(), tt.tail)
		})
	}
}

// Two tasks that wait for each other end only when they run at the same time.
func testContainersAtOnce(t *testing.T, b *box) {
	dir, ended := t.TempDir(), make(chan error)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, path := range []string{one, two} {
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runner := b.runner(b.podman)
	for _, verb := range []string{"call", "answer"} {
		task, _ := b.task(dir, "/task", verb, one, two)
		go func() { ended <- runner.Run(ctx, task) }()
	}
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// What keeps any container from being run is told before.
func TestContainersThatCannotRun(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, tt := range []struct {
		name      string
		runner    exec.Containers
		task      exec.Task
		msg, hint string
	}{
		{"no program", exec.Containers{}, exec.Task{Image: "x", RunDir: "/x"}, "Containers: no program", ""},
		{"no image", exec.Containers{Program: "docker"}, exec.Task{RunDir: "/x"}, "its container has no image", "name one in the component"},
		{"a path of Windows", exec.Containers{Program: "docker"}, exec.Task{Image: "x", RunDir: `C:\x`}, `folder C:\x cannot have this path in a container too`, "WSL"},
		{"a NUL", exec.Containers{Program: "/bin/sh"}, exec.Task{Image: "x", RunDir: "/x", Command: []string{"\x00"}}, "holds a NUL character", "as artifacts"},
		{"not installed", exec.Containers{Program: "docker"}, exec.Task{Image: "x", RunDir: "/x"}, `exec: "docker": executable file not found in $PATH`, "install podman or docker"},
		{"not there", exec.Containers{Program: "/nope/podman"}, exec.Task{Image: "x", RunDir: "/x"}, "start /nope/podman: no such file", "install podman or docker"},
	} {
		err := tt.runner.Run(t.Context(), &tt.task)
		if err == nil {
			t.Fatalf("%s: it ran", tt.name)
		}
		mustContain(t, err.Error(), tt.msg)
		mustContain(t, hint(err), tt.hint)
	}
	for _, name := range []string{"docker", "podman"} {
		res := run(t, readSpec(t, flat(shTask{key: "a", script: "true"})), exec.WithRunnerName(name))
		if got, want := hint(res.Task("a").Err), "install podman or docker, or choose --runner in-process or process"; got != want {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
