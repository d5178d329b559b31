package metadata

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/grpcweb"
	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	unrouted = `{"code":5, "message":"Not Found", "details":[]}`
	login    = "<!DOCTYPE html><html><body>Log in</body></html>"
)

// split is a server whose API and store answer each in their own way; nil is
// one that is not there.
func split(api, store roundTripper) roundTripper {
	return func(req *http.Request) *http.Response {
		switch isAPI := strings.HasPrefix(req.URL.Path, "/apis/"); {
		case isAPI && api != nil:
			return api(req)
		case !isAPI && store != nil:
			return store(req)
		}
		return respond(http.StatusNotFound, "application/json", []byte(unrouted))
	}
}

// always gives one answer.
func always(status int, mediaType, body string, header ...string) roundTripper {
	return func(*http.Request) *http.Response {
		resp := respond(status, mediaType, []byte(body))
		for i := 0; i < len(header); i += 2 {
			resp.Header.Set(header[i], header[i+1])
		}
		return resp
	}
}

// onceGood gives the observed answers, and then others.
func onceGood(calls int, then roundTripper) roundTripper {
	good := observed()
	return func(req *http.Request) *http.Response {
		if calls--; calls < 0 {
			return then(req)
		}
		resp, _ := good.RoundTrip(req) // never an error
		return resp
	}
}

func grpc(status grpcweb.Status) string { return string(grpcweb.AppendStatus(nil, status)) }

const (
	gw      = grpcweb.MediaType
	list    = "list the tasks of run r: "
	find    = "find the metadata of run r: "
	nothing = "the server has no metadata of tasks: " + list + "404 Not Found; " + find
)

