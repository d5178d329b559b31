package kfp_test

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// TestErrors has the exact text of what people see of each kind of error.
func TestErrors(t *testing.T) {
	const kfpSays = `{"code": 5, "message": "run 1 not found", "details": [{"@type": "x", "code": 5, "message": "run 1 not found"}]}`
	for name, tc := range map[string]struct {
		fault way
		want  string
	}{
		"KFP":       {says(404, kfpSays), "404 Not Found: run 1 not found\nhint: is the name or id right, and is it in this namespace?"},
		"older KFP": {says(400, `{"error": "bad filter", "code": 3, "message": "bad filter", "details": []}`), "400 Bad Request: bad filter"},
		"nested":    {says(400, `{"error": {"code": 3, "message": "bad filter"}}`), "400 Bad Request: bad filter"},
		"upload":    {says(400, `{"error_message": "Failed to read pipeline from file", "error_details": "Failed\ngithub.com/x\n\t/go/x.go:1"}`), "400 Bad Request: Failed to read pipeline from file"},
		"text":      {says(400, "podname argument\n\tis required\x1b[31m"), "400 Bad Request: podname argument is required[31m"},
		"no text":   {says(418, ""), "418 I'm a teapot"},
		"odd":       {says(499, "closed"), "499: closed"},
		"no route": {says(404, "404 page not found\n"), "404 Not Found: 404 page not found\n" +
			"hint: what answers at HOST seems to be no KFP server: is the address right, with the path if there is one?"},
		"page": {says(403, "<!DOCTYPE html><html><title>Forbidden</title></html>"), "403 Forbidden: the answer is a web page\n" +
			"hint: may this user do that in this namespace? another is given with --namespace, another user's token with --token"},
		"page of 404": {says(404, "\n <HTML><body>nginx</body>"), "404 Not Found: the answer is a web page\n" +
			"hint: what answers at HOST seems to be no KFP server: is the address right, with the path if there is one?"},
		"login page": {says(200, "<!doctype html><html>Log in</html>"), "the answer is a web page\n" +
			"hint: what answers at HOST is not the KFP API: is the address right, or is a login missing (--token, --header)?"},
		"other JSON": {says(200, `{"status": "ok"}`), "the answer cannot be read: it has no id\n" +
			"hint: what answers at HOST seems to be no KFP server: is the address right, with the path if there is one?"},
		"another type": {says(200, `["x"]`), "the answer cannot be read: json: cannot unmarshal array into Go value of type kfp.Run\n" +
			"hint: what answers at HOST seems to be no KFP server: is the address right, with the path if there is one?"},
		"no JSON": {says(200, "hello"), "the answer cannot be read: invalid character 'h' looking for beginning of value\n" +
			"hint: what answers at HOST seems to be no KFP server: is the address right, with the path if there is one?"},
		"unauthenticated": {says(401, `{"code": 16, "message": "no credentials"}`), "401 Unauthorized: no credentials\n" +
			"hint: give a token with --token, or name its file with KF_PIPELINES_SA_TOKEN_PATH or --token-file"},
		"large":   {says(413, ""), "413 Request Entity Too Large\nhint: the server, or a proxy before it, takes no request so large"},
		"trouble": {says(503, `{"code": 14, "message": "Service unavailable"}`), "503 Service Unavailable: Service unavailable\nhint: if that does not pass, the server's log tells more: kubectl logs deploy/ml-pipeline -n kubeflow"},
		"login": {redirects("https://dex.example.com/auth?state=s3cr3t"), "302 Found: moved\n" +
			"hint: HOSTNAME sends on to dex.example.com: is a login missing (--token, --header), or is the address another?"},
		"https": {redirects("https://HOSTNAME/apis"), "302 Found: moved\nhint: write https://HOSTNAME for the host"},
		"reset": {drops, "EOF\nhint: is the port forwarded? kubectl port-forward svc/ml-pipeline-ui PORT:80 -n kubeflow"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			hostname := strings.TrimPrefix(s.host, "http://")
			_, port, _ := net.SplitHostPort(hostname)
			s.fail("GET runs/*", -1, tc.fault)
			_, err := s.client(kfp.WithTries(2, time.Millisecond)).GetRun(t.Context(), "1")
			want := "get the run 1: " + strings.NewReplacer("HOSTNAME", hostname, "HOST", s.host, "PORT", port).Replace(tc.want)
			equal(t, "error", shown(err), want)
		})
	}
}

