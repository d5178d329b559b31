package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// runNode is fuse run with FFFUNCTION set: it runs that node and prints its
// result. What the node takes from other nodes is computed before, by running
// them; nothing is kept.
func (f *runFlags) runNode(ctx context.Context, a *app, file, function string) error {
	wf, err := f.load.load(ctx, a, file)
	if err != nil {
		return err
	}
	given, err := pairs("-p", f.params)
	if err != nil {
		return err
	}
	names := compiler.ParseNodes(function)
	nodes := make([]*starlarkfuse.Node, len(names))
	for i, name := range names {
		if nodes[i], err = wf.Node(name); err != nil {
			return err
		}
	}
	e := evaluation{given: given, results: make(map[*starlarkfuse.Node]starlark.Value)}
	e.print = func(node, text string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			fmt.Fprintf(a.stderr, "[%s] %s\n", showName(node), showLine(line))
		}
	}
	for _, n := range needed(wf, nodes) {
		if err := e.call(ctx, n); err != nil {
			return err
		}
	}
	values := make([]starlark.Value, len(nodes))
	for i, n := range nodes {
		values[i] = e.results[n]
	}
	return printNodes(a.stdout, names, values, f.output)
}

// needed returns nodes and all that they depend on, in the order of the
// workflow.
func needed(wf *starlarkfuse.Workflow, nodes []*starlarkfuse.Node) []*starlarkfuse.Node {
	wanted := make(map[*starlarkfuse.Node]bool)
	for todo := slices.Clone(nodes); len(todo) > 0; {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if !wanted[n] {
			wanted[n] = true
			todo = append(todo, n.Dependencies()...)
		}
	}
	var list []*starlarkfuse.Node
	for _, n := range wf.Nodes() {
		if wanted[n] {
			list = append(list, n)
		}
	}
	return list
}

// An evaluation calls nodes one after the other.
type evaluation struct {
	given   map[string]string // parameters of the pipeline
	print   func(node, text string)
	results map[*starlarkfuse.Node]starlark.Value
}

func (e *evaluation) call(ctx context.Context, n *starlarkfuse.Node) error {
	inputs := make([]starlark.Value, len(n.Inputs()))
	for i, in := range n.Inputs() {
		switch in.Kind {
		case starlarkfuse.FromNode:
			inputs[i] = e.results[in.Node]
		case starlarkfuse.FromParam:
			v, err := e.param(in.Param)
			if err != nil {
				return err
			}
			inputs[i] = v
		}
	}
	if limit := n.Settings().Timeout; limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, fmt.Errorf("node %q took longer than its timeout of %s", n.Name(), limit))
		defer cancel()
	}
	v, err := n.Call(ctx, starlarkfuse.CallOptions{
		Inputs: inputs,
		Print:  func(text string) { e.print(n.Name(), text) },
	})
	if err != nil {
		return &nodeError{fmt.Errorf("node %q failed: %w", n.Name(), err)}
	}
	e.results[n] = v
	return nil
}

// param returns the value of a parameter: the given one, else the default.
func (e *evaluation) param(p *starlarkfuse.Param) (starlark.Value, error) {
	text, ok := e.given[p.Name]
	if !ok {
		if p.Default != nil {
			return p.Default, nil
		}
		return nil, &usageError{
			msg:  fmt.Sprintf("parameter %q (%v) is required and was not given", p.Name, p.Type),
			hint: fmt.Sprintf("give it with -p %s=VALUE", p.Name),
		}
	}
	wire, err := value.ParseParameter(text, p.Type)
	if err == nil {
		var v starlark.Value
		if v, err = value.FromParameter(wire, p.Type); err == nil {
			v.Freeze()
			return v, nil
		}
	}
	return nil, &usageError{msg: fmt.Sprintf("parameter %q: %v", p.Name, err)}
}

// printNodes prints the results of single nodes.
func printNodes(w io.Writer, names []string, values []starlark.Value, format string) error {
	var b []byte
	if format == "json" {
		first := true
		b = append(b, `{"results":{`...)
		for i, name := range names {
			b = value.AppendJSON(appendKey(b, &first, name), values[i])
		}
		return writeOut(w, append(b, "}}\n"...))
	}
	for i, name := range names {
		text, err := showResult(&exec.NodeValue{Name: name, Value: values[i]})
		if err != nil {
			return err
		}
		b = fmt.Appendf(b, "%s = %s\n", showName(name), text)
	}
	return writeOut(w, b)
}
