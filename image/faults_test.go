package image_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// fast makes what is tried again be tried without a wait worth speaking of.
func fast() image.Option { return image.WithTries(8, time.Microsecond) }

// status answers with a status, and an error as registries write them where
// there is a code.
func status(status int, code string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		if code == "" {
			w.WriteHeader(status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"errors": [{"code": %q, "message": "that is how it is"}]}`, code)
	}
}

// retries collects what is tried again.
type retries struct {
	mu  sync.Mutex
	all []image.Progress
}

func (r *retries) observe() image.Option {
	return image.WithProgress(func(p image.Progress) {
		if p.Stage == image.Retrying {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.all = append(r.all, p)
		}
	})
}

// A direct transport hands requests to a handler without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	rec := httptest.NewRecorder()
	r := req.Clone(req.Context())
	r.Host, r.URL.Host, r.URL.Scheme = req.URL.Host, "", ""
	if r.Body == nil {
		r.Body = http.NoBody
	}
	d.handler.ServeHTTP(rec, r)
	r.Body.Close()
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	if req.Method == http.MethodHead {
		rec.Body = nil
	}
	resp := rec.Result()
	resp.Request = req
	return resp, nil
}

// allKinds are the requests of a push to an empty repository.
func allKinds() []string {
	return []string{
		"GET ping", "HEAD manifests", "HEAD blobs", "POST uploads", "PATCH uploads", "PUT uploads", "PUT manifests",
	}
}

func TestPushTriesAgain(t *testing.T) {
	img := shared(t)
	for _, kind := range allKinds() {
		for _, test := range []struct{ code, times int }{
			{500, 1}, {502, 1}, {503, 1}, {503, 3}, {504, 1}, {429, 1}, {408, 1},
		} {
			t.Run(fmt.Sprintf("%d %s %d", test.times, kind, test.code), func(t *testing.T) {
				r := unserved(t)
				r.fail(kind, test.times, status(test.code, ""))
				var tried retries
				push(t, img, r.host+"/sums", image.WithTransport(direct{r}), tried.observe(), fast())
				equal(t, "tags", strings.Join(r.tags("sums"), " "), tagOf(img))
				equal(t, "tries", len(tried.all), test.times)
				for _, p := range tried.all {
					if !strings.HasPrefix(p.What, "push ") || p.Wait <= 0 ||
						!strings.HasSuffix(p.Err.Error(), fmt.Sprintf(": %d %s", test.code, http.StatusText(test.code))) {
						t.Errorf("%s, in %s: %v", p.What, p.Wait, p.Err)
					}
				}
			})
		}
	}
}

// Some may push and not pull, and some registries do not tell what is not there.
func TestPushWithoutPull(t *testing.T) {
	img := shared(t)
	for _, code := range []int{401, 403} {
		r := unserved(t)
		r.fail("HEAD manifests", -1, status(code, ""))
		pushed := push(t, img, r.host+"/sums:v1", image.WithTransport(direct{r}))
		equal(t, "unchanged", pushed.Unchanged, false)
		equal(t, "tags", strings.Join(r.tags("sums"), " "), tagOf(img)+" v1")
	}
}

// A registry that was started anew does not know of the uploads before.
func TestPushLostUploads(t *testing.T) {
	img := shared(t)
	for kind, do := range map[string]answer{
		"PATCH uploads": status(404, "BLOB_UPLOAD_UNKNOWN"),
		"PUT uploads":   status(400, "BLOB_UPLOAD_INVALID"),
	} {
		r := unserved(t)
		r.fail(kind, 2, do)
		var tried retries
		push(t, img, r.host+"/sums", image.WithTransport(direct{r}), tried.observe(), fast())
		equal(t, "tries", len(tried.all), 2)
	}
}

// drop closes the connection after so many bytes of the request, in the middle
// of it.
func drop(after int64) answer {
	return func(w http.ResponseWriter, req *http.Request) {
		io.CopyN(io.Discard, req.Body, after)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		conn.Close()
	}
}

func TestPushDroppedConnections(t *testing.T) {
	img := shared(t)
	for _, kind := range allKinds() {
		t.Run(kind, func(t *testing.T) {
			r := newRegistry(t)
			r.fail(kind, 2, drop(0))
			push(t, img, r.host+"/sums", fast())
			pull(t, r.host+"/sums@"+img.Digest())
		})
	}
	t.Run("in the middle of a layer", func(t *testing.T) {
		random := make([]byte, 2<<20)
		rand.NewChaCha8([32]byte{}).Read(random)
		img := build(t, workflow(t, map[string]string{"pipeline.star": pipeline, "random": string(random)}))
		r := newRegistry(t)
		r.fail("PATCH uploads", 4, drop(64<<10))
		var tried retries
		pushed := push(t, img, r.host+"/sums", tried.observe(), fast())
		equal(t, "tries", len(tried.all), 4)
		pull(t, pushed.Reference)
	})
}

// A digest that does not fit is no accident of the network.
func TestPushDamagedLayer(t *testing.T) {
	img := shared(t)
	r := newRegistry(t)
	r.fail("PATCH uploads", -1, func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			panic(err)
		}
		body[len(body)/2] ^= 1
		req.Body = io.NopCloser(strings.NewReader(string(body)))
		r.inner.ServeHTTP(w, req)
	})
	var tried retries
	_, err := img.Push(context.Background(), r.host+"/sums", tried.observe(), fast())
	if err == nil || !strings.Contains(err.Error(), ": 400 Bad Request: DIGEST_INVALID: digest does not match contents") {
		t.Errorf("%v", err)
	}
	equal(t, "tries", len(tried.all), 0)
	equal(t, "tags", len(r.tags("sums")), 0)
}

func TestPushGivesUp(t *testing.T) {
	img := shared(t)
	r := unserved(t)
	r.fail("PUT manifests", -1, status(503, "UNAVAILABLE"))
	var tried retries
	_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), tried.observe(), image.WithTries(5, time.Microsecond))
	mustFail(t, err, "push to registry.example.com/sums:"+tagOf(img)+": PUT https://registry.example.com/v2/sums/manifests/"+tagOf(img)+
		": 503 Service Unavailable: UNAVAILABLE: that is how it is",
		"the registry is in trouble: try again later")
	equal(t, "tries", len(tried.all), 4)
	equal(t, "tags", len(r.tags("sums")), 0)
	r.mend()

	// What has arrived is not sent again.
	pushed := push(t, img, r.host+"/sums", image.WithTransport(direct{r}))
	equal(t, "requests", r.asked(), "4 HEAD blobs, 1 HEAD manifests, 1 PUT manifests")
	equal(t, "bytes", pushed.Uploaded, r.received())
}

// What is a permanent error costs one request.
func TestPushPermanentErrors(t *testing.T) {
	img := shared(t)
	manifest := "push to registry.example.com/sums:" + tagOf(img) + ": PUT https://registry.example.com/v2/sums/manifests/" + tagOf(img) + ": "
	const (
		login     = "log in to registry.example.com with docker login, or give the login with registry_credentials or --registry-username"
		notFound  = "is registry.example.com/sums spelt right, and is it there? a registry also says this of what it does not let you see"
		noService = "what answers at registry.example.com seems to be no registry: is the address right?"
	)
	page := func(code int) answer {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Length", "7085")
			w.WriteHeader(code)
			fmt.Fprintf(w, "<!DOCTYPE html>\n<html><body>\n%s\n</body></html>", strings.Repeat("a page\n", 1000))
		}
	}
	text := func(code int, text string) answer {
		return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, text, code) }
	}
	long := strings.Repeat("wrong\n", 1000)
	for _, test := range []struct {
		kind       string
		do         answer
		text, hint string
	}{
		{"PUT manifests", status(400, "MANIFEST_INVALID"), manifest + "400 Bad Request: MANIFEST_INVALID: that is how it is", ""},
		{"PUT manifests", status(400, "UNKNOWN"), manifest + "400 Bad Request: UNKNOWN: that is how it is", ""},
		{"PUT manifests", status(401, "UNAUTHORIZED"), manifest + "401 Unauthorized: UNAUTHORIZED: that is how it is", login},
		{"PUT manifests", status(403, "DENIED"), manifest + "403 Forbidden: DENIED: that is how it is", login},
		{"PUT manifests", status(404, "NAME_UNKNOWN"), manifest + "404 Not Found: NAME_UNKNOWN: that is how it is", notFound},
		{"PUT manifests", status(405, "UNSUPPORTED"), manifest + "405 Method Not Allowed: UNSUPPORTED: that is how it is", ""},
		{"PUT manifests", status(501, ""), manifest + "501 Not Implemented", ""},
		{"PUT manifests", text(400, "so\n so"), manifest + "400 Bad Request: so so", ""},
		{"PUT manifests", text(400, long), manifest + "400 Bad Request: " + strings.ReplaceAll(long, "\n", " ")[:400] + "…", ""},
		{"PUT manifests", page(404), manifest + "404 Not Found", noService},
		{"GET ping", page(404), "push to registry.example.com/sums: GET https://registry.example.com/v2/: 404 Not Found", noService},
		{"GET ping", status(403, "DENIED"), "push to registry.example.com/sums: GET https://registry.example.com/v2/: 403 Forbidden: DENIED: that is how it is", login},
		{"HEAD manifests", status(400, ""), "push to registry.example.com/sums: HEAD https://registry.example.com/v2/sums/manifests/" + tagOf(img) + ": 400 Bad Request", ""},
		{"HEAD manifests", page(200), "push to registry.example.com/sums: HEAD https://registry.example.com/v2/sums/manifests/" + tagOf(img) +
			": response did not include Docker-Content-Digest header", noService},
	} {
		t.Run(test.kind+" "+test.text, func(t *testing.T) {
			r := unserved(t)
			r.fail(test.kind, -1, test.do)
			var tried retries
			_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), tried.observe())
			mustFail(t, err, test.text, test.hint)
			equal(t, "tries", len(tried.all), 0)
			equal(t, "tags", len(r.tags("sums")), 0)
		})
	}
}

// A proxy before a registry may limit what is uploaded.
func TestPushTooLarge(t *testing.T) {
	img := shared(t)
	r := unserved(t)
	r.fail("PATCH uploads", -1, status(413, ""))
	_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}))
	if err == nil || !strings.HasSuffix(err.Error(), ": 413 Request Entity Too Large") {
		t.Errorf("%v", err)
	}
	equal(t, "hint", hintOf(err), "the registry, or a proxy before it, takes no upload so large: list what no node reads in .fuseignore")
	equal(t, "tags", len(r.tags("sums")), 0)
}
