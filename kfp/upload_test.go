package kfp_test

import (
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/starlarkfuse/fuse/kfp"
)

var otherSpec = []byte(`{"pipelineInfo": {"name": "sums"}, "schemaVersion": "2.1.0", "root": {}}`)

// upload uploads a spec once.
func upload(t testing.TB, c *kfp.Client, spec []byte) *kfp.Uploaded {
	t.Helper()
	return must[*kfp.Uploaded](t)(c.UploadOnce(t.Context(), kfp.Upload{Name: "sums", Description: "adds", Spec: spec}))
}

func TestUploadOnce(t *testing.T) {
	s := newServer(t)
	c := s.client()
	first := upload(t, c, spec)
	equal(t, "new", first.New, true)
	equal(t, "name", first.Version.Name, "sums")
	equal(t, "description", first.Version.Description, "adds\n\nfuse-spec: "+kfp.SpecDigest(spec))
	again := upload(t, c, spec)
	equal(t, "new", again.New, false)
	equal(t, "version", again.Version.ID, first.Version.ID)

	second := upload(t, c, otherSpec)
	digest := kfp.SpecDigest(otherSpec)
	equal(t, "new", second.New, true)
	equal(t, "pipeline", second.Pipeline.ID, first.Pipeline.ID)
	equal(t, "name", second.Version.Name, strings.Replace(digest, ":", "-", 1))
	equal(t, "display name", second.Version.DisplayName, digest[:19])
	equal(t, "digest", second.Version.SpecDigest(), digest)
	equal(t, "version", upload(t, c, otherSpec).Version.ID, second.Version.ID)
	equal(t, "version", upload(t, c, spec).Version.ID, first.Version.ID)
	equal(t, "versions", s.count(first.Pipeline.ID), 2)

	// A version that was deleted is uploaded again.
	ok(t, c.DeleteVersion(t.Context(), first.Pipeline.ID, first.Version.ID))
	equal(t, "new", upload(t, c, spec).New, true)
	equal(t, "versions", s.count(first.Pipeline.ID), 2)
}

// TestUploadOnceLost loses the answers to uploads.
func TestUploadOnceLost(t *testing.T) {
	for name, fault := range ways {
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " ", done), func(t *testing.T) {
				t.Parallel()
				fault := fault
				if done {
					fault = really(fault)
				}
				s := newServer(t)
				c := s.client()
				s.fail("POST pipelines/upload", 1, fault)
				s.fail("POST pipelines/upload_version", 1, fault)
				first, second := upload(t, c, spec), upload(t, c, otherSpec)
				equal(t, "pipelines", s.count("pipelines"), 1)
				equal(t, "versions", s.count(first.Pipeline.ID), 2)
				equal(t, "new", fmt.Sprint(first.New, second.New), "true true")
				equal(t, "again", fmt.Sprint(upload(t, c, spec).New, upload(t, c, otherSpec).New), "false false")
			})
		}
	}
}

// TestUploadOnceTogether has many who upload the same at the same time.
func TestUploadOnceTogether(t *testing.T) {
	s := newServer(t)
	c := s.client()
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			u := kfp.Upload{Name: "sums", Spec: [][]byte{spec, otherSpec}[i%2]}
			if _, err := c.UploadOnce(t.Context(), u); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	equal(t, "pipelines", s.count("pipelines"), 1)
	equal(t, "versions", s.count(s.kept["pipelines"][0]["pipeline_id"].(string)), 2)
}

// twice does what it is asked for somebody else, and then what it is asked.
func twice(w http.ResponseWriter, r *http.Request, do http.Handler) {
	do.ServeHTTP(httptest.NewRecorder(), r)
	do.ServeHTTP(w, r)
}

// TestUploadOnceSecond comes second, each time.
func TestUploadOnceSecond(t *testing.T) {
	s := newServer(t)
	s.fail("POST pipelines/upload", 1, twice)
	s.fail("POST pipelines/upload_version", 1, twice)
	first, second := upload(t, s.client(), spec), upload(t, s.client(), otherSpec)
	equal(t, "new", fmt.Sprint(first.New, second.New), "false false")
	equal(t, "versions", s.count(first.Pipeline.ID), 2)
}

