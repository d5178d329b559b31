package image_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	anylayer "github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/starlarkfuse/fuse/image"
)

// kinds are the media types of images: Docker's and OCI's.
type kinds struct{ index, manifest, config, layer types.MediaType }

var (
	docker = kinds{types.DockerManifestList, types.DockerManifestSchema2, types.DockerConfigJSON, types.DockerLayer}
	oci    = kinds{types.OCIImageIndex, types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer}
)

func platform(t testing.TB, text string) *v1.Platform {
	t.Helper()
	p, err := v1.ParsePlatform(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// baseImage is an image for a platform, with two layers and a configuration.
func baseImage(t testing.TB, k kinds, on string) v1.Image {
	t.Helper()
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, k.manifest), k.config)
	for range 2 {
		l, err := anylayer.Layer(10_000, k.layer)
		if err != nil {
			t.Fatal(err)
		}
		if img, err = mutate.AppendLayers(img, l); err != nil {
			t.Fatal(err)
		}
	}
	config, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	p := platform(t, on)
	config.OS, config.Architecture, config.Variant = p.OS, p.Architecture, p.Variant
	config.Config = v1.Config{
		User: "1000", WorkingDir: "/srv", Env: []string{"PATH=/opt/bin:/bin", "ON=" + on}, Entrypoint: []string{"/bin/sh"}, Cmd: []string{"-c"},
		Labels: map[string]string{"from": "base", "org.opencontainers.image.title": "a base"},
	}
	if img, err = mutate.ConfigFile(img, config); err != nil {
		t.Fatal(err)
	}
	return img
}

// baseIndex is an index of images for platforms.
func baseIndex(t testing.TB, k kinds, on ...string) v1.ImageIndex {
	t.Helper()
	index := mutate.IndexMediaType(empty.Index, k.index)
	for _, p := range on {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: baseImage(t, k, p), Descriptor: v1.Descriptor{Platform: platform(t, p)},
		})
	}
	return index
}

// put brings an image or an index into a registry, and forgets what that took.
func (r *testRegistry) put(ref string, what remote.Taggable) {
	r.t.Helper()
	tag, err := name.ParseReference(r.host + "/" + ref)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := remote.Push(tag, what, remote.WithTransport(direct{r})); err != nil {
		r.t.Fatal(err)
	}
	r.mend()
}

// hosts hands requests to the registry that they are for.
type hosts map[string]http.Handler

func (h hosts) ServeHTTP(w http.ResponseWriter, req *http.Request) { h[req.Host].ServeHTTP(w, req) }

// stages observes what becomes of layers, as "mounted base, uploaded source".
func stages(all *[]string) image.Option {
	return image.WithProgress(func(p image.Progress) {
		switch p.Stage {
		case image.Uploaded, image.Mounted, image.Exists:
			*all = append(*all, string(p.Stage)+" "+p.What)
			slices.Sort(*all)
		}
	})
}

func TestBaseFromRegistry(t *testing.T) {
	for _, k := range []kinds{docker, oci} {
		single := baseImage(t, k, "linux/amd64")
		for what, base := range map[string]remote.Taggable{
			"an image": single, "an index": mutate.AppendManifests(baseIndex(t, k, "linux/arm64", "windows/amd64"), mutate.IndexAddendum{
				Add: single, Descriptor: v1.Descriptor{Platform: platform(t, "linux/amd64")},
			}),
		} {
			t.Run(fmt.Sprint(what, " of ", k.manifest), func(t *testing.T) {
				r := unserved(t)
				r.put("base:1", base)
				transport := image.WithTransport(direct{r})
				img := build(t, sums(t), image.WithBase(r.host+"/base:1"), transport)
				var done []string
				pushed := push(t, img, r.host+"/team/sums", stages(&done))
				equal(t, "layers", strings.Join(done, ", "), "mounted base, mounted base, uploaded binary, uploaded config, uploaded source")
				equal(t, "requests for the base's blobs", strings.Count(r.asked(), "GET blobs"), 1) // its configuration
				equal(t, "bytes", pushed.Uploaded, r.received())
				checkOnBase(t, pull(t, pushed.Reference, remote.WithTransport(direct{r})), single, k)
			})
		}
	}
}

