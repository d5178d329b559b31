package exec

import (
	"context"
	"fmt"
	"time"
)

// maxScratch bounds the memory that a worker keeps from one task to the next.
const maxScratch = 1 << 22

// A worker runs leaves, one after the other.
type worker struct {
	scheduler *scheduler
	run       *run
	buf       []byte // scratch for encoded values
}

func (w *worker) loop() {
	for t := range w.scheduler.work {
		w.do(t)
	}
}

// do runs one task and reports its end.
func (w *worker) do(t *taskRun) {
	ctx := w.scheduler.ctx
	t.started = time.Now()
	state := Succeeded
	if t.err = w.try(ctx, t); t.err != nil {
		state, t.outputs = Failed, nil
		if ctx.Err() != nil {
			state = Canceled
		}
	}
	t.duration = time.Since(t.started)
	t.state = state
	record, err := t.appendTask(nil)
	if err != nil {
		t.err, t.outputs, t.state = err, nil, Failed
		record = nil // the scheduler writes one without the outputs
	}
	w.scheduler.reports <- report{task: t, kind: TaskEnded, state: t.state, record: record}
}

// try runs the task. A panic is one of ours: it fails the task, not the run.
func (w *worker) try(ctx context.Context, t *taskRun) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
	}()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if t.plan.node != nil && w.run.options.runner == nil {
		return w.function(ctx, t)
	}
	return w.container(ctx, t)
}

func (w *worker) line(t *taskRun, text string) {
	w.scheduler.reports <- report{task: t, kind: TaskOutput, line: text}
}

func (w *worker) retried(t *taskRun, attempt int, err error) {
	w.scheduler.reports <- report{task: t, kind: TaskRetried, attempt: attempt, err: err}
}
