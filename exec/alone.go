package exec

import (
	"context"
	"fmt"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// alone runs a node outside of a run, after those that it depends on.
func (c *ExecConfig) alone(ctx context.Context, wf *starlarkfuse.Workflow, node *starlarkfuse.Node) (starlark.Value, error) {
	params, err := c.params(wf)
	if err != nil {
		return nil, err
	}
	results := make(map[*starlarkfuse.Node]starlark.Value)
	for _, n := range needed(wf, node) {
		vals := make([]starlark.Value, len(n.Inputs()))
		for i := range vals {
			switch in := &n.Inputs()[i]; in.Kind {
			case starlarkfuse.FromNode:
				vals[i] = results[in.Node]
			case starlarkfuse.FromParam:
				if vals[i] = params[in.Param]; vals[i] == nil {
					return nil, missingParam(in.Param.Name, in.Param.Type)
				}
			}
		}
		if results[n], _, err = c.call(ctx, n, vals); err != nil {
			return nil, err
		}
	}
	return results[node], nil
}

// needed returns a node and all that it depends on, in the order of the
// workflow.
func needed(wf *starlarkfuse.Workflow, node *starlarkfuse.Node) []*starlarkfuse.Node {
	wanted := make(map[*starlarkfuse.Node]bool)
	for todo := []*starlarkfuse.Node{node}; len(todo) > 0; {
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

// params returns the values of the pipeline's parameters: the given ones, else
// the defaults; none for those that have neither.
func (c *ExecConfig) params(wf *starlarkfuse.Workflow) (map[*starlarkfuse.Param]starlark.Value, error) {
	vals := make(map[*starlarkfuse.Param]starlark.Value)
	byName := make(map[string]*starlarkfuse.Param)
	var names []string
	for _, p := range wf.Params() {
		byName[p.Name] = p
		names = append(names, p.Name)
		if p.Default != nil {
			vals[p] = p.Default
		}
	}
	for _, arg := range c.Parameters {
		name, text, err := cutParameter(arg)
		if err != nil {
			return nil, err
		}
		p := byName[name]
		if p == nil {
			return nil, unknownParam(name, names)
		}
		wire, err := value.ParseParameter(text, p.Type)
		if err == nil {
			vals[p], err = value.FromParameter(wire, p.Type)
		}
		if err != nil {
			return nil, paramError(name, err)
		}
		vals[p].Freeze()
	}
	return vals, nil
}

// cutParameter splits "name=value".
func cutParameter(arg string) (name, text string, err error) {
	name, text, ok := strings.Cut(arg, "=")
	if !ok {
		return "", "", &starlarkfuse.Error{Msg: fmt.Sprintf("parameter %q has no value", arg), Hint: fmt.Sprintf("give it with -p %s=VALUE", arg)}
	}
	return name, text, nil
}