// checkOnBase checks what an image has of its base.
func checkOnBase(t *testing.T, img, base v1.Image, k kinds) {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	below, err := base.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "manifest's type", manifest.MediaType, k.manifest)
	equal(t, "configuration's type", manifest.Config.MediaType, k.config)
	equal(t, "layers", len(manifest.Layers), 4)
	for i, l := range manifest.Layers {
		equal(t, "layer's type", l.MediaType, k.layer)
		if i < len(below.Layers) {
			equal(t, "base's layer", l.Digest, below.Layers[i].Digest)
		}
	}
	file, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "platform", file.Platform().String(), "linux/amd64")
	c := file.Config
	equal(t, "user", c.User, "1000")
	equal(t, "working directory", c.WorkingDir, "/srv")
	equal(t, "environment", fmt.Sprint(c.Env), "[PATH=/opt/bin:/bin ON=linux/amd64]")
	equal(t, "entrypoint", fmt.Sprint(c.Entrypoint, c.Cmd), "[/usr/local/bin/fuse] []")
	equal(t, "label of the base", c.Labels["from"], "base")
	equal(t, "title", c.Labels["org.opencontainers.image.title"], "sums")
	digest, err := base.Digest()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "base's digest", c.Labels["org.opencontainers.image.base.digest"], digest.String())
}

// Where the registry does not mount, the layers go up.
func TestBaseIsNotMounted(t *testing.T) {
	refuse := map[string]func(*testRegistry){
		"silently": func(r *testRegistry) { r.noMounts = true },
		"loudly": func(r *testRegistry) {
			r.fail("POST uploads", -1, func(w http.ResponseWriter, req *http.Request) {
				if req.URL.Query().Has("mount") {
					status(400, "UNSUPPORTED")(w, req)
					return
				}
				r.inner.ServeHTTP(w, req)
			})
		},
	}
	for _, how := range slices.Sorted(maps.Keys(refuse)) {
		t.Run(how, func(t *testing.T) {
			r := unserved(t)
			base := baseImage(t, oci, "linux/amd64")
			r.put("base", base)
			refuse[how](r)
			img := build(t, sums(t), image.WithBase(r.host+"/base"), image.WithTransport(direct{r}))
			var done []string
			pushed := push(t, img, r.host+"/sums", stages(&done))
			equal(t, "layers", strings.Join(done, ", "), "uploaded base, uploaded base, uploaded binary, uploaded config, uploaded source")
			checkOnBase(t, pull(t, pushed.Reference, remote.WithTransport(direct{r})), base, oci)
		})
	}
}

func TestBaseFromOtherRegistry(t *testing.T) {
	r, other := unserved(t), unserved(t)
	other.host = "other.example.com"
	base := baseImage(t, docker, "linux/amd64")
	other.put("library/base", base)
	transport := direct{hosts{r.host: r, other.host: other}}
	img := build(t, sums(t), image.WithBase("other.example.com/library/base"), image.WithTransport(transport))
	other.fail("GET blobs", 1, status(503, "")) // while its layers are copied
	var done []string
	pushed := push(t, img, r.host+"/sums", stages(&done), fast())
	equal(t, "layers", strings.Join(done, ", "), "uploaded base, uploaded base, uploaded binary, uploaded config, uploaded source")
	checkOnBase(t, pull(t, pushed.Reference, remote.WithTransport(direct{r})), base, docker)
	for _, q := range r.log {
		if strings.Contains(q.query, "mount=") {
			t.Errorf("the registry was asked to mount what it cannot have: %s", q.query)
		}
	}
	equal(t, "bytes sent to the other registry", other.received(), 0)
}

// All requests for the base are made again, those for its parts too.
func TestBaseTriesAgain(t *testing.T) {
	for _, test := range []struct {
		kind string
		base remote.Taggable
	}{
		{"GET ping", baseImage(t, oci, "linux/amd64")},
		{"GET manifests", baseImage(t, oci, "linux/amd64")},
		{"GET blobs", baseImage(t, oci, "linux/amd64")},
		{"GET manifests", mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex),
			mutate.IndexAddendum{Add: baseIndex(t, oci, "linux/arm64", "linux/amd64")})},
	} {
		r := unserved(t)
		r.put("base", test.base)
		for n := range 3 { // of several requests of a kind, one after the other
			r.fail(test.kind, n, r.inner.ServeHTTP)
			r.fail(test.kind, 1, status(503, ""))
			var tried retries
			build(t, sums(t), image.WithBase(r.host+"/base"), image.WithTransport(direct{r}), tried.observe(), fast())
			if n == 0 {
				equal(t, "tries", len(tried.all), 1)
				equal(t, "what", tried.all[0].What, "get base image registry.example.com/base")
			}
			r.mend()
		}
		r.fail(test.kind, -1, status(503, ""))
		_, err := image.Build(context.Background(), sums(t), defaults(t, image.WithBase(r.host+"/base"), image.WithTransport(direct{r}), image.WithTries(2, time.Microsecond))...)
		if err == nil || !strings.HasPrefix(err.Error(), "get base image registry.example.com/base: GET https://registry.example.com/v2/") ||
			!strings.HasSuffix(err.Error(), ": 503 Service Unavailable") {
			t.Errorf("%v", err)
		}
	}
}
