package exec

import (
	"io"
	"os"
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

// Write implements io.Writer, for the copying.
func (d *drain) Write(p []byte) (int, error) {
	d.step.Add(1)
	defer d.step.Add(1)
	return d.to.Write(p)
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
