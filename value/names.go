package value

import (
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// TypeName is the name of the type of v for people, as Starlark's type(v) has
// it: "int", "float", "string", "list", "dict", "NoneType", … A nil Value, which
// only a fault in Go code can make, is "nil".
func TypeName(v starlark.Value) string {
	if v == nil {
		return "nil"
	}
	return v.Type()
}

// describe names a value that is not data, like "function train".
func describe(v starlark.Value) string {
	t := TypeName(v)
	name := ""
	switch v := v.(type) {
	case *starlark.Builtin:
		t, name = "builtin function", v.Name()
	case *starlarkstruct.Module:
		name = v.Name
	case *starlarkstruct.Struct:
		switch c := v.Constructor().(type) {
		case starlark.String:
			if c == starlarkstruct.Default {
				return t
			}
			return t + " of the constructor " + shortRepr(c)
		default:
			return t + " of the constructor " + describe(c)
		}
	case interface{ Name() string }:
		name = v.Name()
	}
	if name == "" || name == t {
		return t
	}
	if !plain(name) {
		name = strconv.Quote(name)
	}
	return t + " " + name
}

// plain reports whether a name reads well without quotes.
func plain(name string) bool {
	if len(name) > 64 {
		return false
	}
	for _, r := range name {
		if r != '_' && r != '.' && r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return true
}

// notData is the fault of a value that cannot be written.
func notData(v starlark.Value) *fault {
	what := describe(v)
	switch v.(type) {
	case *starlark.Function, *starlark.Builtin:
		return faultf("%s is not data: return what it computes, not the function itself", what)
	case *starlarkstruct.Struct:
		return faultf("%s is not data: only plain struct(...) values are", what)
	case starlark.Iterable:
		if v.Type() == "node" || v.Type() == "param" { // of a workflow; neither is data ever
			return faultf("a %s is not data: pass it to the function as an argument", v.Type())
		}
		return faultf("%s is not data: make it a list with list(...)", what)
	}
	return faultf("%s is not data: only None, bool, int, float, string, bytes, list, tuple, dict, set and struct are", what)
}

// quote is a string in Starlark's own syntax.
func quote(s string) string { return syntax.Quote(s, false) }
