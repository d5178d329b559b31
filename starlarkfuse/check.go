package starlarkfuse

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/starlarkfuse/internal/annotation"
	"github.com/starlarkfuse/fuse/value"
)

// checkTypes compares the arguments of a node with the annotations of its
// function, as far as both are known while the file is loading: literals, and
// edges of which both ends are annotated.
func (n *Node) checkTypes() error {
	sig := n.ctor.sig
	if sig == nil {
		return nil
	}
	for i, arg := range n.params {
		want := sig.Params[arg.param]
		if want == nil {
			continue
		}
		v := n.argument(i)
		m := want.Type.Check(v)
		if m == nil {
			continue
		}
		if ref, ok := v.(argRef); ok {
			return n.edgeError(arg.label, want, &n.inputs[ref.input])
		}
		return &Error{
			Pos:  n.pos,
			Msg:  fmt.Sprintf("node %q: argument %s%s wants %s, got %s", n.name, arg.label, m.Path, m.Want, m.Got),
			Hint: fmt.Sprintf("%s is declared at %s", arg.label, want.Pos),
		}
	}
	return nil
}

// typ returns the type of the promised value, as far as annotations tell.
func (p *promise) typ() annotation.Type {
	if p.param != nil {
		return annotation.OfParameter(p.param.Type.String())
	}
	return p.node.ctor.sig.Result()
}

// edgeError describes an edge whose two ends do not fit.
func (n *Node) edgeError(label string, want *annotation.Annotation, in *Input) error {
	var from string
	var pos syntax.Position
	var got annotation.Type
	if p := in.Param; p != nil {
		from, pos, got = fmt.Sprintf("param %q", p.Name), p.Pos, annotation.OfParameter(p.Type.String())
	} else {
		result := in.Node.ctor.sig.Return
		from, pos, got = fmt.Sprintf("the result of node %q", in.Node.name), result.Pos, result.Type
	}
	return &Error{
		Pos:  n.pos,
		Msg:  fmt.Sprintf("node %q: argument %s wants %s, got %s from %s", n.name, label, want.Type, got, from),
		Hint: fmt.Sprintf("%s is declared at %s, %s at %s", label, want.Pos, from, pos),
	}
}

// argument returns the i-th argument as it was copied.
func (n *Node) argument(i int) starlark.Value {
	if i < len(n.args) {
		return n.args[i]
	}
	return n.kwargs[i-len(n.args)][1]
}

// checkArguments compares the arguments of a node that is about to run with
// its annotations; args are bound in the order of n.params.
func (n *Node) checkArguments(args starlark.Tuple, kwargs []starlark.Tuple) error {
	sig := n.ctor.sig
	if sig == nil {
		return nil
	}
	for i, arg := range n.params {
		want := sig.Params[arg.param]
		if want == nil || !arg.live {
			continue // checked while loading
		}
		v := starlark.Value(nil)
		if i < len(args) {
			v = args[i]
		} else {
			v = kwargs[i-len(args)][1]
		}
		if m := want.Type.Check(v); m != nil {
			return &Error{
				Pos:  n.pos,
				Msg:  fmt.Sprintf("node %q: argument %s%s wants %s, got %s", n.name, arg.label, m.Path, m.Want, m.Got),
				Hint: fmt.Sprintf("%s is declared at %s%s", arg.label, want.Pos, n.origin(n.argument(i))),
			}
		}
	}
	return nil
}

// origin tells where the value of a run-time argument was made.
func (n *Node) origin(arg starlark.Value) string {
	ref, ok := arg.(argRef)
	if !ok {
		return ""
	}
	if p := n.inputs[ref.input].Param; p != nil {
		return fmt.Sprintf(", param %q at %s", p.Name, p.Pos)
	}
	from := n.inputs[ref.input].Node
	return fmt.Sprintf(", the value is the result of node %q made at %s", from.name, from.pos)
}

// checkResult compares a result with the return annotation, and gives it the
// form it has for those who take it: floats where the annotation says so.
func (n *Node) checkResult(v starlark.Value) (starlark.Value, error) {
	if p, ok := v.(*promise); ok {
		return nil, &Error{Pos: n.ctor.fn.Position(), Msg: fmt.Sprintf("node %q: the result is %s, not a value", n.name, p.describe())}
	}
	sig := n.ctor.sig
	if sig == nil || sig.Return == nil {
		return v, nil
	}
	if m := sig.Return.Type.Check(v); m != nil {
		return nil, &Error{
			Pos:  sig.Return.Pos,
			Msg:  fmt.Sprintf("node %q: the result%s is declared %s, got %s", n.name, m.Path, m.Want, m.Got),
			Hint: fmt.Sprintf("function %s is called at %s", n.ctor.fn.Name(), n.pos),
		}
	}
	v = sig.Return.Type.Coerce(v)
	if n.ctor.output.Parameter {
		if err := n.checkParameter(v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// checkParameter refuses a result that a KFP parameter cannot carry.
func (n *Node) checkParameter(v starlark.Value) error {
	_, err := value.ToParameter(v)
	if err == nil {
		return nil
	}
	return &Error{
		Pos:  n.ctor.sig.Return.Pos,
		Msg:  fmt.Sprintf("node %q: the result does not fit into a KFP parameter: %v", n.name, err),
		Hint: "without the return annotation the result is an artifact, which holds any value",
		Err:  err,
	}
}

// ResultFromParameter returns the node's result, frozen, as those see it who get
// it as a KFP parameter. JSON does not tell 1.0 from 1; where the return
// annotation says float, it is one again.
func (n *Node) ResultFromParameter(p *structpb.Value) (starlark.Value, error) {
	v, err := value.FromParameter(p, n.ctor.output.Type)
	if err != nil {
		return nil, fmt.Errorf("result of node %q: %w", n.name, err)
	}
	v = n.ctor.sig.Result().Coerce(v)
	v.Freeze()
	return v, nil
}

// annotationError converts an error of the annotations of a file, or of its
// syntax around them.
func annotationError(err error, text []byte) error {
	var e *annotation.Error
	if !errors.As(err, &e) {
		return err
	}
	hint := e.Hint
	if hint == "" {
		hint = syntaxHint(e.Msg, text, e.Pos)
	}
	return &Error{Pos: e.Pos, Msg: syntaxMsg(e.Msg), Hint: hint, Err: err}
}
