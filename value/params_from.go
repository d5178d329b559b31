package value

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

// FromParameter converts a KFP parameter of type t to a Starlark value.
//
// The type decides at the top: an Integer is an int and refuses 1.5 (where KFP would
// accept it), a Double is a float even for 1, a List or Struct may also be a string that
// holds its JSON, as KFP allows. A null is refused for every type. With Invalid
// any parameter is accepted, and converted like an element of a list:
// there, whole numbers up to ±2^53 are ints (but -0.0 is a float), other numbers floats.
// The keys of a Struct come in sorted order, at every level.
func FromParameter(p *structpb.Value, t ParamType) (starlark.Value, error) {
	p, f := conform(p, t)
	if f != nil {
		return nil, f.err()
	}
	v, f := fromParameter(p, 0)
	if f != nil {
		return nil, f.err()
	}
	switch t {
	case Integer:
		return starlark.MakeInt64(int64(p.GetNumberValue())), nil // an int even for -0
	case Double:
		return starlark.Float(p.GetNumberValue()), nil
	}
	return v, nil
}

// CheckParameter reports whether a KFP parameter is of type t, in the sense of
// FromParameter; a type of Invalid accepts any. The error is an *Error like
// `wants NUMBER_INTEGER, got STRING "x"`.
func CheckParameter(p *structpb.Value, t ParamType) error {
	_, err := FromParameter(p, t)
	return err
}

// conform checks the top level of a parameter against its type, and returns the
// parameter, decoded when it is JSON in a string.
func conform(p *structpb.Value, t ParamType) (*structpb.Value, *fault) {
	ok := false
	switch k := p.GetKind().(type) {
	case *structpb.Value_NumberValue:
		n := k.NumberValue
		if t == Integer && n == math.Trunc(n) && math.Abs(n) > maxWhole && !math.IsInf(n, 0) {
			return nil, tooBig(formatNumber(n))
		}
		ok = t == Double || t == Integer && n == math.Trunc(n)
	case *structpb.Value_StringValue:
		ok = t == String
		if t == List || t == Struct {
			return conformText(p, k.StringValue, t)
		}
	case *structpb.Value_BoolValue:
		ok = t == Boolean
	case *structpb.Value_ListValue:
		ok = t == List
	case *structpb.Value_StructValue:
		ok = t == Struct
	}
	if !ok && t != Invalid {
		return nil, mismatch(p, t)
	}
	return p, nil
}

// conformText decodes a string that stands where a list or struct is wanted.
func conformText(p *structpb.Value, text string, t ParamType) (*structpb.Value, *fault) {
	q, ok, f := parseJSON(text)
	if f != nil {
		return nil, f
	}
	_, isList := q.GetKind().(*structpb.Value_ListValue)
	_, isStruct := q.GetKind().(*structpb.Value_StructValue)
	if !ok || t == List && !isList || t == Struct && !isStruct {
		return nil, mismatch(p, t)
	}
	return q, nil
}

// mismatch is the fault of a parameter that is not of the wanted type.
func mismatch(p *structpb.Value, t ParamType) *fault {
	return faultf("wants %s, got %s", t, describeParameter(p))
}

// describeParameter is the type of a parameter with a short text of it.
func describeParameter(p *structpb.Value) string {
	switch k := p.GetKind().(type) {
	case *structpb.Value_NumberValue:
		t := Double
		if k.NumberValue == math.Trunc(k.NumberValue) {
			t = Integer
		}
		return t.String() + " " + formatNumber(k.NumberValue)
	case *structpb.Value_StringValue:
		return String.String() + " " + Preview(starlark.String(k.StringValue), 60)
	case *structpb.Value_BoolValue:
		if k.BoolValue {
			return Boolean.String() + " true"
		}
		return Boolean.String() + " false"
	case *structpb.Value_ListValue:
		return List.String()
	case *structpb.Value_StructValue:
		return Struct.String()
	}
	return "null"
}

// formatNumber is a number as people write it: 3 rather than 3.0.
func formatNumber(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e21 {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return strings.TrimSuffix(starlark.Float(n).String(), ".0")
}

// fromParameter converts a parameter whose type is not known.
func fromParameter(p *structpb.Value, depth int) (starlark.Value, *fault) {
	if depth > MaxDepth {
		return nil, faultf("nested more than %d levels deep", MaxDepth)
	}
	switch k := p.GetKind().(type) {
	case *structpb.Value_NumberValue:
		n := k.NumberValue
		if math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, faultf("%s is not a number that a parameter can hold", formatNumber(n))
		}
		if n == math.Trunc(n) && math.Abs(n) <= maxWhole && (n != 0 || !math.Signbit(n)) {
			return starlark.MakeInt64(int64(n)), nil
		}
		return starlark.Float(n), nil
	case *structpb.Value_StringValue:
		return starlark.String(k.StringValue), nil
	case *structpb.Value_BoolValue:
		return starlark.Bool(k.BoolValue), nil
	case *structpb.Value_ListValue:
		elems := make([]starlark.Value, len(k.ListValue.GetValues()))
		for i, q := range k.ListValue.GetValues() {
			v, f := fromParameter(q, depth+1)
			if f != nil {
				f.inIndex(i)
				return nil, f
			}
			elems[i] = v
		}
		return starlark.NewList(elems), nil
	case *structpb.Value_StructValue:
		return fromStruct(k.StructValue, depth)
	}
	return starlark.None, nil
}

func fromStruct(s *structpb.Struct, depth int) (starlark.Value, *fault) {
	keys := make([]string, 0, len(s.GetFields()))
	for k := range s.GetFields() {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	d := starlark.NewDict(len(keys))
	for _, k := range keys {
		v, f := fromParameter(s.Fields[k], depth+1)
		if f == nil {
			if err := d.SetKey(starlark.String(k), v); err != nil {
				f = faultf("%v", err)
			}
		}
		if f != nil {
			f.inKey(starlark.String(k))
			return nil, f
		}
	}
	return d, nil
}
