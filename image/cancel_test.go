package image_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/starlarkfuse/fuse/image"
)

// hold answers nothing until the test ends. What comes first is let through;
// reached is closed when something is held.
func hold(t *testing.T, r *testRegistry, kind string, first int) (reached chan struct{}) {
	t.Helper()
	release := make(chan struct{})
	t.Cleanup(func() { close(release) }) // before the server is closed, which waits
	reached = make(chan struct{})
	var once sync.Once
	r.fail(kind, first, r.inner.ServeHTTP)
	r.fail(kind, -1, func(_ http.ResponseWriter, req *http.Request) {
		once.Do(func() { close(reached) })
		select {
		case <-release:
		case <-req.Context().Done():
		}
	})
	return reached
}

// A registry that does not answer is left when the user gives up; nothing is
// tagged, and the next push goes on.
func TestPushInterrupted(t *testing.T) {
	img := shared(t)
	for _, kind := range allKinds() {
		t.Run(kind, func(t *testing.T) {
			r := newRegistry(t)
			reached := hold(t, r, kind, 0)
			ctx, cancel := context.WithCancel(context.Background())
			go func() {
				<-reached
				cancel()
			}()
			_, err := img.Push(ctx, r.host+"/sums", fast())
			if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), "push ") || !strings.HasSuffix(err.Error(), ": stopped: context canceled") {
				t.Errorf("%v", err)
			}
			equal(t, "tags", len(r.tags("sums")), 0)
			r.mend()
			push(t, img, r.host+"/sums")
			pull(t, r.host+"/sums@"+img.Digest())
		})
	}
}

func TestPushGoesOn(t *testing.T) {
	img := shared(t)
	r := unserved(t) // by a server, late requests would be counted among the next push's
	transport := image.WithTransport(direct{r})
	reached := hold(t, r, "PATCH uploads", 1)
	ctx, cancel := context.WithCancel(context.Background())
	uploaded := make(chan image.Progress, 1)
	go func() {
		<-reached
		<-uploaded
		cancel()
	}()
	var first image.Progress
	_, err := img.Push(ctx, r.host+"/sums", transport, image.WithProgress(func(p image.Progress) {
		if p.Stage == image.Uploaded {
			first = p
			uploaded <- p
		}
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	equal(t, "tags", len(r.tags("sums")), 0)
	r.mend()

	var stages []string
	pushed := push(t, img, r.host+"/sums", transport, image.WithProgress(func(p image.Progress) {
		if p.Stage == image.Exists {
			stages = append(stages, p.What)
		}
	}))
	equal(t, "requests", r.asked(), "4 HEAD blobs, 1 HEAD manifests, 3 PATCH uploads, 3 POST uploads, 1 PUT manifests, 3 PUT uploads")
	equal(t, "bytes", pushed.Uploaded, r.received())
	equal(t, "layers that were there", strings.Join(stages, " "), first.What)
	pull(t, pushed.Reference, remote.WithTransport(direct{r}))
}

// An index whose second image is not taken leads nowhere.
func TestPushOfIndexFails(t *testing.T) {
	img := build(t, sums(t), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	r := unserved(t)
	r.fail("PUT manifests", 1, r.inner.ServeHTTP)
	r.fail("PUT manifests", 1, status(403, "DENIED"))
	_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), image.WithTags("v1"))
	second := img.Manifests()[1].Digest
	mustFail(t, err, "push to registry.example.com/sums@"+second+": PUT https://registry.example.com/v2/sums/manifests/"+second+
		": 403 Forbidden: DENIED: that is how it is",
		"log in to registry.example.com with docker login, or give the login with registry_credentials or --registry-username")
	equal(t, "tags", len(r.tags("sums")), 0)
	r.mend()

	pushed := push(t, img, r.host+"/sums", image.WithTransport(direct{r}), image.WithTags("v1"))
	equal(t, "tags", strings.Join(pushed.Tags, " "), tagOf(img)+" v1")
	equal(t, "requests", r.asked(), "6 HEAD blobs, 4 HEAD manifests, 3 PUT manifests")
}
