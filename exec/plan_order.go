package exec

import (
	"fmt"
	"slices"
)

// link resolves the dependencies of the tasks, implicit and explicit, and
// brings the tasks into an order in which they could run one by one.
func (p *planner) link(path string, d *dagPlan, index map[string]int) error {
	last := make([]int, len(d.tasks)) // the last task that was found to depend on each, plus one
	for i, t := range d.tasks {
		add := func(producer string) error {
			j, ok := index[producer]
			if !ok {
				return fmt.Errorf("task %q depends on a task %q, which is not in its dag", joinPath(path, t.key), producer)
			}
			if last[j] != i+1 {
				last[j] = i + 1
				t.deps = append(t.deps, j)
				d.tasks[j].dependents = append(d.tasks[j].dependents, i)
			}
			return nil
		}
		for k := range t.params {
			if b := &t.params[k]; b.kind == fromTask {
				if err := add(b.producer); err != nil {
					return err
				}
			}
		}
		for k := range t.artifacts {
			if b := &t.artifacts[k]; b.kind == fromTask {
				if err := add(b.producer); err != nil {
					return err
				}
			}
		}
		for _, key := range t.spec.GetDependentTasks() {
			if err := add(key); err != nil {
				return err
			}
		}
	}
	if err := d.sort(path, index); err != nil {
		return err
	}
	for _, t := range d.tasks {
		for k := range t.params {
			t.params[k].from = index[t.params[k].producer]
		}
		for k := range t.artifacts {
			t.artifacts[k].from = index[t.artifacts[k].producer]
		}
		if t.completed {
			t.target = false
			continue
		}
		for _, j := range t.deps {
			d.tasks[j].target = false
		}
	}
	return nil
}

// sort brings d.tasks, and all positions in it, into topological order; among
// tasks that could stand in any order, the one they have is kept.
func (d *dagPlan) sort(path string, index map[string]int) error {
	const unseen, open, done = 0, 1, 2
	mark := make([]int8, len(d.tasks))
	order := make([]int, 0, len(d.tasks))
	// The stack is explicit: a chain may be longer than goroutine stacks like.
	type frame struct{ task, next int }
	var stack []frame
	for i := range d.tasks {
		if mark[i] != unseen {
			continue
		}
		mark[i], stack = open, append(stack[:0], frame{task: i})
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			deps := d.tasks[top.task].deps
			if top.next == len(deps) {
				mark[top.task] = done
				order = append(order, top.task)
				stack = stack[:len(stack)-1]
				continue
			}
			j := deps[top.next]
			top.next++
			switch mark[j] {
			case open:
				return fmt.Errorf("task %q depends on itself, by way of %q", joinPath(path, d.tasks[j].key), d.tasks[top.task].key)
			case unseen:
				mark[j] = open
				stack = append(stack, frame{task: j})
			}
		}
	}
	place := make([]int, len(order))
	sorted := make([]*taskPlan, len(order))
	for to, from := range order {
		place[from], sorted[to] = to, d.tasks[from]
	}
	for i, t := range sorted {
		index[t.key] = i
		for k, j := range t.deps {
			t.deps[k] = place[j]
		}
		for k, j := range t.dependents {
			t.dependents[k] = place[j]
		}
		slices.Sort(t.dependents)
	}
	d.tasks = sorted
	return nil
}
