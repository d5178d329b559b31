package kfp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An Artifact says where the content of an artifact is.
type Artifact struct {
	// URI is the artifact's: minio://bucket/key, s3://… or gs://….
	URI string
	// Namespace is the run's; "" is the client's.
	Namespace string
	// ProviderInfo is how the store is reached, as the metadata of a run has it
	// in store_session_info; "" for what the server is set up with.
	ProviderInfo string
}

// ReadArtifact returns the content of an artifact, by the dashboard, as it is
// read. It must be closed. IsNotFound tells that there is none.
//
// The dashboard hands out what is kept, with these exceptions: what is
// compressed by gzip or deflate is expanded, and of a tar archive there is only
// the first file; a folder comes as a .tar.gz; what is in gs:// is taken for
// text, and is empty where there is nothing. Artifacts of functions are none of
// the first: they start with the bytes d9 d9 f7.
func (c *Client) ReadArtifact(ctx context.Context, a Artifact) (io.ReadCloser, error) {
	query, err := a.query()
	if err != nil {
		return nil, err
	}
	if a.Namespace == "" {
		a.Namespace = c.options.namespace
	}
	if a.Namespace != "" {
		query.Set("namespace", a.Namespace)
	}
	q := call{op: "read the artifact " + a.URI, path: "/artifacts/get", query: query, dashboard: true}
	return c.open(ctx, q, func(r *bufio.Reader) error {
		if _, err := r.Peek(1); err != nil && err != io.EOF {
			return asError(err)
		}
		return nil
	})
}

// query returns the parts of the URI, as the dashboard wants them.
func (a *Artifact) query() (url.Values, error) {
	scheme, rest, _ := strings.Cut(a.URI, "://")
	bucket, key, _ := strings.Cut(rest, "/")
	if scheme == "gs" {
		scheme = "gcs"
	}
	switch {
	case scheme != "minio" && scheme != "s3" && scheme != "gcs":
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("the artifact %q cannot be read from the dashboard", a.URI),
			Hint: "it has what is kept in minio://, s3:// and gs://",
		}
	case bucket == "" || key == "":
		return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("the artifact's uri %q has no bucket or no key", a.URI)}
	}
	query := url.Values{"source": {scheme}, "bucket": {bucket}, "key": {key}}
	if a.ProviderInfo != "" {
		query.Set("providerInfo", a.ProviderInfo)
	}
	return query, nil
}
