package kfp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/starlarkfuse/fuse/internal/scrub"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// shortestSecret is the length below which a header's value counts as no
// secret: "1" or "yes" would be found everywhere.
const shortestSecret = 4

// A wire is the transport to the server. It shows who asks, and notices which
// secrets it tells.
type wire struct {
	inner   http.RoundTripper
	token   tokenSource
	secrets *scrub.Secrets
	// dress adds the headers that were given. It is a function because printing
	// a struct shows whatever else there is.
	dress    func(*http.Request)
	answered atomic.Bool // whether anybody ever did
}

// RoundTrip implements http.RoundTripper.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := w.token()
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	copied := req.Clone(req.Context()) // a RoundTripper must leave the request as it is
	copied.Header.Set("User-Agent", "fuse")
	w.dress(copied)
	if token != "" {
		w.secrets.Add(token)
		copied.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := w.inner.RoundTrip(copied)
	if err != nil {
		return nil, err
	}
	resp.Request = copied // not every transport says so
	w.answered.Store(true)
	return resp, nil
}

// outdated tells whether the token is no longer the one that an answer's
// request had.
func (w *wire) outdated(resp *http.Response) bool {
	token, err := w.token()
	return err == nil && token != "" && resp.Request.Header.Get("Authorization") != "Bearer "+token
}

// newWire makes the wire of a client, and takes the headers out of the options.
func newWire(o *options) (*wire, error) {
	w := &wire{inner: o.transport, token: o.token, secrets: &scrub.Secrets{Shortest: shortestSecret}}
	headers := o.headers
	o.headers = nil
	for name, value := range headers {
		w.secrets.AddHeader(name, value)
	}
	w.dress = func(req *http.Request) {
		for name, value := range headers {
			req.Header.Set(name, value)
			if name == "Host" {
				req.Host = value
			}
		}
	}
	if w.inner == nil {
		w.inner = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			ForceAttemptHTTP2:     true,
			MaxIdleConnsPerHost:   8,
			IdleConnTimeout:       90 * time.Second,
			TLSHandshakeTimeout:   10 * time.Second,
			ExpectContinueTimeout: time.Second,
		}
	}
	if o.caCert == "" {
		return w, nil
	}
	t, ok := w.inner.(*http.Transport)
	if !ok {
		return nil, errors.New("WithCACert: the transport of WithTransport is no *http.Transport")
	}
	roots, err := rootsWith(o.caCert)
	if err != nil {
		return nil, err
	}
	t = t.Clone()
	if t.TLSClientConfig == nil {
		t.TLSClientConfig = &tls.Config{}
	}
	t.TLSClientConfig.RootCAs = roots
	w.inner = t
	return w, nil
}

// rootsWith returns the authorities of the system and those in a PEM file.
func rootsWith(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		if why := (*fs.PathError)(nil); errors.As(err, &why) {
			err = why.Err
		}
		return nil, fmt.Errorf("read the certificates in %s: %w", path, err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(text) {
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("there is no certificate in %s", path),
			Hint: "it must be a PEM file, with lines like -----BEGIN CERTIFICATE-----",
		}
	}
	return roots, nil
}
