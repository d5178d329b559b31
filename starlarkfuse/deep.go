package starlarkfuse

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// maxValueDepth bounds how deep the values are nested that a load or a node
// leaves behind. Freezing them recurses, and so does whatever looks at them
// later; a stack that is full ends the process.
const maxValueDepth = 100_000

// fewSteps is a number of computation steps that cannot make a value too deep
// to freeze: each level takes one at least. It spares most loads and nodes the
// look.
const fewSteps = 200_000

// tooDeep tells whether one of the values that a thread made is nested more
// than maxValueDepth deep.
func tooDeep(thread *starlark.Thread, values ...starlark.Value) bool {
	if thread.Steps < fewSteps {
		return false
	}
	// Most values are trees, and need no memory of what was seen. A value that
	// holds itself, or the same thing often, is looked at again, with one.
	tree := depthMeter{budget: thread.Steps}
	return tree.any(values) && (&depthMeter{seen: make(map[any]bool)}).any(values)
}

// A depthMeter looks at each container once, or else at most as often as its
// budget says.
type depthMeter struct {
	seen   map[any]bool
	budget uint64
}

func (m *depthMeter) any(values []starlark.Value) bool {
	for _, v := range values {
		if m.deep(v, 0) {
			return true
		}
	}
	return false
}

// deep tells whether a value is too deep, at its depth in another one. It is
// true, too, when the budget is used up.
func (m *depthMeter) deep(v starlark.Value, depth int) bool {
	if depth > maxValueDepth || m.seen == nil && m.budget == 0 {
		return true
	}
	if m.seen == nil {
		m.budget--
	}
	switch v := v.(type) {
	case starlark.Tuple:
		return len(v) > 0 && m.elements(&v[0], len(v), v.Index, depth)
	case *starlark.List:
		return m.elements(v, v.Len(), v.Index, depth)
	case *starlark.Dict:
		if m.again(v) {
			return false
		}
		for k, e := range v.Entries() {
			if m.deep(k, depth+1) || m.deep(e, depth+1) {
				return true
			}
		}
	case *starlark.Set:
		for e := range v.Elements() { // hashable, so it cannot hold itself
			if m.deep(e, depth+1) {
				return true
			}
		}
	case *starlarkstruct.Struct:
		if m.again(v) {
			return false
		}
		for _, name := range v.AttrNames() {
			if e, err := v.Attr(name); err == nil && m.deep(e, depth+1) {
				return true
			}
		}
	case *starlark.Function:
		return m.function(v, depth)
	case *constructor:
		return m.function(v.fn, depth)
	}
	return false
}

// elements looks at a list or tuple. It remembers only those that hold other
// containers: tables of a million rows are common.
func (m *depthMeter) elements(key any, n int, at func(int) starlark.Value, depth int) bool {
	if m.seen == nil {
		m.budget -= min(m.budget, uint64(n))
	}
	flat := true
	for i := range n {
		switch at(i).(type) {
		case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes:
			continue
		}
		if flat && m.again(key) {
			return false
		}
		flat = false
		if m.deep(at(i), depth+1) {
			return true
		}
	}
	return false
}

func (m *depthMeter) function(fn *starlark.Function, depth int) bool {
	if m.again(fn) {
		return false
	}
	for i := range fn.NumParams() {
		if v := fn.ParamDefault(i); v != nil && m.deep(v, depth+1) {
			return true
		}
	}
	for i := range fn.NumFreeVars() {
		if _, v := fn.FreeVar(i); v != nil && m.deep(v, depth+1) {
			return true
		}
	}
	return false
}

func (m *depthMeter) again(key any) bool {
	if m.seen == nil {
		return false
	}
	if m.seen[key] {
		return true
	}
	m.seen[key] = true
	return false
}
