package metadata

// Settle says what the tasks became that are still not at an end, once the run
// is at one: the end's state is SUCCEEDED, FAILED or CANCELED. Whatever fails
// before its container starts, or is stopped, writes no state of its own.
//
//   - A task is CANCELED in a run that was, else FAILED: a run with a failed task
//     can be SUCCEEDED, but none ends before its tasks have.
//   - A group is what the tasks in it tell: FAILED, CANCELED, or what the run is.
//   - The root is what the run is.
//
// Their Ended stays zero.
func (r *Run) Settle(end State) {
	groups := make(map[string]State) // that have a task which did not succeed, by ID
	for i := len(r.Tasks) - 1; i >= 0; i-- {
		t := r.Tasks[i] // whatever is in it stands behind it
		switch below := groups[t.ID]; {
		case t.State.Terminal():
		case t.Group && below != "":
			t.State = below
		case t.Group, end == Canceled:
			t.State = end
		default:
			t.State = Failed
		}
		if t.State == Failed || t.State == Canceled && groups[t.ParentID] == "" {
			groups[t.ParentID] = t.State
		}
	}
	if r.Root != nil {
		r.Root.State = end
	}
}
