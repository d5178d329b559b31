package annotation

import (
	"errors"

	"go.starlark.net/syntax"
)

// ErrSyntax is in the chain of every error that is about the syntax of the file, not about a type.
var ErrSyntax = errors.New("syntax error")

// Error is a fault in the file given to Strip: a bad annotation, or (when errors.Is(err, ErrSyntax)) a file
// that does not parse.
type Error struct {
	Pos  syntax.Position
	Msg  string
	Hint string // how to put it right; may be empty
	Err  error  // cause; may be nil
}

// Error returns "file:line:col: message". The hint is not part of it.
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Msg }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
