package metadata

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// A Client reads the metadata of one server. It may be used by several
// goroutines at once.
type Client struct {
	sources []source

	mu       sync.Mutex
	answered source // the last that knew what it was asked; nil before
}

// A source is a place where a server may have metadata.
type source interface {
	// read reads a run, with or without the artifacts of its tasks. Its errors
	// are *Error, or wrap ErrUnknownRun or the context's error.
	read(ctx context.Context, runID string, artifacts bool) (*Run, error)
}

type options struct {
	dashboard string
	redact    func(string) string
}

// An Option changes how a Client works.
type Option func(*options) error

// WithDashboard sets where the dashboard is. The default is the server itself,
// as the dashboard serves the API too.
func WithDashboard(base string) Option {
	return func(o *options) error { o.dashboard = base; return nil }
}

// WithRedaction sets a function that what servers say goes through before it
// gets into an error: it takes out what must not be shown.
func WithRedaction(redact func(string) string) Option {
	return func(o *options) error {
		if redact == nil {
			return errors.New("WithRedaction: there is no function")
		}
		o.redact = redact
		return nil
	}
}

// New makes a client of the server at an address, as http://localhost:3000. It
// asks nothing yet.
//
// Requests are made with the HTTP client, each once: logins, TLS, timeouts and
// repeating are its. All of them only read, the POST ones too, so they may be
// repeated; all have bodies that can be sent again, and honour the context.
func New(base string, client *http.Client, opts ...Option) (*Client, error) {
	o := &options{redact: func(text string) string { return text }}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	if client == nil {
		return nil, errors.New("there is no HTTP client")
	}
	if o.dashboard == "" {
		o.dashboard = base
	}
	api, err := parseBase(base)
	if err != nil {
		return nil, err
	}
	dashboard, err := parseBase(o.dashboard)
	if err != nil {
		return nil, err
	}
	w := &wire{client: client, redact: o.redact}
	c := &Client{sources: []source{&tasksAPI{w, api.String()}, &store{w, dashboard.String()}}}
	if dashboard.Path != "" {
		// A dashboard that has a path has its metadata at the host all the same.
		dashboard.Path, dashboard.RawPath = "", ""
		c.sources = append(c.sources, &store{w, dashboard.String()})
	}
	return c, nil
}

// parseBase reads an address, without the slash at its end.
func parseBase(base string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(base, "/"))
	switch {
	case err != nil:
		return nil, errors.New("the server's address cannot be read") // which may hold a password
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("the server's address is not http://… or https://…: %s", u.Redacted())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("the server's address has more than a host and a path: %s", u.Redacted())
	}
	return u, nil
}

// Run reads all there is of a run. Of one that the metadata does not know, or
// not yet, the error is ErrUnknownRun; where there is no metadata, it is an
// *Unavailable.
func (c *Client) Run(ctx context.Context, id string) (*Run, error) {
	return c.read(ctx, id, true)
}

// Progress is Run without the artifacts, which costs the server less: it is
// for asking often.
func (c *Client) Progress(ctx context.Context, id string) (*Run, error) {
	return c.read(ctx, id, false)
}

func (c *Client) read(ctx context.Context, id string, artifacts bool) (*Run, error) {
	if id == "" || id == "." || id == ".." { // which a path would be shortened by
		return nil, explain(ErrUnknownRun)
	}
	c.mu.Lock()
	first := c.answered
	c.mu.Unlock()
	sources := c.sources
	if first != nil {
		rest := slices.DeleteFunc(slices.Clone(sources), func(s source) bool { return s == first })
		sources = append([]source{first}, rest...)
	}
	none := new(Unavailable)
	for _, s := range sources {
		run, err := s.read(ctx, id, artifacts)
		if err == nil || errors.Is(err, ErrUnknownRun) {
			c.mu.Lock()
			c.answered = s
			c.mu.Unlock()
		}
		switch {
		case err == nil:
			return run, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case isAbsent(err), isStore(s) && s != first && !errors.Is(err, ErrUnknownRun):
			// The API answered, so a store that never did may well not be there,
			// whatever it is that answers in its place.
			none.Reasons = append(none.Reasons, err)
		default:
			return nil, explain(err)
		}
	}
	return nil, explain(none)
}

func isStore(s source) bool {
	_, ok := s.(*store)
	return ok
}
