package kfp_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp"
)

func TestHosts(t *testing.T) {
	for host, want := range map[string]string{
		"":                              "http://localhost:3000",
		"localhost:3000":                "http://localhost:3000",
		" http://localhost:3000/ ":      "http://localhost:3000",
		"http://localhost:3000/#/runs":  "http://localhost:3000",
		"[::1]:3000":                    "http://[::1]:3000",
		"127.0.0.1":                     "http://127.0.0.1",
		"ml-pipeline.kubeflow.svc:8888": "http://ml-pipeline.kubeflow.svc:8888",
		"ml-pipeline:8888":              "http://ml-pipeline:8888",
		"kfp.example.com/pipeline/":     "https://kfp.example.com/pipeline",
		"https://kfp.example.com/a%2Fb": "https://kfp.example.com/a%2Fb",
		"[2001:db8::1]":                 "https://[2001:db8::1]",
		"http://ml-pipeline.x.svc.cluster.local:8": "http://ml-pipeline.x.svc.cluster.local:8",
	} {
		c, err := kfp.New(host)
		if err != nil {
			t.Errorf("%q: %v", host, err)
			continue
		}
		equal(t, host, c.Host(), want)
	}
	for host, want := range map[string]string{
		"ftp://x":          `the KFP host "ftp://x" has the scheme "ftp", which is not http or https`,
		"http://":          `the KFP host "http://" names no host`,
		"http://h/?a=b":    `the KFP host "http://h/?a=b" has a query in it`,
		"http://me:pw@h":   "the KFP host has a login in it",
		"me:pw@h":          "the KFP host has a login in it",
		"http://me:p%zw@h": `the KFP host cannot be read: invalid URL escape "%zw"`,
		"http://h:port":    `the KFP host cannot be read: invalid port ":port" after host`,
	} {
		_, err := kfp.New(host)
		equal(t, host, fmt.Sprint(err), want)
	}
}

func TestRunURL(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New("ml-pipeline:8888", kfp.WithDashboard("https://kfp.example.com/pipeline/")))
	equal(t, "page", c.RunURL("199e0eed"), "https://kfp.example.com/pipeline/#/runs/details/199e0eed")
}

func TestFromEnv(t *testing.T) {
	env := map[string]string{}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	host, opts := kfp.FromEnv(lookup)
	equal(t, "nothing", fmt.Sprint(host, len(opts)), "0")
	env[kfp.EnvHost], env[kfp.EnvDashboard], env[kfp.EnvTokenFile] = "http://api:8888", "http://ui", filepath.Join(t.TempDir(), "token")
	host, opts = kfp.FromEnv(lookup)
	c := must[*kfp.Client](t)(kfp.New(host, opts...))
	equal(t, "host", c.Host(), "http://api:8888")
	equal(t, "page", c.RunURL("1"), "http://ui/#/runs/details/1")
	_, err := c.GetRun(t.Context(), "1")
	equal(t, "token", strings.Contains(fmt.Sprint(err), env[kfp.EnvTokenFile]), true)
}

func TestOptions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.pem")
	ok(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	for name, tc := range map[string]struct {
		opt  kfp.Option
		want string
	}{
		"timeout":     {kfp.WithTimeout(0), "a timeout of 0s leaves no time"},
		"tries":       {kfp.WithTries(0, 1), "0 tries, with a wait of 1ns: want at least one of each"},
		"transport":   {kfp.WithTransport(nil), "WithTransport: no transport"},
		"observer":    {kfp.WithObserver(nil), "WithObserver: no function"},
		"token":       {kfp.WithToken(" \n"), "the token is empty"},
		"token line":  {kfp.WithToken("a\r\nX-Evil: 1"), "the token has a line break or another control character in it"},
		"token file":  {kfp.WithTokenFile(""), "WithTokenFile: no file"},
		"header":      {kfp.WithHeader("X-A", "1\r\nX-Evil: 1"), "the value of the header X-A has a line break or another control character in it"},
		"header nul":  {kfp.WithHeader("x-a", "\x00"), "the value of the header X-A has a line break or another control character in it"},
		"header name": {kfp.WithHeader("X-A: 1\r\nX", "1"), `"X-A: 1\r\nX" cannot be the name of a header`},
		"no name":     {kfp.WithHeader("", "1"), `"" cannot be the name of a header`},
		"framing":     {kfp.WithHeader("content-length", "1"), "the header Content-Length cannot be given: it belongs to each request"},
		"ca":          {kfp.WithCACert(file), "there is no certificate in " + file},
		"ca missing":  {kfp.WithCACert(file + "x"), "read the certificates in " + file + "x: no such file or directory"},
		"ca none":     {kfp.WithCACert(""), "WithCACert: no file"},
		"dashboard":   {kfp.WithDashboard("ftp://x"), `the KFP host "ftp://x" has the scheme "ftp", which is not http or https`},
	} {
		_, err := kfp.New("", tc.opt)
		equal(t, name, fmt.Sprint(err), tc.want)
	}
}

