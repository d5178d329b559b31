package kfp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// maxUpload is what a server takes.
const maxUpload = 32 << 20

// An Upload is a pipeline, or a version of one, to create.
type Upload struct {
	// Name is the name of what is created: unique in the namespace for a
	// pipeline, in the pipeline for a version.
	Name string
	// DisplayName is what people see; "" for the name. Servers before 2.5 have
	// none.
	DisplayName string
	Description string
	// Spec is the spec as a file has it: YAML, JSON, or a .zip or .tar.gz of
	// YAML, of at most 32 MiB.
	Spec []byte
}

// UploadPipeline creates a pipeline whose first version, of the same name, is
// the spec. A name that is taken is an error: see IsAlreadyExists.
func (c *Client) UploadPipeline(ctx context.Context, u Upload) (*Pipeline, error) {
	query := url.Values{}
	if c.options.namespace != "" {
		query.Set("namespace", c.options.namespace)
	}
	q, err := u.call("upload the pipeline "+u.Name, "/upload", query)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, q, "", func(ctx context.Context) (*Pipeline, error) {
		p, err := c.GetPipelineByName(ctx, u.Name)
		switch {
		case IsNotFound(err):
			return nil, nil
		case err != nil:
			return nil, err
		case labelIn(p.Description, specLabel) != SpecDigest(u.Spec):
			return nil, nil // somebody else's: asking again tells so
		}
		return p, nil
	})
}

// UploadVersion creates a version of a pipeline. A name that is taken is an
// error: see IsAlreadyExists.
func (c *Client) UploadVersion(ctx context.Context, pipelineID string, u Upload) (*Version, error) {
	if err := checkID("pipeline", pipelineID); err != nil {
		return nil, err
	}
	q, err := u.call("upload the version "+u.Name, "/upload_version", url.Values{"pipelineid": {pipelineID}})
	if err != nil {
		return nil, err
	}
	return once(ctx, c, q, "", func(ctx context.Context) (*Version, error) {
		return c.versionOf(ctx, pipelineID, u.Name, SpecDigest(u.Spec))
	})
}

// versionOf returns the version of a pipeline that has the name and the digest;
// nil if there is none.
func (c *Client) versionOf(ctx context.Context, pipelineID, name, digest string) (*Version, error) {
	byName := ListOptions{Filter: []Predicate{Equals("name", name)}, SortBy: "created_at desc", PageSize: 2}
	return search(c.ListVersions(ctx, pipelineID, byName), func(v *Version) bool {
		return v.Name == name && v.SpecDigest() == digest
	})
}

// call makes the call that uploads. The spec is sent from where it is.
func (u *Upload) call(op, path string, query url.Values) (*call, error) {
	switch {
	case u.Name == "":
		return nil, &starlarkfuse.Error{Msg: "a pipeline needs a name"}
	case len(u.Spec) == 0:
		return nil, &starlarkfuse.Error{Msg: op + ": the spec is empty"}
	case len(u.Spec) > maxUpload:
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%s: the spec has %d bytes, and a server takes %d", op, len(u.Spec), maxUpload),
			Hint: "a .zip or .tar.gz of it is smaller",
		}
	}
	query.Set("name", u.Name)
	query.Set("description", withLabel(u.Description, specLabel, SpecDigest(u.Spec)))
	if u.DisplayName != "" {
		query.Set("display_name", u.DisplayName)
	}
	var frame bytes.Buffer
	w := multipart.NewWriter(&frame)
	if _, err := w.CreateFormFile("uploadfile", fileName(u.Spec)); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	n := frame.Len()
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &call{
		op: op, method: http.MethodPost, path: pipelines.path() + path, query: query,
		body: [][]byte{frame.Bytes()[:n], u.Spec, frame.Bytes()[n:]}, contentType: w.FormDataContentType(),
	}, nil
}

// fileName is a name whose ending tells the server what a spec is.
func fileName(spec []byte) string {
	switch {
	case bytes.HasPrefix(spec, []byte("PK")):
		return "pipeline.zip"
	case bytes.HasPrefix(spec, []byte("\x1f\x8b")):
		return "pipeline.tar.gz"
	case json.Valid(spec):
		return "pipeline.json"
	}
	return "pipeline.yaml"
}