// TestUploadOnceOfOthers leaves alone a pipeline that others uploaded, and
// servers that have one name only.
func TestUploadOnceOfOthers(t *testing.T) {
	s := newServer(t)
	s.kept["pipelines"] = []object{{"pipeline_id": "p", "name": "sums"}}
	s.kept["p"] = []object{{"pipeline_version_id": "v", "pipeline_id": "p", "name": "sums"}}
	u := upload(t, s.client(), spec)
	equal(t, "new", u.New, true)
	equal(t, "versions", s.count("p"), 2)

	s.fail("GET pipelines/names/*", -1, says(200, `{"pipeline_id": "p", "display_name": "sums"}`))
	old := func(w http.ResponseWriter, r *http.Request, do http.Handler) {
		rec := httptest.NewRecorder()
		do.ServeHTTP(rec, r)
		fmt.Fprint(w, strings.ReplaceAll(strings.ReplaceAll(rec.Body.String(), `"display_name"`, `"_"`), `"name"`, `"display_name"`))
	}
	s.fail("GET pipelines/*/versions", -1, old)
	equal(t, "new", upload(t, s.client(), spec).New, false)
}

func TestUploadRequest(t *testing.T) {
	for spec, name := range map[string]string{
		`{"a": 1}`:       "pipeline.json",
		"a: 1\n---\n":    "pipeline.yaml",
		"PK\x03\x04":     "pipeline.zip",
		"\x1f\x8b\x08\n": "pipeline.tar.gz",
	} {
		s := newServer(t)
		s.fail("POST pipelines/upload", 1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
			form, err := multipart.NewReader(r.Body, params["boundary"]).ReadForm(1 << 20)
			if err != nil {
				t.Error(err)
				return
			}
			equal(t, "files", len(form.File), 1)
			equal(t, "name", form.File["uploadfile"][0].Filename, name)
			equal(t, "size", form.File["uploadfile"][0].Size, int64(len(spec)))
			q := r.URL.Query()
			equal(t, "query", fmt.Sprint(q.Get("name"), "|", q.Get("namespace"), "|", q.Get("description")), "a/b & c|team|fuse-spec: "+kfp.SpecDigest([]byte(spec)))
			fmt.Fprint(w, `{"pipeline_id": "p", "later": {"fields": [1]}}`)
		})
		must[*kfp.Pipeline](t)(s.client(kfp.WithNamespace("team")).UploadPipeline(t.Context(), kfp.Upload{Name: "a/b & c", Spec: []byte(spec)}))
	}
}

func TestBadUploads(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New(""))
	for want, u := range map[string]kfp.Upload{
		"a pipeline needs a name":                                                         {Spec: spec},
		"upload the pipeline x: the spec is empty":                                        {Name: "x"},
		"upload the pipeline x: the spec has 33554433 bytes, and a server takes 33554432": {Name: "x", Spec: make([]byte, 32<<20+1)},
	} {
		_, err := c.UploadPipeline(t.Context(), u)
		equal(t, "error", fmt.Sprint(err), want)
	}
	_, err := c.UploadOnce(t.Context(), kfp.Upload{})
	equal(t, "error", fmt.Sprint(err), `"" cannot be the name of a pipeline`)
	_, err = c.CreateExperiment(t.Context(), kfp.NewExperiment{})
	equal(t, "error", fmt.Sprint(err), "an experiment needs a name")
	_, err = c.EnsureExperiment(t.Context(), kfp.NewExperiment{})
	equal(t, "error", fmt.Sprint(err), "an experiment needs a name")
}

// TestExperimentsTogether has many who want the same experiment.
func TestExperimentsTogether(t *testing.T) {
	s := newServer(t)
	c := s.client()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.EnsureExperiment(t.Context(), kfp.NewExperiment{Name: "tests"}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	equal(t, "experiments", s.count("experiments"), 1)
	_, err := c.GetExperimentByName(t.Context(), "other")
	equal(t, "not found", kfp.IsNotFound(err), true)
	equal(t, "error", shown(err), "get the experiment other: 404 Not Found: there is none of that name\nhint: is the name right, and is it in this namespace?")
}
