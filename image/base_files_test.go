package image_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/starlarkfuse/fuse/image"
)

// saveLayout writes images into an OCI layout.
func saveLayout(t testing.TB, dir string, images ...v1.Image) {
	t.Helper()
	path, err := layout.Write(dir, empty.Index)
	for _, img := range images {
		err = errors.Join(err, path.AppendImage(img))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// saveTarball writes images as docker save does.
func saveTarball(t testing.TB, path string, images ...v1.Image) {
	t.Helper()
	refs := make(map[name.Reference]v1.Image)
	for i, img := range images {
		tag, err := name.NewTag(fmt.Sprintf("base:%d", i))
		if err != nil {
			t.Fatal(err)
		}
		refs[tag] = img
	}
	if err := tarball.MultiRefWriteToFile(path, refs); err != nil {
		t.Fatal(err)
	}
}

// zip compresses a file into another.
func zip(t testing.TB, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	z := gzip.NewWriter(&b)
	_, err = z.Write(text)
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	write(t, to, b.String())
}

// A base may be a folder or a file of this machine; a relative path starts at
// the workflow's folder where the workflow has it, and at the current folder
// where the command has.
func TestBaseFromFiles(t *testing.T) {
	base := baseImage(t, docker, "linux/amd64")
	dir := t.TempDir()
	saveLayout(t, filepath.Join(dir, "layout"), base, baseImage(t, docker, "linux/arm64"))
	saveLayout(t, filepath.Join(dir, "workflow", "base"), base)
	saveTarball(t, filepath.Join(dir, "base.tar"), base)
	zip(t, filepath.Join(dir, "base.tar"), filepath.Join(dir, "base.tar.gz"))
	zip(t, filepath.Join(dir, "base.tar"), filepath.Join(dir, "base.tgz"))
	saveTarball(t, filepath.Join(dir, "base.img"), base)
	write(t, filepath.Join(dir, "workflow", ".fuseignore"), "base\n")
	t.Chdir(dir)
	for _, test := range []struct{ workflow, given string }{
		{"", "./layout"},
		{"", "oci:layout"},
		{"", filepath.Join(dir, "layout")},
		{"", "oci:" + filepath.Join(dir, "layout")},
		{"", "./workflow/../layout"},
		{"", "base.tar"},
		{"", "./base.tar.gz"},
		{"", filepath.Join(dir, "base.tgz")},
		{"", "docker-archive:base.img"},
		{"../layout", ""},
		{"./base", ""},
		{"oci:base", ""},
		{"../base.tar", ""},
		{"docker-archive:../base.img", ""},
		{filepath.Join(dir, "base.tar"), ""},
		{"./missing", "./layout"},
	} {
		t.Run(test.workflow+" "+test.given, func(t *testing.T) {
			text := pipeline
			if test.workflow != "" {
				text += fmt.Sprintf("wf.set_baseimage(%q)\n", test.workflow)
			}
			write(t, filepath.Join(dir, "workflow", "pipeline.star"), text)
			var opts []image.Option
			if test.given != "" {
				opts = append(opts, image.WithBase(test.given))
			}
			r := unserved(t)
			img := build(t, load(t, filepath.Join(dir, "workflow")), append(opts, image.WithTransport(direct{r}))...)
			equal(t, "files beside pipeline.star", kept(img), "")
			pushed := push(t, img, r.host+"/sums")
			got := pull(t, pushed.Reference, remote.WithTransport(direct{r}))
			config, err := got.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if name, ok := config.Config.Labels["org.opencontainers.image.base.name"]; ok {
				t.Errorf("the path of a file is in the image: %s", name)
			}
			if strings.Contains(test.workflow+test.given, "layout") || strings.HasSuffix(test.workflow, "base") {
				checkOnBase(t, got, base, docker)
			} else {
				equal(t, "user", config.Config.User, "1000")
			}
		})
	}
}

// With scratch there is no base, whatever the workflow says.
func TestScratch(t *testing.T) {
	none := build(t, sums(t))
	wf := workflow(t, map[string]string{"pipeline.star": pipeline + "wf.set_baseimage(\"registry.example.com/base\")\n"})
	img := build(t, wf, image.WithBase(image.Scratch))
	equal(t, "base layer", layer(t, img, image.RoleBase).Digest, layer(t, none, image.RoleBase).Digest)
	img = build(t, workflow(t, map[string]string{"pipeline.star": pipeline + "wf.set_baseimage(\"scratch\")\n"}))
	equal(t, "base layer", layer(t, img, image.RoleBase).Digest, layer(t, none, image.RoleBase).Digest)
}

func TestBrokenBase(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	whole := baseImage(t, oci, "linux/amd64")
	digest, err := whole.Digest()
	if err != nil {
		t.Fatal(err)
	}
	saveLayout(t, at("several"), whole, baseImage(t, oci, "linux/amd64"))
	saveLayout(t, at("incomplete"), whole)
	if err := os.Remove(at("incomplete/blobs/sha256/" + digest.Hex)); err != nil {
		t.Fatal(err)
	}
	saveLayout(t, at("garbage"), whole)
	write(t, at("garbage/index.json"), "{")
	if err := os.Mkdir(at("empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, at("node/index.json"), "{}")
	write(t, at("half/oci-layout"), "{}")
	write(t, at("file"), "")
	write(t, at("empty.tar"), "")
	write(t, at("garbage.tar"), strings.Repeat("garbage\n", 1000))
	write(t, at("garbage.tar.gz"), "\x1f\x8bgarbage and no more")
	saveTarball(t, at("two.tar"), whole, baseImage(t, oci, "linux/amd64"))
	const (
		folder    = "a folder is taken for an OCI layout: it holds oci-layout, index.json and blobs"
		tarball   = "a file is taken for a tarball with one image, as docker save IMAGE writes it"
		reference = `write it like "python:3.12-slim" or "registry.example.com/team/base:1"; a path starts with "./"`
		broken    = "it is not whole, or no image: copy it again, or choose another"
	)
	for _, test := range []struct{ base, text, hint string }{
		{at("missing"), "base image " + at("missing") + ": no such file or directory", folder},
		{at("empty"), "base image " + at("empty") + ": there is no oci-layout in it", folder},
		{at("node"), "base image " + at("node") + ": there is no oci-layout in it", folder},
		{at("half"), "base image " + at("half") + ": there is no index.json in it", folder},
		{at("file"), "base image " + at("file") + ": not a directory", folder},
		{at("garbage"), "read base image " + at("garbage") + ": unexpected end of JSON input", broken},
		{at("incomplete"), "read base image " + at("incomplete") + ": lstat " + at("incomplete/blobs/sha256/"+digest.Hex) + ": no such file or directory", broken},
		{at("several"), "base image " + at("several") + ": there are several images for linux/amd64: linux/amd64, linux/amd64", "choose one with --platform, or name an image that is one"},
		{at("missing.tar"), "base image " + at("missing.tar") + ": no such file or directory", tarball},
		{at("empty.tar"), "base image " + at("empty.tar") + ": file manifest.json not found in tar", tarball},
		{at("garbage.tar"), "base image " + at("garbage.tar") + ": archive/tar: invalid tar header", tarball},
		{at("garbage.tar.gz"), "base image " + at("garbage.tar.gz") + ": gzip: invalid header", tarball},
		{at("two.tar"), "base image " + at("two.tar") + ": tarball must contain only a single image to be used with tarball.Image", tarball},
		{"Not a Reference", `base image "Not a Reference": not a reference of an image`, reference},
		{"https://registry.example.com/base", `base image "https://registry.example.com/base": not a reference of an image`, reference},
	} {
		t.Run(test.base, func(t *testing.T) {
			_, err := image.Build(context.Background(), sums(t), defaults(t, image.WithBase(test.base))...)
			mustFail(t, err, test.text, test.hint)
		})
	}
}

// What is wrong with a base in a registry costs one request.
func TestBaseIsRefused(t *testing.T) {
	for _, test := range []struct {
		code       int
		kind       string
		text, hint string
	}{
		{404, "MANIFEST_UNKNOWN", "404 Not Found: MANIFEST_UNKNOWN: that is how it is",
			"is registry.example.com/base:1 spelt right, and is it there? a registry also says this of what it does not let you see"},
		{401, "UNAUTHORIZED", "401 Unauthorized: UNAUTHORIZED: that is how it is",
			"log in to registry.example.com with docker login, or give the login with registry_credentials or --registry-username"},
		{403, "DENIED", "403 Forbidden: DENIED: that is how it is",
			"log in to registry.example.com with docker login, or give the login with registry_credentials or --registry-username"},
	} {
		r := unserved(t)
		r.fail("GET manifests", -1, status(test.code, test.kind))
		var tried retries
		_, err := image.Build(context.Background(), sums(t), defaults(t, image.WithBase(r.host+"/base:1"), image.WithTransport(direct{r}), tried.observe())...)
		mustFail(t, err, "get base image registry.example.com/base:1: GET https://registry.example.com/v2/base/manifests/1: "+test.text, test.hint)
		equal(t, "tries", len(tried.all), 0)
	}
}
