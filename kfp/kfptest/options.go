package kfptest

import (
	"context"
	"errors"
	"fmt"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Generation says where a server keeps the metadata of runs.
type Generation string

const (
	// Gen217 is KFP 2.17, and what was before it: ML Metadata, which the
	// dashboard serves as gRPC-Web.
	Gen217 Generation = "2.17"
	// GenNext is what comes after it: resources of the REST API.
	GenNext Generation = "next"
)

// version is what a server of that generation calls itself.
func (g Generation) version() string {
	if g == GenNext {
		return "2.18.0"
	}
	return "2.17.0"
}

type options struct {
	storage    string
	generation Generation
	bare       bool
	multiUser  bool
	namespace  string
	token      string
	engine     []exec.Option
	step       func(context.Context, string, exec.Event)
}

// An Option changes how a Server works.
type Option func(*options) error

func newOptions(opts []Option) (*options, error) {
	o := &options{
		generation: Gen217,
		namespace:  "kubeflow",
		engine:     []exec.Option{exec.WithRunner(noFunctions{})},
		step:       func(context.Context, string, exec.Event) {},
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	if o.storage == "" {
		return nil, errors.New("a server needs a storage folder: see WithStorage")
	}
	return o, nil
}

// WithStorage sets the folder that everything is kept in. It is made if it is
// missing. No two servers may use it at the same time.
func WithStorage(dir string) Option {
	return func(o *options) error { o.storage = dir; return nil }
}

// WithGeneration sets which servers this one is like. The default is Gen217.
func WithGeneration(g Generation) Option {
	return func(o *options) error {
		if g != Gen217 && g != GenNext {
			return fmt.Errorf("there is no generation %q: choose %q or %q", g, Gen217, GenNext)
		}
		o.generation = g
		return nil
	}
}

// WithoutDashboard leaves the API server alone: artifacts, logs of pods and ML
// Metadata are not served.
func WithoutDashboard() Option {
	return func(o *options) error { o.bare = true; return nil }
}

// WithUser makes it a server for several users, of whom there is one. All
// requests need the bearer token; lists and experiments need the namespace,
// there is no default experiment, and every other namespace is forbidden.
func WithUser(namespace, token string) Option {
	return func(o *options) error {
		if namespace == "" || token == "" {
			return errors.New("WithUser: want a namespace and a token")
		}
		o.multiUser, o.namespace, o.token = true, namespace, token
		return nil
	}
}

// WithEngine sets how runs are run: see package exec. Storage, run id,
// parameters and observer are the server's. Without it, WithWorkflow or
// WithFuse, tasks of functions fail.
func WithEngine(opts ...exec.Option) Option {
	return func(o *options) error { o.engine = opts; return nil }
}

// WithWorkflow calls the functions of a workflow in this process. The specs of
// all runs must have been compiled from it.
func WithWorkflow(wf *starlarkfuse.Workflow) Option { return WithEngine(exec.WithWorkflow(wf)) }

// WithFuse runs functions as a container does, by `fuse exec` in a process of
// its own. executable is the fuse binary, and root the folder with the workflow
// file.
func WithFuse(executable, root string) Option {
	return WithEngine(exec.WithRunner(&exec.Process{Executable: executable}), exec.WithRoot(root))
}

// WithStep calls f for each step of each run, before the server takes notice of
// it: until f returns, the run goes no further, and clients see it as it was.
// The context ends when the run is terminated or deleted, or the server is
// closed.
func WithStep(f func(ctx context.Context, runID string, e exec.Event)) Option {
	return func(o *options) error {
		if f == nil {
			return errors.New("WithStep: no function")
		}
		o.step = f
		return nil
	}
}

// noFunctions is a runner that nobody told how to run functions. The running
// program, which exec.Process would take, is the test.
type noFunctions struct{ exec.Process }

func (n noFunctions) Run(ctx context.Context, t *exec.Task) error {
	if t.Function != nil {
		return errors.New("this server was not told how to run functions: see WithWorkflow and WithFuse of kfptest")
	}
	return n.Process.Run(ctx, t)
}
