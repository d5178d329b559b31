package kfp

import (
	"context"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// longestWait bounds the wait between two tries, whatever the server asks
	// for.
	longestWait = time.Minute
	// longestStep bounds the wait where the server says nothing.
	longestStep = 8 * time.Second
	// knocks is how often an address is tried at which nobody ever answered.
	knocks = 3
)

// A pace is the waits of one call, which grow.
type pace struct{ step *backoff.ExponentialBackOff }

func (c *Client) pace() pace {
	step := backoff.NewExponentialBackOff()
	step.InitialInterval, step.Multiplier, step.MaxInterval = c.options.firstWait, 2, longestStep
	return pace{step}
}

// wait waits after an error, for as long as the pace or the server wants. It
// returns early, with false, when the context ends.
func (c *Client) wait(ctx context.Context, p pace, e *Error) bool {
	d := max(p.step.NextBackOff(), e.after)
	c.observe(Retry{Op: e.Op, Err: explain(e), Wait: d})
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// hopeless tells whether a call that failed for the try-th time is given up.
func (c *Client) hopeless(e *Error, try uint) bool {
	return e.outcome == refused || try >= c.options.tries || !c.wire.answered.Load() && try >= knocks
}

// repeat makes a call that is harmless to repeat until it works, cannot work,
// or has been tried often enough. attempt returns an *Error where another try
// may help.
func repeat[T any](ctx context.Context, c *Client, q *call, attempt func(context.Context) (T, error)) (T, error) {
	pace := c.pace()
	unclear := false
	for try := uint(1); ; try++ {
		v, err := attempt(ctx)
		if err == nil {
			return v, nil
		}
		if ctx.Err() != nil {
			return v, stopped(ctx, q.op)
		}
		e, ok := err.(*Error)
		switch {
		case !ok:
			return v, err
		case unclear && q.method == http.MethodDelete && IsNotFound(e):
			return v, nil // an earlier try did it
		case c.hopeless(e, try):
			return v, explain(e)
		}
		unclear = unclear || e.outcome == lost || e.outcome == failed
		if !c.wait(ctx, pace, e) {
			return v, stopped(ctx, q.op)
		}
	}
}

// get makes a call that only reads.
func get[T any](ctx context.Context, c *Client, q call) (*T, error) {
	q.method = http.MethodGet
	return repeat(ctx, c, &q, func(ctx context.Context) (*T, error) { return attempt[T](ctx, c, &q) })
}
