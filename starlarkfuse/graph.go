package starlarkfuse

import (
	"fmt"
	"strings"
)

// finish turns what the evaluation collected into workflows.
func (l *loader) finish() error {
	if err := l.checkDefines(); err != nil {
		return err
	}
	for _, n := range l.nodes {
		n.deps = n.findDependencies()
	}
	if len(l.file.workflows) == 0 {
		if err := l.implicit(); err != nil {
			return err
		}
	}
	for _, w := range l.file.workflows {
		if err := w.build(l.nodes, l.file.params); err != nil {
			return err
		}
	}
	return nil
}

// implicit declares the workflow of a file that declares none: all its nodes.
func (l *loader) implicit() error {
	if len(l.nodes) == 0 {
		return &Error{
			Msg:  l.files.display(l.file.path) + ": no nodes",
			Hint: "a workflow is made by calling workflow functions: f = workflow(f), then f(args)",
		}
	}
	w := l.newWorkflow(Implicit).wf
	used := make(map[*Node]bool)
	for _, n := range l.nodes {
		for _, d := range n.Dependencies() {
			used[d] = true
		}
	}
	for _, n := range l.nodes {
		if !used[n] {
			w.given = append(w.given, n)
		}
	}
	if len(w.given) == 0 { // a cycle, which build reports
		w.given = l.nodes
	}
	l.file.workflows = []*Workflow{w}
	return nil
}

// build finds the workflow's nodes, their order, and the parameters they take.
func (w *Workflow) build(all []*Node, params []*Param) error {
	var err error
	if w.nodes, err = graphOf(w, all); err != nil {
		return err
	}
	w.byName = make(map[string]*Node, len(w.nodes))
	taken := make(map[*Param]bool)
	for _, n := range w.nodes {
		if old := w.byName[n.name]; old != nil {
			return &Error{
				Pos:  n.pos,
				Msg:  fmt.Sprintf("two nodes are named %q: the other one is made at %s", n.name, old.pos),
				Hint: "give one of them another name with .set_name(\"…\")",
			}
		}
		w.byName[n.name] = n
		for i := range n.inputs {
			if p := n.inputs[i].Param; p != nil {
				taken[p] = true
			}
		}
	}
	for _, p := range params {
		if taken[p] {
			w.params = append(w.params, p)
		}
	}
	return nil
}

// graphOf returns the nodes that belong to a workflow, dependencies first: all
// roots that are ancestors of the given nodes, all descendants of these roots
// (FunctionFuse's rule), and whatever else those need.
func graphOf(w *Workflow, all []*Node) ([]*Node, error) {
	dependents := make([][]*Node, len(all))
	for _, n := range all {
		for _, d := range n.Dependencies() {
			dependents[d.index] = append(dependents[d.index], n)
		}
	}
	member := make([]bool, len(all))
	var roots []*Node
	upwards(w.given, member, func(n *Node) {
		if len(n.Dependencies()) == 0 {
			roots = append(roots, n)
		}
	})
	reached := make([]bool, len(all))
	for todo := roots; len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !reached[n.index] {
			reached[n.index] = true
			todo = append(todo, dependents[n.index]...)
		}
	}
	var below []*Node
	for _, n := range all {
		if reached[n.index] {
			below = append(below, n)
		}
	}
	upwards(below, member, func(*Node) {})
	return order(all, member)
}

// upwards marks the nodes and all their ancestors, and calls visit for each
// that was not marked.
func upwards(nodes []*Node, marked []bool, visit func(*Node)) {
	for todo := append([]*Node(nil), nodes...); len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if marked[n.index] {
			continue
		}
		marked[n.index] = true
		visit(n)
		todo = append(todo, n.Dependencies()...)
	}
}

// order returns the members, each after its dependencies and otherwise as they
// were made. Only `after` can name a node made later, and so make a cycle.
func order(all []*Node, member []bool) ([]*Node, error) {
	const (
		unseen = iota
		open
		closed
	)
	state := make([]uint8, len(all))
	sorted := make([]*Node, 0, len(all))
	var path []*Node
	type frame struct {
		node *Node
		deps []*Node
	}
	for _, start := range all {
		if !member[start.index] || state[start.index] != unseen {
			continue
		}
		state[start.index] = open
		stack := []frame{{start, start.Dependencies()}}
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if len(top.deps) == 0 {
				state[top.node.index] = closed
				sorted = append(sorted, top.node)
				stack = stack[:len(stack)-1]
				continue
			}
			d := top.deps[0]
			top.deps = top.deps[1:]
			switch state[d.index] {
			case unseen:
				state[d.index] = open
				stack = append(stack, frame{d, d.Dependencies()})
			case open:
				for _, f := range stack {
					path = append(path, f.node)
				}
				return nil, cycleError(path, d)
			}
		}
	}
	return sorted, nil
}

// cycleError names the nodes from the one that closes the cycle.
func cycleError(path []*Node, closing *Node) error {
	var names []string
	for i := len(path) - 1; i >= 0; i-- {
		names = append(names, fmt.Sprintf("%q", path[i].name))
		if path[i] == closing {
			break
		}
	}
	return &Error{
		Pos:  closing.pos,
		Msg:  "nodes wait for each other in a cycle: " + strings.Join(append(names, names[0]), " before "),
		Hint: "take one of the calls of after() away",
	}
}
