package kfp

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// GetRun returns a run with its tasks.
func (c *Client) GetRun(ctx context.Context, id string) (*Run, error) {
	return getItem[Run](ctx, c, runs, id)
}

// ListRuns lists runs, without their tasks. Archived ones are among them, unless
// the filter says otherwise: Equals("storage_state", "AVAILABLE").
func (c *Client) ListRuns(ctx context.Context, o ListOptions) iter.Seq2[*Run, error] {
	return list[Run](ctx, c, call{op: "list runs", path: runs.path()}, o, true, "runs")
}

// TerminateRun ends a run that has not ended. It returns before the run has.
func (c *Client) TerminateRun(ctx context.Context, id string) error {
	return c.change(ctx, id, "terminate", func(s State) bool { return s.Terminal() || s == StateCanceling })
}

// RetryRun lets a run that failed go on from where it failed.
func (c *Client) RetryRun(ctx context.Context, id string) error {
	run, err := c.GetRun(ctx, id)
	if err != nil {
		return err
	}
	// Only so is it known afterwards whether it was the request that let it go
	// on.
	if !run.State.Terminal() {
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("retry the run %s: it has not ended, its state is %s", id, run.State),
			Hint: "wait for its end, or terminate it",
		}
	}
	return c.change(ctx, id, "retry", func(s State) bool { return !s.Terminal() })
}

// change asks for a change of a run's state that the server refuses where it has
// happened; done tells whether it has.
func (c *Client) change(ctx context.Context, id, verb string, done func(State) bool) error {
	path, err := runs.item(id, ":"+verb)
	if err != nil {
		return err
	}
	q := call{op: fmt.Sprintf("%s the run %s", verb, id), method: http.MethodPost, path: path}
	_, err = once(ctx, c, &q, "", func(ctx context.Context) (*struct{}, error) {
		run, err := c.GetRun(ctx, id)
		if err != nil || !done(run.State) {
			return nil, err
		}
		return &struct{}{}, nil
	})
	return err
}

// ArchiveRun takes a run out of the dashboard's list.
func (c *Client) ArchiveRun(ctx context.Context, id string) error {
	return c.act(ctx, runs, "archive", id)
}

// UnarchiveRun brings an archived run back.
func (c *Client) UnarchiveRun(ctx context.Context, id string) error {
	return c.act(ctx, runs, "unarchive", id)
}

// DeleteRun deletes a run, whether it has ended or not.
func (c *Client) DeleteRun(ctx context.Context, id string) error {
	return c.remove(ctx, runs, id, nil)
}
