package kfp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// errSlow is the cause that ends a request whose time is up.
var errSlow = errors.New("the time is up")

// text makes a text from outside fit to be shown. Secrets are looked for before
// anything of it is left out, and in what is left, too.
func (c *Client) text(s string) string {
	scrub := c.wire.secrets.Scrub
	return short(scrub(flat(scrub(s))))
}

// refusal is an answer whose status says that it is an error; body is as much
// of it as was read.
func (c *Client) refusal(q *call, resp *http.Response, body []byte) *Error {
	a := parseAnswer(body)
	if len(body) == maxErrorBody { // it has no end, or half of a secret there
		a.message = c.wire.secrets.Scrub(a.message)
		a.message = a.message[:min(len(a.message), messageStart)]
	}
	e := &Error{Op: q.op, Status: resp.StatusCode, Code: a.code, Message: c.text(a.message)}
	for _, d := range a.details {
		if d = c.text(d); d != "" && !strings.Contains(e.Message, d) && !slices.Contains(e.Details, d) {
			e.Details = append(e.Details, d)
		}
	}
	if a.page {
		e.Message = "the answer is a web page"
	}
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests:
		e.outcome = undone
	case code == http.StatusRequestTimeout:
		e.outcome = lost
	case code == http.StatusUnauthorized && c.wire.outdated(resp):
		e.outcome = undone // another token will be sent
	case code == http.StatusNotImplemented, code < 500:
	case saysMissing(a.message):
		e.missing = true
	case code == http.StatusInternalServerError && a.ours:
		e.outcome = failed
	default:
		e.outcome = lost // who knows how far a proxy got
	}
	e.after = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	e.hint = c.statusHint(q, resp, a)
	return e
}

// saysMissing tells whether the dashboard says, with the status 500, that an
// artifact or a log is not there.
func saysMissing(text string) bool {
	return strings.Contains(text, "NoSuchKey") || strings.Contains(text, "The specified key does not exist") ||
		strings.Contains(text, "Unable to find pod log archive information")
}

// retryAfter reads how long a server wants to be left alone: a number of
// seconds, or a time.
func retryAfter(text string, now time.Time) time.Duration {
	if s, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(s)*time.Second, longestWait)
	}
	if t, err := http.ParseTime(text); err == nil {
		return min(max(0, t.Sub(now)), longestWait)
	}
	return 0
}

// noAnswer is an error of the connection. ctx is that of the request, whose
// cause may be errSlow.
func (c *Client) noAnswer(ctx context.Context, q *call, err error) error {
	if user := (*starlarkfuse.Error)(nil); errors.As(err, &user) {
		return user // of the token's file
	}
	e := &Error{Op: q.op, outcome: lost}
	at := c.addressOf(q)
	// Of the cause only the text is kept: it may hold the request.
	if why := (*url.Error)(nil); errors.As(err, &why) {
		err = why.Err
	}
	dns, op := (*net.DNSError)(nil), (*net.OpError)(nil)
	switch {
	case context.Cause(ctx) == errSlow:
		e.slow = true
		e.Message = fmt.Sprintf("no answer within %s", q.timeout(c))
		e.hint = "is the server busy, or something between that drops connections?"
		return e
	case isUntrusted(err):
		e.outcome = refused
		e.hint = "the certificate of " + at.host + " is not one that this machine trusts: name a file of its authority with --ca-cert"
	case errors.As(err, new(tls.RecordHeaderError)), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.outcome = refused
		e.hint = at.host + " does not speak HTTPS: write http:// before it"
	case errors.As(err, &dns):
		e.outcome = undone
		if dns.IsNotFound {
			e.outcome = refused
		}
		e.hint = "is the address " + at.host + " right?"
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect"):
		e.outcome = undone
		e.hint = unreachableHint(at)
	default:
		e.hint = unreachableHint(at)
	}
	e.Message = c.text(err.Error())
	return e
}

// isUntrusted tells whether an error says that a certificate is not trusted.
func isUntrusted(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(x509.CertificateInvalidError))
}

// stopped is the error of a call whose context has ended.
func stopped(ctx context.Context, op string) error {
	return fmt.Errorf("%s: stopped: %w", op, context.Cause(ctx))
}
