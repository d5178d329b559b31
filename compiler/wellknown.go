package compiler

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
)

// wellKnown writes the messages of package google.protobuf: Struct, Value and
// ListValue as the JSON they stand for, a Duration as "1.5s".
func (w *jsonWriter) wellKnown(m protoreflect.Message, over *patch) (err error) {
	if over == nil {
		w.buf, err = appendWellKnown(w.buf, m.Interface())
		return err
	}
	b, err := appendWellKnown(nil, m.Interface())
	if err != nil {
		return err
	}
	t, err := decodeJSON(b)
	if err != nil {
		return err
	}
	w.buf, err = appendTree(w.buf, over.apply(t))
	return err
}

func appendWellKnown(dst []byte, m proto.Message) ([]byte, error) {
	switch m := m.(type) {
	case *structpb.Value:
		return appendValue(dst, m)
	case *structpb.Struct:
		return appendStruct(dst, m)
	case *structpb.ListValue:
		return appendList(dst, m)
	case *durationpb.Duration:
		// Rare, and its rules for signs and digits are protojson's. One
		// string has no space that could vary.
		b, err := protojson.Marshal(m)
		return append(dst, b...), err
	}
	return dst, fmt.Errorf("specs do not use %s", m.ProtoReflect().Descriptor().FullName())
}

func appendValue(dst []byte, v *structpb.Value) ([]byte, error) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_NullValue:
		return append(dst, "null"...), nil
	case *structpb.Value_BoolValue:
		if k.BoolValue {
			return append(dst, "true"...), nil
		}
		return append(dst, "false"...), nil
	case *structpb.Value_NumberValue:
		if k.NumberValue-k.NumberValue != 0 {
			return dst, fmt.Errorf("number %v has no JSON form", k.NumberValue)
		}
		return appendFloat(dst, k.NumberValue), nil
	case *structpb.Value_StringValue:
		return appendString(dst, k.StringValue)
	case *structpb.Value_StructValue:
		return appendStruct(dst, k.StructValue)
	case *structpb.Value_ListValue:
		return appendList(dst, k.ListValue)
	}
	return dst, fmt.Errorf("a value of no kind has no JSON form")
}

func appendStruct(dst []byte, s *structpb.Struct) (_ []byte, err error) {
	dst = append(dst, '{')
	for i, k := range sortedKeys(s.GetFields()) {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendString(dst, k); err != nil {
			return dst, err
		}
		if dst, err = appendValue(append(dst, ':'), s.Fields[k]); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

func appendList(dst []byte, l *structpb.ListValue) (_ []byte, err error) {
	dst = append(dst, '[')
	for i, v := range l.GetValues() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = appendValue(dst, v); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}
