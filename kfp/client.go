package kfp

import (
	"fmt"
	"net/http"
	"net/url"
	"sync"
)

// A Client speaks with one server. It may be used by several goroutines at
// once. Printing one shows no secrets.
type Client struct {
	api       address
	dashboard address
	http      *http.Client
	wire      *wire
	options   *options
	observing *sync.Mutex // held while the observer is called
}

// New makes a client of the server at host: a URL, whose path, if it has one,
// is what an ingress puts before the API's. Without a scheme it is http on
// this machine and for services of a cluster (ml-pipeline.kubeflow:8888), and
// https elsewhere; "" is DefaultHost. New speaks with nobody: Health does.
func New(host string, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	api, err := parseAddress(host)
	if err != nil {
		return nil, err
	}
	dashboard := api
	if o.dashboard != "" {
		if dashboard, err = parseAddress(o.dashboard); err != nil {
			return nil, err
		}
	}
	w, err := newWire(o)
	if err != nil {
		return nil, err
	}
	return &Client{
		api: api, dashboard: dashboard, wire: w, options: o, observing: new(sync.Mutex),
		http: &http.Client{
			Transport: w,
			// Whoever is sent elsewhere would take the headers along, and a POST
			// would become a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Format implements fmt.Formatter: whatever the verb, there are no secrets.
func (c *Client) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "KFP client of %s", c.api) }

// Host returns the server's address, without a slash at its end.
func (c *Client) Host() string { return c.api.String() }

// RunURL returns the address of a run's page in the dashboard.
func (c *Client) RunURL(id string) string {
	return c.dashboard.prefix + "/#/runs/details/" + url.PathEscape(id)
}

// observe tells the observer.
func (c *Client) observe(r Retry) {
	c.observing.Lock()
	defer c.observing.Unlock()
	c.options.observer(r)
}
