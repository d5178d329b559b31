package kfp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// api is the path of the API.
const api = "/apis/v2beta1"

// maxAnswer bounds an answer that is read as a whole.
const maxAnswer = 64 << 20

// A call is a request to make, maybe several times.
type call struct {
	// op is what it is for, as errors have it: "get the run 199e0eed".
	op     string
	method string
	// path follows the address's prefix, escaped.
	path  string
	query url.Values
	// body is what is sent, in parts, and contentType what it is.
	body        [][]byte
	contentType string
	// dashboard tells that it is the dashboard that serves it.
	dashboard bool
}

// jsonCall makes a call that sends a value as JSON.
func jsonCall(op, method, path string, value any) (*call, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	return &call{op: op, method: method, path: path, body: [][]byte{text}, contentType: "application/json"}, nil
}

// size is the number of bytes that are sent.
func (q *call) size() (n int64) {
	for _, part := range q.body {
		n += int64(len(part))
	}
	return n
}

// timeout is what the request has with its answer.
func (q *call) timeout(c *Client) time.Duration {
	return c.options.timeout * time.Duration(1+q.size()>>22)
}

func (c *Client) addressOf(q *call) address {
	if q.dashboard {
		return c.dashboard
	}
	return c.api
}

// send makes the request once.
func (c *Client) send(ctx context.Context, q *call, accept string) (*http.Response, error) {
	target := c.addressOf(q).prefix + q.path
	if len(q.query) > 0 {
		target += "?" + q.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, q.method, target, nil)
	if err != nil {
		return nil, err
	}
	if q.body != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			readers := make([]io.Reader, len(q.body))
			for i, part := range q.body {
				readers[i] = bytes.NewReader(part)
			}
			return io.NopCloser(io.MultiReader(readers...)), nil
		}
		req.Body, _ = req.GetBody()
		req.ContentLength = q.size()
		req.Header.Set("Content-Type", q.contentType)
	}
	req.Header.Set("Accept", accept)
	return c.http.Do(req)
}

// attempt makes a call once, and reads the answer into a new T. Of struct{}
// nothing is read. Its errors are *Error, or those of a token's file.
func attempt[T any](ctx context.Context, c *Client, q *call) (*T, error) {
	body, err := c.attemptBytes(ctx, q)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if _, none := any(v).(*struct{}); none {
		return v, nil
	}
	if err := decode(body, v); err != nil {
		e := &Error{Op: q.op, Status: http.StatusOK, Message: c.text("the answer cannot be read: " + err.Error()), outcome: refused, hint: notKFP(c.api)}
		if errors.As(err, new(*json.SyntaxError)) {
			e.outcome = lost // a part of it, mostly
		}
		return nil, e
	}
	return v, nil
}

// decode reads the text of an answer.
func decode(text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	if t, ok := v.(interface{ tidy() }); ok {
		t.tidy()
	}
	if r, ok := v.(interface{ identity() string }); ok && r.identity() == "" {
		return errors.New("it has no id")
	}
	return nil
}

// attemptBytes makes a call once, and reads the answer as it is.
func (c *Client) attemptBytes(ctx context.Context, q *call) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, q.timeout(c), errSlow)
	defer cancel()
	resp, err := c.send(ctx, q, "application/json")
	if err != nil {
		return nil, c.noAnswer(ctx, q, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, c.refusal(q, resp, readSome(resp.Body))
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, c.noAnswer(ctx, q, err)
	case len(body) > maxAnswer:
		return nil, &Error{Op: q.op, Status: resp.StatusCode, Message: fmt.Sprintf("the answer is longer than %d MiB", maxAnswer>>20)}
	case isPage(body) || strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return nil, &Error{
			Op: q.op, Status: resp.StatusCode, Message: "the answer is a web page",
			hint: "what answers at " + c.addressOf(q).prefix + " is not the KFP API: is the address right, or is a login missing (--token, --header)?",
		}
	}
	return body, nil
}

// readSome reads what is of use of an answer that is an error; what does not
// arrive is left out.
func readSome(body io.Reader) []byte {
	text, _ := io.ReadAll(io.LimitReader(body, maxErrorBody))
	return text
}
