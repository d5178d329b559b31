package kfp

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// A RecurringRun makes runs by a schedule.
type RecurringRun struct {
	ID           string `json:"recurring_run_id"`
	Name         string `json:"display_name,omitempty"`
	Description  string `json:"description,omitempty"`
	ExperimentID string `json:"experiment_id,omitempty"`
	Namespace    string `json:"namespace,omitempty"`
	// Status is ENABLED or DISABLED.
	Status         RecurringStatus `json:"status,omitempty"`
	Trigger        Trigger         `json:"trigger"`
	MaxConcurrency Int64           `json:"max_concurrency,omitempty"`
	NoCatchup      bool            `json:"no_catchup,omitempty"`
	CreatedAt      time.Time       `json:"created_at,omitzero"`
	UpdatedAt      time.Time       `json:"updated_at,omitzero"`
	ServiceAccount string          `json:"service_account,omitempty"`
	Config         *RuntimeConfig  `json:"runtime_config,omitempty"`
	Pipeline       *PipelineRef    `json:"pipeline_version_reference,omitempty"`
	Spec           json.RawMessage `json:"pipeline_spec,omitempty"`
	Error          *Status         `json:"error,omitempty"`
}

// A RecurringStatus tells whether a recurring run makes runs.
type RecurringStatus string

// The states of a recurring run.
const (
	Enabled  RecurringStatus = "ENABLED"
	Disabled RecurringStatus = "DISABLED"
)

// A Trigger is a schedule; one of its fields is set.
type Trigger struct {
	Cron     *CronSchedule     `json:"cron_schedule,omitempty"`
	Periodic *PeriodicSchedule `json:"periodic_schedule,omitempty"`
}

// A CronSchedule starts runs at certain times.
type CronSchedule struct {
	// Cron has six fields, the first for the seconds, and times of the server's
	// zone, mostly UTC.
	Cron  string    `json:"cron"`
	Start time.Time `json:"start_time,omitzero"`
	End   time.Time `json:"end_time,omitzero"`
}

// A PeriodicSchedule starts a run each so many seconds.
type PeriodicSchedule struct {
	Seconds Int64     `json:"interval_second"`
	Start   time.Time `json:"start_time,omitzero"`
	End     time.Time `json:"end_time,omitzero"`
}

// Interval returns the time from one run to the next.
func (p *PeriodicSchedule) Interval() time.Duration { return time.Duration(p.Seconds) * time.Second }

// SubmissionID returns the id that CreateRecurringRun gave it; "" for one that
// it did not make.
func (r *RecurringRun) SubmissionID() string { return labelIn(r.Description, submissionLabel) }

func (r *RecurringRun) identity() string { return r.ID }

func (r *RecurringRun) tidy() {
	clearEpoch(&r.CreatedAt, &r.UpdatedAt)
	if s := r.Trigger.Cron; s != nil {
		clearEpoch(&s.Start, &s.End)
	}
	if s := r.Trigger.Periodic; s != nil {
		clearEpoch(&s.Start, &s.End)
	}
}

// An Int64 is a number that is a string in JSON, as protobuf wants it.
type Int64 int64

// MarshalJSON implements json.Marshaler.
func (n Int64) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatInt(int64(n), 10) + `"`), nil
}

// UnmarshalJSON implements json.Unmarshaler. It reads plain numbers, too.
func (n *Int64) UnmarshalJSON(text []byte) error {
	var number json.Number
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	if number == "" { // null
		return nil
	}
	v, err := number.Int64()
	if err != nil {
		return fmt.Errorf("%s is no whole number", text)
	}
	*n = Int64(v)
	return nil
}