// The exact messages of all that can go wrong.
func TestFaults(t *testing.T) {
	for _, test := range []struct {
		name       string
		api, store roundTripper
		want       string
		hint       string // a part of it
		absent     bool   // whether it is an Unavailable
		status     int
		code       int
	}{
		{name: "no metadata", want: nothing + "404 Not Found", hint: "address of the dashboard", absent: true, status: 404, code: 5},
		{name: "no metadata, in older words", api: always(404, "text/plain", "404 page not found\n"), store: always(405, "text/plain", ""), absent: true,
			want: "the server has no metadata of tasks: " + list + "404 Not Found: 404 page not found; " + find + "405 Method Not Allowed", status: 404},
		{name: "no metadata, but a page", store: always(200, "text/html; charset=utf-8", login), want: nothing + "the answer is a web page", absent: true, status: 404, code: 5},
		{name: "no metadata, but something else", store: always(200, "application/json", "{}"), want: nothing + `the answer is no gRPC-Web but "application/json"`, absent: true, status: 404, code: 5},
		{name: "base64 gRPC-Web", store: always(200, "application/grpc-web-text", "AAAA"), want: nothing + `the answer is no gRPC-Web but "application/grpc-web-text"`, absent: true, status: 404, code: 5},
		{name: "the store is down", store: always(503, "text/plain", "upstream\tconnect error\n"), want: nothing + "503 Service Unavailable: upstream connect error", absent: true, status: 404, code: 5},
		{name: "the store has another service", store: always(200, gw, grpc(grpcweb.Status{Code: 12, Message: "no such method"})), want: nothing + "no such method", absent: true, status: 404, code: 5},

		{name: "API: not logged in", api: always(401, "application/json", `{"code": 16, "message": "no token"}`), want: list + "401 Unauthorized: no token", hint: "login", status: 401, code: 16},
		{name: "API: forbidden", api: always(403, "application/json", `{"error": "not yours", "code": 7}`), want: list + "403 Forbidden: not yours", hint: "login", status: 403, code: 7},
		{name: "API: a login page", api: always(200, "text/html", login), want: list + "the answer is a web page", hint: "login", status: 200},
		{name: "API: an error page", api: always(502, "text/html", login), want: list + "502 Bad Gateway: the answer is a web page", hint: "login", status: 502},
		{name: "API: broken", api: always(500, "application/json", `{"code": 13, "message": "oops\u001b[2J\n  at line 1"}`), want: list + "500 Internal Server Error: oops[2J at line 1", status: 500, code: 13},
		{name: "API: cut off", api: always(200, "application/json", `{"tasks": [{"task_id"`), want: list + "the answer cannot be read: unexpected end of JSON input", status: 200},
		{name: "API: something else", api: always(200, "application/json", `{"tasks": {}}`), want: list + "the answer cannot be read: a list is missing", status: 200},
		{name: "API: no integer", api: always(200, "application/json", `{"tasks": [{"type_attributes": {"iteration_count": "1e9"}}]}`), want: list + `the answer cannot be read: strconv.ParseInt: parsing "1e9": invalid syntax`, status: 200},
		{name: "API: unknown run", api: always(404, "application/json", `{"code": 5, "message": "Run r not found"}`), want: list + "404 Not Found: Run r not found", hint: "just made", status: 404, code: 5},
		{name: "API: pages in a circle", api: always(200, "application/json", `{"next_page_token": "x"}`), want: list + "the server's pages go round in a circle"},
		{name: "API: the artifacts are broken", want: "list the artifacts of run r: 500 Internal Server Error: oops", status: 500,
			api: func(req *http.Request) *http.Response {
				if strings.Contains(req.URL.Path, "artifact") {
					return respond(500, "text/plain", []byte("oops"))
				}
				return respond(200, "application/json", []byte(`{"tasks": [{"task_id": "1", "name": "a", "state": "FAILED"}]}`))
			}},

		{name: "store: unknown run", store: onceGood(0, always(200, gw, string(answerOf(nil)))), want: find + "the metadata does not know the run", hint: "just made"},
		{name: "store: unknown run, in other words", store: always(200, gw, grpc(grpcweb.Status{Code: 5, Message: "none"})), want: find + "the metadata does not know the run", hint: "just made"},
	} {
		c := clientOf(t, split(test.api, test.store))
		run, err := c.Run(t.Context(), "r")
		checkFault(t, test.name, run, err, test.want, test.hint)
		if errors.As(err, new(*Unavailable)) != test.absent {
			t.Errorf("%s: it is no metadata at all: %t", test.name, !test.absent)
		}
		if strings.Contains(test.name, "unknown run") != errors.Is(err, ErrUnknownRun) {
			t.Errorf("%s: the run is unknown: %t", test.name, errors.Is(err, ErrUnknownRun))
		}
		if e := (*Error)(nil); !errors.As(err, &e) || e.Status != test.status || e.Code != test.code {
			t.Errorf("%s: %+v", test.name, e)
		}
	}
}

func checkFault(t *testing.T, name string, run *Run, err error, want, hint string) {
	t.Helper()
	e := (*starlarkfuse.Error)(nil)
	switch {
	case err == nil:
		t.Errorf("%s: %+v", name, run)
	case err.Error() != want:
		t.Errorf("%s:\n%v\ninstead of\n%s", name, err, want)
	case !errors.As(err, &e) || !strings.Contains(e.Hint, hint):
		t.Errorf("%s: the hint is %+v", name, e)
	}
}

