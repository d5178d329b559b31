package exec

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// errTimeout is the cause of the end of an attempt that took too long.
var errTimeout = errors.New("timed out")

// A retrying says how often something is tried, and when.
type retrying struct {
	// count is the number of attempts after the first.
	count int
	// pause returns how long to wait after the given attempt, counted from 1;
	// false gives up.
	pause func(attempt int) (time.Duration, bool)
	// failed is told of an attempt that failed and will be followed by
	// another.
	failed func(attempt int, err error)
}

// try calls f until it succeeds, and returns the number of attempts. It gives
// up when ctx ends.
func (r retrying) try(ctx context.Context, f func(attempt int) error) (int, error) {
	for attempt := 1; ; attempt++ {
		err := f(attempt)
		if err == nil || attempt > r.count || ctx.Err() != nil {
			return attempt, err
		}
		wait, ok := r.pause(attempt)
		if !ok {
			return attempt, err
		}
		r.failed(attempt, err)
		if wait <= 0 {
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return attempt, err
		}
	}
}

// grow returns the pause after an attempt: base, multiplied by factor for each
// further attempt, without overflow.
func grow(base time.Duration, factor float64, attempt int) time.Duration {
	if factor <= 0 {
		factor = 1
	}
	d := float64(base) * math.Pow(factor, float64(attempt-1))
	if !(d < math.MaxInt64) {
		return math.MaxInt64
	}
	return time.Duration(d)
}

// nodeRetrying is what a node's set_retry says.
func nodeRetrying(n *starlarkfuse.Node, failed func(int, error)) retrying {
	s := n.Settings().Retry
	if s == nil {
		return retrying{}
	}
	return retrying{
		count:  s.Count,
		failed: failed,
		pause: func(attempt int) (time.Duration, bool) {
			d := grow(s.Backoff, s.Factor, attempt)
			if s.MaxBackoff > 0 {
				d = min(d, s.MaxBackoff)
			}
			return d, true
		},
	}
}

// taskRetrying is what a task's retryPolicy says, as Argo reads it: once the
// longest duration has passed since the first attempt started, or would pass
// while waiting, there is no further attempt.
func taskRetrying(t *taskSpec, first time.Time, now func() time.Time, failed func(int, error)) retrying {
	p := t.GetRetryPolicy()
	if p == nil {
		return retrying{}
	}
	// KFP's defaults.
	factor, longest := p.GetBackoffFactor(), time.Hour
	if factor == 0 {
		factor = 2
	}
	if d := p.GetBackoffMaxDuration(); d != nil {
		longest = d.AsDuration()
	}
	return retrying{
		count:  int(p.GetMaxRetryCount()),
		failed: failed,
		pause: func(attempt int) (time.Duration, bool) {
			d := grow(p.GetBackoffDuration().AsDuration(), factor, attempt)
			left := longest - now().Sub(first)
			return d, longest <= 0 || d <= left
		},
	}
}

// A call is what one node is called with.
type call struct {
	node   *starlarkfuse.Node
	inputs []starlark.Value
	print  func(text string)
	failed func(attempt int, err error)
}

// do calls the node's function, as often and as long as its settings allow,
// and returns its result and the number of attempts.
func (c call) do(ctx context.Context) (v starlark.Value, attempts int, err error) {
	attempts, err = nodeRetrying(c.node, c.failed).try(ctx, func(int) error {
		v, err = c.once(ctx)
		return err
	})
	return v, attempts, err
}

func (c call) once(ctx context.Context) (starlark.Value, error) {
	timeout := c.node.Settings().Timeout
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, errTimeout)
		defer cancel()
	}
	v, err := c.node.Call(ctx, starlarkfuse.CallOptions{Inputs: c.inputs, Print: c.print})
	if err != nil && errors.Is(err, errTimeout) && context.Cause(ctx) == errTimeout {
		late := &starlarkfuse.Error{
			Pos:  c.node.Pos(),
			Msg:  fmt.Sprintf("timed out after %v", timeout),
			Hint: "give it more time with set_timeout, or less to do",
			Err:  err,
		}
		var e *starlarkfuse.Error
		if errors.As(err, &e) {
			late.Backtrace = e.Backtrace // where it was when the time was up
		}
		return nil, late
	}
	return v, err
}
