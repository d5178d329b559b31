package kfp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// read reads a stream to its end.
func read(r io.ReadCloser, err error) (string, error) {
	if err != nil {
		return "", err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return string(text), err
}

const logPath = "/apis/v1alpha1/runs/r/nodes/pod-1/log?"

func TestRunLog(t *testing.T) {
	const late = `{"error_message":"Failed to read logs for run r: pods \"pod-1\" not found","error_details":"Failed\nstack"}`
	for text, want := range map[string]string{
		"I1122 08:47:44.214582 launcher\nhello\n": "I1122 08:47:44.214582 launcher\nhello\n",
		"":   "",
		"x":  "x",
		late: "error: read the log of pod-1: 500 Internal Server Error: Failed to read logs for run r: pods \"pod-1\" not found, missing true",
		`{"error_message":"Internal Server Error"}`: "error: read the log of pod-1: 500 Internal Server Error: Internal Server Error, missing false",
		late + "\nmore":                                  late + "\nmore",
		`{"error_message":"a","other":"b"}`:              `{"error_message":"a","other":"b"}`,
		`{"error_message":` + strings.Repeat("1", 1<<20): `{"error_message":` + strings.Repeat("1", 1<<20),
	} {
		s := newServer(t)
		s.files[logPath] = text
		got, err := read(s.client().RunLog(t.Context(), "r", "pod-1"))
		if err != nil {
			got = fmt.Sprintf("error: %v, missing %v", err, kfp.IsNotFound(err))
		}
		if got != want {
			t.Errorf("got %.200s\nwant %.200s", got, want)
		}
	}
}

func TestPodLog(t *testing.T) {
	s := newServer(t)
	s.files["/k8s/pod/logs?podname=pod-1&podnamespace=team"] = "of the team\n"
	s.files["/k8s/pod/logs?podname=pod-1&podnamespace=other"] = "of others\n"
	s.files["/k8s/pod/logs?podname=pod-1"] = "alone\n"
	team := s.client(kfp.WithNamespace("team"))
	equal(t, "team", must[string](t)(read(team.PodLog(t.Context(), "pod-1", ""))), "of the team\n")
	equal(t, "other", must[string](t)(read(team.PodLog(t.Context(), "pod-1", "other"))), "of others\n")
	// The dashboard is elsewhere, and behind a path.
	c := must[*kfp.Client](t)(kfp.New("http://api.invalid", kfp.WithDashboard(s.host)))
	equal(t, "alone", must[string](t)(read(c.PodLog(t.Context(), "pod-1", ""))), "alone\n")

	s.fail("GET /k8s/pod/logs", -1, says(500, "Could not get main container logs: Error: Unable to find pod log archive information"))
	_, err := read(s.client().PodLog(t.Context(), "gone", ""))
	equal(t, "missing", kfp.IsNotFound(err), true)
	equal(t, "times", strings.Count(s.asked(), "logs"), 4)
}

func TestReadArtifact(t *testing.T) {
	s := newServer(t)
	content := "\xd9\xd9\xf7" + strings.Repeat("\x00\xff", 1<<20)
	s.files["/artifacts/get?bucket=mlpipeline&key=v2%2Fa+b%2F%25%2Fresult&namespace=team&source=minio"] = content
	s.files["/artifacts/get?bucket=b&key=k&namespace=other&providerInfo=%7B%7D&source=gcs"] = "x"
	s.files["/artifacts/get?bucket=b&key=k%2F&namespace=team&source=s3"] = ""
	c := s.client(kfp.WithNamespace("team"))
	got := must[string](t)(read(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "minio://mlpipeline/v2/a b/%/result"})))
	equal(t, "same", got == content, true)
	equal(t, "gs", must[string](t)(read(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "gs://b/k", Namespace: "other", ProviderInfo: "{}"}))), "x")
	equal(t, "s3", must[string](t)(read(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "s3://b/k/"}))), "")

	for uri, want := range map[string]string{
		"/minio/x":        "the artifact \"/minio/x\" cannot be read from the dashboard\nhint: it has what is kept in minio://, s3:// and gs://",
		"oci://x/y":       "the artifact \"oci://x/y\" cannot be read from the dashboard\nhint: it has what is kept in minio://, s3:// and gs://",
		"minio://bucket":  `the artifact's uri "minio://bucket" has no bucket or no key`,
		"minio:///key":    `the artifact's uri "minio:///key" has no bucket or no key`,
		"minio://bucket/": `the artifact's uri "minio://bucket/" has no bucket or no key`,
	} {
		_, err := c.ReadArtifact(t.Context(), kfp.Artifact{URI: uri})
		equal(t, uri, shown(err), want)
	}

	before := s.asked()
	s.fail("GET /artifacts/get", 1, says(500, "Failed to get object in bucket: NoSuchKey: The specified key does not exist."))
	_, err := c.ReadArtifact(t.Context(), kfp.Artifact{URI: "minio://b/none"})
	equal(t, "missing", kfp.IsNotFound(err), true)
	equal(t, "error", err.Error(), "read the artifact minio://b/none: 500 Internal Server Error: Failed to get object in bucket: NoSuchKey: The specified key does not exist.")
	equal(t, "asked", strings.TrimPrefix(s.asked(), before), ", GET /artifacts/get")
}

