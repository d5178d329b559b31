package starlarkfuse

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

func (n *Node) hasRefs() bool {
	for i := range n.inputs {
		if n.inputs[i].Kind != Constant {
			return true
		}
	}
	return false
}

// resolveArguments puts the values of the inputs where the call had promises.
func (n *Node) resolveArguments(inputs []starlark.Value) (starlark.Tuple, []starlark.Tuple, error) {
	if len(inputs) != len(n.inputs) {
		return nil, nil, fmt.Errorf("node %q has %d inputs, got %d values", n.name, len(n.inputs), len(inputs))
	}
	r := resolver{node: n, inputs: inputs}
	args := make(starlark.Tuple, len(n.args))
	kwargs := make([]starlark.Tuple, len(n.kwargs))
	for i, arg := range n.params {
		v := n.argument(i)
		if arg.live {
			var err error
			if v, err = r.value(v); err != nil {
				return nil, nil, err
			}
			v.Freeze()
		}
		if i < len(args) {
			args[i] = v
		} else {
			kwargs[i-len(args)] = starlark.Tuple{n.kwargs[i-len(args)][0], v}
		}
	}
	return args, kwargs, nil
}

// A resolver replaces the argRefs in arguments by values.
type resolver struct {
	node   *Node
	inputs []starlark.Value
	done   map[starlark.Value]starlark.Value // containers, so that sharing stays
}

func (r *resolver) value(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case argRef:
		return r.pick(v)
	case starlark.Tuple, setRef:
		return r.rebuild(v)
	case *starlark.List, *starlark.Dict, *starlarkstruct.Struct:
		if c, ok := r.done[v]; ok {
			return c, nil
		}
		c, err := r.rebuild(v)
		if err == nil {
			if r.done == nil {
				r.done = make(map[starlark.Value]starlark.Value)
			}
			r.done[v] = c
		}
		return c, err
	}
	return v, nil
}

func (r *resolver) values(n int, at func(int) starlark.Value) ([]starlark.Value, error) {
	out := make([]starlark.Value, n)
	for i := range out {
		var err error
		if out[i], err = r.value(at(i)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *resolver) rebuild(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.Tuple:
		elems, err := r.values(len(v), func(i int) starlark.Value { return v[i] })
		return starlark.Tuple(elems), err
	case *starlark.List:
		elems, err := r.values(v.Len(), v.Index)
		return starlark.NewList(elems), err
	case setRef:
		elems, err := r.values(len(v.elems), func(i int) starlark.Value { return v.elems[i] })
		if err != nil {
			return nil, err
		}
		c := starlark.NewSet(len(elems))
		for _, e := range elems {
			if err := c.Insert(e); err != nil {
				return nil, fmt.Errorf("building a set argument of node %q: %w", r.node.name, err)
			}
		}
		return c, nil
	case *starlark.Dict:
		c := starlark.NewDict(v.Len())
		for k, e := range v.Entries() {
			e, err := r.value(e)
			if err != nil {
				return nil, err
			}
			if err := c.SetKey(k, e); err != nil {
				return nil, err
			}
		}
		return c, nil
	case *starlarkstruct.Struct:
		fields := make(starlark.StringDict)
		for _, name := range v.AttrNames() {
			e, err := v.Attr(name)
			if err == nil {
				fields[name], err = r.value(e)
			}
			if err != nil {
				return nil, err
			}
		}
		return starlarkstruct.FromStringDict(v.Constructor(), fields), nil
	}
	panic("unreachable")
}

// pick returns the part of an input's value that the call named: node["k"][0].
func (r *resolver) pick(ref argRef) (starlark.Value, error) {
	v := r.inputs[ref.input]
	if v == nil {
		return nil, fmt.Errorf("input %q of node %q has no value", r.node.inputs[ref.input].Name, r.node.name)
	}
	for i, k := range ref.path {
		part, why := element(v, k)
		if part == nil {
			return nil, r.noPart(ref, i, why)
		}
		v = part
	}
	return v, nil
}

// element is v[k]; nil with the reason where there is no such element.
func element(v, k starlark.Value) (starlark.Value, string) {
	switch v := v.(type) {
	case starlark.Mapping:
		e, found, err := v.Get(k)
		switch {
		case err != nil:
			return nil, err.Error()
		case !found:
			return nil, "there is no such key"
		}
		return e, ""
	case starlark.Indexable:
		i, err := starlark.AsInt32(k)
		if err != nil {
			return nil, fmt.Sprintf("%s is indexed with int, not %s", a(v.(starlark.Value).Type()), k.Type())
		}
		if i < 0 {
			i += v.Len()
		}
		if i < 0 || i >= v.Len() {
			return nil, fmt.Sprintf("it has %s", count(v.Len(), "element"))
		}
		return v.Index(i), ""
	}
	return nil, fmt.Sprintf("%s has no elements", a(v.Type()))
}

func (r *resolver) noPart(ref argRef, i int, why string) error {
	in := r.node.inputs[ref.input]
	p := promise{node: in.Node, param: in.Param, path: ref.path[:i+1]}
	return &Error{
		Pos: r.node.pos,
		Msg: fmt.Sprintf("node %q: input %s takes %s: %s", r.node.name, in.Name, p.describe(), why),
	}
}
