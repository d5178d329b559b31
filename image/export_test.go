package image_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/starlarkfuse/fuse/image"
)

// listed is what a layout holds, as "name digest platform" in order, all of it
// checked.
func listed(t testing.TB, dir string) string {
	t.Helper()
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Errorf("the layout is broken: %v", err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, d := range manifest.Manifests {
		text := d.Annotations["org.opencontainers.image.ref.name"] + " " + d.Digest.String()
		if d.Platform != nil {
			text += " " + d.Platform.String()
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func writeLayout(t testing.TB, img *image.Image, dir, ref string) {
	t.Helper()
	if err := img.WriteLayout(context.Background(), dir, ref); err != nil {
		t.Fatal(err)
	}
}

func TestWriteLayout(t *testing.T) {
	first := shared(t)
	second := build(t, workflow(t, map[string]string{"pipeline.star": pipeline + "# changed\n"}))
	both := build(t, sums(t), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	for _, dir := range []string{filepath.Join(t.TempDir(), "not", "there"), t.TempDir()} {
		writeLayout(t, first, dir, "sums:1")
		equal(t, "layout", listed(t, dir), "sums:1 "+first.Digest()+" linux/amd64")
		writeLayout(t, first, dir, "sums:1")
		equal(t, "the same again", listed(t, dir), "sums:1 "+first.Digest()+" linux/amd64")
		writeLayout(t, both, dir, "sums:both")
		equal(t, "with an index", listed(t, dir), "sums:1 "+first.Digest()+" linux/amd64, sums:both "+both.Digest())
		writeLayout(t, second, dir, "sums:1")
		equal(t, "in the place of another", listed(t, dir), "sums:both "+both.Digest()+", sums:1 "+second.Digest()+" linux/amd64")
	}
}

// An image of other tools stays, and so does what they wrote of it.
func TestWriteLayoutOfOthers(t *testing.T) {
	dir := t.TempDir()
	base := baseImage(t, docker, "linux/riscv64")
	saveLayout(t, dir, base)
	digest, err := base.Digest()
	if err != nil {
		t.Fatal(err)
	}
	writeLayout(t, shared(t), dir, "sums")
	equal(t, "layout", listed(t, dir), " "+digest.String()+", sums "+shared(t).Digest()+" linux/amd64")
}

func TestWriteLayoutIntoOtherFolders(t *testing.T) {
	const hint = "name a folder that is an OCI layout, or is empty, or is not there"
	for _, test := range []struct {
		name       string
		files      map[string]string
		text, hint string
	}{
		{"something else", map[string]string{"notes.txt": "mine"}, "the folder holds something else: there is no oci-layout in it", hint},
		{"an index of something else", map[string]string{"index.json": "{}"}, "the folder holds something else: there is no oci-layout in it", hint},
		{"half a layout", map[string]string{"oci-layout": "{}"}, "the folder holds something else: there is no index.json in it", hint},
		{"a broken one", map[string]string{"oci-layout": "{}", "index.json": "{"}, "the folder holds something else: unexpected end of JSON input", hint},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := folder(t, test.files)
			err := shared(t).WriteLayout(context.Background(), dir, "sums")
			mustFail(t, err, "write OCI layout "+dir+": "+test.text, test.hint)
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "files", len(entries), len(test.files))
			for name, want := range test.files {
				text, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					t.Fatal(err)
				}
				equal(t, name, string(text), want)
			}
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	mustFail(t, shared(t).WriteLayout(context.Background(), file, "sums"), "write OCI layout "+file+": not a directory", "")
}

// A disk that was full leaves torn files. The next write does not take them
// for whole.
func TestWriteLayoutAfterFailure(t *testing.T) {
	img := build(t, sums(t), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	dir := t.TempDir()
	writeLayout(t, img, dir, "sums")
	blobs, err := filepath.Glob(filepath.Join(dir, "blobs", "sha256", "*"))
	if err != nil || len(blobs) < 8 {
		t.Fatal(blobs, err)
	}
	for _, blob := range blobs {
		if err := os.Truncate(blob, 10); err != nil {
			t.Fatal(err)
		}
	}
	writeLayout(t, img, dir, "sums")
	equal(t, "layout", listed(t, dir), "sums "+img.Digest())
}

// Who interrupts it gets no layout that speaks of half an image.
func TestWriteLayoutInterrupted(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := shared(t).WriteLayout(ctx, dir, "sums")
	mustFail(t, err, "write OCI layout "+dir+": stopped: context canceled", "")
	equal(t, "layout", listed(t, dir), "")
	err = shared(t).WriteTarball(ctx, new(bytes.Buffer), "sums")
	mustFail(t, err, "write the image as a tarball: stopped: context canceled", "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestWriteTarball(t *testing.T) {
	img := shared(t)
	for ref, tag := range map[string]string{
		"sums": "sums:latest", "sums:1": "sums:1", "registry.example.com/team/sums": "registry.example.com/team/sums:latest", "localhost/sums:1": "localhost/sums:1",
	} {
		var b, again bytes.Buffer
		if err := errors.Join(img.WriteTarball(context.Background(), &b, ref), img.WriteTarball(context.Background(), &again, ref)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Error("it is another one each time")
		}
		path := filepath.Join(t.TempDir(), "image.tar")
		write(t, path, b.String())
		manifest, err := tarball.LoadManifest(func() (io.ReadCloser, error) { return os.Open(path) })
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "tags", fmt.Sprint(manifest[0].RepoTags), "["+tag+"]")
		got, err := tarball.ImageFromPath(path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(got); err != nil {
			t.Error(err)
		}
		id, err := got.ConfigName()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "ID", id.String(), img.Manifests()[0].ID)
	}
}

func TestWriteTarballFails(t *testing.T) {
	both := build(t, sums(t), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	err := both.WriteTarball(context.Background(), new(bytes.Buffer), "sums")
	mustFail(t, err, "a tarball holds the image for one platform, and this one is for several",
		"write an OCI layout, or choose one with --platform")
	for _, ref := range []string{"Not a Name", "sums@sha256:" + strings.Repeat("0", 64), ""} {
		err = shared(t).WriteTarball(context.Background(), new(bytes.Buffer), ref)
		mustFail(t, err, fmt.Sprintf("%q is not a name that an image can have", ref), `write it like "sums" or "registry.example.com/team/sums:1"`)
	}
	err = shared(t).WriteTarball(context.Background(), new(bytes.Buffer), "sums:-1")
	mustFail(t, err, `"-1" is not a tag that an image can have`, `it has letters, digits, "_", "." and "-", at most 128, and does not begin with "." or "-"`)
	err = shared(t).WriteTarball(context.Background(), fullDisk{}, "sums")
	mustFail(t, err, "write the image as a tarball: no space left on device", "")
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// The layers of a base may still be in its registry.
func TestExportFromRegistry(t *testing.T) {
	wall := &loginWall{testRegistry: unserved(t), user: user, password: password}
	r := wall.testRegistry
	base := baseImage(t, oci, "linux/amd64")
	r.put("base", base)
	login := image.WithLogin(r.host, user, password)
	img := build(t, sums(t), image.WithBase(r.host+"/base"), image.WithTransport(direct{wall}), login, image.WithTries(3, time.Microsecond))
	dir := filepath.Join(t.TempDir(), "layout")

	r.fail("GET blobs", -1, echo(503, false))
	const (
		text = "GET https://registry.example.com/v2/base/blobs/"
		hint = "the registry is in trouble: try again later"
	)
	err := img.WriteLayout(context.Background(), dir, "sums")
	if err == nil || !strings.HasPrefix(err.Error(), "write OCI layout "+dir+": "+text) {
		t.Errorf("%v", err)
	}
	equal(t, "hint", hintOf(err), hint)
	noSecrets(t, shown(err))
	equal(t, "layout", listed(t, dir), "")
	err = img.WriteTarball(context.Background(), new(bytes.Buffer), "sums")
	if err == nil || !strings.HasPrefix(err.Error(), "write the image as a tarball: "+text) {
		t.Errorf("%v", err)
	}
	equal(t, "hint", hintOf(err), hint)
	noSecrets(t, shown(err))
	r.mend()

	r.fail("GET blobs", 2, status(503, ""))
	writeLayout(t, img, dir, "sums")
	equal(t, "layout", listed(t, dir), "sums "+img.Digest()+" linux/amd64")
}
