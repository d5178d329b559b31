package exec

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// DefaultStorage is the folder, under the current one, that runs are kept in.
const DefaultStorage = ".fuse"

type options struct {
	params      map[string]any
	paramArgs   []string
	workflow    *starlarkfuse.Workflow
	runner      Runner
	parallelism int
	storage     string
	runID       string
	observer    func(Event)
	failFast    bool
	root        string
	// create opens the journal; tests make it fail.
	create func(path string) (io.WriteCloser, error)
}

// An Option changes how Run works.
type Option func(*options) error

func newOptions(opts []Option) (*options, error) {
	o := &options{
		params:      make(map[string]any),
		parallelism: runtime.NumCPU(),
		create:      openJournal,
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// WithParameters gives the pipeline's parameters by name: Go values,
// starlark.Values or *structpb.Values.
func WithParameters(params map[string]any) Option {
	return func(o *options) error { maps.Copy(o.params, params); return nil }
}

// WithParameterArgs gives parameters as a command line does: "name=value",
// where the value is JSON, or else a string, as the parameter's type wants it.
func WithParameterArgs(args []string) Option {
	return func(o *options) error { o.paramArgs = append(o.paramArgs, args...); return nil }
}

// WithWorkflow gives the workflow whose functions the spec's tasks run. The
// default is the one that the spec was compiled from.
func WithWorkflow(wf *starlarkfuse.Workflow) Option {
	return func(o *options) error { o.workflow = wf; return nil }
}

// WithRunner lets r run all tasks, those of functions too. With nil, the
// default, functions are called in this process and a Process runs the rest.
func WithRunner(r Runner) Option {
	return func(o *options) error { o.runner = r; return nil }
}

// WithRunnerName is WithRunner for a runner that people choose by its name:
// "in-process", the default; "process", a Process; or "docker" or "podman",
// Containers by that program.
func WithRunnerName(name string) Option {
	return func(o *options) error {
		switch name {
		case "", "in-process":
			o.runner = nil
		case "process":
			o.runner = &Process{}
		case "docker", "podman":
			o.runner = &Containers{Program: name}
		default:
			return &starlarkfuse.Error{
				Msg:  fmt.Sprintf("there is no runner %q", name),
				Hint: `choose "in-process", "process", "docker" or "podman"`,
			}
		}
		return nil
	}
}

// WithParallelism bounds the tasks that run at the same time. The default is
// the number of CPUs.
func WithParallelism(n int) Option {
	return func(o *options) error {
		if n < 1 {
			return fmt.Errorf("a parallelism of %d leaves nobody to work", n)
		}
		o.parallelism = n
		return nil
	}
}

// WithStorage sets the folder that holds the folders of runs, in its folder
// "runs". It is made when it is missing; a relative path starts at the folder
// that is the current one when the run starts. The default is the one that the
// workflow sets, else DefaultStorage.
func WithStorage(dir string) Option {
	return func(o *options) error {
		if dir == "" {
			return errors.New("WithStorage: no folder")
		}
		o.storage = dir
		return nil
	}
}

// WithRunID sets the run's id, which names its folder. Without it, ids sort
// by time.
func WithRunID(id string) Option {
	return func(o *options) error {
		if !safeKey(id) {
			return fmt.Errorf("run id %q can be no folder's name", id)
		}
		o.runID = id
		return nil
	}
}

// WithObserver calls f with every event of the run, in order and from one
// goroutine at a time. The run waits for f.
func WithObserver(f func(Event)) Option {
	return func(o *options) error { o.observer = f; return nil }
}

// WithFailFast stops the run at the first failure: no further task starts and
// those that run are cancelled. Without it, everything runs that does not
// depend on what failed.
func WithFailFast(on bool) Option {
	return func(o *options) error { o.failFast = on; return nil }
}

// WithRoot sets the folder that holds the workflow file, for function tasks
// that run as processes of their own. The default is the root of the
// workflow; without one, see ResolveRoot.
func WithRoot(dir string) Option {
	return func(o *options) error { o.root = dir; return nil }
}
