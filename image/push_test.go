package image_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/starlarkfuse/fuse/image"
)

// push pushes an image that can be pushed.
func push(t testing.TB, img *image.Image, repository string, opts ...image.Option) *image.Pushed {
	t.Helper()
	pushed, err := img.Push(context.Background(), repository, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return pushed
}

// pull gets an image from a registry, and checks all of it.
func pull(t testing.TB, ref string, opts ...remote.Option) v1.Image {
	t.Helper()
	r, err := name.ParseReference(ref)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(r, opts...)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Errorf("%s is broken: %v", ref, err)
	}
	return img
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// tagOf is the tag that Fuse gives to an image.
func tagOf(img *image.Image) string { return image.TagOf(img.Digest()) }

func TestPush(t *testing.T) {
	r := newRegistry(t)
	img := build(t, sums(t))
	pushed := push(t, img, r.host+"/team/sums")
	equal(t, "reference", pushed.Reference, r.host+"/team/sums@"+img.Digest())
	equal(t, "tags", strings.Join(pushed.Tags, " "), tagOf(img))
	equal(t, "unchanged", pushed.Unchanged, false)
	equal(t, "bytes", pushed.Uploaded, r.received())
	equal(t, "requests", r.asked(), "4 HEAD blobs, 1 HEAD manifests, 4 PATCH uploads, 4 POST uploads, 1 PUT manifests, 4 PUT uploads")
	equal(t, "tags there", strings.Join(r.tags("team/sums"), " "), tagOf(img))

	config, err := pull(t, pushed.Reference).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "entrypoint", fmt.Sprint(config.Config.Entrypoint), "[/usr/local/bin/fuse]")
	equal(t, "working directory", config.Config.WorkingDir, "/ffrun")
	equal(t, "label", config.Config.Labels[image.LabelSource], img.Source())
}

func TestPushUnchanged(t *testing.T) {
	r := newRegistry(t)
	dir := folder(t, map[string]string{"pipeline.star": pipeline})
	push(t, build(t, load(t, dir)), r.host+"/sums")
	r.mend()

	// Another build of the same folder, which nothing is known of.
	img := build(t, load(t, dir))
	pushed := push(t, img, r.host+"/sums")
	equal(t, "unchanged", pushed.Unchanged, true)
	equal(t, "bytes", pushed.Uploaded, 0)
	equal(t, "bytes received", r.received(), 0)
	equal(t, "requests", r.asked(), "1 HEAD manifests")
	equal(t, "reference", pushed.Reference, r.host+"/sums@"+img.Digest())
	equal(t, "tags", strings.Join(pushed.Tags, " "), tagOf(img))
}

func TestPushChangedLine(t *testing.T) {
	r := newRegistry(t)
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "data.bin": strings.Repeat("some data\n", 200_000)})
	push(t, build(t, load(t, dir)), r.host+"/sums")
	r.mend()

	write(t, filepath.Join(dir, "pipeline.star"), strings.Replace(pipeline, "a + b", "b + a", 1))
	img := build(t, load(t, dir))
	pushed := push(t, img, r.host+"/sums")
	equal(t, "unchanged", pushed.Unchanged, false)
	equal(t, "bytes", pushed.Uploaded, r.received())
	if pushed.Uploaded == 0 || pushed.Uploaded > 4<<10 {
		t.Errorf("%d bytes were sent", pushed.Uploaded)
	}
	// Source layer and configuration go up.
	equal(t, "requests", r.asked(), "5 HEAD blobs, 1 HEAD manifests, 2 PATCH uploads, 2 POST uploads, 1 PUT manifests, 2 PUT uploads")
	pull(t, pushed.Reference)
	equal(t, "images", len(r.tags("sums")), 2)
}

