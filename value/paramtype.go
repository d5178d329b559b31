package value

import (
	"go.starlark.net/starlark"
)

// A ParamType is a type that Kubeflow Pipelines knows for parameters.
type ParamType int

// The types of parameters. Invalid, the zero value, is no type; the functions of
// this package that take a type read it as "any".
const (
	Invalid ParamType = iota
	Integer
	Double
	String
	Boolean
	List
	Struct
)

// String is the name KFP gives to the type, like NUMBER_INTEGER.
func (t ParamType) String() string {
	switch t {
	case Integer:
		return "NUMBER_INTEGER"
	case Double:
		return "NUMBER_DOUBLE"
	case String:
		return "STRING"
	case Boolean:
		return "BOOLEAN"
	case List:
		return "LIST"
	case Struct:
		return "STRUCT"
	}
	return "PARAMETER_TYPE_ENUM_UNSPECIFIED"
}

// ParamTypeOf is the type of parameter that carries values like v: int, float, string,
// bool, list and tuple, dict. There is none for other values: it returns Invalid and false.
func ParamTypeOf(v starlark.Value) (ParamType, bool) {
	switch v.(type) {
	case starlark.Int:
		return Integer, true
	case starlark.Float:
		return Double, true
	case starlark.String:
		return String, true
	case starlark.Bool:
		return Boolean, true
	case *starlark.List, starlark.Tuple:
		return List, true
	case *starlark.Dict:
		return Struct, true
	}
	return Invalid, false
}
