package main

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/rogpeppe/go-internal/testscript"
)

// staticFuse builds the fuse that goes into images: the one that runs the
// scripts is a test binary, which may need libraries.
var staticFuse = sync.OnceValues(func() (string, error) { return buildStatic("fuse", ".") })

// staticProgram builds a small program in its place.
var staticProgram = sync.OnceValues(func() (string, error) { return buildStatic("program", "./testdata/program") })

// staticFolder holds what is built for the scripts; "" before. TestMain
// removes it.
var staticFolder = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fuse-static-*")
	removeStatic = func() { os.RemoveAll(dir) }
	return dir, err
})

var removeStatic = func() {}

// buildStatic builds a static program, in a folder of its own.
func buildStatic(name, pkg string) (string, error) {
	dir, err := staticFolder()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name, "fuse")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
}

// staticBinary is the script command "binary [fuse]": it sets STATIC to a
// program that can go into an image, small or fuse itself, and STATIC_OTHER to
// what passes for one on another platform.
func staticBinary(ts *testscript.TestScript, _ bool, args []string) {
	make := staticProgram
	if len(args) == 1 && args[0] == "fuse" {
		make = staticFuse
	}
	path, err := make()
	ts.Check(err)
	ts.Setenv("STATIC", path)
	program, err := os.ReadFile(path)
	ts.Check(err)
	other := elf.EM_AARCH64
	if runtime.GOARCH == "arm64" {
		other = elf.EM_X86_64
	}
	binary.LittleEndian.PutUint16(program[18:], uint16(other)) // e_machine
	otherPath := filepath.Join(ts.Getenv("TMPDIR"), "fuse-other")
	ts.Check(os.WriteFile(otherPath, program, 0o777))
	ts.Setenv("STATIC_OTHER", otherPath)
}

// serveRegistry is the script command "registry [user:password]": it starts a
// registry for the script, and sets REGISTRY to its address. What it is asked
// for is in the file requests, as far as it writes.
func serveRegistry(ts *testscript.TestScript, _ bool, args []string) {
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	var mu sync.Mutex
	var written bytes.Buffer
	path := ts.MkAbs("requests")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(args) == 1 {
			user, password, _ := r.BasicAuth()
			if user+":"+password != args[0] {
				w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
				http.Error(w, "who are you?", http.StatusUnauthorized)
				return
			}
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			mu.Lock()
			fmt.Fprintln(&written, r.Method, r.URL.Path)
			os.WriteFile(path, written.Bytes(), 0o666)
			mu.Unlock()
		}
		inner.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("REGISTRY", strings.TrimPrefix(server.URL, "http://"))
}

// podmanWorks tells whether containers can be run here, with the arguments that
// the scripts give.
var podmanWorks = sync.OnceValue(func() bool {
	if _, err := exec.LookPath("podman"); err != nil {
		return false
	}
	path, err := staticFuse()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "podman", "run", "--rm", "--network=none",
		"--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", "--rootfs", filepath.Dir(path), "/fuse", "version")
	return cmd.Run() == nil
})
