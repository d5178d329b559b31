package kfptest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// openapiFile is the real server's description of its API. It is kept beside
// the repository, not in it.
const openapiFile = "../../../shared/kfp/openapi-v2beta1.swagger.json"

// openapiRouter reads the description, which takes its time, once.
var openapiRouter = sync.OnceValues(func() (routers.Router, error) {
	text, err := os.ReadFile(openapiFile)
	if err != nil {
		return nil, err
	}
	var old openapi2.T
	if err := json.Unmarshal(text, &old); err != nil {
		return nil, err
	}
	doc, err := openapi2conv.ToV3(&old)
	if err != nil {
		return nil, err
	}
	for path := range doc.Paths.Map() {
		// Those of PATCH, which the router takes for others.
		if strings.Contains(path, "{pipeline.") || strings.Contains(path, "{pipeline_version.") {
			doc.Paths.Delete(path)
		}
	}
	none := false // an answer has no fields but those that are described
	for _, schema := range doc.Components.Schemas {
		if s := schema.Value; len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = &none
		}
	}
	return gorillamux.NewRouter(doc)
})

// A checker is a transport that holds what comes back against the description.
type checker struct {
	t      testing.TB
	router routers.Router

	mu   sync.Mutex
	seen map[string]bool // operations that were answered well
}

// newChecker returns a checker, which checks nothing where there is no
// description.
func newChecker(t testing.TB) *checker {
	t.Helper()
	router, err := openapiRouter()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return &checker{t: t, router: router, seen: make(map[string]bool)}
}

func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || c.router == nil || !strings.HasPrefix(r.URL.Path, "/apis/v2beta1/") || strings.HasSuffix(r.URL.Path, "/healthz") {
		return resp, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), failing{err}))
	if err == nil {
		c.check(r, resp, body)
	}
	return resp, nil
}

// failing is the rest of an answer that broke off, or nothing.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

func (c *checker) check(r *http.Request, resp *http.Response, body []byte) {
	if strings.HasPrefix(string(body), `{"error_`) || !strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
		return // the uploads' own form, and faults
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		if resp.StatusCode != http.StatusNotFound {
			c.t.Errorf("%s %s is not in the API: %v", r.Method, r.URL, err)
		}
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options},
		Status:                 resp.StatusCode, Header: resp.Header, Options: options,
	}
	out.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.WithoutCancel(r.Context()), out); err != nil {
		c.t.Errorf("the answer to %s %s: %v\n%s", r.Method, r.URL, err, body)
	}
	if resp.StatusCode == http.StatusOK {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen[route.Operation.OperationID] = true
	}
}
