package value

import (
	"math/bits"

	"go.starlark.net/starlark"
)

// A walk is the state of a walk down into a value: how deep it is, and which
// containers it is in, to notice cycles.
type walk struct {
	depth int
	// open holds the lists and dicts on the way down. Only these can be part of a
	// cycle: every other container is made after its elements.
	open []opened
}

type opened struct {
	v     starlark.Value
	depth int // how many containers it is in
}

// firstOpen is the room for open containers that a walk starts with.
const firstOpen = 32

// enter opens a container that cannot close a cycle by itself.
func (w *walk) enter() *fault {
	if w.depth >= MaxDepth {
		return faultf("nested more than %d levels deep", MaxDepth)
	}
	w.depth++
	return nil
}

// leave closes what enter opened.
func (w *walk) leave() { w.depth-- }

// enterMutable opens a list or dict.
//
// A cycle makes the way down periodic, so it is enough to compare with one open
// container, the last whose position is a power of two (Brent's method): constant
// time per container, and a cycle is noticed after a few rounds.
func (w *walk) enterMutable(v starlark.Value) *fault {
	if n := len(w.open); n > 0 && w.open[1<<(bits.Len(uint(n))-1)-1].v == v {
		return w.cycle(v)
	}
	if f := w.enter(); f != nil {
		return f
	}
	if w.open == nil {
		w.open = make([]opened, 0, firstOpen)
	}
	w.open = append(w.open, opened{v, w.depth - 1})
	return nil
}

// leaveMutable closes what enterMutable opened.
func (w *walk) leaveMutable() {
	w.open = w.open[:len(w.open)-1]
	w.depth--
}

// cycle is the fault of v, which is open already. It blames the place
// where a container first came again on the way down.
func (w *walk) cycle(v starlark.Value) *fault {
	seen := make(map[starlark.Value]bool, len(w.open))
	at := opened{v, w.depth}
	for _, o := range w.open {
		if seen[o.v] {
			at = o
			break
		}
		seen[o.v] = true
	}
	return &fault{msg: "the " + TypeName(at.v) + " contains itself", keep: at.depth}
}
