package image_test

import (
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/image"
)

// Each platform gets the program that is for it.
func TestPrograms(t *testing.T) {
	amd64, arm64 := program(t, "amd64"), program(t, "arm64")
	img, err := image.Build(context.Background(), sums(t), image.WithCache(""),
		image.WithPlatforms("linux/arm64", "linux/amd64"), image.WithBinaries(amd64, arm64))
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	dir := layoutOf(t, img)
	for i, want := range []string{arm64, amd64} {
		m := img.Manifests()[i]
		if platform := []string{"linux/arm64", "linux/amd64"}[i]; m.Platform != platform || roles(m) != "base binary source" {
			t.Errorf("image %d is for %s, with the layers %s", i, m.Platform, roles(m))
		}
		items := untar(t, filepath.Join(dir, "blobs/sha256", strings.TrimPrefix(m.Layers[1].Digest, "sha256:")))
		text, err := os.ReadFile(want)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) != 1 || items[0].text != string(text) {
			t.Errorf("the image for %s has another program:\n%s", m.Platform, list(items))
		}
	}
	a, b := img.Manifests()[0], img.Manifests()[1]
	if a.Layers[0] != b.Layers[0] || a.Layers[2] != b.Layers[2] || a.Layers[1] == b.Layers[1] || a.Digest == b.Digest || a.ID == b.ID {
		t.Errorf("the images are %+v and %+v", a, b)
	}
}

func TestProgramsThatDoNotFit(t *testing.T) {
	amd64, arm64 := program(t, "amd64"), program(t, "arm64")
	dynamic := dynamicProgram(t)
	script := filepath.Join(t.TempDir(), "fuse")
	write(t, script, "#!/bin/sh\n")
	wf := sums(t)
	for _, test := range []struct {
		name       string
		opts       []image.Option
		want, hint string
	}{
		{
			"for another platform", []image.Option{image.WithBinaries(arm64), image.WithPlatforms("linux/amd64")},
			"no given fuse binary is for linux/amd64: " + arm64 + " is for linux/arm64", "give one for each platform",
		}, {
			"for some platforms", []image.Option{image.WithBinaries(amd64, arm64), image.WithPlatforms("linux/arm64", "linux/arm/v7")},
			"no given fuse binary is for linux/arm/v7: " + amd64 + " is for linux/amd64, " + arm64 + " is for linux/arm64", "give one for each platform",
		}, {
			"no program", []image.Option{image.WithBinaries(script), image.WithPlatforms("linux/amd64")},
			script + " is not an executable for Linux", "build one with CGO_ENABLED=0 GOOS=linux go build",
		}, {
			"missing", []image.Option{image.WithBinaries("/not/there"), image.WithPlatforms("linux/amd64")},
			"read /not/there: no such file or directory", "",
		}, {
			"no libraries for it", []image.Option{image.WithBinaries(dynamic), image.WithPlatforms("linux/amd64")},
			dynamic + " needs libraries that an image without a base does not have", "build it with CGO_ENABLED=0, or choose a base image that has them",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := image.Build(context.Background(), wf, append(test.opts, image.WithCache(""))...)
			mustFail(t, err, test.want, test.hint)
		})
	}
}

// dynamicProgram is one that needs libraries.
func dynamicProgram(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(program(t, "amd64"))
	if err != nil {
		t.Fatal(err)
	}
	const headers, size = 64, 56 // of the file, and of a segment
	text[32], text[54], text[56] = headers, size, 1
	text = append(text[:headers], make([]byte, size)...)
	text[headers] = byte(elf.PT_INTERP)
	path := filepath.Join(t.TempDir(), "dynamic")
	write(t, path, string(text))
	return path
}

// A base image may have the libraries.
func TestDynamicProgramOnBase(t *testing.T) {
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{OS: "linux", Architecture: "amd64"})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "base")
	if _, err := layout.Write(dir, mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: base})); err != nil {
		t.Fatal(err)
	}
	if l, err := layout.FromPath(dir); err != nil || l.WriteImage(base) != nil {
		t.Fatal(err)
	}
	img, err := image.Build(context.Background(), sums(t), image.WithCache(""), image.WithBase("oci:"+dir),
		image.WithBinaries(dynamicProgram(t)), image.WithPlatforms("linux/amd64"))
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	if got := roles(img.Manifests()[0]); got != "binary source" {
		t.Errorf("layers: %s", got)
	}
}

// The running program, a test, has no source that builds by its name, nor runs
// on another platform.
func TestNoProgram(t *testing.T) {
	_, err := image.Build(context.Background(), sums(t), image.WithCache(t.TempDir()), image.WithPlatforms("linux/s390x"))
	want := regexp.MustCompile(`^there is no fuse binary for linux/s390x to put into the image: the running program is one for linux/\w+, and (go build failed: .*|there is no Go toolchain to build it with)`)
	if err == nil || !want.MatchString(err.Error()) || hintOf(err) != "give one with --fuse-binary FILE; CGO_ENABLED=0 GOOS=linux GOARCH=s390x go build ./cmd/fuse makes it" {
		t.Errorf("error: %v\nhint: %s", err, hintOf(err))
	}
	t.Setenv("PATH", "")
	_, err = image.Build(context.Background(), sums(t), image.WithCache(t.TempDir()), image.WithPlatforms("linux/s390x"))
	if err == nil || !strings.HasSuffix(err.Error(), ", and there is no Go toolchain to build it with") {
		t.Errorf("error: %v", err)
	}
}
