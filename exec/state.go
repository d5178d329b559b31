package exec

// A State is where a task, or a run, stands.
type State string

const (
	// Running is a task that has started, or a run that has not ended.
	Running State = "RUNNING"
	// Succeeded is a task that did its work.
	Succeeded State = "SUCCEEDED"
	// Failed is a task that ran, or was about to, and could not do its work.
	Failed State = "FAILED"
	// NotRun is a task that never started, because one it depends on did not
	// succeed or because the run was stopped before.
	NotRun State = "NOT_RUN"
	// Skipped is a task whose condition did not hold.
	Skipped State = "SKIPPED"
	// Cached is a task whose outputs were taken from an earlier run.
	Cached State = "CACHED"
	// Canceled is a task, or a run, that was stopped while it ran.
	Canceled State = "CANCELED"
)

// ended tells whether s is a final state.
func (s State) ended() bool {
	switch s {
	case Succeeded, Failed, NotRun, Skipped, Cached, Canceled:
		return true
	}
	return false
}

// hasOutputs tells whether a task that ended so left what it promises.
func (s State) hasOutputs() bool { return s == Succeeded || s == Cached }

// ran tells whether a task that ended so did start.
func (s State) ran() bool { return s == Succeeded || s == Failed || s == Cached }
