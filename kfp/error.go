package kfp

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An Error is what a server answered instead of doing what it was asked, or
// what happened on the way to it. The client's functions return it inside of a
// *starlarkfuse.Error, which has the hint: errors.As finds both.
type Error struct {
	// Op is what was wanted, like "get the run 199e0eed".
	Op string
	// Status is the HTTP status; 0 where no answer came.
	Status int
	// Code is the gRPC code in the server's answer; 0 where it has none.
	Code int
	// Message is what the server said, or else what went wrong, on one line.
	Message string
	// Details are what else the server said, each on one line; mostly none.
	Details []string

	hint    string
	outcome outcome
	after   time.Duration // that the server wants to be left alone
	slow    bool          // whether the time was up
	missing bool          // whether it says otherwise than by Status that something is not there
}

// Error returns "op: status: message".
func (e *Error) Error() string {
	parts := make([]string, 0, 3)
	parts = append(parts, e.Op)
	if e.Status != 0 && e.Status/100 != 2 {
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%d %s", e.Status, http.StatusText(e.Status))))
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	return strings.Join(parts, ": ")
}

// An outcome is what is known, after an error, of the request.
type outcome int

const (
	// refused: it was not done, and will not be done the next time.
	refused outcome = iota
	// undone: it was not done, but may be done the next time.
	undone
	// failed: the server was done with it, without success. It may go well the
	// next time.
	failed
	// lost: it may have been done, or be done yet.
	lost
)

// explain makes an error of the client one that has the hint.
func explain(err error) error {
	e, ok := err.(*Error)
	if !ok {
		return err
	}
	return &starlarkfuse.Error{Msg: e.Error(), Hint: e.hint, Err: e}
}

// The gRPC codes that matter.
const (
	codeNotFound      = 5
	codeAlreadyExists = 6
)

// IsNotFound tells whether an error says that something is not there, or not
// for who asks.
func IsNotFound(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && (e.Status == http.StatusNotFound || e.Code == codeNotFound || e.missing)
}

// IsAlreadyExists tells whether an error says that a name is taken.
func IsAlreadyExists(err error) bool {
	e := (*Error)(nil)
	if !errors.As(err, &e) {
		return false
	}
	// 409 is also what a gRPC server's Aborted becomes. The upload has no codes,
	// and in older servers no 409.
	return e.Code == codeAlreadyExists || e.Status == http.StatusConflict && e.Code == 0 ||
		strings.Contains(strings.ToLower(e.Message+" "+strings.Join(e.Details, " ")), "already exist")
}

// IsUnreachable tells whether an error says that no server answered.
func IsUnreachable(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && e.Status == 0
}
