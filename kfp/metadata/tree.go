package metadata

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxKey and maxPath bound what a path is made of, in bytes. Keys in KFP have
	// at most 128.
	maxKey  = 128
	maxPath = 4096
)

// assemble makes a run of the executions that a server has, in any order: the
// roots, mostly one, and the others. It names them by their paths, and joins
// those that are attempts of the same task.
//
// It believes nothing: an execution whose parent is not there, or that is its
// own ancestor, is taken for a child of the root, and one so deep that its path
// would be longer than maxPath is left out.
func assemble(id string, roots, others []*Task) *Run {
	t := &tree{run: &Run{ID: id}, children: make(map[string][]*Task), reached: make(map[*Task]bool)}
	if len(roots) > 0 {
		slices.SortStableFunc(roots, byStart)
		t.run.Root = join(roots)
		t.run.Root.Group, t.run.Root.ParentID = true, ""
	}
	t.grow(t.top(others), t.run.Root, "")
	return t.run
}

// A tree is a run in the making.
type tree struct {
	run *Run
	// children are executions by the ID of their parent.
	children map[string][]*Task
	// reached are those that are below the root.
	reached map[*Task]bool
}

// top fills in children, and returns the executions right below the root.
func (t *tree) top(others []*Task) (top []*Task) {
	slices.SortStableFunc(others, byStart)
	others = slices.CompactFunc(others, func(a, b *Task) bool { return a.ID == b.ID && a.Started.Equal(b.Started) })
	known := make(map[string]bool, len(others))
	for _, task := range others {
		known[task.ID] = true
	}
	for _, task := range others {
		if known[task.ParentID] {
			t.children[task.ParentID] = append(t.children[task.ParentID], task)
		} else {
			top = append(top, task)
		}
	}
	for _, task := range top {
		t.reach(task)
	}
	for _, task := range others {
		if !t.reached[task] { // it is its own ancestor, or below one that is
			t.reach(task)
			top = append(top, task)
		}
	}
	return top
}

// reach marks an execution and all below it.
func (t *tree) reach(task *Task) {
	for next := []*Task{task}; len(next) > 0; {
		task, next = next[len(next)-1], next[:len(next)-1]
		if !t.reached[task] {
			t.reached[task] = true
			next = append(next, t.children[task.ID]...)
		}
	}
}

// grow adds the executions in a group to the run, and all below them. Each is
// met once: reached is used up.
func (t *tree) grow(executions []*Task, parent *Task, path string) {
	var names []string
	attempts := make(map[string][]*Task, len(executions))
	for _, task := range executions {
		if !t.reached[task] {
			continue
		}
		delete(t.reached, task)
		name := name(task, parent, path)
		if attempts[name] == nil {
			names = append(names, name)
		}
		attempts[name] = append(attempts[name], task)
	}
	for _, name := range names {
		var below []*Task
		for _, a := range attempts[name] {
			below = append(below, t.children[a.ID]...)
		}
		task := join(attempts[name])
		if parent == nil || parent.IterationCount == nil {
			task.Iteration = nil // it is in a round, and is none
		}
		task.Path, task.ParentID = name, ""
		if parent != nil {
			task.ParentID = parent.ID
		}
		task.Group = task.Group || len(below) > 0
		t.run.Tasks = append(t.run.Tasks, task)
		if len(name) < maxPath {
			slices.SortStableFunc(below, byStart)
			if task.IterationCount != nil {
				slices.SortStableFunc(below, byIteration)
			}
			t.grow(below, task, name)
		}
	}
}

// name makes the path of a task from its group's.
func name(task, parent *Task, path string) string {
	if task.Iteration != nil && parent != nil && parent.IterationCount != nil {
		return path + "[" + strconv.Itoa(*task.Iteration) + "]"
	}
	key := cmp.Or(task.Key, "task-"+task.ID)
	if len(key) > maxKey {
		key = strings.ToValidUTF8(key[:maxKey], "")
	}
	if path == "" {
		return key
	}
	return path + "/" + key
}

// join makes one task of its attempts, oldest first: the last one, which knows
// of the others.
func join(attempts []*Task) *Task {
	last := attempts[len(attempts)-1]
	var pods []string
	for _, a := range attempts {
		pods = append(pods, a.EarlierPods...)
		if a.Pod != "" {
			pods = append(pods, a.Pod)
		}
		if a != last {
			last.Attempts += a.Attempts
			last.Group = last.Group || a.Group
		}
	}
	last.EarlierPods = slices.DeleteFunc(pods, func(pod string) bool { return pod == last.Pod })
	return last
}

func byStart(a, b *Task) int {
	return cmp.Or(a.Started.Compare(b.Started), compareIDs(a.ID, b.ID))
}

func byIteration(a, b *Task) int {
	index := func(t *Task) int {
		if t.Iteration == nil {
			return -1
		}
		return *t.Iteration
	}
	return cmp.Compare(index(a), index(b))
}

// compareIDs compares as numbers those that are numbers.
func compareIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}
