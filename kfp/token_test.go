package kfp_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// replace writes a token file as the kubelet does: all at once.
func replace(t testing.TB, path, token string) {
	t.Helper()
	ok(t, os.WriteFile(path+".new", []byte(token), 0o600))
	ok(t, os.Rename(path+".new", path))
}

// TestTokenRotates replaces the token of a server that knows one only.
func TestTokenRotates(t *testing.T) {
	s := newServer(t)
	path := filepath.Join(t.TempDir(), "token")
	replace(t, path, "first\n")
	valid, refusing := "first", func() {}
	s.fail("GET healthz", -1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		if r.Header.Get("Authorization") != "Bearer "+valid {
			refusing()
			says(401, `{"code": 16, "message": "the token has expired"}`)(w, r, do)
			return
		}
		do.ServeHTTP(w, r)
	})
	c := s.client(kfp.WithToken("not used"), kfp.WithTokenFile(path))
	must[*kfp.Health](t)(c.Health(t.Context()))

	replace(t, path, "second")
	valid = "second"
	must[*kfp.Health](t)(c.Health(t.Context()))
	equal(t, "asked", s.asked(), "GET healthz, GET healthz")

	// It expires while a request is under way, and the file is written anew.
	valid, refusing = "third", func() { replace(t, path, "third") }
	must[*kfp.Health](t)(c.Health(t.Context()))
	equal(t, "asked", s.asked(), "GET healthz, GET healthz, GET healthz, GET healthz")

	// It is refused, and stays.
	valid, refusing = "fourth", func() {}
	_, err := c.Health(t.Context())
	equal(t, "error", shown(err), "ask the KFP server how it is: 401 Unauthorized: the token has expired\nhint: is the token still valid, and is it one for this server?")
	equal(t, "asked", s.asked(), "GET healthz, GET healthz, GET healthz, GET healthz, GET healthz")
}

func TestTokenFiles(t *testing.T) {
	s := newServer(t)
	path := filepath.Join(t.TempDir(), "token")
	c := s.client(kfp.WithTokenFile(path), kfp.WithTries(5, time.Hour))
	hint := "\nhint: name another file with KF_PIPELINES_SA_TOKEN_PATH or --token-file, or give the token itself with --token"
	for _, tc := range []struct{ text, want string }{
		{"", "no such file or directory"},
		{" \n", "the token is empty"},
		{"s3cr3t\nX-Evil:", "the token has a line break or another control character in it"},
	} {
		want := tc.want
		if tc.text != "" {
			replace(t, path, tc.text)
		}
		_, err := c.Health(t.Context())
		equal(t, "health", shown(err), "read the token in "+path+": "+want+hint)
		_, err = c.CreateRun(t.Context(), kfp.NewRun{Name: "sums", Spec: spec})
		equal(t, "create", shown(err), "read the token in "+path+": "+want+hint)
		_, err = c.RunLog(t.Context(), "r", "n")
		equal(t, "log", shown(err), "read the token in "+path+": "+want+hint)
	}
	equal(t, "asked", s.asked(), "")
}
