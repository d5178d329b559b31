package exec

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

// A dagRun is one execution of a dag.
type dagRun struct {
	run    *run
	plan   *dagPlan
	path   string   // of the task that runs it; "" for the root
	owner  *taskRun // that task; nil for the root
	inputs inputs
	tasks  []taskRun // as in plan.tasks
	open   int       // tasks that have not ended
	cut    bool      // a task, in a nested dag too, was cancelled, or not run because the run was stopped
}

// A taskRun is one execution of a task. Until it is given to a worker, and
// again after the worker's last report, it belongs to the scheduler; once it
// has ended it does not change.
type taskRun struct {
	plan   *taskPlan
	parent *dagRun
	path   string

	waiting  int      // dependencies that have not ended
	readers  int      // dependents that have not ended
	anyRan   bool     // a dependency did run
	cause    *taskRun // the first task that did not succeed and that this one waits for, through others too
	state    State
	started  time.Time
	duration time.Duration
	attempts int
	err      error
	inputs   inputs
	outputs  []Output // sorted by name
	dag      *dagRun  // of a dag task that has started
}

func newDagRun(r *run, p *dagPlan, path string, owner *taskRun) *dagRun {
	d := &dagRun{run: r, plan: p, path: path, owner: owner, tasks: make([]taskRun, len(p.tasks)), open: len(p.tasks)}
	for i, tp := range p.tasks {
		d.tasks[i] = taskRun{plan: tp, parent: d, path: joinPath(path, tp.key), waiting: len(tp.deps), readers: len(tp.dependents)}
	}
	return d
}

// folder returns the path of the task's folder under the run's.
func (r *taskRun) folder() string {
	if owner := r.parent.owner; owner != nil {
		return owner.folder() + "/" + r.plan.folder
	}
	return r.plan.folder
}

// release tells the task that one it depends on has ended, and returns whether
// it was the last one.
func (r *taskRun) release(dep *taskRun) bool {
	r.waiting--
	if r.cause == nil && !dep.state.hasOutputs() {
		if r.cause = dep; dep.cause != nil && !dep.state.ran() {
			r.cause = dep.cause
		}
	}
	r.anyRan = r.anyRan || dep.state.ran()
	return r.waiting == 0
}

// mayRun tells whether the task may start, when all that it depends on has
// ended. One that waits for the end only still wants somebody to have run:
// KFP starts it from there.
func (r *taskRun) mayRun() bool {
	if r.plan.completed {
		return r.anyRan || len(r.plan.deps) == 0
	}
	return r.cause == nil
}

// releaseValues lets go of the values that the task left in memory, once all that
// could take them have ended: everybody else reads what is kept of them.
func (r *taskRun) releaseValues() {
	if r.readers > 0 || r.plan.result {
		return
	}
	for i := range r.outputs {
		if a := r.outputs[i].Artifact; a != nil {
			a.release()
		}
	}
}

// output returns the task's output of that name and kind; nil when there is
// none. A parameter and an artifact may have the same name.
func (r *taskRun) output(name string, artifact bool) *Output {
	for i := range r.outputs {
		if o := &r.outputs[i]; o.Name == name && artifact == (o.Artifact != nil) {
			return o
		}
	}
	return nil
}

// state returns the state of a dag whose tasks have all ended, as KFP's
// backend finds it: that of the tasks which nobody waits for. One of these
// that did not run has the state that comes down to it from those it depends
// on; there, a task that runs whatever happens (ALL_UPSTREAM_TASKS_COMPLETED)
// stands for the one that it followed, whose failure it has seen to.
func (d *dagRun) state() State {
	if d.cut {
		return d.cutState()
	}
	failed := make([]bool, len(d.tasks))   // by task: a failure, its own or one that came down to it
	passesOn := make([]bool, len(d.tasks)) // by task: the failure goes on to those that depend on it
	attended := make([]int8, len(d.tasks)) // by task: 1 when tasks that saw to its end succeeded, 2 when one failed
	for i := range d.tasks {
		if t := &d.tasks[i]; t.plan.completed && t.state.ran() {
			for _, j := range t.plan.deps {
				if t.state == Failed {
					attended[j] = 2
				} else if attended[j] == 0 {
					attended[j] = 1
				}
			}
		}
	}
	state := Succeeded
	for i := range d.tasks { // dependencies come first
		t := &d.tasks[i]
		switch {
		case t.state == Failed:
			failed[i] = true
		case !t.state.ran():
			failed[i] = slices.ContainsFunc(t.plan.deps, func(j int) bool { return passesOn[j] })
		}
		passesOn[i] = failed[i] && attended[i] == 0 || attended[i] == 2
		if t.plan.target && failed[i] {
			state = Failed
		}
	}
	return state
}

// cutState is state for a dag that was interrupted.
func (d *dagRun) cutState() State {
	if slices.ContainsFunc(d.tasks, func(t taskRun) bool { return t.state == Failed }) {
		return Failed
	}
	return Canceled
}

// outputs returns the outputs of a dag whose tasks have all ended; those that
// its tasks did not leave are missing.
func (d *dagRun) outputs() []Output {
	var outs []Output
	for _, sel := range d.plan.outputs {
		if o := d.tasks[sel.from].output(sel.key, sel.artifact); o != nil {
			outs = append(outs, Output{Name: sel.name, Parameter: o.Parameter, Artifact: o.Artifact})
		}
	}
	return outs
}

// results appends the results of all tasks that the run came by.
func (d *dagRun) results(to []TaskResult) []TaskResult {
	to = slices.Grow(to, len(d.tasks))
	for i := range d.tasks {
		t := &d.tasks[i]
		to = append(to, TaskResult{
			Path: t.path, Node: t.plan.name, Function: t.plan.function != nil, Dag: !t.plan.leaf(),
			State: t.state, Duration: t.duration, Attempts: t.attempts, Err: t.err,
			Inputs: t.inputs.given(), Outputs: t.outputs,
		})
		if t.dag != nil {
			to = t.dag.results(to)
		}
	}
	return to
}

// given returns the parameters that are not null.
func (in inputs) given() map[string]*structpb.Value {
	for _, v := range in.params {
		if isNull(v) {
			out := make(map[string]*structpb.Value, len(in.params))
			for name, v := range in.params {
				if !isNull(v) {
					out[name] = v
				}
			}
			return out
		}
	}
	return in.params
}
