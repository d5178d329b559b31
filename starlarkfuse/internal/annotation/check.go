package annotation

import (
	"fmt"
	"math"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// A Promise is a value that stands for one to come. Check asks it for the type of that one and reports a
// mismatch only when no value of it would do.
type Promise interface {
	starlark.Value
	Promised() Type
}

// A Mismatch says where in a value the type is wrong, and how.
type Mismatch struct {
	Path string // such as `[3]["k"]`; empty when it is the value itself
	Want Type
	Got  string // the type of what is there, in the words of the type language
}

// String returns a sentence such as `[3]["k"] wants int, got str`.
func (m *Mismatch) String() string {
	s := fmt.Sprintf("wants %s, got %s", m.Want, m.Got)
	if m.Path != "" {
		return m.Path + " " + s
	}
	return s
}

// Check reports the first place where v is not of the type, nil when it is throughout: elements are
// checked to any depth.
//
// An int is accepted where a float is wanted, as in Python, unless it is beyond all floats. A bool is not
// an int: Starlark, unlike Python, does not let it be used as one.
func (t Type) Check(v starlark.Value) *Mismatch { return t.check(v, false) }

// check is Check; exact does without the int for a float.
func (t Type) check(v starlark.Value, exact bool) *Mismatch {
	if t.kind == anyKind {
		return nil
	}
	if p, ok := v.(Promise); ok {
		if promised := p.Promised(); !Compatible(promised, t) {
			return &Mismatch{Want: t, Got: promised.String()}
		}
		return nil
	}
	if t.kind == unionKind {
		return t.checkUnion(v, exact)
	}
	if t.kind != kindOf(v) {
		if i, ok := v.(starlark.Int); ok && t.kind == floatKind && !exact {
			if math.IsInf(float64(i.Float()), 0) {
				return &Mismatch{Want: t, Got: "int beyond the range of float"}
			}
			return nil
		}
		return &Mismatch{Want: t, Got: nameOf(v)}
	}
	if t.plain() {
		return nil
	}
	return t.checkElements(v, exact)
}

func (t Type) checkElements(v starlark.Value, exact bool) *Mismatch {
	switch v := v.(type) {
	case *starlark.List:
		for i := range v.Len() {
			if m := t.element(0).check(v.Index(i), exact); m != nil {
				return m.under(fmt.Sprintf("[%d]", i))
			}
		}
	case starlark.Tuple:
		if !t.open && len(v) != len(t.elems) {
			return &Mismatch{Want: t, Got: fmt.Sprintf("tuple of %d", len(v))}
		}
		for i, e := range v {
			if m := t.element(i).check(e, exact); m != nil {
				return m.under(fmt.Sprintf("[%d]", i))
			}
		}
	case *starlark.Dict:
		for key, value := range v.Entries() {
			if m := t.element(0).check(key, exact); m != nil {
				return m.under(" key " + preview(key))
			}
			if m := t.element(1).check(value, exact); m != nil {
				return m.under("[" + preview(key) + "]")
			}
		}
	case *starlark.Set:
		for e := range v.Elements() {
			if m := t.element(0).check(e, exact); m != nil {
				return m.under(" element " + preview(e))
			}
		}
	}
	return nil
}

func (t Type) checkUnion(v starlark.Value, exact bool) *Mismatch {
	var inside *Mismatch
	candidates, k := 0, kindOf(v)
	for _, member := range t.elems {
		m := member.check(v, exact)
		if m == nil {
			return nil
		}
		if member.kind == k {
			candidates++
			inside = m
		}
	}
	if candidates == 1 { // plainly this member was meant: say what is wrong with it
		if inside.Path == "" {
			inside.Want = t
		}
		return inside
	}
	return &Mismatch{Want: t, Got: nameOf(v)}
}

func (m *Mismatch) under(path string) *Mismatch {
	m.Path = path + m.Path
	return m
}

// kindOf returns the kind of a value, anyKind when the type language has none for it.
func kindOf(v starlark.Value) kind {
	switch v.(type) {
	case starlark.NoneType:
		return noneKind
	case starlark.Bool:
		return boolKind
	case starlark.Int:
		return intKind
	case starlark.Float:
		return floatKind
	case starlark.String:
		return strKind
	case starlark.Bytes:
		return bytesKind
	case *starlark.List:
		return listKind
	case starlark.Tuple:
		return tupleKind
	case *starlark.Dict:
		return dictKind
	case *starlark.Set:
		return setKind
	case *starlarkstruct.Struct:
		return structKind
	case starlark.Callable:
		return callableKind
	}
	return anyKind
}

// nameOf names the type of a value as an annotation would.
func nameOf(v starlark.Value) string {
	if k := kindOf(v); k != anyKind {
		return k.String()
	}
	return v.Type()
}

// preview returns a short text for a value that serves as a key.
func preview(v starlark.Value) string {
	const limit = 40
	switch v := v.(type) {
	case starlark.String:
		if len(v) > limit {
			r := []rune(string(v[:limit]))
			return starlark.String(string(r[:len(r)-1])).String() + "…"
		}
		return v.String()
	case starlark.Int, starlark.Float, starlark.Bool, starlark.NoneType:
		if s := v.String(); len(s) <= limit {
			return s
		}
		return v.String()[:limit] + "…"
	}
	return nameOf(v)
}

// Coerce turns the ints in v into floats where the type wants floats, at any depth. Containers are rebuilt
// only where something in them changes (the new ones are not frozen); v itself is never changed. It
// expects a value that Check accepts.
//
// In a union an int stays one if some member takes the value just as it is.
func (t Type) Coerce(v starlark.Value) starlark.Value {
	switch t.kind {
	case floatKind:
		if i, ok := v.(starlark.Int); ok {
			if f := i.Float(); !math.IsInf(float64(f), 0) {
				return f
			}
		}
	case unionKind:
		for _, m := range t.elems {
			if m.check(v, true) == nil {
				return v
			}
		}
		for _, m := range t.elems {
			if m.Check(v) == nil {
				return m.Coerce(v)
			}
		}
	case listKind, tupleKind, dictKind, setKind:
		if t.kind == kindOf(v) && t.hasFloat() {
			return t.coerceElements(v)
		}
	}
	return v
}

func (t Type) hasFloat() bool {
	if t.kind == floatKind {
		return true
	}
	for _, e := range t.elems {
		if e.hasFloat() {
			return true
		}
	}
	return false
}

func (t Type) coerceElements(v starlark.Value) starlark.Value {
	switch v := v.(type) {
	case *starlark.List:
		elems := make([]starlark.Value, v.Len())
		changed := false
		for i := range elems {
			elems[i] = t.element(0).Coerce(v.Index(i))
			changed = changed || different(elems[i], v.Index(i))
		}
		if changed {
			return starlark.NewList(elems)
		}
	case starlark.Tuple:
		elems := make(starlark.Tuple, len(v))
		changed := false
		for i := range elems {
			elems[i] = t.element(i).Coerce(v[i])
			changed = changed || different(elems[i], v[i])
		}
		if changed {
			return elems
		}
	case *starlark.Dict:
		d := starlark.NewDict(v.Len())
		changed := false
		for key, value := range v.Entries() {
			k, x := t.element(0).Coerce(key), t.element(1).Coerce(value)
			changed = changed || different(k, key) || different(x, value)
			if d.SetKey(k, x) != nil {
				return v // not hashable any more: cannot happen, keys only turn from int to float
			}
		}
		if changed {
			return d
		}
	case *starlark.Set:
		s := starlark.NewSet(v.Len())
		changed := false
		for e := range v.Elements() {
			x := t.element(0).Coerce(e)
			changed = changed || different(x, e)
			if s.Insert(x) != nil {
				return v
			}
		}
		if changed {
			return s
		}
	}
	return v
}

// different reports whether Coerce has put another value in a place.
func different(a, b starlark.Value) bool {
	if kindOf(a) != kindOf(b) {
		return true
	}
	switch a := a.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set:
		return a != b
	case starlark.Tuple:
		b := b.(starlark.Tuple)
		return len(a) != len(b) || len(a) > 0 && &a[0] != &b[0]
	}
	return false
}