// redirects sends elsewhere.
func redirects(to string) way {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Location", strings.Replace(to, "HOSTNAME", r.Host, 1))
		w.WriteHeader(http.StatusFound)
		fmt.Fprint(w, "moved")
	}
}

func TestErrorFields(t *testing.T) {
	s := newServer(t)
	s.fail("GET runs/*", 1, says(409, `{"code": 10, "message": "Failed to delete: has versions", "details": [{"message": "has versions"}, {"message": "delete them"}, {"message": "delete them"}, 5, "text"]}`))
	_, err := s.client().GetRun(t.Context(), "1")
	e := (*kfp.Error)(nil)
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	equal(t, "fields", fmt.Sprintf("%s|%d|%d|%s|%q", e.Op, e.Status, e.Code, e.Message, e.Details), `get the run 1|409|10|Failed to delete: has versions|["delete them" "text"]`)
	equal(t, "exists", kfp.IsAlreadyExists(err), false)
	equal(t, "not found", kfp.IsNotFound(err), false)
	equal(t, "unreachable", kfp.IsUnreachable(err), false)
	equal(t, "none", kfp.IsNotFound(nil) || kfp.IsAlreadyExists(nil) || kfp.IsUnreachable(nil), false)
}

func TestAlreadyExists(t *testing.T) {
	s := newServer(t)
	c := s.client()
	must[*kfp.Experiment](t)(c.CreateExperiment(t.Context(), kfp.NewExperiment{Name: "x"}))
	_, err := c.CreateExperiment(t.Context(), kfp.NewExperiment{Name: "x"})
	equal(t, "experiment", kfp.IsAlreadyExists(err), true)
	must[*kfp.Pipeline](t)(c.UploadPipeline(t.Context(), kfp.Upload{Name: "x", Spec: spec}))
	_, err = c.UploadPipeline(t.Context(), kfp.Upload{Name: "x", Spec: spec})
	equal(t, "pipeline", kfp.IsAlreadyExists(err), true)
	equal(t, "text", err.Error(), "upload the pipeline x: 409 Conflict: Failed to create a pipeline and a pipeline version")
	s.fail("POST pipelines/upload", -1, says(400, `{"error_message": "Failed to create a pipeline", "error_details": "The name x already exist. Please specify a new name"}`))
	_, err = c.UploadPipeline(t.Context(), kfp.Upload{Name: "x", Spec: spec})
	equal(t, "older server", kfp.IsAlreadyExists(err), true)
}

func TestLongErrors(t *testing.T) {
	s := newServer(t)
	s.fail("GET runs/*", 1, says(400, `{"code": 3, "message": "start `+strings.Repeat("ü", 5000)+` the cause"}`))
	_, err := s.client().GetRun(t.Context(), "1")
	if text := err.Error(); len(text) > 1100 || !strings.Contains(text, "start ü") || !strings.HasSuffix(text, "ü the cause") {
		t.Error(text)
	}
	s.fail("GET runs/*", 1, says(400, strings.Repeat("x", 1<<20)))
	_, err = s.client().GetRun(t.Context(), "1")
	equal(t, "length", len(err.Error()), len("get the run 1: 400 Bad Request: ")+300)
}

