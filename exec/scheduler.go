package exec

import (
	"context"
	"time"
)

// A scheduler owns the state of a run: one goroutine, that of loop, changes
// tasks and dags, writes the journal and calls the observer. Workers are given
// single tasks and report what happened.
type scheduler struct {
	run    *run
	outer  context.Context
	ctx    context.Context // ends when outer does, or when the run is stopped
	cancel context.CancelFunc

	settled queue // tasks that can start, or must not; and dags whose tasks have ended
	ready   queue // leaves that wait for a worker
	running int   // leaves that workers have
	workers int   // that there may be
	work    chan *taskRun
	reports chan report

	stopped bool  // nothing may start any more
	failed  bool  // something failed, and stopped the run
	broken  error // why the run's record cannot be written
}

// maxWorkers bounds the tasks that run at the same time, whatever is asked for.
const maxWorkers = 4096

// A report is what a worker tells the scheduler.
type report struct {
	task    *taskRun
	kind    Kind // TaskOutput, TaskRetried or TaskEnded
	line    string
	attempt int
	err     error
	state   State
	record  []byte // the task's line for the journal, for TaskEnded
}

func newScheduler(ctx context.Context, r *run) *scheduler {
	s := &scheduler{run: r, outer: ctx}
	s.ctx, s.cancel = context.WithCancel(ctx)
	// There are no more tasks on their way than there are workers, so the
	// scheduler never waits to hand one over, however busy they are reporting.
	s.workers = min(r.parallelism, maxWorkers)
	s.work = make(chan *taskRun, s.workers)
	s.reports = make(chan report, 4*s.workers)
	return s
}

// loop runs the run until nothing is left to do.
func (s *scheduler) loop() {
	defer s.cancel()
	defer close(s.work)
	s.emit(Event{Kind: RunStarted, State: Running, Line: s.run.dir})
	s.openDag(s.run.root)
	done := s.outer.Done()
	for started := 0; ; {
		if done != nil && s.outer.Err() != nil {
			done = nil
			s.stop()
		}
		s.settle()
		for s.running < s.workers && s.ready.len() > 0 {
			t := s.ready.pop()
			s.running++
			t.state, t.attempts = Running, 1
			s.emitTask(TaskStarted, t)
			if started < s.running {
				started++
				go (&worker{scheduler: s, run: s.run}).loop()
			}
			s.work <- t
		}
		if s.running == 0 {
			break // settle leaves nothing that could start by itself
		}
		select {
		case r := <-s.reports:
			s.take(r)
			continue
		default:
		}
		// Nothing to do at the moment: a good one to write what has gathered.
		s.flush()
		select {
		case r := <-s.reports:
			s.take(r)
		case <-done: // seen to above
		}
	}
	s.flush()
}

// take handles one report.
func (s *scheduler) take(r report) {
	t := r.task
	switch r.kind {
	case TaskOutput:
		s.emit(Event{Kind: TaskOutput, Task: t.path, Node: t.plan.name, State: Running, Line: r.line})
	case TaskRetried:
		s.emit(Event{Kind: TaskRetried, Task: t.path, Node: t.plan.name, State: Running, Attempt: r.attempt, Err: r.err})
	case TaskEnded:
		s.running--
		s.end(t, r.state, r.record)
	}
}

// stop lets nothing more start and ends what runs.
func (s *scheduler) stop() {
	s.stopped = true
	s.cancel()
}

// settle starts, or ends, all tasks and dags that can be.
func (s *scheduler) settle() {
	for s.settled.len() > 0 || s.stopped && s.ready.len() > 0 {
		if s.settled.len() == 0 {
			s.end(s.ready.pop(), NotRun, nil)
			continue
		}
		if t := s.settled.pop(); t.dag != nil {
			s.closeDag(t)
		} else {
			s.start(t)
		}
	}
}

