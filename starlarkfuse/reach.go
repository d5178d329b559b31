package starlarkfuse

import (
	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// A place is where a function stands in the files of a load.
type place struct {
	display   string
	line, col int32
}

// A body is the text of a function and the names in it that are bound outside.
type body struct {
	text  string
	names []outside // in the order of their first use
}

// An outside name is bound in the file (global) or before it (predeclared or
// universal).
type outside struct {
	name   string
	global bool
}

// bodies finds all functions of the load.
func (s *sources) bodies() map[place]*body {
	found := make(map[place]*body)
	for _, src := range s.byDisplay {
		syntax.Walk(src.syntax, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.DefStmt:
				found[place{src.display, n.Def.Line, n.Def.Col}] = src.body(n)
			case *syntax.LambdaExpr:
				found[place{src.display, n.Lambda.Line, n.Lambda.Col}] = src.body(n)
			}
			return true
		})
	}
	return found
}

func (s *source) body(fn syntax.Node) *body {
	start, end := fn.Span()
	b := &body{text: s.between(start, end)}
	seen := make(map[string]bool)
	syntax.Walk(fn, func(n syntax.Node) bool {
		id, ok := n.(*syntax.Ident)
		if !ok || id.Binding == nil || seen[id.Name] {
			return true
		}
		switch id.Binding.(*resolve.Binding).Scope {
		case resolve.Global:
			b.names = append(b.names, outside{id.Name, true})
		case resolve.Predeclared, resolve.Universal:
			b.names = append(b.names, outside{id.Name, false})
		default:
			return true
		}
		seen[id.Name] = true
		return true
	})
	return b
}

// function writes a function: its text, and the values of all that it reaches.
// Outside the function table it writes the digest that the table has.
func (d *digester) function(fn *starlark.Function) {
	if !d.inside {
		d.tag('D')
		d.bytes(d.sources.functions.digest(d.sources, fn))
		return
	}
	if d.again(fn) {
		return
	}
	d.tag('P')
	pos := fn.Position()
	b := d.sources.functions.bodies[place{pos.Filename(), pos.Line, pos.Col}]
	if b == nil { // not of this load: a function that a Go module brought
		d.text(fn.Name())
		return
	}
	d.text(b.text)
	for i := range fn.NumParams() {
		if v := fn.ParamDefault(i); v != nil {
			d.uint(uint64(i))
			d.value(v)
		}
	}
	for i := range fn.NumFreeVars() {
		binding, v := fn.FreeVar(i)
		d.text(binding.Name)
		if v != nil {
			d.value(v)
		}
	}
	globals := d.globalsOf(fn.Module())
	for _, name := range b.names {
		d.text(name.name)
		if v := globals[name.name]; name.global && v != nil {
			d.value(v)
		}
	}
}

func (d *digester) globalsOf(m *starlark.Module) starlark.StringDict {
	if g, ok := d.globals[m]; ok {
		return g
	}
	if d.globals == nil {
		d.globals = make(map[*starlark.Module]starlark.StringDict)
	}
	g := m.Globals()
	d.globals[m] = g
	return g
}
