package image

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// needGo skips a test where there is no Go toolchain: the tests may have been
// compiled elsewhere.
func needGo(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no Go toolchain")
	}
}

// goModule is a module with a main package in cmd/x, and a build.
func goModule(t *testing.T, main string, opts ...Option) (dir string, b *build) {
	t.Helper()
	needGo(t)
	dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "cmd", "x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"go.mod": "// A module.\nmodule \"example.com/x\" // tiny\n\ngo 1.24\n", "cmd/x/main.go": main} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o, err := newOptions(opts)
	if err != nil {
		t.Fatal(err)
	}
	return dir, &build{options: o}
}

func TestGoBuild(t *testing.T) {
	cache := t.TempDir()
	var notes []string
	// With cgo, this package needs the libraries of the system.
	dir, b := goModule(t, "package main\n\nimport _ \"os/user\"\n\nfunc main() {}\n", WithCache(cache), WithNotes(func(text string) { notes = append(notes, text) }))
	t.Setenv("GOARCH", "386")
	t.Setenv("CGO_ENABLED", "1")
	paths := make(map[string]bool)
	for _, p := range []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm", Variant: "v6"}} {
		path, err := b.goBuildIn(context.Background(), dir, "example.com/x/cmd/x", p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inspect(path)
		if want := (program{p.Architecture, false}); err != nil || got != want {
			t.Errorf("for %v: %+v, %v", p, got, err)
		}
		again, err := b.goBuildIn(context.Background(), dir, "example.com/x/cmd/x", p)
		if err != nil || again != path || paths[path] || filepath.Dir(path) != filepath.Join(cache, "bin") {
			t.Errorf("%s, again %s, %v", path, again, err)
		}
		paths[path] = true
	}
	if len(notes) != 4 || notes[0] != "building example.com/x/cmd/x for linux/amd64 with the Go toolchain" {
		t.Errorf("notes: %q", notes)
	}
	b.close()
	for path := range paths {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("it is not kept: %v", err)
		}
	}
}

// Without a cache, what is built goes with the image.
func TestGoBuildWithoutCache(t *testing.T) {
	for name, cache := range map[string]string{"none": "", "one that is not writable": "/dev/null/x"} {
		t.Run(name, func(t *testing.T) {
			dir, b := goModule(t, "package main\n\nfunc main() {}\n", WithCache(cache))
			path, err := b.goBuildIn(context.Background(), dir, "./cmd/x", v1.Platform{OS: "linux", Architecture: "amd64"})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := inspect(path); err != nil {
				t.Error(err)
			}
			b.close()
			if _, err := os.Stat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it is still there: %v", err)
			}
		})
	}
}

func TestGoBuildFails(t *testing.T) {
	dir, b := goModule(t, "package main\n\nfunc main() { x() }\n", WithCache(t.TempDir()))
	amd64 := v1.Platform{OS: "linux", Architecture: "amd64"}
	_, err := b.goBuildIn(context.Background(), dir, "./cmd/x", amd64)
	want := "go build failed: exit status 1\n  # example.com/x/cmd/x\n  cmd/x/main.go:3:15: undefined: x"
	if err == nil || err.Error() != want {
		t.Errorf("error: %v\nwant:  %s", err, want)
	}
	_, err = b.goBuildIn(context.Background(), dir, "./cmd/y", amd64)
	if err == nil || !strings.HasPrefix(err.Error(), "go build failed: exit status 1\n  stat "+dir+"/cmd/y: directory not found") {
		t.Errorf("error: %v", err)
	}
	stopped := errors.New("the user had enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stopped)
	if _, err = b.goBuildIn(ctx, dir, "./cmd/x", amd64); !errors.Is(err, stopped) {
		t.Errorf("error: %v", err)
	}
	t.Setenv("TMPDIR", "/not/there")
	b.cache = cache{}
	_, err = b.goBuildIn(context.Background(), dir, "./cmd/x", amd64)
	if err == nil || !strings.HasPrefix(err.Error(), "make a folder for the fuse binary: ") {
		t.Errorf("error: %v", err)
	}
}

func TestModuleFolder(t *testing.T) {
	dir, _ := goModule(t, "")
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", "github.com/spf13/cobra")
	text, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	version, cached, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	t.Chdir(filepath.Join(dir, "cmd", "x"))
	for _, test := range []struct {
		name   string
		module debug.Module
		want   string
	}{
		{"above the current folder", debug.Module{Path: "example.com/x", Version: "(devel)"}, dir},
		{"where this test was compiled", debug.Module{Path: "github.com/starlarkfuse/fuse", Version: "(devel)"}, here},
		{"in the module cache", debug.Module{Path: "github.com/spf13/cobra", Version: version}, cached},
		{"nowhere", debug.Module{Path: "example.com/y", Version: "(devel)"}, ""},
		{"nowhere, with a version", debug.Module{Path: "example.com/y", Version: "v1.0.0"}, ""},
		{"another version", debug.Module{Path: "github.com/spf13/cobra", Version: "v0.0.1"}, ""},
		{"replaced", debug.Module{Path: "example.com/x", Replace: &debug.Module{Path: "../x"}}, ""},
	} {
		if got := moduleFolder(context.Background(), test.module); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestModulePath(t *testing.T) {
	for text, want := range map[string]string{
		"module example.com/x\n":                            "example.com/x",
		"// module a\n\nmodule\t\"example.com/x\" // b\n":   "example.com/x",
		"go 1.26\r\nmodule example.com/x\r\nmodule other\n": "example.com/x",
		"modules example.com/x":                             "",
		" module example.com/x":                             "",
		"":                                                  "",
	} {
		if got := modulePath([]byte(text)); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