// TestSecretsInErrors has a server that repeats what it was told.
func TestSecretsInErrors(t *testing.T) {
	const token, cookie, password = `s3cr3t-"tok\en`, "s3cr3t-cookie/1", "s3cr3t-password"
	s := newServer(t)
	var said []string
	s.fail("GET runs/*", -1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.WriteHeader(502)
		fmt.Fprintf(w, "%v %q %s %s", r.Header, token, strings.ReplaceAll(cookie, "/", "%2F"), password[:6]+"\x00"+password[6:]+" "+password)
	})
	c := s.client(
		kfp.WithTries(2, time.Millisecond),
		kfp.WithToken(token), kfp.WithHeader("Cookie", "a=b; session="+cookie), kfp.WithHeader("Proxy-Authorization", "Basic bWU6czNjcjN0LXBhc3N3b3Jk"),
		kfp.WithHeader("X-Key", "s3cr3t  key"), kfp.WithObserver(func(r kfp.Retry) { said = append(said, fmt.Sprintf("%v %+v %#v", r, r, r), r.Err.Error()) }),
	)
	_, err := c.GetRun(t.Context(), "1")
	e := (*kfp.Error)(nil)
	errors.As(err, &e)
	said = append(said, shown(err), fmt.Sprintf("%v %+v %#v", err, err, err), fmt.Sprintf("%v %+v %#v", e, e, *e))
	text := strings.Join(said, "\n")
	if strings.Contains(text, "s3cr3t") || strings.Contains(text, "bWU6czNj") || !strings.Contains(text, "***") {
		t.Error(text)
	}
}

func TestUnreachable(t *testing.T) {
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	host := listener.Addr().String()
	ok(t, listener.Close())
	_, port, _ := net.SplitHostPort(host)
	var retries int
	c := must[*kfp.Client](t)(kfp.New(host, kfp.WithTries(8, time.Millisecond), kfp.WithObserver(func(kfp.Retry) { retries++ })))
	_, err := c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
	equal(t, "error", shown(err), "create the run sums: dial tcp "+host+": connect: connection refused\nhint: is the port forwarded? kubectl port-forward svc/ml-pipeline-ui "+port+":80 -n kubeflow")
	equal(t, "unreachable", kfp.IsUnreachable(err), true)
	// Where nobody ever answered, it is soon given up.
	equal(t, "retries", retries, 2)
}

func TestTLS(t *testing.T) {
	s := unserved(t)
	web := httptest.NewUnstartedServer(s)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.StartTLS()
	defer web.Close()
	c := must[*kfp.Client](t)(kfp.New(web.URL))
	_, err := c.Health(t.Context())
	host := strings.TrimPrefix(web.URL, "https://")
	equal(t, "untrusted", shown(err), "ask the KFP server how it is: tls: failed to verify certificate: x509: certificate signed by unknown authority\n"+
		"hint: the certificate of "+host+" is not one that this machine trusts: name a file of its authority with --ca-cert")

	file := filepath.Join(t.TempDir(), "ca.pem")
	ok(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600))
	c = must[*kfp.Client](t)(kfp.New(web.URL, kfp.WithCACert(file)))
	must[*kfp.Health](t)(c.Health(t.Context()))
	c = must[*kfp.Client](t)(kfp.New(web.URL, kfp.WithCACert(file), kfp.WithTransport(&http.Transport{})))
	must[*kfp.Health](t)(c.Health(t.Context()))
	_, err = kfp.New(web.URL, kfp.WithCACert(file), kfp.WithTransport(http.NewFileTransport(nil)))
	equal(t, "other transport", fmt.Sprint(err), "WithCACert: the transport of WithTransport is no *http.Transport")

	plain := newServer(t)
	host = strings.TrimPrefix(plain.host, "http://")
	_, err = must[*kfp.Client](t)(kfp.New("https://" + host)).Health(t.Context())
	equal(t, "plain", shown(err), "ask the KFP server how it is: http: server gave HTTP response to HTTPS client\nhint: "+host+" does not speak HTTPS: write http:// before it")
}
