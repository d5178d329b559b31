package kfp

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// A stream is an answer that is read while it comes. It is an error when
// nothing comes for as long as a request may take.
type stream struct {
	c      *Client
	q      *call
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // that ends ctx
	body   io.ReadCloser
}

// Read implements io.Reader.
func (s *stream) Read(p []byte) (int, error) {
	s.timer.Reset(s.q.timeout(s.c))
	n, err := s.body.Read(p)
	s.timer.Stop()
	switch {
	case err == nil || err == io.EOF:
		return n, err
	case s.ctx.Err() != nil && context.Cause(s.ctx) != errSlow:
		return n, stopped(s.ctx, s.q.op)
	}
	err = s.c.noAnswer(s.ctx, s.q, err)
	if e, ok := err.(*Error); ok {
		e.Message = "the answer broke off: " + e.Message
		e.hint = "try again"
	}
	return n, explain(err)
}

// Close implements io.Closer. It may be called while another goroutine reads.
func (s *stream) Close() error {
	s.timer.Stop()
	s.cancel(context.Canceled)
	return s.body.Close()
}

// attemptStream makes a call once, and returns the answer as it comes.
func (c *Client) attemptStream(ctx context.Context, q *call) (*stream, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(q.timeout(c), func() { cancel(errSlow) })
	resp, err := c.send(ctx, q, "*/*")
	if err == nil && resp.StatusCode/100 == 2 {
		timer.Stop()
		return &stream{c: c, q: q, ctx: ctx, cancel: cancel, timer: timer, body: resp.Body}, nil
	}
	defer cancel(nil)
	defer timer.Stop()
	if err != nil {
		return nil, c.noAnswer(ctx, q, err)
	}
	defer resp.Body.Close()
	return nil, c.refusal(q, resp, readSome(resp.Body))
}

// open makes a call until its answer begins to come, and hands it to begin,
// which may look at the first bytes.
func (c *Client) open(ctx context.Context, q call, begin func(*bufio.Reader) error) (io.ReadCloser, error) {
	q.method = http.MethodGet
	return repeat(ctx, c, &q, func(ctx context.Context) (io.ReadCloser, error) {
		s, err := c.attemptStream(ctx, &q)
		if err != nil {
			return nil, err
		}
		r := bufio.NewReaderSize(s, maxErrorBody)
		if err := begin(r); err != nil {
			s.Close()
			return nil, err
		}
		return struct {
			io.Reader
			io.Closer
		}{r, s}, nil
	})
}

// asError returns the *Error in an error of a stream, which may be tried again.
func asError(err error) error {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e
	}
	return err
}
