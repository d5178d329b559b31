package exec

import (
	"fmt"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

const (
	// maxPreview bounds the preview of a value in its artifact's metadata.
	maxPreview = 200
	// maxInline bounds the values that are kept in the journal itself and
	// not in files of their own: making a file takes longer than most nodes.
	maxInline = 4096
)

// A nodeResult is the result of a node in the form in which it leaves the
// task: as a parameter, or as the content of an artifact.
type nodeResult struct {
	param *structpb.Value
	data  []byte
	// type and preview of an artifact's value
	valueType, preview string
}

// pack brings the result of a node into its form. data is appended to buf.
func pack(n *starlarkfuse.Node, v starlark.Value, buf []byte) (nodeResult, error) {
	if n.Output().Parameter {
		p, err := value.ToParameter(v)
		if err != nil {
			return nodeResult{}, resultError(n, err, "change what the function returns, or leave out its return annotation: its result is then an artifact of any type")
		}
		return nodeResult{param: p}, nil
	}
	data, err := value.Append(buf, v)
	if err != nil {
		return nodeResult{}, resultError(n, err, "a result must be data: return values, and call functions where they are needed")
	}
	return nodeResult{data: data, valueType: value.TypeName(v), preview: value.Preview(v, maxPreview)}, nil
}

func resultError(n *starlarkfuse.Node, err error, hint string) error {
	return &starlarkfuse.Error{
		Pos:  n.Pos(),
		Msg:  fmt.Sprintf("the result of node %q cannot be kept: %v", n.Name(), err),
		Hint: hint,
		Err:  err,
	}
}

// inputParam turns the parameter that a node's task was given into the value
// that the function gets. A null counts as not given.
func inputParam(n *starlarkfuse.Node, in *starlarkfuse.Input, p *structpb.Value) (starlark.Value, error) {
	if p == nil || isNull(p) {
		return missingInput(n, in)
	}
	var v starlark.Value
	var err error
	if in.Kind == starlarkfuse.FromNode {
		v, err = in.Node.ResultFromParameter(p)
	} else {
		v, err = value.FromParameter(p, in.Param.Type)
	}
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", in.Name, err)
	}
	v.Freeze()
	return v, nil
}

// missingInput returns the value of an input that a node's task was not given:
// the parameter's default, or None for a node that runs whatever happened to
// those it takes results of.
func missingInput(n *starlarkfuse.Node, in *starlarkfuse.Input) (starlark.Value, error) {
	switch {
	case in.Kind == starlarkfuse.FromParam && in.Param.Default != nil:
		return in.Param.Default, nil
	case in.Kind == starlarkfuse.FromNode && n.Settings().IgnoreUpstreamFailure:
		return starlark.None, nil
	}
	return nil, fmt.Errorf("input %q (%s) was not given", in.Name, origin(in))
}

// origin says in words where a run-time input comes from.
func origin(in *starlarkfuse.Input) string {
	if in.Kind == starlarkfuse.FromParam {
		return fmt.Sprintf("parameter %q", in.Param.Name)
	}
	return fmt.Sprintf("result of node %q", in.Node.Name())
}

// takesParameter tells whether a run-time input is a parameter, not an
// artifact.
func takesParameter(in *starlarkfuse.Input) bool {
	return in.Kind == starlarkfuse.FromParam || in.Kind == starlarkfuse.FromNode && in.Node.Output().Parameter
}
