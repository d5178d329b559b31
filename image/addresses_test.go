package image_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// at is a transport for which every host is the server at that address.
func at(address string) image.Option {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", address)
	}
	return image.WithTransport(&http.Transport{DialContext: dial})
}

func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := l.Addr().String()
	l.Close()
	var tried retries
	_, err = shared(t).Push(context.Background(), host+"/sums", tried.observe(), fast())
	mustFail(t, err, "push to "+host+"/sums: dial tcp "+host+": connect: connection refused",
		"is the registry at "+host+" running, and is the address right?")
	equal(t, "tries", len(tried.all), 2)
}

func TestUnknownHost(t *testing.T) {
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
	}
	var tried retries
	_, err := shared(t).Push(context.Background(), "registry.example.com/sums", tried.observe(),
		image.WithTransport(&http.Transport{DialContext: dial}))
	mustFail(t, err, "push to registry.example.com/sums: dial tcp: lookup registry.example.com: no such host",
		"is the address registry.example.com right?")
	equal(t, "tries", len(tried.all), 0)
}

// What answers is a web server, or no HTTP server at all.
func TestNoRegistry(t *testing.T) {
	img := shared(t)
	t.Run("of pages", func(t *testing.T) {
		for _, code := range []int{200, 404} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				fmt.Fprint(w, "<!doctype html><title>Welcome</title>")
			}))
			defer server.Close()
			host := strings.TrimPrefix(server.URL, "http://")
			_, err := img.Push(context.Background(), host+"/sums")
			want := "push to " + host + "/sums: GET http://" + host + "/v2/: 404 Not Found"
			if code == 200 {
				want = "push to " + host + "/sums: HEAD http://" + host + "/v2/sums/manifests/" + tagOf(img) +
					": response did not include Docker-Content-Digest header"
			}
			mustFail(t, err, want, "what answers at "+host+" seems to be no registry: is the address right?")
		}
	})
	t.Run("of another protocol", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.9\r\n")
				conn.Close()
			}
		}()
		host := l.Addr().String()
		var tried retries
		_, err = img.Push(context.Background(), host+"/sums", tried.observe(), fast())
		if err == nil || !strings.HasPrefix(err.Error(), "push to "+host+"/sums: Get \"https://"+host) {
			t.Errorf("%v", err)
		}
		equal(t, "tries", len(tried.all), 2)
	})
}

// Plain HTTP is for this machine, unless the user says otherwise. The library
// would speak it to private addresses and names, too.
func TestPlainHTTP(t *testing.T) {
	img := shared(t)
	_, port, err := net.SplitHostPort(newRegistry(t).host)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1:" + port, "localhost:" + port, "registry.localhost:" + port} {
		t.Run(host, func(t *testing.T) {
			r := newRegistry(t)
			push(t, img, host+"/sums", at(r.host))
		})
	}
	for _, host := range []string{
		"registry.example.com", "registry.example.com:5000", "registry.local:5000", "10.0.0.1:5000", "192.168.1.1", "127.evil.example.com:5000",
	} {
		t.Run(host, func(t *testing.T) {
			r := newRegistry(t)
			name, _, _ := strings.Cut(host, ":")
			var tried retries
			_, err := img.Push(context.Background(), host+"/sums", at(r.host), image.WithLogin(host, "alice", "wonderland"), tried.observe())
			mustFail(t, err, "push to "+host+"/sums: server gave HTTP response to HTTPS client",
				host+" does not speak HTTPS: allow plain HTTP with --insecure")
			equal(t, "tries", len(tried.all), 0)
			equal(t, "requests", len(r.log), 0)
			push(t, img, host+"/sums", at(r.host), image.WithInsecure(true))
			equal(t, "tags at "+name, strings.Join(r.tags("sums"), " "), tagOf(img))
		})
	}
}

// A registry that speaks HTTPS may not send anybody to where there is none.
func TestRedirectToPlainHTTP(t *testing.T) {
	img := shared(t)
	r := unserved(t)
	r.fail("PATCH uploads", -1, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://elsewhere.example.com/upload?signature=abc")
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	var tried retries
	_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), tried.observe(), image.WithTries(2, time.Microsecond))
	if err == nil || !strings.HasSuffix(err.Error(), `: Patch "http://elsewhere.example.com/upload": plain HTTP to elsewhere.example.com is not allowed`) {
		t.Errorf("%v", err)
	}
	equal(t, "hint", hintOf(err), "allow it with --insecure")
	equal(t, "tries", len(tried.all), 0)
}
