package kfp

import "time"

// A State is how far a run or a task is.
type State string

// The states. Servers may know more; one that is not known is not an end.
const (
	StatePending   State = "PENDING"
	StateRunning   State = "RUNNING"
	StateSucceeded State = "SUCCEEDED"
	StateSkipped   State = "SKIPPED"
	StateFailed    State = "FAILED"
	StateCanceling State = "CANCELING"
	StateCanceled  State = "CANCELED"
	StatePaused    State = "PAUSED"
)

// Terminal tells whether the state is an end. A run that is retried leaves it
// all the same.
func (s State) Terminal() bool {
	switch s {
	case StateSucceeded, StateSkipped, StateFailed, StateCanceled:
		return true
	}
	return false
}

// A StateChange says when a run or a task came into a state.
type StateChange struct {
	State  State     `json:"state,omitempty"`
	Time   time.Time `json:"update_time,omitzero"`
	Status *Status   `json:"error,omitempty"`
}

// A Status is an error that the server keeps with a thing.
type Status struct {
	// Code is a gRPC code.
	Code    int    `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// A StorageState tells whether something was archived.
type StorageState string

// The storage states.
const (
	Available StorageState = "AVAILABLE"
	Archived  StorageState = "ARCHIVED"
)

// clearEpoch makes zero of times that servers give for "not yet": the beginning of
// 1970.
func clearEpoch(times ...*time.Time) {
	for _, t := range times {
		if t.Unix() <= 0 {
			*t = time.Time{}
		}
	}
}
