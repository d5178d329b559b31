package value

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
)

// Error says why a value cannot be converted, and which part of it is to blame.
type Error struct {
	// Path leads from the whole value to the culprit in Starlark's own syntax,
	// like `["weights"][3]`, and is empty when the whole is to blame. A step like
	// `.keys()[3]` leads to a key of a dict, `[3]` to an element of a list, tuple
	// or set. The middle of a very long path is left out.
	Path string

	// Msg says what is wrong with it.
	Msg string
}

// Error returns the message, after the path when there is one.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Msg
	}
	return "at " + e.Path + ": " + e.Msg
}

// A fault is an Error in the making. The steps of its path are added
// innermost first while the walk unwinds, so that walks cost nothing for them
// as long as all goes well.
type fault struct {
	msg   string
	steps []step
	// keep, when positive, is how many of the outermost steps matter: a cycle is
	// noticed some rounds too late.
	keep int
}

type stepKind uint8

const (
	stepIndex stepKind = iota // element i of a list, tuple or set
	stepKey                   // the value under the key v
	stepKeys                  // the i-th key of a dict
	stepField                 // the field named name
)

type step struct {
	kind stepKind
	i    int
	v    starlark.Value
	name string
}

func faultf(format string, args ...any) *fault {
	return &fault{msg: fmt.Sprintf(format, args...)}
}

// The methods in… add the step that leads from a container to the culprit. They are
// not inlined, in order to keep the frames of the recursive walks small.

//go:noinline
func (f *fault) inIndex(i int) { f.steps = append(f.steps, step{kind: stepIndex, i: i}) }

//go:noinline
func (f *fault) inKey(k starlark.Value) { f.steps = append(f.steps, step{kind: stepKey, v: k}) }

//go:noinline
func (f *fault) inKeys(i int) { f.steps = append(f.steps, step{kind: stepKeys, i: i}) }

//go:noinline
func (f *fault) inField(name string) {
	f.steps = append(f.steps, step{kind: stepField, name: name})
}

// maxSteps is how many steps of a path are shown.
const maxSteps = 16

// err finishes the fault.
func (f *fault) err() *Error {
	n := len(f.steps)
	if f.keep > 0 && f.keep < n {
		f.steps = f.steps[n-f.keep:]
		n = f.keep
	}
	var b strings.Builder
	for i := range f.steps {
		if n > maxSteps && i >= maxSteps/2 && i < n-maxSteps/2 {
			if i == maxSteps/2 {
				fmt.Fprintf(&b, "[… %d more …]", n-maxSteps)
			}
			continue
		}
		f.steps[n-1-i].write(&b)
	}
	return &Error{Path: b.String(), Msg: f.msg}
}

func (s step) write(b *strings.Builder) {
	switch s.kind {
	case stepIndex:
		b.WriteByte('[')
		b.WriteString(strconv.Itoa(s.i))
		b.WriteByte(']')
	case stepKey:
		b.WriteByte('[')
		b.WriteString(shortRepr(s.v))
		b.WriteByte(']')
	case stepKeys:
		b.WriteString(".keys()[")
		b.WriteString(strconv.Itoa(s.i))
		b.WriteByte(']')
	case stepField:
		b.WriteByte('.')
		b.WriteString(strings.ToValidUTF8(s.name, "\uFFFD"))
	}
}
