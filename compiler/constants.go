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

const (
	// maxShown is the size in bytes of the JSON of the largest constant that
	// is shown whole.
	maxShown = 1 << 10
	// maxShownInTask is the same for all constants of a task with their names:
	// its inputs together are one argument of a process, which Linux limits to
	// 128 KiB, of which results of other nodes need some. Escapes, which are
	// not counted, take up to five bytes each.
	maxShownInTask = 20 << 10
	// digestSize is about the size of the form of a constant that is not shown.
	digestSize = 100
)

// maxShownDepth is how deep the containers of a constant that is shown whole
// may nest: readers of specs, Read among them, take no endless nesting.
const maxShownDepth = 32

// shown is the form of a constant in a spec. The zero value is for one that
// is left out.
type shown struct {
	value  *structpb.Value
	typ    value.ParamType
	absent bool // None: an optional input that is not given
}

// show decides how a constant of that name appears in the spec. left is what
// is left of maxShownInTask. Constants that do not fit are named, and then left
// out.
func (c *compilation) show(name string, v starlark.Value, left *int) shown {
	if v == starlark.None {
		return shown{typ: value.String, absent: true}
	}
	typ, ok := value.ParamTypeOf(v)
	if !ok {
		return shown{}
	}
	room := min(maxShown, *left-len(name))
	budget := room
	if weigh(v, &budget, maxShownDepth); budget < 0 {
		return c.named(name, v, left)
	}
	p, err := value.ToParameter(v)
	if err != nil {
		return shown{}
	}
	if holdsExpandable(p) {
		return c.named(name, v, left)
	}
	*left -= len(name) + room - budget
	return shown{value: p, typ: typ}
}

// named is the form of a constant of which only the digest is shown.
func (c *compilation) named(name string, v starlark.Value, left *int) shown {
	size := len(name) + digestSize
	if size > *left {
		return shown{}
	}
	*left -= size
	return shown{value: structpb.NewStringValue(c.digest(v)), typ: value.String}
}

// weigh takes the size of v's JSON, roughly, off the budget, and stops when
// there is none left: its cost is bounded by the budget, not by v. What nests
// deeper than depth leaves none.
func weigh(v starlark.Value, budget *int, depth int) {
	if *budget < 0 {
		return
	}
	if depth < 0 {
		*budget = -1
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
			weigh(e, budget, depth-1)
		}
	case *starlark.List:
		*budget -= 2
		for i := 0; i < v.Len() && *budget >= 0; i++ {
			*budget--
			weigh(v.Index(i), budget, depth-1)
		}
	case *starlark.Dict:
		*budget -= 2
		for k, e := range v.Entries() {
			if *budget -= 2; *budget < 0 {
				return
			}
			weigh(k, budget, depth-1)
			weigh(e, budget, depth-1)
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

// maxDefaultDepth is how deep the default of a parameter may nest: Python's
// reader of protobuf messages stops at 100 levels, of which the spec around
// the value takes some.
const maxDefaultDepth = 40

// tooDeep tells whether p nests values more than depth deep.
func tooDeep(p *structpb.Value, depth int) bool {
	switch k := p.GetKind().(type) {
	case *structpb.Value_ListValue:
		for _, e := range k.ListValue.GetValues() {
			if depth == 0 || tooDeep(e, depth-1) {
				return true
			}
		}
	case *structpb.Value_StructValue:
		for _, e := range k.StructValue.GetFields() {
			if depth == 0 || tooDeep(e, depth-1) {
				return true
			}
		}
	}
	return false
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
