package compiler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// MaxReadSize is the size of the largest file that Read takes unless it is
// told otherwise; it is what KFP's upload takes.
const MaxReadSize = 32 << 20

// maxDepth bounds how deep values may stand inside each other. It keeps the
// cost of indenting a hostile spec in proportion to its size.
const maxDepth = 200

// A ReadOption changes how Read works.
type ReadOption func(*readOptions) error

type readOptions struct{ maxSize int }

// WithMaxSize sets the size in bytes of the largest file that Read takes.
func WithMaxSize(n int) ReadOption {
	return func(o *readOptions) error {
		if n <= 0 {
			return fmt.Errorf("a spec of at most %d bytes is none", n)
		}
		o.maxSize = n
		return nil
	}
}

// Read reads a spec from the content of a file, of Fuse or of any other SDK:
//
//   - YAML, the pipeline spec and, optionally, a second document with the
//     platform spec;
//   - JSON or YAML of one object {"pipeline_spec": …, "platform_spec": …};
//   - JSON of the bare pipeline spec.
//
// All that the file holds is kept and written back by MarshalJSON and
// MarshalYAML, fields that Fuse does not know included. Read checks that the
// file is a spec; Validate checks that it is a sound one.
//
// Time and memory are bounded by the size of data, which is safe to take from
// anyone. Errors are *starlarkfuse.Error where a hint can be given.
func Read(data []byte, opts ...ReadOption) (*Spec, error) {
	o := readOptions{maxSize: MaxReadSize}
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if len(data) > o.maxSize {
		return nil, &starlarkfuse.Error{
			Msg: fmt.Sprintf("the file is too large for a pipeline spec: %s, the limit is %s", sizeText(len(data)), sizeText(o.maxSize)),
		}
	}
	docs, err := decodeDocuments(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		if deeper(d, maxDepth) {
			return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("not a pipeline spec: the file nests values more than %d deep", maxDepth)}
		}
	}
	pipeline, platform, err := parts(docs)
	if err != nil {
		return nil, err
	}
	s := &Spec{Platform: platform}
	if err := s.fromTree(pipeline); err != nil {
		return nil, err
	}
	s.findNodes()
	return s, nil
}

// fromTree fills the typed parts of s, and keeps what they cannot hold.
func (s *Spec) fromTree(pipeline map[string]any) error {
	s.Pipeline, s.Deployment = new(pipelinespec.PipelineSpec), nil
	norm := normaliser{spec: s}
	pipeline = norm.message(pipeline, s.Pipeline.ProtoReflect().Descriptor(), "").(map[string]any)
	if v := pipeline["schemaVersion"]; v != nil && v != SchemaVersion {
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("the pipeline spec has schemaVersion %v, and only %s can be run", v, SchemaVersion),
			Hint: "compile it again with a KFP SDK of version 2",
		}
	}
	deployment, hasDeployment := pipeline["deploymentSpec"]
	delete(pipeline, "deploymentSpec")
	if err := unmarshal(pipeline, s.Pipeline); err != nil {
		return fmt.Errorf("read pipeline spec: %w", err)
	}
	if hasDeployment {
		if deployment != nil {
			s.Deployment = new(pipelinespec.PipelineDeploymentConfig)
			deployment = norm.message(deployment, s.Deployment.ProtoReflect().Descriptor(), "deploymentSpec")
			if err := unmarshal(deployment, s.Deployment); err != nil {
				return fmt.Errorf("read deploymentSpec of the pipeline spec: %w", err)
			}
		}
		pipeline["deploymentSpec"] = deployment
	}
	plain := Spec{Pipeline: s.Pipeline, Deployment: s.Deployment}
	b, err := plain.MarshalJSON()
	if err != nil {
		return fmt.Errorf("read pipeline spec: %w", err)
	}
	have, err := decodeJSON(b)
	if err != nil {
		return fmt.Errorf("read pipeline spec: %w", err)
	}
	s.extra = diff(pipeline, have)
	return nil
}

