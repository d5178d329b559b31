package starlarkfuse

import (
	"context"
	"fmt"

	"go.starlark.net/starlark"
)

// maxCallDepth bounds recursion, which the language allows: each Starlark call
// is a Go call of the interpreter, and Go's stack cannot be grown without end.
const maxCallDepth = 20_000

// watchInterval is how many steps pass between two looks at the call depth. It
// is small against maxCallDepth, since a call takes several steps.
const watchInterval = 4_000

// A limitError is the end of a computation that went over a limit.
type limitError struct{ msg, hint string }

func (e *limitError) Error() string { return e.msg }

// limit makes the thread stop after maxSteps (0: no limit), when its calls
// nest too deeply, or when the context ends. The returned function must be
// called when the thread is done; it returns the limit that stopped it, or nil.
func limit(ctx context.Context, thread *starlark.Thread, maxSteps uint64) (stop func() error) {
	var hit error
	cancel := func(err *limitError) {
		hit = err
		thread.Cancel(err.msg)
	}
	next := func(steps uint64) uint64 {
		if maxSteps > 0 {
			return min(steps+watchInterval, maxSteps)
		}
		return steps + watchInterval
	}
	thread.SetMaxExecutionSteps(next(0))
	thread.OnMaxSteps = func(thread *starlark.Thread) {
		steps := thread.Steps
		switch {
		case hit != nil:
		case maxSteps > 0 && steps >= maxSteps:
			cancel(&limitError{
				msg:  fmt.Sprintf("more than %d computation steps", maxSteps),
				hint: "is there an endless loop? raise the limit with --max-steps",
			})
		case thread.CallStackDepth() > maxCallDepth:
			cancel(&limitError{
				msg:  fmt.Sprintf("calls are nested more than %d deep", maxCallDepth),
				hint: "is there a recursion without end?",
			})
		default:
			thread.SetMaxExecutionSteps(next(steps))
		}
	}
	stopWatch := context.AfterFunc(ctx, func() { thread.Cancel(context.Cause(ctx).Error()) })
	return func() error {
		stopWatch()
		if hit != nil {
			return hit
		}
		return context.Cause(ctx)
	}
}
