package kfptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// object is a thing in JSON.
type object = map[string]any

// The gRPC codes of the errors that there are.
const (
	codeInvalid         = 3
	codeNotFound        = 5
	codeExists          = 6
	codeForbidden       = 7
	codeInternal        = 13
	codeUnauthenticated = 16
)

// A refusal is an error that the API answers.
type refusal struct {
	code    int
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(code int, format string, args ...any) *refusal {
	return &refusal{code, fmt.Sprintf(format, args...)}
}

// status is the HTTP status that a gRPC gateway answers for the code.
func (e *refusal) status() int {
	switch e.code {
	case codeInvalid:
		return http.StatusBadRequest
	case codeNotFound:
		return http.StatusNotFound
	case codeExists:
		return http.StatusConflict
	case codeForbidden:
		return http.StatusForbidden
	case codeUnauthenticated:
		return http.StatusUnauthorized
	}
	return http.StatusInternalServerError
}

// answerError answers an error in the API's form.
func answerError(w http.ResponseWriter, err error) {
	e := (*refusal)(nil)
	if !errors.As(err, &e) {
		e = refuse(codeInternal, "%v", err)
	}
	details := []object{}
	if e.code != codeUnauthenticated {
		details = append(details, object{"@type": "type.googleapis.com/google.rpc.Status", "code": e.code, "message": e.message})
	}
	answerJSON(w, e.status(), object{"code": e.code, "message": e.message, "details": details})
}

// answerJSON answers a value.
func answerJSON(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"code":13,"message":"the answer is no JSON","details":[]}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // who is gone needs no answer
}

// answerUploadError answers an error in the form of uploads and logs.
func answerUploadError(w http.ResponseWriter, status int, message string, err error) {
	answerJSON(w, status, struct { // in this order
		Message string `json:"error_message"`
		Details string `json:"error_details"`
	}{message, fmt.Sprintf("%v\ngithub.com/kubeflow/pipelines/backend", err)})
}

// maxRequest bounds the requests that are read, but uploads.
const maxRequest = 32 << 20

// readRequest reads the body of a request. A field that the API does not know
// is an error.
func readRequest(r *http.Request, v any) error {
	text, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	switch {
	case err != nil:
		return refuse(codeInvalid, "%v", err)
	case len(text) > maxRequest:
		return refuse(codeInvalid, "the request is longer than %d bytes", maxRequest)
	case len(bytes.TrimSpace(text)) == 0:
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return refuse(codeInvalid, "proto: (line 1:1): %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return refuse(codeInvalid, "proto: syntax error (line 1:%d): unexpected token", d.InputOffset()+1)
	}
	return nil
}
