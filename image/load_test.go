package image_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// podmanArgs are those with which podman runs containers where it may not have
// more than it was given: limits, and no network.
func podmanArgs() []string {
	return []string{"run", "--rm", "--network=none", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"}
}

func TestLoadIntoPodman(t *testing.T) {
	if _, err := exec.LookPath("podman"); err != nil {
		t.Skip("podman is not installed")
	}
	binary := fuse(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	podman := func(args ...string) (string, error) {
		out, err := exec.CommandContext(ctx, "podman", args...).CombinedOutput()
		return strings.TrimSpace(string(out)), err
	}
	probe := append(podmanArgs(), "--rootfs", filepath.Dir(binary), "/fuse", "version")
	if out, err := podman(probe...); err != nil {
		t.Skipf("podman runs no containers here: %v\n%s", err, out)
	}
	var compressed int
	img, err := image.Build(ctx, sums(t), image.WithBinaries(binary), image.WithCache(""),
		image.WithProgress(func(image.Progress) { compressed++ }))
	check(t, err)
	defer img.Close()
	ref := fmt.Sprintf("fuse-test/%d", os.Getpid())
	want := "localhost/" + ref + ":" + image.TagOf(img.Digest())
	t.Cleanup(func() { exec.Command("podman", "rmi", "--force", want).Run() })
	for range 2 {
		if got, err := img.Load(ctx, "podman", ref); err != nil || got != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	id, err := podman("image", "inspect", "--format", "{{.Id}}", want)
	if err != nil || "sha256:"+id != img.Manifests()[0].ID {
		t.Errorf("podman has %s, %v; want %s", id, err, img.Manifests()[0].ID)
	}
	out, err := podman(append(podmanArgs(), "--user=12345:0", "--read-only", "--cap-drop=all", want, "version")...)
	if err != nil || !strings.HasPrefix(out, "fuse ") {
		t.Errorf("%v\n%s", err, out)
	}
}

// fakeDocker is a script in the place of docker. What it is called with is in
// the file calls beside it.
func fakeDocker(t *testing.T, inspect, load string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "docker")
	write(t, path, `#!/bin/sh
echo "$@" >>"$(dirname "$0")/calls"
cd "$(dirname "$0")"
case $1 in
image) `+inspect+` ;;
load) `+load+` ;;
*) exit 99 ;;
esac
`)
	check(t, os.Chmod(path, 0o755))
	return path
}

func TestLoadOnce(t *testing.T) {
	img := shared(t)
	docker := fakeDocker(t, "test -f archive", "cat >archive")
	want := "localhost/team/sums:" + image.TagOf(img.Digest())
	for range 3 {
		if got, err := img.Load(context.Background(), docker, "team/sums"); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	inspect := "image inspect --format {{.Id}} " + want + "\n"
	calls, err := os.ReadFile(filepath.Join(filepath.Dir(docker), "calls"))
	if err != nil || string(calls) != inspect+"load --quiet\n"+inspect+inspect {
		t.Errorf("it was called with\n%s%v", calls, err)
	}
	out, err := exec.Command("tar", "-tf", filepath.Join(filepath.Dir(docker), "archive"), "manifest.json").CombinedOutput()
	if err != nil {
		t.Errorf("it was given no archive: %v\n%s", err, out)
	}
}

func TestLoadFails(t *testing.T) {
	img := shared(t)
	_, err := img.Load(context.Background(), "no-such-program", "sums")
	mustFail(t, err, "load the image into no-such-program: the program is not installed", "install podman or docker, or run without containers: --runner in-process or process")
	for _, test := range []struct{ name, load, want string }{
		{"and reads nothing", "echo no space >&2; echo left; exit 125", "exit status 125; its output was\n  no space\n  left"},
		{"after it has read", "cat >/dev/null; echo no space; exit 1", "exit status 1; its output was\n  no space"},
		{"silently", "exit 3", "exit status 3"},
		{"by a signal", "kill -9 $$", "signal: killed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			docker := fakeDocker(t, "exit 1", test.load)
			_, err := img.Load(context.Background(), docker, "sums")
			mustFail(t, err, "load the image into "+docker+": "+test.want, "does "+docker+" work here? try: "+docker+" info")
		})
	}
	docker := fakeDocker(t, "exit 1", "exec <&-; exit 0")
	if _, err := img.Load(context.Background(), docker, "sums"); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("error of a program that reads nothing, and is content: %v", err)
	}
}

// What is wrong with the image is told, not what the program makes of half of
// one.
func TestLoadOfBrokenImage(t *testing.T) {
	docker := fakeDocker(t, "exit 1", "cat >/dev/null; echo unexpected EOF; exit 1")
	several, err := image.Build(context.Background(), sums(t), image.WithCache(""),
		image.WithPlatforms("linux/arm64", "linux/amd64"), image.WithBinaries(program(t, "amd64"), program(t, "arm64")))
	check(t, err)
	defer several.Close()
	_, err = several.Load(context.Background(), docker, "sums")
	mustFail(t, err, "load the image into "+docker+": a tarball holds the image for one platform, and this one is for several",
		"write an OCI layout, or choose one with --platform")

	cache := image.WithCache(t.TempDir())
	wf := sums(t)
	build(t, wf, cache)
	img := build(t, wf, cache)
	write(t, filepath.Join(wf.File().Root(), "pipeline.star"), strings.Replace(pipeline, "1, 1", "1, 22", 1))
	_, err = img.Load(context.Background(), docker, "sums")
	if err == nil || !strings.HasSuffix(err.Error(), "pipeline.star: the file changed while the image was being built") {
		t.Errorf("error: %v", err)
	}
}

func TestLoadStops(t *testing.T) {
	docker := fakeDocker(t, "exit 1", "echo >started; exec sleep 60")
	started := filepath.Join(filepath.Dir(docker), "started")
	check(t, syscall.Mkfifo(started, 0o600))
	enough := errors.New("the user had enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	go func() {
		os.ReadFile(started) // waits for the script
		cancel(enough)
	}()
	_, err := shared(t).Load(ctx, docker, "sums")
	if want := "load the image into " + docker + ": stopped: the user had enough"; err == nil || err.Error() != want || !errors.Is(err, enough) {
		t.Errorf("error: %v", err)
	}
}
