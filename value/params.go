package value

import (
	"math"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

// maxWhole is the largest int up to which every int has a double of its own.
const maxWhole = 1 << 53

// maxParameter bounds the size of one parameter, about in bytes of JSON: 64 MiB.
const maxParameter = 1 << 26

// ToParameter converts v to a KFP parameter. A parameter is JSON with doubles
// for numbers, so only what these hold exactly is accepted: None, bool, floats
// but NaN and infinities, ints up to ±2^53, UTF-8 strings, lists, tuples
// (which become lists) and dicts with string keys. Anything else, a value that
// contains itself and one of more than about 64 MiB give an *Error.
func ToParameter(v starlark.Value) (*structpb.Value, error) {
	w := paramWriter{left: maxParameter}
	p, f := w.value(v)
	if f != nil {
		return nil, f.err()
	}
	return p, nil
}

// A paramWriter converts one value to a parameter.
type paramWriter struct {
	left int // of maxParameter
	walk
}

func (w *paramWriter) spend(n int) *fault {
	if n > w.left {
		return faultf("too large for a parameter (more than %d bytes)", maxParameter)
	}
	w.left -= n
	return nil
}

func (w *paramWriter) value(v starlark.Value) (*structpb.Value, *fault) {
	if f := w.spend(1); f != nil {
		return nil, f
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return structpb.NewNullValue(), nil
	case starlark.Bool:
		return structpb.NewBoolValue(bool(v)), nil
	case starlark.Int:
		x, ok := v.Int64()
		if !ok || !exact(x) {
			return nil, tooBig(repr(v, 60))
		}
		return structpb.NewNumberValue(float64(x)), nil
	case starlark.Float:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, faultf("a parameter cannot hold the float %s", v)
		}
		return structpb.NewNumberValue(f), nil
	case starlark.String:
		return w.string(string(v))
	case *starlark.List:
		if f := w.enterMutable(v); f != nil {
			return nil, f
		}
		p, f := w.list(v)
		w.leaveMutable()
		return p, f
	case starlark.Tuple:
		if f := w.enter(); f != nil {
			return nil, f
		}
		p, f := w.list(v)
		w.leave()
		return p, f
	case *starlark.Dict:
		if f := w.enterMutable(v); f != nil {
			return nil, f
		}
		p, f := w.dict(v)
		w.leaveMutable()
		return p, f
	}
	return nil, faultf("a parameter cannot hold a %s: only None, bool, int, float, string, list, tuple and dict", describe(v))
}

func (w *paramWriter) string(s string) (*structpb.Value, *fault) {
	if !utf8.ValidString(s) {
		return nil, faultf("a parameter cannot hold the string %s: it is not valid UTF-8", shortRepr(starlark.String(s)))
	}
	if f := w.spend(len(s)); f != nil {
		return nil, f
	}
	return structpb.NewStringValue(s), nil
}

func (w *paramWriter) list(l starlark.Indexable) (*structpb.Value, *fault) {
	// Not more room than there may be: the same list can be part of a value many times.
	if l.Len() > w.left {
		return nil, w.spend(l.Len())
	}
	elems := make([]*structpb.Value, l.Len())
	for i := range elems {
		p, f := w.value(l.Index(i))
		if f != nil {
			f.inIndex(i)
			return nil, f
		}
		elems[i] = p
	}
	return structpb.NewListValue(&structpb.ListValue{Values: elems}), nil
}

func (w *paramWriter) dict(d *starlark.Dict) (*structpb.Value, *fault) {
	fields := make(map[string]*structpb.Value, min(d.Len(), w.left))
	i := 0
	for k, v := range d.Entries() {
		s, ok := k.(starlark.String)
		if !ok {
			f := faultf("a parameter cannot hold a dict with the key %s: keys must be strings, not %s", shortRepr(k), TypeName(k))
			return nil, f
		}
		if _, f := w.string(string(s)); f != nil {
			f.inKeys(i)
			return nil, f
		}
		p, f := w.value(v)
		if f != nil {
			f.inKey(k)
			return nil, f
		}
		fields[string(s)] = p
		i++
	}
	return structpb.NewStructValue(&structpb.Struct{Fields: fields}), nil
}

// exact reports whether a double holds x and no neighbour of it.
func exact(x int64) bool { return -maxWhole <= x && x <= maxWhole }

// tooBig is the fault of an int that a double may not hold.
func tooBig(digits string) *fault {
	return faultf("a parameter cannot hold the int %s: KFP keeps numbers as doubles, which are exact only up to ±2^53", digits)
}
