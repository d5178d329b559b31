package kfp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// DefaultHost is where the dashboard is after
// kubectl port-forward svc/ml-pipeline-ui 3000:80 -n kubeflow.
const DefaultHost = "http://localhost:3000"

// An address is where a server answers.
type address struct {
	// prefix is what all its URLs start with, without a slash at the end.
	prefix string
	// host is the host, with the port if there is one.
	host string
}

// String implements fmt.Stringer.
func (a address) String() string { return a.prefix }

// local tells whether the address is on this machine.
func (a address) local() bool {
	host, _ := a.split()
	return isLoopback(host)
}

// split returns host and port; the port is "" where there is none.
func (a address) split() (host, port string) {
	if host, port, err := net.SplitHostPort(a.host); err == nil {
		return host, port
	}
	return strings.Trim(a.host, "[]"), ""
}

// parseAddress reads the address of a server as people write it: maybe without
// a scheme, maybe copied from a browser, with a path if the server is behind
// an ingress. "" is DefaultHost.
func parseAddress(text string) (address, error) {
	full := strings.TrimSpace(text)
	switch {
	case full == "":
		full = DefaultHost
	case !strings.Contains(full, "://"):
		full = likelyScheme(full) + "://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		if why := (*url.Error)(nil); errors.As(err, &why) {
			err = why.Err // the rest repeats the text, and maybe a password
		}
		return address{}, badHost("the KFP host cannot be read: %v", err)
	}
	switch {
	case u.User != nil:
		return address{}, &starlarkfuse.Error{
			Msg:  "the KFP host has a login in it",
			Hint: "give a token, or an Authorization header",
		}
	case u.Scheme != "http" && u.Scheme != "https":
		return address{}, badHost("the KFP host %q has the scheme %q, which is not http or https", text, u.Scheme)
	case u.Hostname() == "":
		return address{}, badHost("the KFP host %q names no host", text)
	case u.RawQuery != "":
		return address{}, badHost("the KFP host %q has a query in it", text)
	}
	host := strings.TrimSuffix(u.Host, ":") // a port that is not there
	return address{prefix: u.Scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/"), host: host}, nil
}

func badHost(format string, args ...any) error {
	return &starlarkfuse.Error{Msg: fmt.Sprintf(format, args...), Hint: "write it like " + DefaultHost}
}

// likelyScheme is the scheme of an address that has none: http on this machine
// and for services of a cluster, https for all others.
func likelyScheme(text string) string {
	host, _, _ := strings.Cut(text, "/")
	host, _ = address{host: host}.split()
	if isLoopback(host) || !strings.ContainsAny(host, ".:") ||
		strings.HasSuffix(host, ".svc") || strings.HasSuffix(host, ".svc.cluster.local") {
		return "http"
	}
	return "https"
}

// isLoopback tells whether a host is this machine.
func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}
