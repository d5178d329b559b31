package metadata

// A State is where a task stands.
type State string

const (
	// Pending is a task that is known, and has not begun.
	Pending State = "PENDING"
	// Running is a task that has begun, or one whose end was never written: see
	// Run.Settle.
	Running State = "RUNNING"
	// Succeeded is a task that did its work, or a group whose tasks all did.
	Succeeded State = "SUCCEEDED"
	// Cached is a task whose outputs are those of an earlier one.
	Cached State = "CACHED"
	// Failed is a task that could not do its work.
	Failed State = "FAILED"
	// Canceled is a task that was stopped.
	Canceled State = "CANCELED"
	// Skipped is a task or group whose condition did not hold.
	Skipped State = "SKIPPED"
)

// Terminal tells whether the state is an end. Servers may know more states;
// one that is not known is not an end.
func (s State) Terminal() bool {
	switch s {
	case Succeeded, Cached, Failed, Canceled, Skipped:
		return true
	}
	return false
}
