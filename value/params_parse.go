package value

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

// ParseParameter reads the text that a person gives for a parameter of type t, as in
// `-p name=text`. It is JSON of the right type; for a String it is the
// text as it stands, unless it is a JSON string, quotes and all. So 5 is a number, or
// the string "5" where a String is wanted; an Integer has neither a fraction nor
// an exponent. Without a type (Invalid) text that is not JSON is a string. The
// error is an *Error.
func ParseParameter(text string, t ParamType) (*structpb.Value, error) {
	p, f := parseParameter(text, t)
	if f != nil {
		return nil, f.err()
	}
	return p, nil
}

func parseParameter(text string, t ParamType) (*structpb.Value, *fault) {
	if !utf8.ValidString(text) {
		return nil, faultf("wants %s, got text that is not valid UTF-8", wanted(t))
	}
	if t == String && !strings.HasPrefix(strings.TrimSpace(text), `"`) {
		return structpb.NewStringValue(text), nil
	}
	p, ok, f := parseJSON(text)
	if f != nil {
		return nil, f
	}
	if !ok {
		p = structpb.NewStringValue(text)
	}
	if t == Integer && ok && isNumber(p) && !isInteger(strings.TrimSpace(text)) {
		return nil, faultf("wants %s, got %s: write it without fraction and exponent", t, strings.TrimSpace(text))
	}
	if s, isString := p.GetKind().(*structpb.Value_StringValue); isString && t == Boolean {
		if hint := strings.ToLower(s.StringValue); hint == "true" || hint == "false" {
			return nil, faultf("%s: write %s", mismatch(p, t).msg, hint)
		}
	}
	if _, f := conform(p, t); f != nil {
		return nil, f
	}
	// A list or struct stays JSON in a string only where it was given as that; then it
	// is decoded once more here, to spare everyone else the second form.
	if t == List || t == Struct {
		return conform(p, t)
	}
	return p, nil
}

func wanted(t ParamType) string {
	if t == Invalid {
		return "a parameter"
	}
	return t.String()
}

func isNumber(p *structpb.Value) bool {
	_, ok := p.GetKind().(*structpb.Value_NumberValue)
	return ok
}

// isInteger reports whether a JSON number is written as an integer.
func isInteger(number string) bool { return !strings.ContainsAny(number, ".eE") }

// parseJSON converts JSON text to a parameter; ok is false when it is not JSON.
// A fault means JSON that a parameter cannot hold.
func parseJSON(text string) (p *structpb.Value, ok bool, f *fault) {
	if !utf8.ValidString(text) || !json.Valid([]byte(text)) {
		return nil, false, nil
	}
	r := jsonReader{json.NewDecoder(strings.NewReader(text))}
	r.UseNumber()
	p, f = r.value(r.next())
	return p, f == nil, f
}

// A jsonReader converts JSON that is known to be valid, and so at most 10,000
// levels deep.
type jsonReader struct{ *json.Decoder }

func (r jsonReader) next() json.Token {
	t, err := r.Token()
	if err != nil {
		return nil // cannot be: the text is valid
	}
	return t
}

func (r jsonReader) value(t json.Token) (*structpb.Value, *fault) {
	switch t := t.(type) {
	case bool:
		return structpb.NewBoolValue(t), nil
	case string:
		return structpb.NewStringValue(t), nil
	case json.Number:
		return parseNumber(t.String())
	case json.Delim:
		if t == '[' {
			return r.list()
		}
		return r.object()
	}
	return structpb.NewNullValue(), nil
}

func (r jsonReader) list() (*structpb.Value, *fault) {
	elems := []*structpb.Value{}
	for r.More() {
		p, f := r.value(r.next())
		if f != nil {
			f.inIndex(len(elems))
			return nil, f
		}
		elems = append(elems, p)
	}
	r.next()
	return structpb.NewListValue(&structpb.ListValue{Values: elems}), nil
}

func (r jsonReader) object() (*structpb.Value, *fault) {
	fields := map[string]*structpb.Value{}
	for r.More() {
		k, _ := r.next().(string)
		if _, twice := fields[k]; twice {
			return nil, faultf("the key %s comes twice", quote(k))
		}
		p, f := r.value(r.next())
		if f != nil {
			f.inKey(starlark.String(k))
			return nil, f
		}
		fields[k] = p
	}
	r.next()
	return structpb.NewStructValue(&structpb.Struct{Fields: fields}), nil
}

// parseNumber converts a JSON number.
func parseNumber(s string) (*structpb.Value, *fault) {
	n, err := strconv.ParseFloat(s, 64)
	if isInteger(s) && math.Abs(n) > maxWhole || isInteger(s) && math.Abs(n) == maxWhole && strings.TrimPrefix(s, "-") != strconv.Itoa(maxWhole) {
		return nil, tooBig(shorten(s))
	}
	if err != nil {
		return nil, faultf("the number %s is too large for a double", shorten(s))
	}
	return structpb.NewNumberValue(n), nil
}

func shorten(s string) string { return cut([]byte(s), 60) }
