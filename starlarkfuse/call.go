package starlarkfuse

import (
	"context"
	"fmt"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/stdlib"
)

// CallOptions are what one call of a node's function is given.
type CallOptions struct {
	// Inputs are the values of Node.Inputs, in the same order; they must be
	// frozen. Those of Constant inputs are ignored: the literals of the loaded
	// file are used.
	Inputs []starlark.Value
	// Print gets the text of each print statement. It may be called from
	// another goroutine than Call's caller, but never after Call returned.
	Print func(text string)
	// MaxSteps bounds the computation steps; 0 means no bound.
	MaxSteps uint64
}

// Call runs the node's function once and returns its result, frozen and
// checked against the return annotation. It neither retries nor knows the
// node's timeout. The error is an *Error with the Starlark backtrace for
// whatever went wrong in the function; when ctx ended, it wraps the context's
// cause. Call is safe for concurrent use.
func (n *Node) Call(ctx context.Context, o CallOptions) (result starlark.Value, err error) {
	thread := &starlark.Thread{
		Name: n.name,
		Print: func(_ *starlark.Thread, msg string) {
			if o.Print != nil {
				o.Print(plainText(msg))
			}
		},
	}
	stdlib.SetPhase(thread, stdlib.Running)
	stop := limit(ctx, thread, o.MaxSteps)
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(*Error); ok {
				if !e.Pos.IsValid() {
					e.Pos = n.ctor.fn.Position()
				}
				err = e
			} else {
				err = fmt.Errorf("internal error: %v", p)
			}
		}
		limitErr := stop()
		if err != nil {
			result, err = nil, n.callError(err, limitErr)
		}
	}()

	args, kwargs := n.args, n.kwargs
	if n.hasRefs() {
		if args, kwargs, err = n.resolveArguments(o.Inputs); err != nil {
			return nil, err
		}
		if err := n.checkArguments(args, kwargs); err != nil {
			return nil, err
		}
	}
	result, err = starlark.Call(thread, n.ctor.fn, args, kwargs)
	if err != nil {
		return nil, err
	}
	if tooDeep(thread, result) {
		return nil, &Error{
			Pos:  n.ctor.fn.Position(),
			Msg:  fmt.Sprintf("node %q: the result is nested more than %d levels deep", n.name, maxValueDepth),
			Hint: "is there a loop that puts a list into itself, again and again?",
		}
	}
	if result, err = n.checkResult(result); err != nil {
		return nil, err
	}
	result.Freeze()
	return result, nil
}
