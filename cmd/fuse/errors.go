package main

import (
	"errors"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A usageError is a command line that makes no sense.
type usageError struct {
	msg     string
	hint    string
	command string // whose help says how it is done
}

func (e *usageError) Error() string { return e.msg }

// A report is an error taken apart for people.
type report struct {
	// text is what went wrong, with its position.
	text string
	// backtrace holds the calls that led there, outermost first.
	backtrace []string
	hints     []string
}

// reports takes an error apart, into one report for each of those that were
// joined.
func reports(err error) []report {
	if all := joined(err); all != nil {
		var list []report
		for _, e := range all {
			list = append(list, reports(e)...)
		}
		return list
	}
	r := report{text: err.Error()}
	if e := (*starlarkfuse.Error)(nil); errors.As(err, &e) {
		if e.Backtrace != "" {
			for line := range strings.SplitSeq(e.Backtrace, "\n") {
				r.backtrace = append(r.backtrace, strings.TrimSpace(line))
			}
		}
		if e.Hint != "" {
			r.hints = append(r.hints, e.Hint)
		}
	}
	if e := (*usageError)(nil); errors.As(err, &e) {
		if e.hint != "" {
			r.hints = append(r.hints, e.hint)
		}
		if e.command != "" {
			r.hints = append(r.hints, e.command+" --help shows the usage")
		}
	}
	return []report{r}
}

// joined returns the errors that errors.Join made one of; nil for any other
// error. One of fmt.Errorf with several %w has a text of its own.
func joined(err error) []error {
	j, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var texts []string
	for _, e := range j.Unwrap() {
		texts = append(texts, e.Error())
	}
	if err.Error() != strings.Join(texts, "\n") {
		return nil
	}
	return j.Unwrap()
}
