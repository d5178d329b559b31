//go:build unix

package exec

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A gatedWriter tells of each write, and waits until it may go on.
type gatedWriter struct {
	came, goOn chan struct{}
	got        strings.Builder
}

func (g *gatedWriter) Write(p []byte) (int, error) {
	g.came <- struct{}{}
	<-g.goOn
	return g.got.Write(p)
}

// However long the reader of a process's output takes, it gets all; but who
// keeps the pipe open and writes nothing is left alone.
func TestDrain(t *testing.T) {
	for _, held := range []bool{false, true} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Repeat("x", 60_000) // it fits into a pipe, and is read in two parts
		if _, err := w.WriteString(text); err != nil {
			t.Fatal(err)
		}
		if !held {
			w.Close()
		}
		g := &gatedWriter{came: make(chan struct{}), goOn: make(chan struct{})}
		d := newDrain(r, g)
		tick, finished := make(chan time.Time), make(chan struct{})
		go func() {
			defer close(finished)
			d.finish(tick)
		}()
		for range 2 {
			<-g.came
			for range 3 { // time goes by while the reader does nothing
				tick <- time.Time{}
			}
			g.goOn <- struct{}{}
		}
		for over := false; !over; {
			select {
			case tick <- time.Time{}:
			case <-finished:
				over = true
			}
		}
		if g.got.String() != text {
			t.Errorf("held %v: %d of %d bytes", held, g.got.Len(), len(text))
		}
		w.Close()
	}
}

// Somebody who writes for ever, now and then, is not listened to for ever.
func TestDrainGivesUp(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	g := &gatedWriter{came: make(chan struct{}), goOn: make(chan struct{}, 1)}
	d := newDrain(r, g)
	tick, finished := make(chan time.Time), make(chan struct{})
	go func() {
		defer close(finished)
		d.finish(tick)
	}()
	for over := false; !over; {
		if _, err := w.WriteString("x"); err != nil {
			break // nobody reads any more
		}
		select {
		case <-g.came:
			g.goOn <- struct{}{}
		case <-finished:
			over = true
			continue
		}
		select {
		case tick <- time.Time{}:
		case <-finished:
			over = true
		}
	}
	<-finished
}
