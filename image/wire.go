package image

import (
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/starlarkfuse/fuse/internal/scrub"
)

// A wire is the transport to registries. It notices what the library does not
// tell: how many bytes went out, what was mounted, how long a registry wants to
// be left alone, and which secrets it was told.
type wire struct {
	inner    http.RoundTripper
	insecure bool
	secrets  *scrub.Secrets

	sent     atomic.Int64
	answered atomic.Bool
	until    atomic.Int64 // in Unix nanoseconds: a registry wants no request before
	mounts   sync.Map     // digests, as strings
	logins   sync.Map     // hosts that there is a login for
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if host := req.URL.Hostname(); req.URL.Scheme == "http" && !w.insecure && !isLoopback(host) {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, &plainHTTPError{host}
	}
	w.secrets.AddHeader("Authorization", req.Header.Get("Authorization"))
	switch {
	case req.Body == nil:
	case req.Method == http.MethodPatch, req.Method == http.MethodPut: // POST asks for tokens
		body := req.Body
		copied := *req // a RoundTripper must leave the request as it is
		copied.Body = &sentReader{body, &w.sent}
		req = &copied
	}
	resp, err := w.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	w.answered.Store(true)
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		w.leaveAlone(resp.Header.Get("Retry-After"))
	case http.StatusCreated:
		if digest := req.URL.Query().Get("mount"); digest != "" && req.Method == http.MethodPost {
			w.mounts.Store(digest, true)
		}
	}
	return resp, nil
}

// leaveAlone remembers how long a registry wants to be left alone, which is a
// number of seconds, or a time.
func (w *wire) leaveAlone(retryAfter string) {
	now := time.Now()
	until, err := http.ParseTime(retryAfter)
	if s, bad := strconv.ParseUint(retryAfter, 10, 31); bad == nil {
		until, err = now.Add(time.Duration(s)*time.Second), nil
	}
	if err != nil {
		return
	}
	if latest := now.Add(longestWait); until.After(latest) {
		until = latest
	}
	w.until.Store(until.UnixNano())
}

// wanted returns how long a registry wants to be left alone yet.
func (w *wire) wanted() time.Duration {
	return max(0, time.Until(time.Unix(0, w.until.Load())))
}

// silent tells whether nobody has answered yet.
func (w *wire) silent() bool { return !w.answered.Load() }

// hasLogin tells whether there is a login for a host that was spoken with.
func (w *wire) hasLogin(host string) bool {
	_, ok := w.logins.Load(host)
	return ok
}

// mounted tells whether a blob was mounted from another repository.
func (w *wire) mounted(digest string) bool {
	_, ok := w.mounts.Load(digest)
	return ok
}

// A sentReader counts the bytes of a request's body.
type sentReader struct {
	io.ReadCloser
	sent *atomic.Int64
}

func (s *sentReader) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	s.sent.Add(int64(n))
	return n, err
}

// A plainHTTPError is why a request was not made. The library would make it:
// it takes private addresses, and names in .local, for safe.
type plainHTTPError struct{ host string }

func (e *plainHTTPError) Error() string {
	return fmt.Sprintf("plain HTTP to %s is not allowed", e.host)
}

// isLoopback tells whether a host is this machine.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
