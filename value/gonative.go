package value

import (
	"cmp"
	"math/big"
	"reflect"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"google.golang.org/protobuf/types/known/structpb"
)

// FromGo converts a Go value to a Starlark value: nil, bools, numbers, strings,
// []byte (bytes), slices and arrays (lists), maps (dicts, keys in sorted order), named types
// of these kinds, and pointers to them; *big.Int, *structpb.Value (as a parameter
// of unknown type) and Starlark values themselves, which are not copied.
// Everything else, Go structs and functions above all, gives an *Error with the
// path inside x; so does a value that contains itself.
func FromGo(x any) (starlark.Value, error) {
	v, f := fromGo(x, 0)
	if f != nil {
		return nil, f.err()
	}
	return v, nil
}

func fromGo(x any, depth int) (starlark.Value, *fault) {
	switch x := x.(type) {
	case nil:
		return starlark.None, nil
	case starlark.Value:
		if r := reflect.ValueOf(x); r.Kind() == reflect.Pointer && r.IsNil() {
			return nil, faultf("a nil %T is not a Starlark value", x)
		}
		return x, nil
	case bool:
		return starlark.Bool(x), nil
	case int:
		return starlark.MakeInt(x), nil
	case float64:
		return starlark.Float(x), nil
	case string:
		return starlark.String(x), nil
	case []byte:
		return starlark.Bytes(x), nil
	case *big.Int:
		if x == nil {
			return starlark.None, nil
		}
		return starlark.MakeBigInt(x), nil
	case *structpb.Value:
		return fromParameter(x, depth)
	}
	return fromReflect(reflect.ValueOf(x), depth)
}

// fromReflect converts what has no type switch of its own.
func fromReflect(r reflect.Value, depth int) (starlark.Value, *fault) {
	if depth > MaxDepth {
		return nil, faultf("nested more than %d levels deep, or it contains itself", MaxDepth)
	}
	switch r.Kind() {
	case reflect.Bool:
		return starlark.Bool(r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return starlark.MakeInt64(r.Int()), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return starlark.MakeUint64(r.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return starlark.Float(r.Float()), nil
	case reflect.String:
		return starlark.String(r.String()), nil
	case reflect.Pointer:
		if r.IsNil() {
			return starlark.None, nil
		}
		return fromGo(r.Elem().Interface(), depth+1)
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return starlark.Bytes(r.Bytes()), nil
		}
		return fromSlice(r, depth)
	case reflect.Array:
		return fromSlice(r, depth)
	case reflect.Map:
		return fromMap(r, depth)
	}
	return nil, faultf("a Go value of type %s is not data", r.Type())
}

func fromSlice(r reflect.Value, depth int) (starlark.Value, *fault) {
	elems := make([]starlark.Value, r.Len())
	for i := range elems {
		v, f := fromGo(r.Index(i).Interface(), depth+1)
		if f != nil {
			f.inIndex(i)
			return nil, f
		}
		elems[i] = v
	}
	return starlark.NewList(elems), nil
}

type entry struct{ k, v starlark.Value }

func fromMap(r reflect.Value, depth int) (starlark.Value, *fault) {
	entries := make([]entry, 0, r.Len())
	for it := r.MapRange(); it.Next(); {
		k, f := fromGo(it.Key().Interface(), depth+1)
		if f != nil {
			return nil, faultf("a map key that cannot be one of a dict: %s", f.msg)
		}
		v, f := fromGo(it.Value().Interface(), depth+1)
		if f != nil {
			f.inKey(k)
			return nil, f
		}
		entries = append(entries, entry{k, v})
	}
	slices.SortStableFunc(entries, compareKeys)
	d := starlark.NewDict(len(entries))
	for i, e := range entries {
		if err := d.SetKey(e.k, e.v); err != nil {
			return nil, faultf("a map key that cannot be one of a dict: %v", err)
		}
		if d.Len() != i+1 {
			return nil, faultf("the map has the key %s twice", shortRepr(e.k))
		}
	}
	return d, nil
}

// compareKeys orders keys: by type first, then by value.
func compareKeys(a, b entry) int {
	if c := cmp.Compare(TypeName(a.k), TypeName(b.k)); c != 0 {
		return c
	}
	if less, err := starlark.Compare(syntax.LT, a.k, b.k); err == nil {
		if less {
			return -1
		}
		if more, err := starlark.Compare(syntax.GT, a.k, b.k); err == nil && more {
			return 1
		}
	}
	// Keys without an order of their own, such as structs.
	return cmp.Compare(repr(a.k, 1<<10), repr(b.k, 1<<10))
}
