package image_test

import (
	"context"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/starlarkfuse/fuse/image"
)

func TestBaseForPlatforms(t *testing.T) {
	r := unserved(t)
	r.put("base", baseIndex(t, oci, "linux/amd64", "linux/arm64", "linux/arm/v7", "unknown/unknown"))
	opts := []image.Option{image.WithBase(r.host + "/base"), image.WithTransport(direct{r}), image.WithBinaries(program(t, "arm64"))}
	img := build(t, sums(t), append(opts, image.WithPlatforms("linux/arm64", "linux/amd64"))...)
	push(t, img, r.host+"/sums")
	for _, m := range img.Manifests() {
		config, err := pull(t, r.host+"/sums@"+m.Digest, remote.WithTransport(direct{r})).ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "environment of "+m.Platform, config.Config.Env[1], "ON="+m.Platform)
	}
}

func TestBaseOfOtherPlatform(t *testing.T) {
	const other = "choose another base image, or other platforms with --platform"
	variants := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, v := range []string{"v8", "v9"} {
		variants = mutate.AppendManifests(variants, mutate.IndexAddendum{
			Add: baseImage(t, oci, "linux/arm64/"+v), Descriptor: v1.Descriptor{Platform: platform(t, "linux/arm64/"+v)},
		})
	}
	unnamed, err := mutate.ConfigFile(baseImage(t, oci, "linux/amd64"), &v1.ConfigFile{})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name       string
		base       remote.Taggable
		text, hint string
	}{
		{"an index", baseIndex(t, oci, "linux/amd64", "linux/arm/v7", "windows/amd64", "unknown/unknown"),
			"there is none for linux/arm64, only for linux/amd64, linux/arm/v7, windows/amd64", other},
		{"an image", baseImage(t, docker, "linux/amd64"), "there is none for linux/arm64, only for linux/amd64", other},
		{"several", variants, "there are several images for linux/arm64: linux/arm64/v8, linux/arm64/v9",
			"choose one with --platform, or name an image that is one"},
		{"an empty index", empty.Index, "there is no image in it that is for a platform", "choose another base image"},
		{"something else", unnamed, "there is no image in it that is for a platform", "choose another base image"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := unserved(t)
			r.put("base", test.base)
			_, err := image.Build(context.Background(), sums(t), defaults(t, image.WithBase(r.host+"/base"), image.WithTransport(direct{r}),
				image.WithPlatforms("linux/arm64"), image.WithBinaries(program(t, "arm64")))...)
			mustFail(t, err, "base image registry.example.com/base: "+test.text, test.hint)
		})
	}
}
