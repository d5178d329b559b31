package kfp

import (
	"context"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An Experiment is what runs are put together in. On a server for several users
// it belongs to a namespace, and its runs do with it.
type Experiment struct {
	ID string `json:"experiment_id"`
	// Name is unique in the namespace.
	Name         string       `json:"display_name,omitempty"`
	Description  string       `json:"description,omitempty"`
	Namespace    string       `json:"namespace,omitempty"`
	StorageState StorageState `json:"storage_state,omitempty"`
	CreatedAt    time.Time    `json:"created_at,omitzero"`
	LastRunAt    time.Time    `json:"last_run_created_at,omitzero"`
}

func (e *Experiment) identity() string { return e.ID }

func (e *Experiment) tidy() { clearEpoch(&e.CreatedAt, &e.LastRunAt) }

// A NewExperiment is an experiment to create.
type NewExperiment struct {
	Name        string `json:"display_name"`
	Description string `json:"description,omitempty"`
	// Namespace is where; "" is the client's.
	Namespace string `json:"namespace,omitempty"`
}

func (e *NewExperiment) check() error {
	if e.Name == "" {
		return &starlarkfuse.Error{Msg: "an experiment needs a name"}
	}
	return nil
}

// CreateExperiment creates an experiment. A name that is taken is an error: see
// IsAlreadyExists. Only if the answer was lost, what has the name is taken for
// the new one.
func (c *Client) CreateExperiment(ctx context.Context, e NewExperiment) (*Experiment, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	if e.Namespace == "" {
		e.Namespace = c.options.namespace
	}
	q, err := jsonCall("create the experiment "+e.Name, http.MethodPost, experiments.path(), e)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, q, "", func(ctx context.Context) (*Experiment, error) {
		return c.experimentNamed(ctx, e.Name, e.Namespace)
	})
}

// EnsureExperiment returns the experiment of that name, and creates it if there
// is none.
func (c *Client) EnsureExperiment(ctx context.Context, e NewExperiment) (*Experiment, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	found, err := c.experimentNamed(ctx, e.Name, e.Namespace)
	if err != nil || found != nil {
		return found, err
	}
	made, err := c.CreateExperiment(ctx, e)
	if IsAlreadyExists(err) { // somebody was faster
		if found, err := c.experimentNamed(ctx, e.Name, e.Namespace); err != nil || found != nil {
			return found, err
		}
	}
	return made, err
}

// GetExperiment returns an experiment.
func (c *Client) GetExperiment(ctx context.Context, id string) (*Experiment, error) {
	return getItem[Experiment](ctx, c, experiments, id)
}

// GetExperimentByName returns the experiment of that name in the client's
// namespace. IsNotFound tells that there is none.
func (c *Client) GetExperimentByName(ctx context.Context, name string) (*Experiment, error) {
	e, err := c.experimentNamed(ctx, name, "")
	if err == nil && e == nil {
		err = explain(&Error{
			Op: "get the experiment " + name, Status: http.StatusNotFound, Code: codeNotFound, Message: "there is none of that name",
			hint: "is the name right, and is it in this namespace?",
		})
	}
	return e, err
}

// experimentNamed returns the experiment of that name; nil if there is none.
// Databases find names whatever their case, and allow only one of them.
func (c *Client) experimentNamed(ctx context.Context, name, namespace string) (*Experiment, error) {
	byName := ListOptions{Namespace: namespace, Filter: []Predicate{Equals("display_name", name)}}
	return search(c.ListExperiments(ctx, byName), func(e *Experiment) bool { return strings.EqualFold(e.Name, name) })
}

// ListExperiments lists experiments.
func (c *Client) ListExperiments(ctx context.Context, o ListOptions) iter.Seq2[*Experiment, error] {
	o.ExperimentID = ""
	return list[Experiment](ctx, c, call{op: "list experiments", path: experiments.path()}, o, true, "experiments")
}
