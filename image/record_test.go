package image_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func TestRecord(t *testing.T) {
	wf := sums(t)
	if got, err := image.Remembered(wf); got != nil || err != nil {
		t.Errorf("before the first build: %+v, %v", got, err)
	}
	img := build(t, wf)
	now := time.Date(2026, 11, 24, 18, 0, 0, 123, time.FixedZone("CET", 3600))
	for _, ref := range []string{"r.example.com/sums@sha256:1", "r.example.com/sums@sha256:2"} {
		check(t, img.Remember(ref, now))
		got, err := image.Remembered(wf)
		check(t, err)
		want := &image.Record{Workflow: "pipeline.star", Image: ref, Source: img.Source(), Built: time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	// It changes no image: the next one would be another.
	if again := build(t, wf); again.Digest() != img.Digest() {
		t.Error("the record is in the image")
	}
	names := entries(t, filepath.Join(wf.File().Root(), ".fuse"))
	if want := []string{filepath.Join(wf.File().Root(), ".fuse/images/sums.json")}; !cmp.Equal(names, want) {
		t.Errorf("it wrote %v", names)
	}
}

func TestRecordDamaged(t *testing.T) {
	wf := sums(t)
	path := filepath.Join(wf.File().Root(), ".fuse/images/sums.json")
	for text, want := range map[string]string{
		"":                              "unexpected end of JSON input",
		"{}":                            "it names no image",
		`{"workflow": "pipeline.star"}`: "it names no image",
		`{"image": "x"}`:                "it names no image",
		"[]":                            "json: cannot unmarshal array into Go value of type image.Record",
	} {
		write(t, path, text)
		_, err := image.Remembered(wf)
		mustFail(t, err, "read "+path+": "+want, "fuse build writes it anew")
	}
	check(t, build(t, wf).Remember("x", time.Now()))
	if got, err := image.Remembered(wf); err != nil || got.Image != "x" {
		t.Errorf("after another build: %+v, %v", got, err)
	}
}

// Two files may have workflows of one name.
func TestRecordOfAnotherFile(t *testing.T) {
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "other.star": pipeline})
	other, err := starlarkfuse.Load(context.Background(), filepath.Join(dir, "other.star"))
	check(t, err)
	check(t, build(t, other).Remember("x", time.Now()))
	if got, err := image.Remembered(load(t, dir)); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := image.Remembered(other); err != nil || got.Image != "x" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRecordWithoutFolder(t *testing.T) {
	files := fstest.MapFS{"pipeline.star": {Data: []byte(pipeline)}}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(files))
	check(t, err)
	check(t, build(t, wf, image.WithFolder(files)).Remember("x", time.Now()))
	if got, err := image.Remembered(wf); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}

	wf = sums(t)
	img := build(t, wf)
	check(t, os.WriteFile(filepath.Join(wf.File().Root(), ".fuse"), nil, 0o644))
	err = img.Remember("x", time.Now())
	if want := "write " + wf.File().Root() + "/.fuse/images/sums.json: not a directory"; err == nil || err.Error() != want {
		t.Errorf("error: %v, want %s", err, want)
	}
	if _, err := image.Remembered(wf); err == nil || !strings.HasSuffix(err.Error(), ".fuse/images/sums.json: not a directory") {
		t.Errorf("error: %v", err)
	}
}