// start starts a task whose dependencies have all ended.
func (s *scheduler) start(t *taskRun) {
	switch {
	case s.stopped || !t.mayRun():
		s.end(t, NotRun, nil)
	case t.plan.leaf():
		s.ready.push(t)
	default:
		s.startDag(t)
	}
}

// startDag resolves the inputs of a dag task and lets its tasks start.
func (s *scheduler) startDag(t *taskRun) {
	t.state, t.started, t.attempts = Running, time.Now(), 1
	s.emitTask(TaskStarted, t)
	var err error
	if t.inputs, err = t.resolve(); err != nil {
		t.err = err
		s.end(t, Failed, nil)
		return
	}
	t.dag = newDagRun(s.run, t.plan.dag, t.path, t)
	t.dag.inputs = t.inputs
	s.openDag(t.dag)
}

func (s *scheduler) openDag(d *dagRun) {
	for i := range d.tasks {
		if d.tasks[i].waiting == 0 {
			s.settled.push(&d.tasks[i])
		}
	}
	if d.open == 0 && d.owner != nil {
		s.settled.push(d.owner)
	}
}

// closeDag ends a dag task all of whose tasks have ended.
func (s *scheduler) closeDag(t *taskRun) {
	t.duration = time.Since(t.started)
	state := t.dag.state()
	if state == Succeeded {
		t.outputs = t.dag.outputs()
	}
	s.end(t, state, nil)
}

// end records that a task has ended, and settles what waited for it.
func (s *scheduler) end(t *taskRun, state State, record []byte) {
	t.state = state
	if state == Canceled || state == NotRun && s.stopped || t.dag != nil && t.dag.cut {
		t.parent.cut = true
	}
	if record == nil {
		var err error
		if record, err = t.appendTask(nil); err != nil && s.broken == nil {
			s.breakDown(err)
		}
	}
	s.run.journal.buf = append(s.run.journal.buf, record...)
	s.emitTask(TaskEnded, t)
	if state == Failed && s.run.failFast && !s.stopped {
		s.failed = true
		s.stop()
	}
	d := t.parent
	t.releaseValues() // where nobody waits for them
	for _, i := range t.plan.deps {
		dep := &d.tasks[i]
		dep.readers--
		dep.releaseValues()
	}
	for _, i := range t.plan.dependents {
		if next := &d.tasks[i]; next.release(t) {
			s.settled.push(next)
		}
	}
	if d.open--; d.open == 0 && d.owner != nil {
		s.settled.push(d.owner)
	}
}

// flush writes the journal as far as it goes. A run whose record cannot be
// written is stopped.
func (s *scheduler) flush() {
	if s.broken != nil {
		return
	}
	if err := s.run.journal.flush(); err != nil {
		s.breakDown(err)
	}
}

func (s *scheduler) breakDown(err error) {
	s.broken = err
	s.stop()
}

// state returns the state of a run that has ended.
func (s *scheduler) state() State {
	switch {
	case s.broken != nil || s.failed:
		return Failed
	case s.run.root.cut:
		return Canceled
	}
	return s.run.root.state()
}

func (s *scheduler) emitTask(k Kind, t *taskRun) {
	s.emit(Event{
		Kind: k, Task: t.path, Node: t.plan.name, Dag: !t.plan.leaf(),
		State: t.state, Duration: t.duration, Attempt: t.attempts, Err: t.err,
	})
}

// emit tells the observer of an event.
func (s *scheduler) emit(e Event) {
	if s.run.observer == nil {
		return
	}
	e.Time = time.Now()
	s.run.observer(e)
}

// A queue is a first-in first-out queue of tasks.
type queue struct {
	tasks []*taskRun
	first int
}

func (q *queue) len() int { return len(q.tasks) - q.first }

func (q *queue) push(t *taskRun) { q.tasks = append(q.tasks, t) }

func (q *queue) pop() *taskRun {
	t := q.tasks[q.first]
	q.tasks[q.first] = nil
	if q.first++; q.first == len(q.tasks) {
		q.tasks, q.first = q.tasks[:0], 0
	}
	return t
}
