package kfp

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Pipeline is a name under which the server keeps versions of a spec.
type Pipeline struct {
	ID string `json:"pipeline_id"`
	// Name is unique in the namespace. Servers before 2.5 know one name only:
	// then both are the same.
	Name        string    `json:"name,omitempty"`
	DisplayName string    `json:"display_name,omitempty"`
	Description string    `json:"description,omitempty"`
	Namespace   string    `json:"namespace,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	Error       *Status   `json:"error,omitempty"`
}

func (p *Pipeline) identity() string { return p.ID }

func (p *Pipeline) tidy() {
	clearEpoch(&p.CreatedAt)
	if p.Name == "" {
		p.Name = p.DisplayName
	}
}

// A Version is one version of a pipeline.
type Version struct {
	ID         string `json:"pipeline_version_id"`
	PipelineID string `json:"pipeline_id,omitempty"`
	// Name is unique in the pipeline: see Pipeline.Name.
	Name        string    `json:"name,omitempty"`
	DisplayName string    `json:"display_name,omitempty"`
	Description string    `json:"description,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	// Spec is what was uploaded, as JSON, and as the server read it.
	Spec  json.RawMessage `json:"pipeline_spec,omitempty"`
	Error *Status         `json:"error,omitempty"`
}

// SpecDigest returns the digest of what was uploaded, as SpecDigest makes it;
// "" if this client did not upload it.
func (v *Version) SpecDigest() string {
	if digest := labelIn(v.Description, specLabel); digest != "" {
		return digest
	}
	if hex, ok := strings.CutPrefix(v.Name, "sha256-"); ok {
		return "sha256:" + hex
	}
	return ""
}

func (v *Version) identity() string { return v.ID }

func (v *Version) tidy() {
	clearEpoch(&v.CreatedAt)
	if v.Name == "" {
		v.Name = v.DisplayName
	}
}

// GetPipeline returns a pipeline.
func (c *Client) GetPipeline(ctx context.Context, id string) (*Pipeline, error) {
	return getItem[Pipeline](ctx, c, pipelines, id)
}

// GetPipelineByName returns the pipeline of that name in the client's
// namespace.
func (c *Client) GetPipelineByName(ctx context.Context, name string) (*Pipeline, error) {
	if strings.Trim(name, ".") == "" {
		return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("%q cannot be the name of a pipeline", name)}
	}
	q := call{op: "get the pipeline " + name, path: pipelines.path() + "/names/" + url.PathEscape(name)}
	if c.options.namespace != "" {
		q.query = url.Values{"namespace": {c.options.namespace}}
	}
	return get[Pipeline](ctx, c, q)
}

// ListPipelines lists pipelines, without their versions.
func (c *Client) ListPipelines(ctx context.Context, o ListOptions) iter.Seq2[*Pipeline, error] {
	o.ExperimentID = ""
	return list[Pipeline](ctx, c, call{op: "list pipelines", path: pipelines.path()}, o, true, "pipelines")
}

// DeletePipeline deletes a pipeline. One that has versions goes only if cascade
// is set, and they go with it.
func (c *Client) DeletePipeline(ctx context.Context, id string, cascade bool) error {
	var query url.Values
	if cascade {
		query = url.Values{"cascade": {"true"}}
	}
	return c.remove(ctx, pipelines, id, query)
}

// versionPath returns the path of a version.
func versionPath(pipelineID, id string) (string, error) {
	if err := checkID("pipeline's version", id); err != nil {
		return "", err
	}
	return pipelines.item(pipelineID, "/versions/"+id)
}

// GetVersion returns a version of a pipeline.
func (c *Client) GetVersion(ctx context.Context, pipelineID, id string) (*Version, error) {
	path, err := versionPath(pipelineID, id)
	if err != nil {
		return nil, err
	}
	return get[Version](ctx, c, call{op: "get the pipeline's version " + id, path: path})
}

// ListVersions lists the versions of a pipeline, each with its whole spec: keep
// PageSize small where specs are large.
func (c *Client) ListVersions(ctx context.Context, pipelineID string, o ListOptions) iter.Seq2[*Version, error] {
	path, err := pipelines.item(pipelineID, "/versions")
	if err != nil {
		return func(yield func(*Version, error) bool) { yield(nil, err) }
	}
	o.ExperimentID = ""
	return list[Version](ctx, c, call{op: "list the versions of the pipeline " + pipelineID, path: path}, o, false, "pipeline_versions")
}

// DeleteVersion deletes a version of a pipeline.
func (c *Client) DeleteVersion(ctx context.Context, pipelineID, id string) error {
	path, err := versionPath(pipelineID, id)
	if err != nil {
		return err
	}
	return c.do(ctx, call{op: "delete the pipeline's version " + id, method: http.MethodDelete, path: path})
}
