package metadata

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// small makes a task that began when its ID says.
func small(id int, parent, key string) *Task {
	return &Task{ID: strconv.Itoa(id), ParentID: parent, Key: key, Started: time.Unix(int64(id), 0), Attempts: 1, State: Succeeded}
}

func paths(run *Run) (out []string) {
	for _, t := range run.Tasks {
		out = append(out, t.ParentID+">"+t.Path)
	}
	return out
}

func TestAttemptsAreJoined(t *testing.T) {
	pod := func(t *Task, name string, state State) *Task {
		t.Pod, t.State = name, state
		return t
	}
	// The root, a group and a task in it were begun twice, another task in it
	// the first time only, and a third one later only.
	roots := []*Task{small(8, "", ""), small(1, "", "")}
	others := []*Task{
		small(9, "8", "dag"), small(2, "1", "dag"),
		pod(small(10, "9", "a"), "a-2", Running), pod(small(3, "2", "a"), "a-1", Failed),
		pod(small(4, "2", "b"), "b-1", Succeeded), pod(small(11, "9", "c"), "c-1", Running),
	}
	run := assemble("r", roots, others)
	if diff := cmp.Diff([]string{"8>dag", "9>dag/a", "9>dag/b", "9>dag/c"}, paths(run)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	a := run.Tasks[1]
	if a.ID != "10" || a.Attempts != 2 || a.State != Running || a.Pod != "a-2" || !slices.Equal(a.EarlierPods, []string{"a-1"}) {
		t.Errorf("a is %+v", a)
	}
	if run.Root.ID != "8" || run.Root.Attempts != 2 || run.Tasks[0].Attempts != 2 || !run.Tasks[0].Group || run.Tasks[2].Attempts != 1 {
		t.Errorf("the root is %+v", run.Root)
	}
}

func TestTreesThatAreNone(t *testing.T) {
	for name, test := range map[string]struct {
		roots, others []*Task
		want          []string
	}{
		"no root":                      {nil, []*Task{small(2, "1", "a"), small(3, "2", "b")}, []string{">a", "2>a/b"}},
		"a parent is lost":             {[]*Task{small(1, "", "")}, []*Task{small(3, "2", "b")}, []string{"1>b"}},
		"its own parent":               {[]*Task{small(1, "", "")}, []*Task{small(2, "2", "a")}, []string{"1>a"}},
		"a circle":                     {nil, []*Task{small(2, "4", "a"), small(3, "2", "b"), small(4, "3", "c"), small(5, "4", "d")}, []string{">a", "2>a/b", "3>a/b/c", "4>a/b/c/d"}},
		"twice":                        {nil, []*Task{small(2, "1", "a"), small(3, "1", "b"), small(2, "1", "a")}, []string{">a", ">b"}},
		"the root's child is the root": {[]*Task{small(1, "", "")}, []*Task{small(1, "1", "a")}, []string{"1>a"}},
		"no keys":                      {nil, []*Task{small(2, "", ""), small(3, "2", "")}, []string{">task-2", "2>task-2/task-3"}},
	} {
		run := assemble("r", test.roots, test.others)
		if diff := cmp.Diff(test.want, paths(run)); diff != "" {
			t.Errorf("%s: -want +got\n%s", name, diff)
		}
		for _, task := range run.Tasks {
			if task.Attempts != 1 {
				t.Errorf("%s: %s has %d attempts", name, task.Path, task.Attempts)
			}
		}
	}
}

// Deep trees are cut, long keys too.
func TestPathsAreBounded(t *testing.T) {
	var others []*Task
	for i := range 10_000 {
		others = append(others, small(i+2, strconv.Itoa(i+1), strings.Repeat("k", 1000)))
	}
	run := assemble("r", []*Task{small(1, "", "")}, others)
	last := run.Tasks[len(run.Tasks)-1]
	if n := len(last.Path); n < maxPath || n > maxPath+maxKey+1 || len(run.Tasks) > maxPath/maxKey+1 {
		t.Errorf("%d tasks, the last with a path of %d", len(run.Tasks), n)
	}
}

func TestRoundsStandInOrder(t *testing.T) {
	loop := small(2, "1", "loop")
	count := 12
	loop.IterationCount = &count
	others := []*Task{loop}
	for i := range count {
		index := count - 1 - i
		r := small(10+i, "2", "loop")
		r.Iteration = &index
		others = append(others, r)
	}
	each := small(30, "21", "each") // in the round with index 0
	zero := 0
	each.Iteration = &zero // some servers say so of a task in a round
	run := assemble("r", nil, append(others, each))
	want := []string{">loop", "2>loop[0]", "21>loop[0]/each"}
	for i := 1; i < count; i++ {
		want = append(want, fmt.Sprintf("2>loop[%d]", i))
	}
	if diff := cmp.Diff(want, paths(run)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if each.Iteration != nil {
		t.Error("the task in a round is one")
	}
}
