package exec

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// Run runs a spec on this machine and returns what became of it.
//
// A nil Result means that the run could not start: the error says why, and
// nothing was run. A workflow that ran and failed is no error: see
// Result.State and the tasks' Err. Beside a Result there is an error when ctx
// ended the run (errors.Is tells, and everything that had finished is kept),
// and when the run's own record could not be written, which stops the run.
func Run(ctx context.Context, spec *compiler.Spec, opts ...Option) (*Result, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	r, err := newRun(spec, o)
	if err != nil {
		return nil, err
	}
	s := newScheduler(ctx, r)
	s.loop()
	return r.finish(ctx, s)
}

// A run is one execution of a spec: what all its tasks share. It does not
// change while tasks run.
type run struct {
	*options
	spec    *compiler.Spec
	id      string
	dir     string // absolute
	started time.Time
	journal *journal
	root    *dagRun
	runner  Runner // for what does not run in this process
	folder  string // that processes of function tasks load the workflow from
}

// newRun checks everything that can be checked before, and makes the run's
// folder.
func newRun(spec *compiler.Spec, o *options) (*run, error) {
	if o.workflow == nil {
		o.workflow = spec.Workflow()
	}
	if spec.Workflow() == nil {
		if err := spec.Validate(); err != nil {
			return nil, err
		}
	}
	p, err := plan(spec, o.workflow)
	if err != nil {
		return nil, err
	}
	params, err := o.rootParams(spec.Pipeline.GetRoot())
	if err != nil {
		return nil, err
	}
	r := &run{options: o, spec: spec, started: time.Now(), runner: o.runner}
	if r.runner == nil {
		r.runner = &Process{}
	}
	if r.storage == "" && r.workflow != nil {
		r.storage = r.workflow.Settings().Storage
	}
	if r.storage == "" {
		r.storage = DefaultStorage
	}
	if r.folder, err = r.sourceRoot(); err != nil {
		return nil, err
	}
	if err := r.makeFolder(params); err != nil {
		return nil, err
	}
	r.root = newDagRun(r, p, "", nil)
	r.root.inputs = inputs{params: params}
	return r, nil
}

// sourceRoot returns the folder that processes of function tasks load the
// workflow file from.
func (r *run) sourceRoot() (string, error) {
	dir := r.options.root
	if dir == "" && r.workflow != nil {
		dir = r.workflow.File().Root()
	}
	dir, err := filepath.Abs(ResolveRoot(dir))
	if err != nil {
		return "", fmt.Errorf("find the workflow's folder: %w", err)
	}
	return dir, nil
}

func (r *run) makeFolder(params map[string]*structpb.Value) (err error) {
	if r.dir, r.id, err = newRunFolder(r.storage, r.runID, r.started); err != nil {
		return err
	}
	path := filepath.Join(r.dir, journalFile)
	defer func() {
		if err != nil { // a folder without a record is no run's
			os.Remove(path)
			os.Remove(r.dir)
		}
	}()
	w, err := r.create(path)
	if err != nil {
		return diskError("write", path, err)
	}
	r.journal = &journal{path: path, w: w}
	if err := r.journal.header(r.id, r.spec, r.started, params); err != nil {
		w.Close()
		return err
	}
	return nil
}

// finish completes the record of the run and returns the result.
func (r *run) finish(ctx context.Context, s *scheduler) (*Result, error) {
	res := &Result{
		RunID:    r.id,
		Workflow: r.spec.DisplayName(),
		State:    s.state(),
		Dir:      r.dir,
		Started:  r.started,
		Duration: time.Since(r.started),
		Tasks:    r.root.results(nil),
	}
	if r.workflow != nil {
		res.Workflow = r.workflow.Name()
	}
	res.Outputs = r.root.outputs()
	res.Results = r.values(res.Outputs)
	r.journal.end(res.State, res.Duration)
	err := errors.Join(s.broken, r.journal.close(), r.summarise(res))
	if s.broken != nil {
		err = s.broken // what follows from it needs no telling
	}
	s.emit(Event{Kind: RunEnded, State: res.State, Duration: res.Duration, Err: err})
	if err == nil && res.State == Canceled {
		err = fmt.Errorf("run %s was cancelled: %w", r.id, ctx.Err())
		if cause := context.Cause(ctx); cause != ctx.Err() {
			err = fmt.Errorf("%w: %w", err, cause)
		}
	}
	return res, err
}

// values returns the values that the run is for.
func (r *run) values(outputs []Output) []NodeValue {
	if r.workflow == nil {
		vals := make([]NodeValue, len(outputs))
		for i := range outputs {
			vals[i] = r.outputValue(&outputs[i])
		}
		return vals
	}
	byNode := make(map[string]*taskRun, len(r.root.tasks))
	for i := range r.root.tasks {
		if t := &r.root.tasks[i]; t.plan.function != nil {
			byNode[t.plan.name] = t
		}
	}
	var vals []NodeValue
	for _, n := range r.workflow.Results() {
		vals = append(vals, nodeValue(n, byNode[n.Name()]))
	}
	return vals
}

// nodeValue returns the result of a node, which the task t ran.
func nodeValue(n *starlarkfuse.Node, t *taskRun) NodeValue {
	nv := NodeValue{Name: n.Name()}
	if t == nil {
		nv.Err = fmt.Errorf("node %q is not in the spec", n.Name())
		return nv
	}
	o := t.output(n.Output().Name, !n.Output().Parameter)
	switch {
	case t.err != nil:
		nv.Err = t.err
	case t.state == NotRun && t.cause != nil:
		nv.Err = fmt.Errorf("node %q did not run, because %q did not succeed", n.Name(), t.cause.plan.name)
	case !t.state.hasOutputs():
		nv.Err = fmt.Errorf("node %q did not run", n.Name())
	case o == nil:
		nv.Err = fmt.Errorf("node %q left no result", n.Name())
	case n.Output().Parameter:
		nv.Value, nv.Err = n.ResultFromParameter(o.Parameter)
	default:
		nv.Artifact = o.Artifact
		nv.Value, nv.Err = o.Artifact.Value()
	}
	return nv
}
