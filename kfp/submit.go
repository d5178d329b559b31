package kfp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A NewRun is a run to create: a name, and either a spec or a pipeline.
type NewRun struct {
	Name        string
	Description string
	// ExperimentID is what the run belongs to; "" for the default experiment,
	// which servers for several users do not have.
	ExperimentID string
	// Spec is a pipeline spec as JSON: bare, or
	// {"pipeline_spec": …, "platform_spec": …}.
	Spec []byte
	// Pipeline is one that the server keeps, in the place of Spec.
	Pipeline *PipelineRef
	// Parameters are the pipeline's: whatever encoding/json can write.
	Parameters     map[string]any
	PipelineRoot   string
	ServiceAccount string
	// ID is a text that no other submission has, of 8 to 64 letters, digits,
	// dashes or dots. It stands at the end of the run's description, and the run
	// is found by it. Who gives one may ask again after a crash, and gets the run
	// that is there. "" for one that the client makes.
	ID string
}

// A submission is what the API wants of a run.
type submission struct {
	Name           string          `json:"display_name"`
	Description    string          `json:"description,omitempty"`
	ExperimentID   string          `json:"experiment_id,omitempty"`
	Spec           json.RawMessage `json:"pipeline_spec,omitempty"`
	Pipeline       *PipelineRef    `json:"pipeline_version_reference,omitempty"`
	Config         RuntimeConfig   `json:"runtime_config"`
	ServiceAccount string          `json:"service_account,omitempty"`
}

// submission checks the run, gives it an id if it has none, and returns what
// the API wants.
func (r *NewRun) submission() (submission, error) {
	bad := func(format string, args ...any) (submission, error) {
		return submission{}, &starlarkfuse.Error{Msg: fmt.Sprintf(format, args...)}
	}
	switch {
	case r.Name == "":
		return bad("a run needs a name")
	case (r.Spec == nil) == (r.Pipeline == nil):
		return bad("the run %s needs either a spec or a pipeline", r.Name)
	case r.Pipeline != nil && r.Pipeline.PipelineID == "":
		return bad("the run %s names no pipeline", r.Name)
	case r.Spec != nil && (!json.Valid(r.Spec) || !bytes.HasPrefix(bytes.TrimSpace(r.Spec), []byte("{"))):
		return bad("the spec of the run %s is no JSON object", r.Name)
	}
	if r.ID == "" {
		r.ID = NewSubmissionID()
	} else if err := checkSubmissionID(r.ID); err != nil {
		return submission{}, err
	}
	return submission{
		Name: r.Name, Description: withLabel(r.Description, submissionLabel, r.ID), ExperimentID: r.ExperimentID,
		Spec: r.Spec, Pipeline: r.Pipeline,
		Config:         RuntimeConfig{Parameters: r.Parameters, PipelineRoot: r.PipelineRoot},
		ServiceAccount: r.ServiceAccount,
	}, nil
}

// look is the hint for whoever must find out whether a submission arrived.
func (r *NewRun) look() string {
	return fmt.Sprintf("look for it before you try again: its description has %s%s", submissionLabel, r.ID)
}

// CreateRun creates a run, once, whatever happens to the answers.
func (c *Client) CreateRun(ctx context.Context, r NewRun) (*Run, error) {
	known := r.ID != ""
	s, err := r.submission()
	if err != nil {
		return nil, err
	}
	find := func(ctx context.Context) (*Run, error) {
		return search(c.ListRuns(ctx, r.traces()), func(run *Run) bool { return run.SubmissionID() == r.ID })
	}
	if known {
		if run, err := find(ctx); err != nil || run != nil {
			return run, err
		}
	}
	q, err := jsonCall("create the run "+r.Name, http.MethodPost, runs.path(), s)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, q, r.look(), find)
}

// traces lists what a submission of the run may have become.
func (r *NewRun) traces() ListOptions {
	return ListOptions{
		ExperimentID: r.ExperimentID, Filter: []Predicate{Equals("display_name", r.Name)},
		SortBy: "created_at desc", PageSize: 20,
	}
}

// lookBack is how many things of one name are looked through, newest first, for
// one that was made a moment ago.
const lookBack = 100

// search returns the oldest of the newest things that is the one; nil if none is.
func search[T any](list iter.Seq2[*T, error], is func(*T) bool) (*T, error) {
	var found *T
	n := 0
	for v, err := range list {
		if err != nil {
			return nil, err
		}
		if is(v) {
			found = v
		}
		if n++; n == lookBack {
			break
		}
	}
	return found, nil
}
