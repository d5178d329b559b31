package image

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// goBuild builds the running program for another platform, with the Go
// toolchain, where that and the source are on this machine.
func (b *build) goBuild(ctx context.Context, p v1.Platform) (string, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", errors.New("the running program does not know what it was built of")
	}
	if _, err := exec.LookPath("go"); err != nil {
		return "", errors.New("there is no Go toolchain to build it with")
	}
	dir := moduleFolder(ctx, info.Main)
	if dir == "" {
		return "", fmt.Errorf("the source of its module %s is not at hand", info.Main.Path)
	}
	return b.goBuildIn(ctx, dir, info.Path, p)
}

// goBuildIn builds the main package pkg of the module in a folder.
func (b *build) goBuildIn(ctx context.Context, dir, pkg string, p v1.Platform) (string, error) {
	b.note(fmt.Sprintf("building %s for %s with the Go toolchain", pkg, platformText(p)))
	out, err := b.toolFolder()
	if err != nil {
		return "", err
	}
	// One file for each source and platform: the toolchain sees for itself
	// whether it is up to date.
	name := fmt.Sprintf("%x", sha256.Sum256([]byte(dir+"\x00"+pkg)))[:16]
	out = filepath.Join(out, name+"-"+strings.ReplaceAll(platformText(p), "/", "-"))
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", out, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.OS, "GOARCH="+p.Architecture, "GOWORK=off")
	if arm := strings.TrimPrefix(p.Variant, "v"); p.Architecture == "arm" && arm != "" {
		cmd.Env = append(cmd.Env, "GOARM="+arm)
	}
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("stopped: %w", context.Cause(ctx))
		}
		return "", fmt.Errorf("go build failed: %w\n  %s", err, strings.ReplaceAll(strings.TrimSpace(text.String()), "\n", "\n  "))
	}
	return out, nil
}

// toolFolder returns a folder for programs that are built: of the cache, else
// a temporary one.
func (b *build) toolFolder() (string, error) {
	if b.cache.dir != "" {
		dir := filepath.Join(b.cache.dir, "bin")
		if err := os.MkdirAll(dir, 0o755); err == nil {
			return dir, nil
		}
	}
	dir, err := os.MkdirTemp("", "fuse-bin-*")
	if err != nil {
		return "", fmt.Errorf("make a folder for the fuse binary: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.folders = append(b.folders, dir)
	return dir, nil
}

// moduleFolder returns where the source of a module is: above the current
// folder, where this very file was compiled, or in the module cache; "" for
// nowhere.
func moduleFolder(ctx context.Context, m debug.Module) string {
	if m.Replace != nil {
		return ""
	}
	starts := []string{}
	if dir, err := os.Getwd(); err == nil {
		starts = append(starts, dir)
	}
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, dir := range starts {
		for {
			if text, err := os.ReadFile(filepath.Join(dir, "go.mod")); err == nil && modulePath(text) == m.Path {
				return dir
			}
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
		}
	}
	if !strings.HasPrefix(m.Version, "v") {
		return ""
	}
	// The module cache has it where `go install` put the program on this
	// machine.
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", m.Path+"@"+m.Version)
	cmd.Env = append(os.Environ(), "GOWORK=off", "GO111MODULE=on", "GOPROXY=off", "GOFLAGS=-mod=mod")
	cmd.Dir = os.TempDir()
	text, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// modulePath returns the path in the text of a go.mod.
func modulePath(text []byte) string {
	// Compiled here: hardly any start of the program comes here.
	moduleLine := regexp.MustCompile(`(?m)^module\s+"?([^\s"]+)`)
	if m := moduleLine.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return ""
}
