package starlarkfuse

import (
	"errors"
	"fmt"
	"strconv"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse/internal/annotation"
	"github.com/starlarkfuse/fuse/stdlib"
	"github.com/starlarkfuse/fuse/value"
)

// A constructor is what workflow(fn) returns. While the file is loading, a
// call of it makes a node; inside a node it is fn itself, so that a function
// which calls itself by its name works there.
type constructor struct {
	loader *loader
	fn     *starlark.Function
	sig    *annotation.Signature // nil: no annotations
	output Output
}

var _ starlark.Callable = (*constructor)(nil)

func (c *constructor) Name() string          { return c.fn.Name() }
func (c *constructor) String() string        { return fmt.Sprintf("<workflow function %s>", c.fn.Name()) }
func (c *constructor) Type() string          { return "workflow function" }
func (c *constructor) Freeze()               { c.fn.Freeze() }
func (c *constructor) Truth() starlark.Bool  { return true }
func (c *constructor) Hash() (uint32, error) { return c.fn.Hash() }

// CallInternal implements starlark.Callable.
func (c *constructor) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if stdlib.PhaseOf(thread) == stdlib.Running {
		return starlark.Call(thread, c.fn, args, kwargs)
	}
	n, err := c.loader.newNode(c, args, kwargs)
	if err != nil {
		return nil, c.loader.at(err)
	}
	return n.promise, nil
}

// workflow is the builtin of that name.
func (l *loader) workflow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var fn starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "fn", &fn); err != nil {
		return nil, err
	}
	switch fn := fn.(type) {
	case *constructor:
		return fn, nil
	case *starlark.Function:
		c := &constructor{loader: l, fn: fn, output: Output{Name: "result"}}
		if src := l.file.sources.of(fn); src != nil {
			c.sig = src.signature(fn)
		}
		if c.sig != nil && c.sig.Return != nil {
			if t, ok := paramType(c.sig.Return.Type.ParamType()); ok {
				c.output = Output{Name: "Output", Parameter: true, Type: t}
			}
		}
		return c, nil
	case *starlark.Builtin:
		return nil, l.at(&Error{
			Msg:  fmt.Sprintf("workflow: %s is built in, not a function of this workflow", fn.Name()),
			Hint: fmt.Sprintf("wrap it: workflow(lambda x: %s(x))", fn.Name()),
		})
	}
	return nil, l.at(&Error{
		Msg:  fmt.Sprintf("workflow: got %s, want a function", fn.Type()),
		Hint: "write workflow(fn), then call what it returns: node = workflow(fn)(args)",
	})
}

func paramType(name string) (value.ParamType, bool) {
	for _, t := range []value.ParamType{value.Integer, value.Double, value.String, value.Boolean, value.List, value.Struct} {
		if t.String() == name {
			return t, true
		}
	}
	return value.Invalid, false
}

// newNode makes the node of one call.
func (l *loader) newNode(c *constructor, args starlark.Tuple, kwargs []starlark.Tuple) (*Node, error) {
	if l.done {
		return nil, errors.New("nodes are made while the file is loading")
	}
	if len(l.nodes) >= l.opts.maxNodes {
		return nil, &Error{
			Msg:  fmt.Sprintf("more than %d nodes", l.opts.maxNodes),
			Hint: "is there a loop without end? raise the limit with --max-nodes",
		}
	}
	bound, err := bind(c.fn, args, kwargs)
	if err != nil {
		return nil, err
	}
	n := &Node{
		ctor:   c,
		index:  len(l.nodes),
		name:   l.defaultName(c.fn.Name()),
		pos:    l.where(),
		params: bound,
	}
	n.promise = &promise{loader: l, node: n}
	s := snapshot{node: n}
	if len(args) > 0 {
		n.args = make(starlark.Tuple, len(args))
	}
	for i, v := range args {
		if n.args[i], err = s.argument(&bound[i], v); err != nil {
			return nil, err
		}
	}
	for i, kv := range kwargs {
		v, err := s.argument(&bound[len(args)+i], kv[1])
		if err != nil {
			return nil, err
		}
		n.kwargs = append(n.kwargs, starlark.Tuple{kv[0], v})
	}
	if err := n.checkTypes(); err != nil {
		return nil, err
	}
	l.nodes = append(l.nodes, n)
	return n, nil
}

// defaultName returns "<function>_0000" and so on, counted for each function
// name (FunctionFuse's rule).
func (l *loader) defaultName(function string) string {
	i := l.counts[function]
	l.counts[function] = i + 1
	digits := strconv.Itoa(i)
	return function + "_" + "0000"[min(len(digits), 4):] + digits
}

// at gives an error the position of the Starlark code that called the builtin
// which is running.
func (l *loader) at(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Msg: err.Error(), Err: err}
	}
	if !e.Pos.IsValid() {
		e.Pos = l.where()
	}
	e.Msg = plainText(e.Msg) // some show a value that was wrong
	if e.Hint == "" && namesSecret.MatchString(e.Msg) {
		e.Hint = hintSecret
	}
	return e
}
