package exec

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/value"
)

// paramType returns the declared type of a parameter, in its present or its
// older form; Invalid where there is none that values have.
func paramType(spec *pipelinespec.ComponentInputsSpec_ParameterSpec) value.ParamType {
	if t := spec.GetParameterType(); t != pipelinespec.ParameterType_PARAMETER_TYPE_ENUM_UNSPECIFIED {
		return typeOf(t)
	}
	return primitiveType(spec.GetType())
}

// outputType is paramType for outputs.
func outputType(spec *pipelinespec.ComponentOutputsSpec_ParameterSpec) value.ParamType {
	if t := spec.GetParameterType(); t != pipelinespec.ParameterType_PARAMETER_TYPE_ENUM_UNSPECIFIED {
		return typeOf(t)
	}
	return primitiveType(spec.GetType())
}

func typeOf(t pipelinespec.ParameterType_ParameterTypeEnum) value.ParamType {
	switch t {
	case pipelinespec.ParameterType_NUMBER_INTEGER:
		return value.Integer
	case pipelinespec.ParameterType_NUMBER_DOUBLE:
		return value.Double
	case pipelinespec.ParameterType_STRING:
		return value.String
	case pipelinespec.ParameterType_BOOLEAN:
		return value.Boolean
	case pipelinespec.ParameterType_LIST:
		return value.List
	case pipelinespec.ParameterType_STRUCT, pipelinespec.ParameterType_TASK_FINAL_STATUS:
		return value.Struct
	}
	return 0
}

func primitiveType(t pipelinespec.PrimitiveType_PrimitiveTypeEnum) value.ParamType {
	switch t {
	case pipelinespec.PrimitiveType_INT:
		return value.Integer
	case pipelinespec.PrimitiveType_DOUBLE:
		return value.Double
	case pipelinespec.PrimitiveType_STRING:
		return value.String
	}
	return 0
}

// kindOf returns the type that a value could be given for; numbers are
// doubles.
func kindOf(v *structpb.Value) value.ParamType {
	switch v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return value.Double
	case *structpb.Value_StringValue:
		return value.String
	case *structpb.Value_BoolValue:
		return value.Boolean
	case *structpb.Value_ListValue:
		return value.List
	case *structpb.Value_StructValue:
		return value.Struct
	}
	return 0
}

// sameKind tells whether a value fits a type as far as KFP looks: any number
// is an integer to it.
func sameKind(v *structpb.Value, t value.ParamType) bool {
	k := kindOf(v)
	return k == t || k == value.Double && t == value.Integer
}

func isNull(v *structpb.Value) bool {
	_, null := v.GetKind().(*structpb.Value_NullValue)
	return null || v.GetKind() == nil
}

// describe names the type of a value in messages.
func describe(v *structpb.Value) string {
	switch k := v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return "a number, " + formatNumber(k.NumberValue)
	case *structpb.Value_StringValue:
		return "a STRING, " + strconv.Quote(clip(k.StringValue))
	case *structpb.Value_BoolValue:
		return "a BOOLEAN, " + strconv.FormatBool(k.BoolValue)
	case *structpb.Value_ListValue:
		return "a LIST"
	case *structpb.Value_StructValue:
		return "a STRUCT"
	}
	return "null"
}

// clip bounds a text that goes into a message.
func clip(s string) string { return clipTo(s, 80) }

// clipTo returns at most the first n bytes of s, all of its last character or
// none, and an ellipsis where there was more.
func clipTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:wholeRunes(s, n)] + "…"
}

// wholeRunes returns the largest length up to n, which lies in s, that does not
// cut a character in two. Where there are no characters, it is n.
func wholeRunes[T string | []byte](s T, n int) int {
	for i := n; i > 0 && n-i < utf8.UTFMax; i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n
}

func formatNumber(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// paramText returns a parameter as text, as KFP's launcher writes it into an
// argument and its driver into a STRING: numbers never have an exponent.
func paramText(v *structpb.Value) (string, error) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return k.StringValue, nil
	case *structpb.Value_NumberValue:
		return formatNumber(k.NumberValue), nil
	case *structpb.Value_BoolValue:
		return strconv.FormatBool(k.BoolValue), nil
	case *structpb.Value_ListValue, *structpb.Value_StructValue:
		return jsonText(v)
	}
	return "", nil
}

// driverText returns a parameter as text as KFP's driver writes it into an
// argument: numbers are whole, or as %g has them.
func driverText(v *structpb.Value) (string, error) {
	if k, ok := v.GetKind().(*structpb.Value_NumberValue); ok {
		f := k.NumberValue
		if f >= -1<<63 && f < 1<<63 && f == float64(int64(f)) {
			return strconv.FormatInt(int64(f), 10), nil
		}
		return strconv.FormatFloat(f, 'g', -1, 64), nil
	}
	return paramText(v)
}

// jsonText returns a list or a struct as Go writes it: keys sorted, <, > and &
// escaped.
func jsonText(v *structpb.Value) (string, error) {
	b, err := json.Marshal(v.AsInterface())
	if err != nil {
		return "", fmt.Errorf("write parameter as JSON: %w", err)
	}
	return string(b), nil
}
