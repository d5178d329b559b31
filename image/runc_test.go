package image_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// fuse is the program itself, as a release has it: static. It is built once.
func fuse(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no Go toolchain to build fuse with")
	}
	path, err := builtFuse()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var builtFuse = sync.OnceValues(func() (string, error) {
	dir, err := programs()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bin", "fuse")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "../cmd/fuse")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build fuse: %w\n%s", err, out)
	}
	return path, nil
})

// A container is what runc starts: as little as a pod of a strict cluster has.
// Its user is nobody that the image knows, it has no capabilities, nothing but
// its mounts can be written to, and it has no network.
type container struct {
	bundle string // with the folder rootfs
	args   []string
	env    []string
	dir    string
	mounts map[string]string // folders of this machine, by their place in the container
}

// The user of containers. Where a cluster gives them any user id, they are in
// the group 0.
const containerUser = 12345

// runc runs the container to its end. The error of one that failed has what it
// wrote.
func (c *container) runc() (output string, err error) {
	type m = map[string]any
	mounts := []m{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "mode=755"}},
	}
	for to, from := range c.mounts {
		mounts = append(mounts, m{"destination": to, "type": "bind", "source": from, "options": []string{"bind", "rw", "nosuid", "nodev"}})
	}
	var namespaces []m
	for _, kind := range []string{"pid", "network", "ipc", "uts", "mount"} {
		namespaces = append(namespaces, m{"type": kind})
	}
	// Without rlimits: some machines do not let them be raised, nor lowered.
	config, err := json.Marshal(m{
		"ociVersion": "1.0.2",
		"process": m{
			"user": m{"uid": containerUser, "gid": 0}, "args": c.args, "env": c.env, "cwd": c.dir,
			"capabilities": m{}, "noNewPrivileges": true,
		},
		"root":   m{"path": "rootfs", "readonly": true},
		"mounts": mounts,
		"linux":  m{"namespaces": namespaces},
	})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(c.bundle, "config.json"), config, 0o644); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	id := fmt.Sprintf("fuse-test-%d", os.Getpid())
	cmd := exec.CommandContext(ctx, "runc", "--root", filepath.Join(c.bundle, "state"), "run", "--bundle", c.bundle, id)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		return text.String(), fmt.Errorf("%w\n%s", err, text.String())
	}
	return text.String(), nil
}

// needRunc skips a test where no container can be started. It tries with a
// folder that no image of ours made.
func needRunc(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("runc is not installed")
	}
	c := &container{bundle: t.TempDir(), args: []string{"/fuse", "version"}, dir: "/"}
	binary, err := os.ReadFile(fuse(t))
	check(t, err)
	root := filepath.Join(c.bundle, "rootfs")
	for _, dir := range []string{"proc", "dev"} {
		check(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	check(t, os.WriteFile(filepath.Join(root, "fuse"), binary, 0o755))
	if _, err := c.runc(); err != nil {
		t.Skipf("runc starts no containers here: %v", err)
	}
}

// bundle unpacks an image for runc, as a runtime would: by another program, with
// the owners and modes that the layers say.
func bundle(t *testing.T, img *image.Image) *container {
	t.Helper()
	layout := layoutOf(t, img)
	config, err := openedIn(t, layout, img).ConfigFile()
	check(t, err)
	c := &container{bundle: t.TempDir(), env: config.Config.Env, dir: config.Config.WorkingDir}
	root := filepath.Join(c.bundle, "rootfs")
	check(t, os.Mkdir(root, 0o755))
	for _, l := range img.Manifests()[0].Layers {
		blob := filepath.Join(layout, "blobs", "sha256", strings.TrimPrefix(l.Digest, "sha256:"))
		cmd := exec.Command("tar", "--same-owner", "--same-permissions", "-xzf", blob, "-C", root)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	return c
}
