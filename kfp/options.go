package kfp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type options struct {
	dashboard string
	namespace string
	token     tokenSource
	headers   map[string]string
	caCert    string
	transport http.RoundTripper
	timeout   time.Duration
	tries     uint
	firstWait time.Duration
	observer  func(Retry)
}

// An Option changes how a Client works.
type Option func(*options) error

func newOptions(opts []Option) (*options, error) {
	o := &options{
		token:     noToken,
		headers:   make(map[string]string),
		timeout:   30 * time.Second,
		tries:     8,
		firstWait: 250 * time.Millisecond,
		observer:  func(Retry) {},
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// WithDashboard sets where the dashboard is, which serves artifacts and the
// logs of pods, and has a page for each run. The default is the host itself,
// as the dashboard serves the API too.
func WithDashboard(host string) Option {
	return func(o *options) error { o.dashboard = host; return nil }
}

// WithNamespace sets the namespace of what is listed and uploaded, and of
// experiments. A server for several users wants one; another ignores it.
func WithNamespace(namespace string) Option {
	return func(o *options) error { o.namespace = namespace; return nil }
}

// WithToken sets the bearer token. Of several tokens and token files the last
// one counts.
func WithToken(token string) Option {
	return func(o *options) error {
		token, err := checkToken(token)
		if err != nil {
			return err
		}
		o.token = func() (string, error) { return token, nil }
		return nil
	}
}

// WithTokenFile takes the bearer token from a file, which is read for each
// request: the token of a service account is replaced while a program runs.
func WithTokenFile(path string) Option {
	return func(o *options) error {
		if path == "" {
			return errors.New("WithTokenFile: no file")
		}
		o.token = tokenFile(path)
		return nil
	}
}

// WithHeader adds a header to every request. One of the same name that was
// given before is replaced; a token replaces an Authorization header. The
// value is kept as secret as a token.
func WithHeader(name, value string) Option {
	return func(o *options) error {
		if !isHeaderName(name) {
			return &starlarkfuse.Error{Msg: fmt.Sprintf("%q cannot be the name of a header", name)}
		}
		switch name = http.CanonicalHeaderKey(name); {
		case name == "Content-Length" || name == "Content-Type" || name == "Transfer-Encoding":
			return &starlarkfuse.Error{Msg: fmt.Sprintf("the header %s cannot be given: it belongs to each request", name)}
		case !isHeaderValue(value):
			return &starlarkfuse.Error{
				Msg:  fmt.Sprintf("the value of the header %s has a line break or another control character in it", name),
				Hint: "if it was read from a file, leave out the line's end",
			}
		}
		o.headers[name] = strings.TrimSpace(value)
		return nil
	}
}

// WithCACert trusts the authorities in a PEM file, beside those of the system.
func WithCACert(path string) Option {
	return func(o *options) error {
		if path == "" {
			return errors.New("WithCACert: no file")
		}
		o.caCert = path
		return nil
	}
}

// WithTransport sets what carries the requests. The default is an
// *http.Transport that honours the proxies of the environment. WithCACert works
// with an *http.Transport only, of which a copy is used.
func WithTransport(t http.RoundTripper) Option {
	return func(o *options) error {
		if t == nil {
			return errors.New("WithTransport: no transport")
		}
		o.transport = t
		return nil
	}
}

// WithTimeout bounds a request with its answer; of logs and artifacts, the
// beginning of the answer, and each wait for more of it. Uploads have the same
// time again for each 4 MiB. The default is 30 seconds.
func WithTimeout(d time.Duration) Option {
	return func(o *options) error {
		if d <= 0 {
			return fmt.Errorf("a timeout of %s leaves no time", d)
		}
		o.timeout = d
		return nil
	}
}

// WithTries sets how often a request is tried, and how long the first wait is,
// which doubles each time up to some seconds, and is never exact. The defaults
// are 8 times and 250 milliseconds: about half a minute.
func WithTries(n uint, first time.Duration) Option {
	return func(o *options) error {
		if n < 1 || first <= 0 {
			return fmt.Errorf("%d tries, with a wait of %s: want at least one of each", n, first)
		}
		o.tries, o.firstWait = n, first
		return nil
	}
}

// A Retry says that something failed and will be tried again.
type Retry struct {
	// Op is what failed, like "create the run sums".
	Op string
	// Err is why.
	Err error
	// Wait is how long the client waits before it goes on.
	Wait time.Duration
}

// WithObserver calls f before each wait, one at a time. The client waits for f.
func WithObserver(f func(Retry)) Option {
	return func(o *options) error {
		if f == nil {
			return errors.New("WithObserver: no function")
		}
		o.observer = f
		return nil
	}
}