func TestPushSecondPlatform(t *testing.T) {
	r := newRegistry(t)
	dir := folder(t, map[string]string{"pipeline.star": pipeline})
	push(t, build(t, load(t, dir)), r.host+"/sums")
	r.mend()

	img := build(t, load(t, dir), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	pushed := push(t, img, r.host+"/sums")
	// The other binary and configuration go up, its manifest, and the index.
	equal(t, "requests", r.asked(), "6 HEAD blobs, 3 HEAD manifests, 2 PATCH uploads, 2 POST uploads, 2 PUT manifests, 2 PUT uploads")
	if most := img.Manifests()[1].Layers[1].Size + 8<<10; pushed.Uploaded > most {
		t.Errorf("%d bytes were sent, and %d would have done", pushed.Uploaded, most)
	}
	ref, err := name.ParseReference(pushed.Reference)
	if err != nil {
		t.Fatal(err)
	}
	index, err := remote.Index(ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(index); err != nil {
		t.Error(err)
	}
	r.mend()
	pushed = push(t, img, r.host+"/sums")
	equal(t, "requests", r.asked(), "1 HEAD manifests")
	equal(t, "unchanged", pushed.Unchanged, true)
}

func TestPushTags(t *testing.T) {
	r := newRegistry(t)
	img := build(t, sums(t), image.WithTags("v1", "latest"))
	pushed := push(t, img, r.host+"/sums:stable", image.WithTags("v1", " v2 "))
	own := tagOf(img)
	equal(t, "tags", strings.Join(pushed.Tags, " "), own+" stable v1 latest v2")
	equal(t, "tags there", strings.Join(r.tags("sums"), " "), own+" latest stable v1 v2")
	for _, tag := range pushed.Tags {
		ref := r.repository("sums").Tag(tag)
		desc, err := remote.Head(ref)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, tag, desc.Digest.String(), img.Digest())
	}
	r.mend()

	pushed = push(t, img, r.host+"/sums")
	equal(t, "unchanged", pushed.Unchanged, true)
	equal(t, "bytes", pushed.Uploaded, 0)
	equal(t, "requests", r.asked(), "3 HEAD manifests")
}

func TestPushMovesTag(t *testing.T) {
	r := newRegistry(t)
	dir := folder(t, map[string]string{"pipeline.star": pipeline})
	first := build(t, load(t, dir))
	push(t, first, r.host+"/sums:v1")
	write(t, filepath.Join(dir, "pipeline.star"), pipeline+"# changed\n")
	second := build(t, load(t, dir))
	push(t, second, r.host+"/sums:v1")
	r.mend()

	pushed := push(t, first, r.host+"/sums:v1")
	equal(t, "unchanged", pushed.Unchanged, true) // of the image
	equal(t, "requests", r.asked(), "2 HEAD manifests, 1 PUT manifests")
	desc, err := remote.Head(r.repository("sums").Tag("v1"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "v1", desc.Digest.String(), first.Digest())
}

func TestPushProgress(t *testing.T) {
	r := newRegistry(t)
	img := build(t, sums(t))
	var stages []string
	sent := make(map[string]int64)
	observe := image.WithProgress(func(p image.Progress) {
		switch p.Stage {
		case image.Uploading:
			if p.Bytes > p.Total {
				t.Errorf("%d of %d bytes of the %s layer", p.Bytes, p.Total, p.What)
			}
			sent[p.What] = p.Bytes
		case image.Compressing:
		default:
			stages = append(stages, string(p.Stage)+" "+p.What)
		}
	})
	push(t, img, r.host+"/sums", observe)
	slices.Sort(stages)
	equal(t, "stages", strings.Join(stages, ", "), "uploaded base, uploaded binary, uploaded config, uploaded source")
	for _, l := range img.Manifests()[0].Layers {
		equal(t, "bytes of the "+l.Role+" layer", sent[l.Role], l.Size)
	}
	stages = nil
	other := build(t, sums(t), image.WithTags("v1"))
	push(t, other, r.host+"/sums", observe)
	if stages != nil {
		t.Errorf("an unchanged push did %v", stages)
	}
}

func TestDestination(t *testing.T) {
	img := build(t, sums(t))
	const (
		write  = `write it like "registry.example.com/team/name"`
		digest = "leave out the digest: it is not known before the image is built"
	)
	for _, test := range []struct{ to, hint string }{
		{"registry.example.com/sums@sha256:" + strings.Repeat("0", 64), digest},
		{"registry.example.com/sums:v1@sha256:" + strings.Repeat("0", 64), digest},
		{"", write},
		{"registry.example.com/Sums", write},
		{"https://registry.example.com/sums", write},
		{"registry.example.com/sums:", write},
		{"registry.example.com/a b", write},
	} {
		t.Run(test.to, func(t *testing.T) {
			want := fmt.Sprintf("%q is not a repository that an image can be pushed to", test.to)
			_, err := img.Push(context.Background(), test.to)
			mustFail(t, err, want, test.hint)
			_, err = img.Plan(context.Background(), test.to)
			mustFail(t, err, want, test.hint)
			_, err = img.Reference(test.to)
			mustFail(t, err, want, test.hint)
		})
	}
	ref, err := img.Reference("registry.example.com/team/sums:v1")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "reference", ref, "registry.example.com/team/sums@"+img.Digest())
}

func TestTags(t *testing.T) {
	const hint = `it has letters, digits, "_", "." and "-", at most 128, and does not begin with "." or "-"`
	wf := sums(t)
	for _, tag := range []string{"", "-v1", ".v1", "v/1", "a b", "v1:2", strings.Repeat("v", 129)} {
		_, err := image.Build(context.Background(), wf, image.WithTags("ok", tag))
		mustFail(t, err, fmt.Sprintf("%q is not a tag that an image can have", tag), hint)
	}
	_, err := build(t, wf).Push(context.Background(), "registry.example.com/sums:-v1")
	mustFail(t, err, `"-v1" is not a tag that an image can have`, hint)
}
