package kfp

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A NewRecurringRun is a recurring run to create: what is run, and either Cron
// or Interval.
type NewRecurringRun struct {
	NewRun
	// Cron is a schedule as in crontab(5), of five fields, or with a sixth before
	// them for the seconds. KFP itself would read the first of five as seconds.
	// Descriptors like "@daily" are taken, too. The zone is the server's, mostly
	// UTC.
	Cron string
	// Interval is the time from one run to the next, in whole seconds.
	Interval time.Duration
	// Start and End bound the schedule, if they are set.
	Start, End time.Time
	// MaxConcurrency bounds the runs at the same time, 1 to 10; 0 is 1.
	MaxConcurrency int
	// NoCatchup leaves out the runs that were missed.
	NoCatchup bool
	// Disabled creates it without starting it.
	Disabled bool
}

// A recurringSubmission is what the API wants of a recurring run.
type recurringSubmission struct {
	submission
	Trigger        Trigger `json:"trigger"`
	MaxConcurrency Int64   `json:"max_concurrency"`
	Mode           string  `json:"mode"`
	NoCatchup      bool    `json:"no_catchup,omitempty"`
}

// trigger checks the schedule, and returns it as the API wants it.
func (r *NewRecurringRun) trigger() (Trigger, error) {
	bad := func(hint, format string, args ...any) (Trigger, error) {
		return Trigger{}, &starlarkfuse.Error{Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	start, end := r.Start.UTC().Truncate(time.Second), r.End.UTC().Truncate(time.Second)
	switch {
	case (r.Cron == "") == (r.Interval == 0):
		return bad("", "a recurring run needs either a cron schedule or an interval")
	case !r.Start.IsZero() && !r.End.IsZero() && !end.After(start):
		return bad("", "the schedule ends at %s, before it starts", end.Format(time.RFC3339))
	case r.Interval != 0 && (r.Interval < time.Second || r.Interval%time.Second != 0):
		return bad("", "the interval %s is not one of whole seconds", r.Interval)
	case r.Interval != 0:
		return Trigger{Periodic: &PeriodicSchedule{Seconds: Int64(r.Interval / time.Second), Start: start, End: end}}, nil
	}
	fields := strings.Fields(r.Cron)
	switch n := len(fields); {
	case n == 1 && strings.HasPrefix(fields[0], "@"), n == 2 && fields[0] == "@every", n == 6:
	case n == 5:
		fields = append([]string{"0"}, fields...)
	default:
		return bad(`write it like "30 2 * * *": minute, hour, day, month, day of the week`,
			"the cron schedule %q has %d fields, not 5 or 6", r.Cron, n)
	}
	return Trigger{Cron: &CronSchedule{Cron: strings.Join(fields, " "), Start: start, End: end}}, nil
}

// CreateRecurringRun creates a recurring run, once, whatever happens to the
// answers.
func (c *Client) CreateRecurringRun(ctx context.Context, r NewRecurringRun) (*RecurringRun, error) {
	known := r.ID != ""
	trigger, err := r.trigger()
	if err != nil {
		return nil, err
	}
	run, err := r.submission()
	if err != nil {
		return nil, err
	}
	s := recurringSubmission{submission: run, Trigger: trigger, MaxConcurrency: 1, Mode: "ENABLE", NoCatchup: r.NoCatchup}
	if r.Disabled {
		s.Mode = "DISABLE"
	}
	if r.MaxConcurrency != 0 {
		s.MaxConcurrency = Int64(r.MaxConcurrency)
	}
	find := func(ctx context.Context) (*RecurringRun, error) {
		return search(c.ListRecurringRuns(ctx, r.traces()), func(v *RecurringRun) bool { return v.SubmissionID() == r.ID })
	}
	if known {
		if v, err := find(ctx); err != nil || v != nil {
			return v, err
		}
	}
	q, err := jsonCall("create the recurring run "+r.Name, http.MethodPost, recurringRuns.path(), s)
	if err != nil {
		return nil, err
	}
	return once(ctx, c, q, r.look(), find)
}

// GetRecurringRun returns a recurring run.
func (c *Client) GetRecurringRun(ctx context.Context, id string) (*RecurringRun, error) {
	return getItem[RecurringRun](ctx, c, recurringRuns, id)
}

// ListRecurringRuns lists recurring runs.
func (c *Client) ListRecurringRuns(ctx context.Context, o ListOptions) iter.Seq2[*RecurringRun, error] {
	// The API's own name is the first, which breaks its rule.
	return list[RecurringRun](ctx, c, call{op: "list recurring runs", path: recurringRuns.path()}, o, true, "recurringRuns", "recurring_runs")
}

// EnableRecurringRun lets a recurring run make runs.
func (c *Client) EnableRecurringRun(ctx context.Context, id string) error {
	return c.act(ctx, recurringRuns, "enable", id)
}

// DisableRecurringRun lets a recurring run make no more runs.
func (c *Client) DisableRecurringRun(ctx context.Context, id string) error {
	return c.act(ctx, recurringRuns, "disable", id)
}

// DeleteRecurringRun deletes a recurring run. The runs that it made stay.
func (c *Client) DeleteRecurringRun(ctx context.Context, id string) error {
	return c.remove(ctx, recurringRuns, id, nil)
}