// What goes wrong with a store that answered before is its own error.
func TestStoreFaults(t *testing.T) {
	executions := "list the executions of run r: "
	for _, test := range []struct {
		name string
		then roundTripper
		want string
	}{
		{"cut off", always(200, gw, string(answerOf([]byte("hello"))[:8])), executions + "the answer is cut off"},
		{"no trailers", always(200, gw, string(grpcweb.AppendMessage(nil, nil))), executions + "the answer is cut off: it has no status"},
		{"compressed", always(200, gw, "\x01\x00\x00\x00\x00"+grpc(grpcweb.Status{})), executions + "the answer has a frame of an unknown kind, 0x01"},
		{"no message of ML Metadata", always(200, gw, string(answerOf([]byte{0xff}))), executions + "the answer cannot be read: the message is cut off or broken"},
		{"trailers only", always(200, gw, grpc(grpcweb.Status{Code: 13, Message: "out of\n cheese"})), executions + "out of cheese"},
		{"a status among the headers", always(200, gw, "", "grpc-status", "14", "grpc-message", "upstream%20reset"), executions + "upstream reset"},
		{"a status without a message", always(200, gw, "", "grpc-status", "8"), executions + "gRPC status 8"},
		{"down", always(503, "text/plain", ""), executions + "503 Service Unavailable"},
		{"pages in a circle", always(200, gw, string(answerOf(mlmd.Page[*mlmd.Event]{Next: "x"}.Encode()))), executions + "the server's pages go round in a circle"},
	} {
		// One run is read well; of the next, the run is found.
		const readAll = 5 // the API's 404, and four calls
		c := clientOf(t, onceGood(readAll+1, test.then))
		if _, err := c.Run(t.Context(), "r"); err != nil {
			t.Fatal(test.name, err)
		}
		run, err := c.Run(t.Context(), "r")
		checkFault(t, test.name, run, err, test.want, "")
		if errors.As(err, new(*Unavailable)) {
			t.Errorf("%s: it is taken for no metadata at all", test.name)
		}
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }
func (zeros) Close() error               { return nil }

func TestAnswersAreBounded(t *testing.T) {
	endless := roundTripper(func(*http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {gw}}, Body: zeros{}}
	})
	run, err := clientOf(t, endless).Run(t.Context(), "r")
	checkFault(t, "endless", run, err, list+"the answer is longer than 64 MiB", "")

	w := &wire{client: &http.Client{Transport: endless}, redact: func(s string) string { return s }}
	r := w.reading("r")
	r.left = 10
	if _, err := r.get(t.Context(), "get it", "http://kfp.example.com", ""); err == nil || err.Error() != "get it of run r: the run has more than 256 MiB of metadata" {
		t.Error(err)
	}
	n := 0
	_, err = pages(r, "list them", func(string) ([]struct{}, string, error) {
		n++
		return make([]struct{}, maxTasks/4), fmt.Sprint(n), nil
	})
	if err == nil || err.Error() != "list them of run r: there are more than 100000" || n != 5 {
		t.Errorf("%v after %d pages", err, n)
	}
	text := `{"tasks": [` + strings.Repeat("{},", maxTasks+1) + `{}]}`
	run, err = clientOf(t, apiServer(text)).Run(t.Context(), "r")
	checkFault(t, "many tasks", run, err, list+"the answer cannot be read: a list is too long", "")
}

// broken fails while its text is read.
type broken struct{ io.Reader }

func (broken) Close() error { return nil }

func TestTransportFaults(t *testing.T) {
	refused := errors.New("connection refused")
	c, err := New("http://user:secret@kfp.example.com", &http.Client{Transport: failing{refused}})
	if err != nil {
		t.Fatal(err)
	}
	run, err := c.Run(t.Context(), "r")
	checkFault(t, "no connection", run, err, list+"connection refused", "")
	if !errors.Is(err, refused) {
		t.Error("the cause is lost")
	}
	c = clientOf(t, roundTripper(func(*http.Request) *http.Response {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: broken{io.MultiReader(strings.NewReader("{"), failing{refused})}}
	}))
	run, err = c.Run(t.Context(), "r")
	checkFault(t, "a connection that breaks", run, err, list+"connection refused", "")

	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("the user had enough")
	c = clientOf(t, roundTripper(func(*http.Request) *http.Response {
		cancel(enough)
		return respond(http.StatusNotFound, "application/json", []byte(unrouted))
	}))
	if _, err := c.Run(ctx, "r"); !errors.Is(err, enough) {
		t.Error(err)
	}
}

// failing fails, as a transport and as a reader.
type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }
func (f failing) Read([]byte) (int, error)                        { return 0, f.err }

func TestRedaction(t *testing.T) {
	hide := func(text string) string { return strings.ReplaceAll(text, "hunter2", "…") }
	c, err := New("http://kfp.example.com", &http.Client{Transport: always(500, "text/plain", "hunter2 is wrong"+strings.Repeat("!", 1000))}, WithRedaction(hide))
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Run(t.Context(), "r")
	if text := err.Error(); !strings.HasPrefix(text, list+"500 Internal Server Error: … is wrong!") || !strings.HasSuffix(text, "! …") || len(text) > 600 {
		t.Error(text)
	}
}