func TestNoSecretsInClient(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New("", kfp.WithToken("s3cr3t-token"), kfp.WithHeader("Cookie", "session=s3cr3t-cookie")))
	var text strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		fmt.Fprintf(&text, verb, c)
		fmt.Fprintf(&text, verb, *c)
		fmt.Fprintf(&text, verb, struct{ C *kfp.Client }{c})
	}
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "client", c)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("x", "client", c)
	if strings.Contains(text.String(), "s3cr3t") || strings.Contains(text.String(), "733363723374") {
		t.Error(text.String())
	}
	equal(t, "text", fmt.Sprint(c), "KFP client of http://localhost:3000")
}

func TestHeaders(t *testing.T) {
	s := newServer(t)
	seen := make(http.Header)
	var host string
	s.fail("GET healthz", -1, func(w http.ResponseWriter, r *http.Request, really http.Handler) {
		seen, host = r.Header, r.Host
		really.ServeHTTP(w, r)
	})
	c := s.client(kfp.WithHeader("kubeflow-userid", " me@example.com "), kfp.WithHeader("Host", "kfp.internal"), kfp.WithHeader("Authorization", "Basic xyz"))
	must[*kfp.Health](t)(c.Health(t.Context()))
	equal(t, "user", seen.Get("kubeflow-userid"), "me@example.com")
	equal(t, "host", host, "kfp.internal")
	equal(t, "login", seen.Get("Authorization"), "Basic xyz")
	equal(t, "agent", seen.Get("User-Agent"), "fuse")
	c = s.client(kfp.WithHeader("Authorization", "Basic xyz"), kfp.WithToken("tok\n"))
	must[*kfp.Health](t)(c.Health(t.Context()))
	equal(t, "token", seen.Get("Authorization"), "Bearer tok")
}

func TestIDs(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New(""))
	for id, want := range map[string]string{
		"":          "the id of the run is empty",
		"../x":      `"../x" cannot be the id of a run`,
		"..":        `".." cannot be the id of a run`,
		"a:archive": `"a:archive" cannot be the id of a run`,
		"a?b":       `"a?b" cannot be the id of a run`,
	} {
		_, err := c.GetRun(t.Context(), id)
		equal(t, id, fmt.Sprint(err), want)
		equal(t, id, fmt.Sprint(c.DeleteRun(t.Context(), id)), want)
		equal(t, id, fmt.Sprint(c.TerminateRun(t.Context(), id)), want)
	}
	_, err := c.GetVersion(t.Context(), "p", "")
	equal(t, "version", fmt.Sprint(err), "the id of the pipeline's version is empty")
	_, err = c.GetPipelineByName(t.Context(), "..")
	equal(t, "name", fmt.Sprint(err), `".." cannot be the name of a pipeline`)
	_, err = c.RunLog(t.Context(), "r", "a/b")
	equal(t, "node", fmt.Sprint(err), `"a/b" cannot be the id of a node`)
	for _, err := range c.ListVersions(t.Context(), "a/b", kfp.ListOptions{}) {
		equal(t, "list", fmt.Sprint(err), `"a/b" cannot be the id of a pipeline`)
	}
}