// TestStreamsBegin tries again until the content begins to come.
func TestStreamsBegin(t *testing.T) {
	s := newServer(t)
	s.files["/artifacts/get?bucket=b&key=k&source=s3"] = "content"
	s.files[logPath] = "log"
	for _, fault := range []way{drops, says(503, ""), truncatesAtOnce} {
		s.fail("GET /artifacts/get", 1, fault)
		s.fail("GET /apis/v1alpha1/runs/r/nodes/pod-1/log", 1, fault)
	}
	c := s.client()
	equal(t, "artifact", must[string](t)(read(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "s3://b/k"}))), "content")
	equal(t, "log", must[string](t)(read(c.RunLog(t.Context(), "r", "pod-1"))), "log")
}

// truncatesAtOnce announces something, and sends nothing of it.
func truncatesAtOnce(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Length", "10")
	w.WriteHeader(http.StatusOK)
}

// TestStreamsBreak has content that breaks off, and content that does not come.
func TestStreamsBreak(t *testing.T) {
	s := newServer(t)
	s.fail("GET /artifacts/get", 1, func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "some")
	})
	text, err := read(s.client().ReadArtifact(t.Context(), kfp.Artifact{URI: "s3://b/k"}))
	equal(t, "text", text, "some")
	equal(t, "error", shown(err), "read the artifact s3://b/k: the answer broke off: unexpected EOF\nhint: try again")
}

// TestStreamsStall has content that begins to come, and then does not.
func TestStreamsStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := must[*kfp.Client](t)(kfp.New("", kfp.WithTransport(carrier(func(req *http.Request) (*http.Response, error) {
			rest := readFunc(func([]byte) (int, error) {
				<-req.Context().Done()
				return 0, req.Context().Err()
			})
			return &http.Response{StatusCode: 200, Body: io.NopCloser(io.MultiReader(strings.NewReader("some"), rest))}, nil
		}))))
		start := time.Now()
		text, err := read(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "s3://b/k"}))
		equal(t, "text", text, "some")
		equal(t, "error", shown(err), "read the artifact s3://b/k: the answer broke off: no answer within 30s\nhint: try again")
		equal(t, "time", time.Since(start), 30*time.Second)

		ctx, cancel := context.WithCancel(t.Context())
		r := must[io.ReadCloser](t)(c.ReadArtifact(ctx, kfp.Artifact{URI: "s3://b/k"}))
		cancel()
		_, err = read(r, nil)
		equal(t, "error", fmt.Sprint(err), "read the artifact s3://b/k: stopped: context canceled")
		equal(t, "canceled", errors.Is(err, context.Canceled), true)
	})
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// TestStreamsAreSlow reads slowly: that is not the server's fault.
func TestStreamsAreSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := must[*kfp.Client](t)(kfp.New("", kfp.WithTransport(carrier(func(req *http.Request) (*http.Response, error) {
			rest := strings.NewReader(strings.Repeat("x", 1<<20))
			body := readFunc(func(p []byte) (int, error) {
				if err := req.Context().Err(); err != nil {
					return 0, err
				}
				return rest.Read(p)
			})
			return &http.Response{StatusCode: 200, Body: io.NopCloser(body)}, nil
		}))))
		r := must[io.ReadCloser](t)(c.ReadArtifact(t.Context(), kfp.Artifact{URI: "s3://b/k"}))
		defer r.Close()
		n := 0
		for buf := make([]byte, 1<<18); ; {
			m, err := r.Read(buf)
			n += m
			if err == io.EOF {
				break
			}
			ok(t, err)
			time.Sleep(time.Hour) // of the bubble's clock
		}
		equal(t, "bytes", n, 1<<20)
	})
}