func unmarshal(t tree, m proto.Message) error {
	b, err := appendTree(nil, t)
	if err != nil {
		return err
	}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(b, m); err != nil {
		// protojson varies its own prefix at random, and its line and column
		// are those of JSON that nobody sees.
		msg := strings.ReplaceAll(err.Error(), "\u00a0", " ")
		if _, rest, ok := strings.Cut(msg, "): "); ok {
			msg = rest
		}
		return errors.New(strings.TrimPrefix(msg, "proto: "))
	}
	return nil
}

// parts finds the pipeline and the platform spec among a file's documents.
func parts(docs []tree) (pipeline, platform map[string]any, err error) {
	for _, d := range docs {
		m, ok := d.(map[string]any)
		switch {
		case d == nil: // an empty document, as after a last "---"
		case !ok:
			return nil, nil, notASpec(nil)
		case m["platforms"] != nil && m["pipelineInfo"] == nil && platform == nil:
			platform = m
		case pipeline != nil:
			return nil, nil, &starlarkfuse.Error{Msg: "the file holds more than one pipeline spec and one platform spec"}
		case wrapped(m):
			if pipeline, platform, err = unwrap(m); err != nil {
				return nil, nil, err
			}
		default:
			pipeline = m
		}
	}
	info, _ := pipeline["pipelineInfo"].(map[string]any)
	if info == nil {
		info, _ = pipeline["pipeline_info"].(map[string]any)
	}
	root, _ := pipeline["root"].(map[string]any)
	if pipeline == nil {
		return nil, nil, notASpec(platform)
	}
	if info == nil || root == nil {
		return nil, nil, notASpec(pipeline)
	}
	return pipeline, platform, nil
}

func wrapped(m map[string]any) bool {
	return m["pipeline_spec"] != nil || m["pipelineSpec"] != nil
}

func unwrap(m map[string]any) (pipeline, platform map[string]any, err error) {
	for _, k := range sortedKeys(m) {
		part, ok := m[k].(map[string]any)
		switch {
		case m[k] == nil:
		case !ok:
			return nil, nil, fmt.Errorf("field %s of the file is not an object", k)
		case k == "pipeline_spec" || k == "pipelineSpec":
			pipeline = part
		case k == "platform_spec" || k == "platformSpec":
			platform = part
		default:
			return nil, nil, &starlarkfuse.Error{
				Msg:  fmt.Sprintf("the file has a field %s beside its pipeline spec, where only platform_spec can stand", k),
				Hint: "give the pipeline spec alone",
			}
		}
	}
	if len(platform) > 0 && platform["platforms"] == nil {
		return nil, nil, errors.New("the platform_spec of the file has no field platforms")
	}
	return pipeline, platform, nil
}

// notASpec says why an object is no spec, and what it seems to be.
func notASpec(m map[string]any) error {
	var missing []string
	for _, k := range []string{"pipelineInfo", "root"} {
		if _, ok := m[k].(map[string]any); !ok {
			missing = append(missing, k)
		}
	}
	e := &starlarkfuse.Error{
		Msg:  "not a pipeline spec: it has no " + strings.Join(missing, " and no "),
		Hint: "a pipeline spec is what `fuse compile` or the compiler of the KFP SDK writes",
	}
	api, _ := m["apiVersion"].(string)
	_, implementation := m["implementation"]
	switch {
	case strings.HasPrefix(api, "argoproj.io/"):
		e.Hint = "this is an Argo workflow, as KFP 1 compiled to: compile the pipeline with a KFP SDK of version 2"
	case api != "":
		e.Hint = "this is a Kubernetes object of " + api
	case implementation:
		e.Hint = "this is a single component of KFP 1: use it in a pipeline and compile that"
	case m["platforms"] != nil:
		e.Hint = "this is a platform spec alone: it belongs behind its pipeline spec, as a second document"
	}
	return e
}

// decodeJSON decodes one JSON value to a tree.
func decodeJSON(b []byte) (tree, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var t tree
	if err := d.Decode(&t); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is more text behind the JSON value")
	}
	return t, nil
}
