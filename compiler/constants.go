package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/value"
)

// A constant argument in a spec is for people: the container has its own,
// exact, from the file it evaluates again. So a constant may be shown in
// another form wherever the true one would do harm.

// maxShown is the size in bytes of the JSON of the largest constant that is
// shown whole. All inputs of a task together are one argument of a process,
// which Linux limits to 128 KiB.
const maxShown = 1 << 10

// shown is the form of a constant in a spec. The zero value is for one that
// is left out.
type shown struct {
	value  *structpb.Value
	typ    value.ParamType
	absent bool // None: an optional input that is not given
}

// show decides how a constant appears in the spec.
func (c *compilation) show(v starlark.Value) shown {
	if v == starlark.None {
		return shown{typ: value.String, absent: true}
	}
	typ, ok := value.ParamTypeOf(v)
	if !ok {
		return shown{}
	}
	budget := maxShown
	if weigh(v, &budget); budget < 0 {
		return shown{value: structpb.NewStringValue(c.digest(v)), typ: value.String}
	}
	p, err := value.ToParameter(v)
	if err != nil {
		return shown{}
	}
	if holdsExpandable(p) {
		return shown{value: structpb.NewStringValue(c.digest(v)), typ: value.String}
	}
	return shown{value: p, typ: typ}
}

// weigh takes the size of v's JSON, roughly, off the budget, and stops when
// there is none left: its cost is bounded by the budget, not by v.
func weigh(v starlark.Value, budget *int) {
	if *budget < 0 {
		return
	}
	switch v := v.(type) {
	case starlark.String:
		*budget -= len(v) + 2
	case starlark.Tuple:
		*budget -= 2
		for _, e := range v {
			if *budget--; *budget < 0 {
				return
			}
			weigh(e, budget)
		}
	case *starlark.List:
		*budget -= 2
		for i := 0; i < v.Len() && *budget >= 0; i++ {
			*budget--
			weigh(v.Index(i), budget)
		}
	case *starlark.Dict:
		*budget -= 2
		for k, e := range v.Entries() {
			if *budget -= 2; *budget < 0 {
				return
			}
			weigh(k, budget)
			weigh(e, budget)
		}
	default:
		*budget -= 4
	}
}

// digest returns the short form of a constant that is not shown:
// "sha256:… (list, 12.3 KiB)", digest and size being those of its JSON.
// Containers are remembered: programs pass the same data to many nodes.
func (c *compilation) digest(v starlark.Value) string {
	keep := false
	switch v.(type) {
	case *starlark.List, *starlark.Dict:
		if d, ok := c.digests[v]; ok {
			return d
		}
		keep = true
	}
	text := value.AppendJSON(nil, v)
	sum := sha256.Sum256(text)
	d := "sha256:" + hex.EncodeToString(sum[:]) + " (" + value.TypeName(v) + ", " + sizeText(len(text)) + ")"
	if keep {
		c.digests[v] = d
	}
	return d
}

// holdsExpandable tells whether a text anywhere in p would be expanded on its
// way to the container.
func holdsExpandable(p *structpb.Value) bool {
	switch k := p.GetKind().(type) {
	case *structpb.Value_StringValue:
		return expandable(k.StringValue)
	case *structpb.Value_ListValue:
		for _, e := range k.ListValue.GetValues() {
			if holdsExpandable(e) {
				return true
			}
		}
	case *structpb.Value_StructValue:
		for name, e := range k.StructValue.GetFields() {
			if expandable(name) || holdsExpandable(e) {
				return true
			}
		}
	}
	return false
}

func constant(v *structpb.Value) *pipelinespec.TaskInputsSpec_InputParameterSpec {
	return &pipelinespec.TaskInputsSpec_InputParameterSpec{
		Kind: &pipelinespec.TaskInputsSpec_InputParameterSpec_RuntimeValue{
			RuntimeValue: &pipelinespec.ValueOrRuntimeParameter{
				Value: &pipelinespec.ValueOrRuntimeParameter_Constant{Constant: v},
			},
		},
	}
}

// harmlessText returns the text of a define, which is JSON or else a string,
// as one that means the same and that nothing on the way expands.
func harmlessText(text string) (string, bool) {
	if _, err := appendString(nil, text); err != nil {
		return "", false
	}
	if harmless(text) {
		return text, true
	}
	if !json.Valid([]byte(text)) {
		return string(appendHarmless(nil, text)), true
	}
	// In JSON, all that could be expanded stands inside strings.
	var out []byte
	inside := false
	for i := 0; i < len(text); i++ {
		switch ch := text[i]; {
		case inside && ch == '\\':
			out = append(out, ch, text[i+1])
			i++
		case inside && (ch == '$' || ch == '{'):
			out = append(out, `\u00`+strconv.FormatUint(uint64(ch), 16)...)
		case !inside && ch < ' ':
			out = append(out, ' ')
		default:
			if ch == '"' {
				inside = !inside
			}
			out = append(out, ch)
		}
	}
	return string(out), true
}
