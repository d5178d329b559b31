package exec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/value"
)

// parseOutput reads the text of an output parameter's file as KFP does: a
// STRING is taken whole, numbers and booleans are trimmed and follow Go's
// syntax, lists and structs are JSON. Any text may be given.
func parseOutput(text string, t value.ParamType) (*structpb.Value, error) {
	wrong := func(err error) error {
		var num *strconv.NumError
		if errors.As(err, &num) {
			err = num.Err
		}
		return fmt.Errorf("%q is no %v: %w", clip(text), t, err)
	}
	switch t {
	case value.String:
		return structpb.NewStringValue(strings.ToValidUTF8(text, "\uFFFD")), nil
	case value.Integer:
		i, err := strconv.ParseInt(strings.TrimSpace(text), 10, 0)
		if err != nil {
			return nil, wrong(err)
		}
		return structpb.NewNumberValue(float64(i)), nil
	case value.Double:
		f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil {
			return nil, wrong(err)
		}
		return structpb.NewNumberValue(f), nil
	case value.Boolean:
		b, err := strconv.ParseBool(strings.TrimSpace(text))
		if err != nil {
			return nil, wrong(err)
		}
		return structpb.NewBoolValue(b), nil
	case value.List, value.Struct:
		v := &structpb.Value{}
		if err := v.UnmarshalJSON([]byte(text)); err != nil {
			return nil, wrong(errors.New(strings.ReplaceAll(err.Error(), "\u00a0", " ")))
		}
		if kindOf(v) != t {
			return nil, wrong(errors.New("it is " + describe(v)))
		}
		return v, nil
	}
	return nil, errors.New("the component does not declare its type")
}
