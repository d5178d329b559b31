package exec

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"time"
)

// A drain copies what a process, and all that it started, write to a pipe.
type drain struct {
	from *os.File
	to   io.Writer
	step atomic.Int64  // goes up when a write to it starts, and when it ends
	done chan struct{} // closed when nothing is written to it any more
}

func newDrain(from *os.File, to io.Writer) *drain {
	d := &drain{from: from, to: to, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		io.Copy(d, from) // ends with the last who holds the pipe, or by Close
	}()
	return d
}

// startDrained starts a command whose output, to standard output and to
// standard error, goes to one writer. After cmd.Wait, end is to be called.
func startDrained(cmd *exec.Cmd, to io.Writer) (*drain, error) {
	// The pipe is ours, for Wait to return when the process has ended, and not
	// when all that it left behind have.
	output, theirs, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe for the output of %s: %w", cmd.Args[0], err)
	}
	defer theirs.Close()
	cmd.Stdout, cmd.Stderr = theirs, theirs
	if err := cmd.Start(); err != nil {
		output.Close()
		return nil, err
	}
	return newDrain(output, to), nil
}

// Write implements io.Writer, for the copying.
func (d *drain) Write(p []byte) (int, error) {
	d.step.Add(1)
	defer d.step.Add(1)
	return d.to.Write(p)
}

// end is finish with a clock, which ticks once in that time.
func (d *drain) end(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	d.finish(ticker.C)
}

// maxIdle is at how many ticks a drain finds nothing to write before it gives
// up on somebody who writes now and then.
const maxIdle = 3

// finish waits for the rest of the output of a process that has ended. It gives
// up when somebody else still holds the pipe: when nothing was written from one
// tick to the next, or nothing was to be written at several. A reader that
// takes its time is no reason to.
func (d *drain) finish(tick <-chan time.Time) {
	defer d.from.Close()
	idle := 0
	for last := d.step.Load(); ; {
		select {
		case <-d.done:
			return
		case <-tick:
		}
		now := d.step.Load()
		if writing := now%2 == 1; !writing {
			if idle++; now == last || idle == maxIdle {
				d.from.Close()
				<-d.done
				return
			}
		}
		last = now
	}
}
