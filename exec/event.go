package exec

import "time"

// A Kind says what an Event tells.
type Kind int

const (
	// RunStarted is the first event of a run. Line is the run's folder.
	RunStarted Kind = iota
	// TaskStarted tells that a task was given to a worker, or, for a dag,
	// that its tasks may start.
	TaskStarted
	// TaskOutput is one line that a task wrote or printed, in Line.
	TaskOutput
	// TaskRetried tells that an attempt failed, with Err, and that another
	// will follow. Attempt is the one that failed.
	TaskRetried
	// TaskEnded tells the final State of a task. It is the only event of a
	// task that did not run.
	TaskEnded
	// RunEnded is the last event of a run, with its State.
	RunEnded
)

// An Event is one step of a run, for people to watch it.
type Event struct {
	Kind Kind
	Time time.Time
	// Task is the path of the task: its key, after the keys of the dags that
	// it is in, joined by "/". It is "" for events of the run.
	Task string
	// Node is what the user calls the task: the node's name for a task of
	// function nodes, else the task's display name.
	Node string
	// Dag tells that the task is a dag: a group of other tasks.
	Dag   bool
	State State
	// Duration is set when something ended.
	Duration time.Duration
	// Attempt counts from 1.
	Attempt int
	// Line has no line end.
	Line string
	Err  error
}
