package main

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

const (
	// repaintEvery is how often the elapsed time moves on.
	repaintEvery = 100 * time.Millisecond
	// repaintSoonest keeps thousands of short nodes from painting thousands
	// of status lines.
	repaintSoonest = 50 * time.Millisecond

	eraseLine = "\r\x1b[K"
)

// A liveLog reports a run on a terminal: what has ended scrolls by in plain
// lines, and the last line shows what is running. That line is never written
// over by anything else, because all that is written goes through the screen.
type liveLog struct {
	*textLog
	screen *screen
	build  *buildView // while an image is being built
}

func newLiveLog(w io.Writer, width func() (int, bool), now func() time.Time, verbose bool) *liveLog {
	s := &screen{w: w, width: width, now: now, every: repaintEvery}
	return &liveLog{textLog: &textLog{w: s, verbose: verbose, quiet: true}, screen: s}
}

func (l *liveLog) event(e exec.Event) {
	if e.Kind == exec.RunStarted {
		l.screen.total = l.view.total
		l.screen.openWith(l.screen.status)
	}
	l.textLog.event(e)
	l.screen.count(e, l.view)
}

func (l *liveLog) end(res *exec.Result) {
	l.screen.close()
	l.textLog.end(res)
}

// A screen is a terminal with a status line below what is written to it. The
// status line is there between open and close.
type screen struct {
	w     io.Writer
	width func() (int, bool)
	now   func() time.Time
	every time.Duration // between repaints while nothing happens; 0: none

	mu      sync.Mutex
	isOpen  bool
	line    func() string // the status line
	stop    chan struct{}
	stopped chan struct{}
	pending bytes.Buffer // written, but not painted yet
	shown   bool         // the cursor is in the status line
	painted time.Time

	started             time.Time
	total, done, failed int
	running             []string // paths of tasks, in the order they started
	labels              []string
}

// Write writes whole lines above the status line.
func (s *screen) Write(lines []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending.Write(lines)
	if !s.isOpen {
		s.flush()
	}
	return len(lines), nil
}

// openWith begins to show a status line, which is called for under the
// screen's lock.
func (s *screen) openWith(line func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isOpen, s.line, s.started = true, line, s.now()
	s.painted = s.started // a short run needs no status line
	if s.every > 0 {
		s.stop, s.stopped = make(chan struct{}), make(chan struct{})
		go s.tick(s.stop, s.stopped)
	}
}

func (s *screen) tick(stop, stopped chan struct{}) {
	defer close(stopped)
	t := time.NewTicker(s.every)
	defer t.Stop()
	for {
		select {
		case <-stop:
			return
		case <-t.C:
			s.mu.Lock()
			s.paint()
			s.mu.Unlock()
		}
	}
}

// close takes the status line away, and leaves the cursor where a plain line
// would.
func (s *screen) close() {
	s.mu.Lock()
	if !s.isOpen {
		s.mu.Unlock()
		return
	}
	s.isOpen = false
	s.flush()
	stop, stopped := s.stop, s.stopped
	s.mu.Unlock()
	if stop != nil {
		close(stop)
		<-stopped
	}
}

// count keeps the numbers of the status line.
func (s *screen) count(e exec.Event, v *runView) {
	if e.Dag || e.Task == "" {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch e.Kind {
	case exec.TaskStarted:
		s.running, s.labels = append(s.running, e.Task), append(s.labels, showName(v.label(e.Task)))
	case exec.TaskEnded:
		if i := slices.Index(s.running, e.Task); i >= 0 {
			s.running, s.labels = slices.Delete(s.running, i, i+1), slices.Delete(s.labels, i, i+1)
		}
		s.done++
		if e.State == exec.Failed {
			s.failed++
		}
	}
	s.paintSoon()
}

// change changes what the status line shows.
func (s *screen) change(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	s.paintSoon()
}

func (s *screen) paintSoon() {
	if s.now().Sub(s.painted) >= repaintSoonest {
		s.paint()
	}
}

// flush writes what is pending, and no status line.
func (s *screen) flush() {
	s.w.Write(s.frame(0))
	s.shown = false
}

// frame returns what brings the pending lines to the terminal, with room for
// more.
func (s *screen) frame(room int) []byte {
	b := make([]byte, 0, len(eraseLine)+s.pending.Len()+room)
	if s.shown {
		b = append(b, eraseLine...)
	}
	b = append(b, s.pending.Bytes()...)
	s.pending.Reset()
	return b
}

// paint writes what is pending, and the status line, at one go.
func (s *screen) paint() {
	if !s.isOpen {
		return
	}
	s.painted = s.now()
	width, ok := s.width()
	if !ok || width <= 0 {
		width = 80
	}
	// One column less, since many terminals wrap when the last one is filled.
	status := clip(s.line(), width-1)
	s.w.Write(append(s.frame(len(status)), status...))
	s.shown = true
}

func (s *screen) status() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.1fs  %d", s.painted.Sub(s.started).Seconds(), s.done)
	if s.total > 0 {
		fmt.Fprintf(&b, " of %d", s.total)
	}
	b.WriteString(" done")
	if s.failed > 0 {
		fmt.Fprintf(&b, ", %d failed", s.failed)
	}
	if n := len(s.running); n > 0 {
		fmt.Fprintf(&b, ", %d running: %s", n, strings.Join(s.labels, ", "))
	}
	return b.String()
}

// clip cuts a text to a number of columns. Characters that some terminal shows
// in two columns count as two.
func clip(text string, columns int) string {
	width := func(r rune) int {
		if r >= 0x1100 && r != '…' {
			return 2
		}
		return 1
	}
	used, fits := 0, 0 // fits: bytes that leave a column for the ellipsis
	for i, r := range text {
		if used += width(r); used > columns {
			if columns < 1 {
				return ""
			}
			return text[:fits] + "…"
		}
		if used < columns {
			fits = i + len(string(r))
		}
	}
	return text
}
