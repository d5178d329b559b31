package starlarkfuse

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// An Error is one that the author of a workflow can cause.
type Error struct {
	// Pos is where; the zero Position where there is no place to name.
	Pos syntax.Position
	// Msg says what was wrong, in one sentence.
	Msg string
	// Hint says what to do, where that is known; else "".
	Hint string
	// Backtrace is the Starlark call stack, outermost call first, one call a
	// line, for an error inside a function; else "".
	Backtrace string
	// Err is the cause, for errors.Is and errors.As; may be nil.
	Err error
}

// Error returns "file:line:col: what was wrong", without hint and backtrace.
func (e *Error) Error() string {
	if e.Pos.IsValid() {
		return e.Pos.String() + ": " + e.Msg
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// evalError converts an error of the interpreter.
func evalError(err error) error {
	var ee *starlark.EvalError
	isEval := errors.As(err, &ee)
	e := new(Error)
	if own := (*Error)(nil); errors.As(err, &own) {
		*e = *own
	} else if isEval {
		e.Msg, e.Hint, e.Err = plainText(ee.Msg), runtimeHint(ee), err
	} else {
		return err
	}
	if isEval {
		if !e.Pos.IsValid() {
			e.Pos = innermost(ee.CallStack)
		}
		if e.Backtrace == "" {
			e.Backtrace = backtrace(ee.CallStack)
		}
	}
	return e
}

// withLimit replaces the interpreter's words for a cancelled computation.
func withLimit(err, limitErr error) error {
	e := &Error{Msg: "stopped: " + limitErr.Error(), Err: limitErr}
	if old := (*Error)(nil); errors.As(err, &old) {
		e.Pos, e.Backtrace = old.Pos, old.Backtrace
	}
	if l := (*limitError)(nil); errors.As(limitErr, &l) {
		e.Msg, e.Hint = l.msg, l.hint
	}
	return e
}

// callError converts an error of a node's function.
func (n *Node) callError(err, limitErr error) error {
	err = evalError(err)
	if limitErr != nil {
		return withLimit(err, limitErr)
	}
	return err
}

// innermost returns the position of the last call in Starlark code.
func innermost(stack starlark.CallStack) syntax.Position {
	for i := range len(stack) {
		if pos := stack.At(i).Pos; pos.Line > 0 {
			return pos
		}
	}
	return syntax.Position{}
}

// maxBacktrace bounds the calls that a backtrace shows, from each end.
const maxBacktrace = 10

// backtrace formats a call stack without the built-in functions, which have no
// position; "" where that leaves a single call, which the position names.
func backtrace(stack starlark.CallStack) string {
	var lines []string
	for _, fr := range stack {
		if fr.Pos.Line > 0 {
			lines = append(lines, fmt.Sprintf("  %s: in %s", fr.Pos, fr.Name))
		}
	}
	if len(lines) < 2 {
		return ""
	}
	if skipped := len(lines) - 2*maxBacktrace; skipped > 0 {
		last := lines[len(lines)-maxBacktrace:]
		lines = append(lines[:maxBacktrace:maxBacktrace], fmt.Sprintf("  … %s …", count(skipped, "more call")))
		lines = append(lines, last...)
	}
	return strings.Join(lines, "\n")
}

// a puts the article before the name of a type.
func a(typ string) string {
	if strings.ContainsRune("aeiou", rune(typ[0])) {
		return "an " + typ
	}
	return "a " + typ
}
