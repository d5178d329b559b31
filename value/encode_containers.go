package value

import (
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

func (e *encoder) list(l *starlark.List) *fault {
	n := l.Len()
	if f := e.room(n); f != nil {
		return f
	}
	if f := e.enterMutable(l); f != nil {
		return f
	}
	e.buf = appendHead(e.buf, majorArray, uint64(n))
	for i := range n {
		if f := e.value(l.Index(i)); f != nil {
			f.inIndex(i)
			return f
		}
	}
	e.leaveMutable()
	return nil
}

func (e *encoder) tuple(t starlark.Tuple) *fault {
	if f := e.room(len(t)); f != nil {
		return f
	}
	if f := e.enter(); f != nil {
		return f
	}
	e.object(len(t), nameTuple)
	for i, v := range t {
		if f := e.value(v); f != nil {
			f.inIndex(i)
			return f
		}
	}
	e.leave()
	return nil
}

// dict writes a dict. It hands Entries one function for all dicts, rather than a loop
// body, whose closure would be allocated for each.
func (e *encoder) dict(d *starlark.Dict) *fault {
	if f := e.room(2 * d.Len()); f != nil {
		return f
	}
	if f := e.enterMutable(d); f != nil {
		return f
	}
	if e.entry == nil {
		e.entry = e.writeEntry
	}
	e.buf = appendHead(e.buf, majorMap, uint64(d.Len()))
	outer := e.index
	e.index = 0
	d.Entries()(e.entry)
	if e.fault != nil {
		return e.fault
	}
	e.index = outer
	e.leaveMutable()
	return nil
}

// writeEntry writes one entry of a dict, and reports whether it went well.
func (e *encoder) writeEntry(k, v starlark.Value) bool {
	if f := e.value(k); f != nil {
		f.inKeys(e.index)
		e.fault = f
		return false
	}
	if f := e.value(v); f != nil {
		f.inKey(k)
		e.fault = f
		return false
	}
	e.index++
	return true
}

func (e *encoder) set(s *starlark.Set) *fault {
	if f := e.room(s.Len()); f != nil {
		return f
	}
	if f := e.enter(); f != nil {
		return f
	}
	e.buf = appendHead(e.buf, majorTag, tagSet)
	e.buf = appendHead(e.buf, majorArray, uint64(s.Len()))
	i := 0
	for v := range s.Elements() {
		if f := e.value(v); f != nil {
			f.inIndex(i)
			return f
		}
		i++
	}
	e.leave()
	return nil
}

func (e *encoder) structure(s *starlarkstruct.Struct) *fault {
	if s.Constructor() != starlarkstruct.Default {
		return notData(s)
	}
	if f := e.room(2 * s.Len()); f != nil {
		return f
	}
	if f := e.enter(); f != nil {
		return f
	}
	e.object(1, nameStruct)
	e.buf = appendHead(e.buf, majorMap, uint64(s.Len()))
	for i := range s.Len() {
		name, v := s.AttrAt(i)
		f := e.string(name)
		if f == nil {
			f = e.value(v)
		}
		if f != nil {
			f.inField(name)
			return f
		}
	}
	e.leave()
	return nil
}
