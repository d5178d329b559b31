package image

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	// longestWait bounds the wait between two tries, whatever the registry
	// asks for.
	longestWait = time.Minute
	// longestStep bounds the wait where the registry says nothing.
	longestStep = 8 * time.Second
	// knocks is how often an address is tried at which nobody ever answered.
	knocks = 3
)

// retry does something that a registry has a part in, until it works, cannot
// work, or has been tried often enough.
func retry[T any](ctx context.Context, o *options, doing string, do func() (T, error)) (T, error) {
	step := backoff.NewExponentialBackOff()
	step.InitialInterval, step.Multiplier, step.MaxInterval = o.firstWait, 2, longestStep
	try := uint(0)
	return backoff.Retry(ctx, func() (T, error) {
		v, err := do()
		try++
		switch {
		case err == nil:
			return v, nil
		case !isTransient(err), o.wire.silent() && try >= knocks:
			return v, backoff.Permanent(err)
		}
		return v, err
	},
		backoff.WithBackOff(patience{step, o.wire}), backoff.WithMaxTries(o.tries), backoff.WithMaxElapsedTime(0),
		backoff.WithNotify(func(err error, d time.Duration) {
			o.event(Progress{Stage: Retrying, What: doing, Err: errors.New(o.plainText(err)), Wait: d})
		}))
}

// A patience waits as long as it would, or as long as the registry asks for.
type patience struct {
	backoff.BackOff
	wire *wire
}

func (p patience) NextBackOff() time.Duration { return max(p.BackOff.NextBackOff(), p.wire.wanted()) }

// isTransient tells whether an error may go away by itself. Of those between
// this machine and the registry, what is not known to stay counts as such:
// connections break in many ways.
func isTransient(err error) bool {
	if user := (*starlarkfuse.Error)(nil); errors.As(err, &user) {
		return false
	}
	if isUntrusted(err) {
		return false
	}
	if answer := (*transport.Error)(nil); errors.As(err, &answer) {
		return isTransientAnswer(answer)
	}
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) {
		return !dns.IsNotFound
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	if isPlainHTTP(err) || errors.Is(err, context.Canceled) || errors.As(err, new(*fs.PathError)) {
		return false
	}
	return isOfNetwork(err)
}

// isOfNetwork tells whether an error happened between this machine and a
// registry.
func isOfNetwork(err error) bool {
	text := err.Error()
	return errors.As(err, new(*transport.Error)) || errors.As(err, new(*url.Error)) || errors.As(err, new(*net.OpError)) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		// HTTP/2 keeps the types of its errors to itself.
		strings.Contains(text, "http2: ") || strings.Contains(text, "stream error: ")
}

// isTransientAnswer tells whether a registry may answer otherwise next time.
func isTransientAnswer(answer *transport.Error) bool {
	switch code := answer.StatusCode; code {
	case http.StatusTooManyRequests, http.StatusRequestTimeout:
		return true
	case http.StatusNotImplemented:
		return false
	default:
		if code >= 500 {
			return true
		}
	}
	for _, d := range answer.Errors {
		switch d.Code {
		case transport.TooManyRequestsErrorCode, transport.UnavailableErrorCode,
			// The registry lost track of an upload: the next try begins another.
			transport.BlobUploadUnknownErrorCode, transport.BlobUploadInvalidErrorCode:
			return true
		}
	}
	return false
}

func isUntrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// isPlainHTTP tells whether a registry speaks plain HTTP where that is not
// allowed.
func isPlainHTTP(err error) bool {
	if errors.As(err, new(*plainHTTPError)) {
		return true
	}
	text := err.Error()
	return strings.Contains(text, plainHTTPAnswer) && !strings.Contains(text, plainHTTPAnswer+"; ")
}

// plainHTTPAnswer is what the HTTP client says of an answer in plain HTTP. It
// goes on after it where plain HTTP was tried, too.
const plainHTTPAnswer = "server gave HTTP response to HTTPS client"
