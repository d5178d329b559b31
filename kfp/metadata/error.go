package metadata

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// ErrUnknownRun is in the errors about runs that the metadata does not know.
// Up to 2.17 that may change: a run gets there when its first pod has started.
var ErrUnknownRun = errors.New("the metadata does not know the run")

// An Unavailable says that a server has none of the metadata that this package
// can read, or that the way to it is closed. It is not remembered: the next
// call asks anew.
type Unavailable struct {
	// Reasons are what the tries to read metadata ended in.
	Reasons []error
}

// Error returns all the reasons on one line.
func (u *Unavailable) Error() string {
	texts := make([]string, len(u.Reasons))
	for i, err := range u.Reasons {
		texts[i] = err.Error()
	}
	return "the server has no metadata of tasks: " + strings.Join(texts, "; ")
}

// Unwrap returns the reasons.
func (u *Unavailable) Unwrap() []error { return u.Reasons }

// An Error is what a server answered instead of metadata, or what happened on
// the way to it. The client's functions return it inside of a
// *starlarkfuse.Error, which has the hint: errors.As finds both.
type Error struct {
	// Op is what was wanted, as "list the executions of run 199e0eed".
	Op string
	// Status is the HTTP status; 0 where no answer came.
	Status int
	// Code is the gRPC code in the answer; 0 where it has none.
	Code int
	// Message is what the server said, or else what went wrong, on one line.
	Message string
	// Err is the cause; may be nil.
	Err error

	absent  bool // whether it says that the server has no such metadata
	missing bool // whether it says that the server has, but not this
}

// Error returns "op: status: message".
func (e *Error) Error() string {
	parts := []string{e.Op}
	if e.Status != 0 && e.Status/100 != 2 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	if e.Message != "" && !strings.EqualFold(e.Message, http.StatusText(e.Status)) {
		parts = append(parts, e.Message)
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// isAbsent tells whether an error says that the server has no such metadata.
func isAbsent(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.absent
}

// isMissing tells whether an error says that something is not there.
func isMissing(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.missing
}

// explain makes an error one that has the hint.
func explain(err error) error {
	out := &starlarkfuse.Error{Msg: err.Error(), Err: err}
	e := (*Error)(nil)
	switch {
	case errors.As(err, new(*Unavailable)):
		out.Hint = "give the address of the dashboard for the host: the metadata of servers up to 2.17 is reached through it"
	case errors.Is(err, ErrUnknownRun):
		out.Hint = "a run that was just made is not there yet; else, is the id right?"
	case !errors.As(err, &e):
	case e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden:
		out.Hint = "is a login missing, or is it one for another server or namespace?"
	case errors.Is(err, errPage):
		out.Hint = "is the address right, or is a login missing?"
	}
	return out
}
