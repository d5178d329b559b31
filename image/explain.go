package image

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A place is what an operation on a registry is about.
type place struct {
	host string
	text string // an image or a repository, as the user knows it
}

// explain makes an error of a registry one that says what to do.
func (o *options) explain(ctx context.Context, doing string, at place, err error) error {
	if user := (*starlarkfuse.Error)(nil); errors.As(err, &user) {
		return user
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: stopped: %w", doing, context.Cause(ctx))
	}
	// Of the cause only the text is kept: it holds the request, and with it the
	// login.
	return &starlarkfuse.Error{Msg: doing + ": " + o.plainText(err), Hint: o.hint(at, err)}
}

// hint says what to do about an error of a registry.
func (o *options) hint(at place, err error) string {
	switch {
	case errors.As(err, new(x509.HostnameError)):
		return "is the address " + at.host + " right? the certificate is another's"
	case errors.As(err, new(x509.CertificateInvalidError)):
		return "either the certificate of " + at.host + " is out of date, or this machine's clock"
	case isUntrusted(err):
		return "the certificate of " + at.host + " is not one that this machine trusts: add its authority to the system's, or name a file of it in SSL_CERT_FILE"
	}
	if answer := (*transport.Error)(nil); errors.As(err, &answer) {
		return o.answerHint(at, answer)
	}
	dns, op := (*net.DNSError)(nil), (*net.OpError)(nil)
	switch {
	case errors.As(err, &dns):
		return "is the address " + at.host + " right?"
	case errors.As(err, &op):
		return "is the registry at " + at.host + " running, and is the address right?"
	case isPlainHTTP(err) && !strings.Contains(err.Error(), plainHTTPAnswer): // it was not tried
		return "allow it with --insecure"
	case isPlainHTTP(err):
		return at.host + " does not speak HTTPS: allow plain HTTP with --insecure"
	case strings.Contains(err.Error(), "response did not include"):
		return noRegistry(at)
	}
	return ""
}

func noRegistry(at place) string {
	return "what answers at " + at.host + " seems to be no registry: is the address right?"
}

// answerHint says what to do about what a registry answered.
func (o *options) answerHint(at place, answer *transport.Error) string {
	switch code := answer.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		if o.wire.hasLogin(at.host) {
			return "is the login for " + at.host + " right, and may this user do that?"
		}
		return "log in to " + at.host + " with docker login, or give the login with registry_credentials or --registry-username"
	case code == http.StatusRequestEntityTooLarge:
		return "the registry, or a proxy before it, takes no upload so large: list what no node reads in " + IgnoreFile
	case code == http.StatusTooManyRequests:
		return at.host + " wants fewer requests: try again later"
	case code >= 500 && code != http.StatusNotImplemented:
		return "the registry is in trouble: try again later"
	case code < 400, isHTML(answer.Error()):
		return noRegistry(at)
	case code == http.StatusNotFound:
		return "is " + at.text + " spelt right, and is it there? a registry also says this of what it does not let you see"
	}
	return ""
}

// plainText says what went wrong between this machine and a registry, without
// what is of no use to people, and without what is not theirs to see.
func (o *options) plainText(err error) string {
	text := err.Error()
	var answer *transport.Error
	var untrusted *tls.CertificateVerificationError
	var op *net.OpError
	switch { // where HTTPS and HTTP were tried there are two errors: the one that tells more
	case errors.As(err, &untrusted):
		text = untrusted.Error()
	case errors.As(err, &answer):
		text = o.answerText(answer)
	case errors.As(err, &op) && op.Op == "dial":
		text = op.Error()
	case isPlainHTTP(err) && strings.Contains(text, plainHTTPAnswer):
		text = plainHTTPAnswer
	case strings.HasSuffix(text, "with Body length 0"): // the library sends what is sent already
		text = "the registry asked for the login again in the middle of an upload"
	}
	if _, second, ok := strings.Cut(text, plainHTTPAnswer+"; "); ok {
		text = second
	}
	return o.secrets.Scrub(queries.ReplaceAllString(text, "$1"))
}

// queries finds the queries of URLs, which hold signatures and other things
// that let somebody in.
var queries = regexp.MustCompile(`(https?://[^\s"?]*)\?[^\s"]*`)

// maxAnswer bounds what is shown of an answer.
const maxAnswer = 400

// answerText says what a registry answered, on one line.
func (o *options) answerText(e *transport.Error) string {
	status := fmt.Sprintf("%d %s", e.StatusCode, http.StatusText(e.StatusCode))
	var said []string
	for _, d := range e.Errors {
		said = append(said, d.String())
	}
	if said == nil {
		// The body is to be had from the error's text only.
		_, body, _ := strings.Cut(e.Error(), "unexpected status code "+status+": ")
		said = []string{body}
	}
	text := o.secrets.Scrub(strings.Join(said, "; ")) // before anything is cut off: half a secret is none to find
	text = strings.Join(strings.Fields(text), " ")
	if isHTML(text) {
		text = "" // a page for browsers
	}
	if len(text) > maxAnswer {
		text = strings.ToValidUTF8(text[:maxAnswer], "") + "…"
	}
	if text != "" {
		text = status + ": " + text
	} else {
		text = status
	}
	if e.Request != nil {
		u := *e.Request.URL
		u.RawQuery = ""
		text = fmt.Sprintf("%s %s: %s", e.Request.Method, u.Redacted(), text)
	}
	return text
}

func isHTML(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "<html") || strings.Contains(text, "<!doctype html")
}
