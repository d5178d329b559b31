package value

import (
	"math"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// same reports whether two values are equal to the last bit: unlike Starlark's ==
// it tells 1 from 1.0 at any depth, -0.0 from 0.0, and minds the order of
// dicts and sets.
func same(a, b starlark.Value) bool {
	switch a := a.(type) {
	case starlark.NoneType, starlark.Bool, starlark.String, starlark.Bytes:
		return a == b
	case starlark.Int:
		b, ok := b.(starlark.Int)
		return ok && a.BigInt().Cmp(b.BigInt()) == 0
	case starlark.Float:
		b, ok := b.(starlark.Float)
		x, y := float64(a), float64(b)
		return ok && (math.IsNaN(x) && math.IsNaN(y) || math.Float64bits(x) == math.Float64bits(y))
	case *starlark.List:
		b, ok := b.(*starlark.List)
		return ok && sameElements(a, b)
	case starlark.Tuple:
		b, ok := b.(starlark.Tuple)
		return ok && sameElements(a, b)
	case *starlark.Dict:
		b, ok := b.(*starlark.Dict)
		if !ok || a.Len() != b.Len() {
			return false
		}
		as, bs := a.Items(), b.Items()
		for i := range as {
			if !sameElements(as[i], bs[i]) {
				return false
			}
		}
		return true
	case *starlark.Set:
		b, ok := b.(*starlark.Set)
		return ok && sameElements(elementsOf(a), elementsOf(b))
	case *starlarkstruct.Struct:
		b, ok := b.(*starlarkstruct.Struct)
		if !ok || a.Len() != b.Len() || a.Constructor() != b.Constructor() {
			return false
		}
		for i := range a.Len() {
			an, av := a.AttrAt(i)
			bn, bv := b.AttrAt(i)
			if an != bn || !same(av, bv) {
				return false
			}
		}
		return true
	}
	return false
}

func sameElements(a, b starlark.Indexable) bool {
	if a.Len() != b.Len() {
		return false
	}
	for i := range a.Len() {
		if !same(a.Index(i), b.Index(i)) {
			return false
		}
	}
	return true
}

func elementsOf(s *starlark.Set) starlark.Tuple {
	var t starlark.Tuple
	for v := range s.Elements() {
		t = append(t, v)
	}
	return t
}
