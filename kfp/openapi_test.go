package kfp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// openapiFile is the server's own description of its API. It is kept beside the
// repository, not in it.
const openapiFile = "../../shared/kfp/openapi-v2beta1.swagger.json"

// An openapi is the description, and which of its operations were asked for.
type openapi struct {
	router routers.Router

	mu   sync.Mutex
	seen map[string]bool
}

// loadOpenAPI returns the description; nil where there is none.
func loadOpenAPI(t testing.TB) *openapi {
	t.Helper()
	router, err := openapiRouter()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return &openapi{router: router, seen: make(map[string]bool)}
}

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
		// Those of PATCH, which the router takes for others; the client makes none.
		if strings.Contains(path, "{pipeline.") || strings.Contains(path, "{pipeline_version.") {
			doc.Paths.Delete(path)
		}
	}
	// The server refuses fields that it does not know.
	none := false
	for _, schema := range doc.Components.Schemas {
		if s := schema.Value; len(s.Properties) > 0 && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties.Has = &none
		}
	}
	health := doc.Components.Schemas["v2beta1GetHealthzResponse"].Value
	for _, field := range []string{"commit_sha", "tag_name"} { // of a handler that nobody described
		health.Properties[field] = openapi3.NewStringSchema().NewRef()
	}
	return gorillamux.NewRouter(doc)
})

// check holds a request and its answer against the description. What the API
// does not describe, the dashboard's paths and the log's, is left out.
func (o *openapi) check(t testing.TB, r *http.Request, body []byte, rec *httptest.ResponseRecorder) {
	if o == nil || !strings.HasPrefix(r.URL.Path, "/apis/v2beta1/") {
		return
	}
	r = r.Clone(context.WithoutCancel(r.Context()))
	r.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := o.router.FindRoute(r)
	if err != nil {
		t.Errorf("%s %s is not in the API: %v", r.Method, r.URL, err)
		return
	}
	o.mu.Lock()
	o.seen[route.Operation.OperationID] = true
	o.mu.Unlock()
	for name := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil {
			t.Errorf("%s %s: the API knows no %q", r.Method, r.URL, name)
		}
	}
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	if strings.Contains(rec.Body.String(), `"error_message"`) {
		return // the uploads' own form
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: rec.Code, Header: rec.Header(), Options: in.Options}
	out.SetBodyBytes(rec.Body.Bytes())
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		t.Errorf("the answer to %s %s: %v", r.Method, r.URL, err)
	}
}
