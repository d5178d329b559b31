package metadata

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/kfp/metadata/internal/mlmd"
)

func TestAddresses(t *testing.T) {
	var asked []string
	rt := roundTripper(func(req *http.Request) *http.Response {
		asked = append(asked, req.Method+" "+req.URL.String())
		return respond(http.StatusNotFound, "application/json", []byte(unrouted))
	})
	for _, test := range []struct {
		base, dashboard string
		want            string
	}{
		{"http://a:1/", "", "GET http://a:1/apis/v2beta1/runs/r/tasks?page_size=200 POST http://a:1" + mlmd.GetContext},
		{"https://a/api/", "https://b", "GET https://a/api/apis/v2beta1/runs/r/tasks?page_size=200 POST https://b" + mlmd.GetContext},
		{"https://a/pipeline", "", "GET https://a/pipeline/apis/v2beta1/runs/r/tasks?page_size=200 POST https://a/pipeline" + mlmd.GetContext + " POST https://a" + mlmd.GetContext},
	} {
		asked = nil
		var opts []Option
		if test.dashboard != "" {
			opts = append(opts, WithDashboard(test.dashboard))
		}
		c, err := New(test.base, &http.Client{Transport: rt}, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Run(t.Context(), "r"); !errors.As(err, new(*Unavailable)) {
			t.Error(err)
		}
		if got := strings.Join(asked, " "); got != test.want {
			t.Errorf("%s asks for\n%s, not\n%s", test.base, got, test.want)
		}
	}
	for base, want := range map[string]string{
		"kfp.example.com":        "the server's address is not http://… or https://…: kfp.example.com",
		"":                       "the server's address is not http://… or https://…: ",
		"ftp://a":                "the server's address is not http://… or https://…: ftp://a",
		"http://u:secret@a/?x=1": "the server's address has more than a host and a path: http://u:xxxxx@a/?x=1",
		"http://u:secret@a/%zz":  "the server's address cannot be read",
	} {
		if _, err := New(base, http.DefaultClient); err == nil || err.Error() != want {
			t.Errorf("%q: %v", base, err)
		}
		if _, err := New("http://a", http.DefaultClient, WithDashboard(base)); base != "" && (err == nil || err.Error() != want) {
			t.Errorf("%q: %v", base, err)
		}
	}
	if _, err := New("http://a", http.DefaultClient, WithRedaction(nil)); err == nil {
		t.Error("there is no function, and no error")
	}
	if _, err := New("http://a", nil); err == nil {
		t.Error("there is no HTTP client, and no error")
	}
}
