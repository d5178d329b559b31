package exec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// rootParams checks the parameters that a run is given against those that the
// pipeline declares, and adds the defaults.
func (o *options) rootParams(root *componentSpec) (map[string]*structpb.Value, error) {
	declared := root.GetInputDefinitions().GetParameters()
	out := make(map[string]*structpb.Value, len(declared))
	for _, name := range slices.Sorted(maps.Keys(o.params)) {
		spec := declared[name]
		if spec == nil {
			return nil, unknownParam(name, slices.Sorted(maps.Keys(declared)))
		}
		v, err := toParameter(o.params[name])
		if err != nil {
			return nil, paramError(name, err)
		}
		if err := o.checkParam(name, v, paramType(spec)); err != nil {
			return nil, err
		}
		out[name] = v
	}
	for _, arg := range o.paramArgs {
		name, text, err := cutParameter(arg)
		if err != nil {
			return nil, err
		}
		spec := declared[name]
		if spec == nil {
			return nil, unknownParam(name, slices.Sorted(maps.Keys(declared)))
		}
		v, err := value.ParseParameter(text, paramType(spec))
		if err != nil && paramType(spec) == value.Integer && o.workflow == nil {
			v, err = value.ParseParameter(text, value.Double) // as in checkParam
		}
		if err != nil {
			return nil, paramError(name, err)
		}
		out[name] = v
	}
	for _, name := range slices.Sorted(maps.Keys(declared)) {
		spec := declared[name]
		if _, given := out[name]; given {
			continue
		}
		switch {
		case spec.GetDefaultValue() != nil:
			out[name] = spec.GetDefaultValue()
		case spec.GetIsOptional():
			out[name] = structpb.NewNullValue()
		default:
			return nil, missingParam(name, paramType(spec))
		}
	}
	return out, nil
}

// checkParam checks a value against a parameter's type. A workflow's own
// functions take no 1.5 for an integer; components of others may, as KFP does.
func (o *options) checkParam(name string, v *structpb.Value, t value.ParamType) error {
	if t == 0 || o.workflow == nil && sameKind(v, t) {
		return nil
	}
	if err := value.CheckParameter(v, t); err != nil {
		return paramError(name, err)
	}
	if !sameKind(v, t) { // JSON in a string, which the backend takes from tasks but not from users
		return paramError(name, fmt.Errorf("wants %v, got %s", t, describe(v)))
	}
	return nil
}

func paramError(name string, err error) error {
	return &starlarkfuse.Error{Msg: fmt.Sprintf("parameter %q: %v", name, err), Err: err}
}

func missingParam(name string, t value.ParamType) error {
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("parameter %q (%v) is required and was not given", name, t),
		Hint: fmt.Sprintf("give it with -p %s=VALUE", name),
	}
}

func unknownParam(name string, names []string) error {
	e := &starlarkfuse.Error{Msg: fmt.Sprintf("there is no parameter %q", name)}
	if len(names) == 0 {
		e.Hint = "the pipeline takes none"
	} else {
		e.Hint = "the pipeline takes " + listNames(names, name)
	}
	return e
}

// toParameter turns what WithParameters was given into a parameter.
func toParameter(x any) (*structpb.Value, error) {
	switch x := x.(type) {
	case *structpb.Value:
		return x, nil
	case starlark.Value:
		return value.ToParameter(x)
	}
	v, err := value.FromGo(x)
	if err != nil {
		return nil, err
	}
	return value.ToParameter(v)
}

// listNames lists names for a message, those like the wanted one first, and
// not more than people read.
func listNames(names []string, want string) string {
	const most = 8
	like := func(n string) bool {
		a, b := strings.ToLower(n), strings.ToLower(want)
		return strings.Contains(a, b) || strings.Contains(b, a) || sharedPrefix(a, b) > len(b)/2
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int {
		switch la, lb := like(a), like(b); {
		case la && !lb:
			return -1
		case lb && !la:
			return 1
		}
		return 0
	})
	more := len(sorted) - most
	for i := range sorted[:min(len(sorted), most)] {
		sorted[i] = fmt.Sprintf("%q", sorted[i])
	}
	list := strings.Join(sorted[:min(len(sorted), most)], ", ")
	if more > 0 {
		list = fmt.Sprintf("%s and %d more", list, more)
	}
	return list
}

func sharedPrefix(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
