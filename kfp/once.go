package kfp

import (
	"context"
	"errors"
	"fmt"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	// looks is how often the client looks for what a request may have made whose
	// answer is lost, before it asks again: the server may still be at it.
	looks = 3
	// verdicts is how often the server itself may say that it failed, with the
	// status 500. It says so of many a spec that it will never take.
	verdicts = 4
)

// once makes a call that must not be done twice. find looks for what it makes,
// and returns nil if that is not there. After each try that may have worked,
// find is asked before the next: so the thing is made once, unless the server
// makes it later than it could be waited for.
//
// hint, if there is one, tells people what to look for themselves, when it is
// not known how a call has ended.
func once[T any](ctx context.Context, c *Client, q *call, hint string, find func(context.Context) (*T, error)) (*T, error) {
	pace := c.pace()
	unclear := false
	if ctx.Err() != nil {
		return nil, stopped(ctx, q.op)
	}
	for try := uint(1); ; try++ {
		v, err := attempt[T](ctx, c, q)
		if err == nil {
			return v, nil
		}
		e, ok := err.(*Error)
		if !ok {
			return nil, unknown(err, unclear, hint)
		}
		unclear = unclear || e.outcome == lost || e.outcome == failed
		if ctx.Err() != nil {
			return nil, unknown(stopped(ctx, q.op), unclear, hint)
		}
		n := 0
		switch e.outcome {
		case lost:
			n = looks
			if e.slow { // it gets the same time again, in which it may finish
				e.after = max(e.after, q.timeout(c)/looks)
			}
		case failed:
			n = 1
		case refused:
			if unclear { // by what an earlier try made, perhaps
				if v, err := find(ctx); err == nil && v != nil {
					return v, nil
				}
			}
			return nil, explain(e)
		case undone:
		}
		for range n {
			if !c.wait(ctx, pace, e) {
				return nil, unknown(stopped(ctx, q.op), unclear, hint)
			}
			if v, err := find(ctx); err != nil {
				return nil, unknown(fmt.Errorf("%s, then %w", e, err), unclear, hint)
			} else if v != nil {
				return v, nil
			}
		}
		if c.hopeless(e, try) || e.outcome == failed && try >= verdicts {
			return nil, explain(e)
		}
		if n == 0 && !c.wait(ctx, pace, e) {
			return nil, unknown(stopped(ctx, q.op), unclear, hint)
		}
	}
}

// unknown is an error after which it is not known whether something was made.
func unknown(err error, unclear bool, hint string) error {
	if !unclear || hint == "" {
		return err
	}
	if e := (*starlarkfuse.Error)(nil); errors.As(err, &e) && e.Hint != "" {
		hint = e.Hint + "; " + hint
	}
	return &starlarkfuse.Error{Msg: err.Error(), Hint: hint, Err: err}
}
