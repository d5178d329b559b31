package metadata

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

func TestTerminal(t *testing.T) {
	for state, want := range map[State]bool{
		"": false, Pending: false, Running: false, "PAUSED": false,
		Succeeded: true, Cached: true, Failed: true, Canceled: true, Skipped: true,
	} {
		if state.Terminal() != want {
			t.Errorf("%q is terminal: %t", state, !want)
		}
	}
}

// Every state of ML Metadata, in all that changes what it means.
func TestStoreStates(t *testing.T) {
	type p = mlmd.Properties
	count := func(n int64) p { return p{"iteration_count": n} }
	for _, test := range []struct {
		state      int64
		properties p
		parent     bool
		want       State
	}{
		{state: mlmd.StateUnknown, want: ""},
		{state: 99, want: ""},
		{state: mlmd.StateNew, want: Pending},
		{state: mlmd.StateRunning, want: Running},
		{state: mlmd.StateRunning, properties: count(2), want: Running},
		{state: mlmd.StateRunning, properties: count(0), want: Succeeded},
		{state: mlmd.StateComplete, want: Succeeded},
		{state: mlmd.StateFailed, want: Failed},
		{state: mlmd.StateCached, want: Cached},
		{state: mlmd.StateCanceled, want: Skipped},
		{state: mlmd.StateCanceled, properties: p{"pod_name": ""}, want: Skipped},
		{state: mlmd.StateCanceled, properties: count(0), want: Skipped},
		{state: mlmd.StateCanceled, properties: p{"pod_name": "p"}, want: Canceled},
		{state: mlmd.StateCanceled, parent: true, want: Canceled},
	} {
		e := &mlmd.Execution{ID: 2, LastKnownState: test.state, CustomProperties: test.properties, Created: 1000, Updated: 2000}
		task := storeTask(e, test.parent)
		if task.State != test.want {
			t.Errorf("state %d with %v is %s, not %s", test.state, test.properties, task.State, test.want)
		}
		if task.Ended.IsZero() == task.State.Terminal() {
			t.Errorf("state %d ended at %v", test.state, task.Ended)
		}
	}
}

func TestSettle(t *testing.T) {
	run := func(states string) *Run {
		r := &Run{Root: &Task{ID: "0", Group: true, State: Running}}
		for i, part := range strings.Fields(states) { // path=state, groups with a slash at the end
			path, state, _ := strings.Cut(part, "=")
			task := &Task{ID: fmt.Sprint(i + 1), ParentID: "0", Path: strings.TrimSuffix(path, "/"), Group: strings.HasSuffix(path, "/"), State: State(state)}
			for _, g := range r.Tasks {
				if strings.HasPrefix(path, g.Path+"/") {
					task.ParentID = g.ID
				}
			}
			r.Tasks = append(r.Tasks, task)
		}
		return r
	}
	for _, test := range []struct {
		name   string
		end    State
		states string
		want   string
	}{
		{"all have ended", Succeeded, "a=SUCCEEDED b=SKIPPED c=CACHED", "SUCCEEDED SKIPPED CACHED"},
		{"a driver failed", Failed, "a=RUNNING", "FAILED"},
		{"a driver failed in groups", Failed, "g/=RUNNING g/h/=RUNNING g/h/a=RUNNING g/b=SUCCEEDED", "FAILED FAILED FAILED SUCCEEDED"},
		{"a task failed in a group", Failed, "g/=RUNNING g/a=FAILED b=SUCCEEDED", "FAILED FAILED SUCCEEDED"},
		{"an exit handler's group", Succeeded, "g/=RUNNING g/a=RUNNING exit=SUCCEEDED", "FAILED FAILED SUCCEEDED"},
		{"a group with a task that did not run", Succeeded, "g/=RUNNING g/a=SKIPPED", "SUCCEEDED SKIPPED"},
		{"a group that could not begin", Failed, "g/=RUNNING", "FAILED"},
		{"stopped", Canceled, "g/=RUNNING g/a=RUNNING b=SUCCEEDED c=PENDING", "CANCELED CANCELED SUCCEEDED CANCELED"},
		{"stopped after a failure", Canceled, "g/=RUNNING g/a=FAILED g/b=RUNNING h/=RUNNING h/c=SUCCEEDED", "FAILED FAILED CANCELED CANCELED SUCCEEDED"},
		{"states that nobody knows", Failed, "a= b=PAUSED", "FAILED FAILED"},
	} {
		r := run(test.states)
		r.Settle(test.end)
		var got []string
		for _, task := range r.Tasks {
			got = append(got, string(task.State))
		}
		if strings.Join(got, " ") != test.want || r.Root.State != test.end {
			t.Errorf("%s: %v, the root is %s", test.name, got, r.Root.State)
		}
	}
	new(Run).Settle(Failed) // it has no root
}
