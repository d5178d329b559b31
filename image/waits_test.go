package image_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// later answers with a status and a Retry-After.
func later(code int, after string) answer {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", after)
		w.WriteHeader(code)
	}
}

// These tests have a clock of their own: a wait takes no time.

func TestRetryAfter(t *testing.T) {
	img := shared(t)
	for _, test := range []struct {
		name        string
		do          answer
		least, most time.Duration
	}{
		{"seconds", later(429, "30"), 30 * time.Second, 30 * time.Second},
		{"of a service that is unavailable", later(503, "30"), 30 * time.Second, 30 * time.Second},
		{"a time", func(w http.ResponseWriter, req *http.Request) {
			later(429, time.Now().Add(20*time.Second).UTC().Format(http.TimeFormat))(w, req)
		}, 19 * time.Second, 20 * time.Second},
		{"longer than anybody waits", later(429, "86400"), time.Minute, time.Minute},
		{"a time that is over", later(429, "Sun, 06 Nov 1994 08:49:37 GMT"), 50 * time.Millisecond, 150 * time.Millisecond},
		{"no time", later(429, "0"), 50 * time.Millisecond, 150 * time.Millisecond},
		{"nonsense", later(429, "a while"), 50 * time.Millisecond, 150 * time.Millisecond},
		{"nothing said", status(429, "TOOMANYREQUESTS"), 50 * time.Millisecond, 150 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := unserved(t)
				r.fail("PUT manifests", 1, test.do)
				var tried retries
				begun := time.Now()
				push(t, img, r.host+"/sums", image.WithTransport(direct{r}), tried.observe(), image.WithTries(3, 100*time.Millisecond))
				if len(tried.all) != 1 {
					t.Fatalf("%d tries", len(tried.all))
				}
				wait := tried.all[0].Wait
				if wait < test.least || wait > test.most {
					t.Errorf("the wait is %s, want %s to %s", wait, test.least, test.most)
				}
				equal(t, "waited", time.Since(begun), wait)
			})
		})
	}
}

// A crossing transport lets the second of two requests fail between the answer
// to the first, which fails too, and whatever that leads to.
type crossing struct {
	direct
	first, second chan struct{} // closed when that is so
}

func (c crossing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.direct.RoundTrip(req)
	if err != nil || kindOf(req) != "POST uploads" {
		return resp, err
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		resp.Body = &gate{resp.Body, c.first, c.second}
	case http.StatusInternalServerError:
		<-c.first
	}
	return resp, nil
}

// A gate is read when another is open.
type gate struct {
	io.ReadCloser
	reached, open chan struct{}
}

func (g *gate) Read(p []byte) (int, error) {
	select {
	case <-g.reached:
	default:
		close(g.reached)
	}
	<-g.open
	return g.ReadCloser.Read(p)
}

// Layers go up side by side, and what a registry asks of one is not forgotten
// for what happens to another.
func TestRetryAfterOfSeveral(t *testing.T) {
	img := shared(t)
	synctest.Test(t, func(t *testing.T) {
		r := unserved(t)
		r.fail("POST uploads", 1, later(429, "30"))
		r.fail("POST uploads", 1, status(500, ""))
		transport := crossing{direct{r}, make(chan struct{}), make(chan struct{})}
		var waits []time.Duration
		push(t, img, r.host+"/sums", image.WithTransport(transport), image.WithProgress(func(p image.Progress) {
			if p.Stage != image.Retrying {
				return
			}
			if waits = append(waits, p.Wait); len(waits) == 1 {
				close(transport.second)
			}
		}))
		equal(t, "waits", fmt.Sprint(waits), "[30s 30s]")
	})
}

// Where the registry says nothing, the waits double up to a bound.
func TestWaitsGrow(t *testing.T) {
	img := shared(t)
	synctest.Test(t, func(t *testing.T) {
		r := unserved(t)
		r.fail("PUT manifests", -1, status(502, ""))
		var tried retries
		if _, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), tried.observe()); err == nil {
			t.Fatal("no error")
		}
		equal(t, "tries", len(tried.all), 7)
		step := 250 * time.Millisecond
		for i, p := range tried.all {
			if p.Wait < step/2 || p.Wait > step*3/2 {
				t.Errorf("wait %d is %s, want about %s", i+1, p.Wait, step)
			}
			step = min(2*step, 8*time.Second)
		}
	})
}

// Who interrupts a push does not wait for the next try.
func TestInterruptedWait(t *testing.T) {
	img := shared(t)
	synctest.Test(t, func(t *testing.T) {
		r := unserved(t)
		r.fail("PUT manifests", -1, later(429, "60"))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		begun := time.Now()
		_, err := img.Push(ctx, r.host+"/sums", image.WithTransport(direct{r}))
		mustFail(t, err, "push to registry.example.com/sums:"+tagOf(img)+": stopped: context deadline exceeded", "")
		equal(t, "took", time.Since(begun), time.Second)
		equal(t, "tags", len(r.tags("sums")), 0)
	})
}
