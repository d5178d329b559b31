package kfp

import (
	"crypto/rand"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// The labels that the client puts into descriptions, each on a line of its own
// at the end. They are how it finds what it made; the API has no better place
// that all servers know.
const (
	submissionLabel = "fuse-submission: "
	specLabel       = "fuse-spec: "
)

// withLabel adds a label to a description.
func withLabel(description, label, value string) string {
	if description = strings.TrimRight(description, " \t\r\n"); description != "" {
		description += "\n\n"
	}
	return description + label + value
}

// labelIn returns the value of a label in a description, which is one word: the
// last if there are several; "" if there is none.
func labelIn(description, label string) string {
	value := ""
	for line := range strings.Lines(description) {
		rest, ok := strings.CutPrefix(line, label)
		if words := strings.Fields(rest); ok && len(words) > 0 {
			value = words[0]
		}
	}
	return value
}

// NewSubmissionID returns an id for NewRun that nobody else has.
func NewSubmissionID() string { return strings.ToLower(rand.Text()) }

// checkSubmissionID checks an id that a caller made.
func checkSubmissionID(id string) error {
	if len(id) < 8 || len(id) > 64 || checkID("submission", id) != nil {
		return &starlarkfuse.Error{
			Msg:  "a submission's id must have 8 to 64 letters, digits, dashes or dots",
			Hint: "leave it out, or take one of NewSubmissionID",
		}
	}
	return nil
}
