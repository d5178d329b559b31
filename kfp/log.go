package kfp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// RunLog returns the log of a node of a run: of the pod of that name, which is
// mostly gone, from where the server archived it. Lines of KFP's launcher are
// among those of the task. What comes of the log comes as it is read; it must
// be closed. IsNotFound tells that there is no log.
func (c *Client) RunLog(ctx context.Context, runID, node string) (io.ReadCloser, error) {
	if err := checkID("run", runID); err != nil {
		return nil, err
	}
	if err := checkID("node", node); err != nil {
		return nil, err
	}
	q := call{op: "read the log of " + node, path: "/apis/v1alpha1/runs/" + runID + "/nodes/" + node + "/log"}
	return c.open(ctx, q, func(r *bufio.Reader) error { return c.lateError(&q, r) })
}

// lateError looks whether a log is none: the server says that all is well
// before it looks for the log.
func (c *Client) lateError(q *call, r *bufio.Reader) error {
	start, err := r.Peek(len(lateErrorStart))
	if err != nil && err != io.EOF {
		return asError(err)
	}
	if string(start) != lateErrorStart {
		return nil
	}
	text, err := r.Peek(maxErrorBody)
	if err != nil && err != io.EOF {
		return asError(err)
	}
	var said struct {
		Message string `json:"error_message"`
		Details string `json:"error_details"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&said) != nil || d.More() {
		return nil // of a task that prints such a thing
	}
	return &Error{
		Op: q.op, Status: http.StatusInternalServerError, Message: c.text(said.Message),
		missing: strings.Contains(strings.ToLower(said.Message), "not found") || saysMissing(said.Message),
	}
}

const lateErrorStart = `{"error_message":`

// PodLog returns the log of a pod from the dashboard, which asks Kubernetes for
// it: that of a task that runs, so far as it goes. namespace is the pod's; "" is
// the client's. It must be closed. IsNotFound tells that there is no log.
func (c *Client) PodLog(ctx context.Context, pod, namespace string) (io.ReadCloser, error) {
	if err := checkID("pod", pod); err != nil {
		return nil, err
	}
	if namespace == "" {
		namespace = c.options.namespace
	}
	query := url.Values{"podname": {pod}}
	if namespace != "" {
		query.Set("podnamespace", namespace)
	}
	q := call{op: fmt.Sprintf("read the log of the pod %s", pod), path: "/k8s/pod/logs", query: query, dashboard: true}
	return c.open(ctx, q, func(*bufio.Reader) error { return nil })
}
