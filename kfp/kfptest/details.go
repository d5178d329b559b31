package kfptest

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"strconv"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// details returns the nodes of the Argo workflow that the run would be, in the
// order of their ids, which is none:
//
//	names-zbrlm ─ names-zbrlm(0) ─ root-driver ─ root-driver(0) ─ root ─ root(0)
//	root(0) ─ boom-driver ─ boom-driver(0) ─ boom ─ boom(0) ─ executor ─ executor(0)
//	boom(0) ─ after-boom-driver   of a task that depends on boom
func (r *keptRun) details(execution func(int) int64) *runDetails {
	g := graph{run: r}
	if r.Run.State == pending {
		return &runDetails{}
	}
	state, started, ended := r.Run.State, r.Run.History[0].Time.Time, r.Run.FinishedAt.Time
	if state == canceling {
		state = running
	}
	g.add(r.Workflow, r.Workflow, state, started, ended, r.Workflow+"(0)")
	g.add(r.Workflow+"(0)", r.Workflow+"(0)", state, started, ended, r.Workflow+"(0).root-driver")
	g.task("root", r.Workflow+"(0).root", state, started, ended, r.starters(""))
	for i := range r.Tasks {
		t := &r.Tasks[i]
		next := r.starters(t.Path)
		if !t.Dag {
			next = []string{r.node(t.Path, "(0).executor")}
		}
		for k := range r.Tasks {
			if other := &r.Tasks[k]; other.parent() == t.parent() && slices.Contains(other.After, t.key()) {
				next = append(next, r.node(other.Path, "-driver"))
			}
		}
		if !t.ran() {
			g.never(t)
			continue
		}
		g.task(t.key(), r.node(t.Path, ""), nodeState(t.State), t.Started, t.Ended, next)
		if t.Dag {
			continue
		}
		g.add("executor", r.node(t.Path, "(0).executor"), nodeState(t.State), t.Started, t.Ended, r.executor(t))
		g.add("executor(0)", r.executor(t), nodeState(t.State), t.Started, t.Ended)
		if t.State == exec.Succeeded { // what the driver notes for the cache
			g.add("", r.executor(t)+" cache", "", t.Ended, t.Ended)
			g.details[len(g.details)-1].ExecutionID = strconv.FormatInt(execution(i), 10)
		}
	}
	slices.SortFunc(g.details, func(a, b taskDetail) int { return cmp.Compare(a.ID, b.ID) })
	return &runDetails{Tasks: g.details}
}

// starters returns the nodes that a dag begins with.
func (r *keptRun) starters(dag string) []string {
	var nodes []string
	for i := range r.Tasks {
		if t := &r.Tasks[i]; t.parent() == dag && len(t.After) == 0 {
			nodes = append(nodes, r.node(t.Path, "-driver"))
		}
	}
	return nodes
}

// nodeState is the state of a node of Argo.
func nodeState(s exec.State) string {
	switch s {
	case exec.Canceled: // a node that is stopped has failed
		return failed
	case exec.NotRun:
		return ""
	}
	return string(s)
}

// A graph is an Argo workflow that is put together.
type graph struct {
	run     *keptRun
	details []taskDetail
}

// add adds a node. Argo names one that is tried again after its tries, "boom(0)".
func (g *graph) add(name, node, state string, started, ended time.Time, next ...string) {
	d := taskDetail{
		RunID: g.run.Run.ID, ID: g.run.derivedID(node), Name: name, State: state,
		CreatedAt: g.run.Run.CreatedAt, StartedAt: stamp{started}, EndedAt: stamp{ended},
	}
	if name != "" {
		d.History = []stateChange{{Time: stamp{cmp.Or(ended, started)}, State: state}}
	}
	if state == succeeded || state == failed {
		d.History = append([]stateChange{{Time: stamp{started}, State: running}}, d.History...)
	}
	for _, n := range next {
		d.Children = append(d.Children, childTask{Node: g.run.nodeID(n)})
	}
	g.details = append(g.details, d)
}

// task adds the four nodes of a task: its driver and itself, with their tries.
func (g *graph) task(key, node, state string, started, ended time.Time, next []string) {
	g.add(key+"-driver", node+"-driver", succeeded, started, started, node+"-driver(0)")
	g.add(key+"-driver(0)", node+"-driver(0)", succeeded, started, started, node)
	g.add(key, node, state, started, ended, node+"(0)")
	g.add(key+"(0)", node+"(0)", state, started, ended, next...)
}

// never adds the nodes of a task that did not start, if it is known that it will
// not.
func (g *graph) never(t *keptTask) {
	node, state := g.run.node(t.Path, ""), nodeState(t.State)
	g.add(t.key()+"-driver", node+"-driver", state, t.Ended, t.Ended, node)
	g.add(t.key(), node, state, t.Ended, t.Ended)
}

// derivedID makes the id of a part of the run, the same each time.
func (r *keptRun) derivedID(part string) string {
	sum := sha256.Sum256([]byte(r.engineID() + " " + part))
	return formatID([16]byte(sum[:16]), 4)
}
