package metadata

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	// maxAnswer bounds one answer, maxRun all that are read for a run, and
	// maxTasks the executions of one; as many artifacts are read.
	maxAnswer = 64 << 20
	maxRun    = 4 * maxAnswer
	maxTasks  = 100_000
	// maxMessage bounds what is shown of a server's text.
	maxMessage = 500
)

// errPage is in errors about answers that are pages for browsers.
var errPage = errors.New("the answer is a web page")

// A wire makes requests.
type wire struct {
	client *http.Client
	redact func(string) string
}

// A reading is the reading of one run: it bounds how much is read.
type reading struct {
	*wire
	runID string
	left  int
}

func (w *wire) reading(runID string) *reading {
	return &reading{wire: w, runID: runID, left: maxRun}
}

// A reply is an answer that was read as a whole.
type reply struct {
	op        string
	status    int
	header    http.Header
	mediaType string
	body      []byte
}

// isPage tells whether the answer is a page for browsers.
func (a *reply) isPage() bool {
	start := bytes.ToLower(bytes.TrimSpace(a.body[:min(len(a.body), 512)]))
	return a.mediaType == "text/html" || bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}

// said returns what an answer says that is an error: a JSON object, of the API
// mostly, or text.
func (a *reply) said() (code int, message string) {
	var body struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Error   string `json:"error"` // of older servers
	}
	if a.isPage() {
		return 0, errPage.Error()
	}
	if json.Unmarshal(a.body, &body) != nil {
		return 0, string(a.body)
	}
	return body.Code, cmp.Or(body.Message, body.Error)
}

// isMissing tells whether the status is what servers give for a path that they
// do not serve.
func (a *reply) isMissing() bool {
	switch a.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	}
	return false
}

// get and post make one request each. op follows "list the tasks" and the like
// with the run. Whatever the status, an answer is no error.
func (r *reading) get(ctx context.Context, op, target, accept string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, r.fail(op, 0, err)
	}
	return r.send(op, accept, req)
}

func (r *reading) post(ctx context.Context, op, target, mediaType string, body []byte) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, r.fail(op, 0, err)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("X-Grpc-Web", "1")
	return r.send(op, mediaType, req)
}

func (r *reading) send(op, accept string, req *http.Request) (*reply, error) {
	req.Header.Set("Accept", accept)
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, r.fail(op, 0, err)
	}
	defer resp.Body.Close()
	limit := min(maxAnswer, r.left)
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(limit)+1))
	switch {
	case err != nil:
		return nil, r.fail(op, resp.StatusCode, err)
	case len(body) > maxAnswer:
		return nil, r.fail(op, resp.StatusCode, fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20))
	case len(body) > limit:
		return nil, r.fail(op, resp.StatusCode, fmt.Errorf("the run has more than %d MiB of metadata", maxRun>>20))
	}
	r.left -= len(body)
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")) // "" where it is broken
	return &reply{op: r.op(op), status: resp.StatusCode, header: resp.Header, mediaType: mediaType, body: body}, nil
}

// op completes the name of what is done.
func (r *reading) op(op string) string { return op + " of run " + r.line(r.runID) }

// fail makes the error about what happened on the way to an answer, or to its
// parts.
func (r *reading) fail(op string, status int, err error) *Error {
	message := err.Error()
	if u := (*url.Error)(nil); errors.As(err, &u) {
		message = u.Err.Error() // without the address
	}
	return &Error{Op: r.op(op), Status: status, Message: r.line(message), Err: err}
}

// refuse makes the error about an answer that is not what was asked for; err
// may be nil.
func (w *wire) refuse(a *reply, message string, err error) *Error {
	return &Error{Op: a.op, Status: a.status, Message: w.line(message), Err: err}
}

// line makes a text one line that may be shown.
func (w *wire) line(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(w.redact(text), "\uFFFD"))
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + " …"
	}
	return text
}
