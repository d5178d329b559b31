package image_test

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/image"
)

// A plan tells what a push would do, and does none of it.
func TestPlan(t *testing.T) {
	r := unserved(t)
	r.put("base", baseImage(t, oci, "linux/amd64"))
	dir := folder(t, map[string]string{"pipeline.star": pipeline})
	opts := []image.Option{image.WithBase(r.host + "/base"), image.WithTransport(direct{r}), image.WithTags("v1", "v1")}
	img := build(t, load(t, dir), opts...)
	plan := func() *image.Plan {
		t.Helper()
		r.mend()
		plan, err := img.Plan(context.Background(), r.host+"/sums:stable", image.WithTags("v2", "stable"))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "requests", r.asked(), "4 HEAD blobs, 1 HEAD manifests")
		equal(t, "reference", plan.Reference, r.host+"/sums@"+img.Digest())
		equal(t, "tags", strings.Join(plan.Tags, " "), tagOf(img)+" stable v1 v2")
		var layers []string
		for _, l := range img.Manifests()[0].Layers {
			layers = append(layers, l.Digest)
		}
		slices.Sort(layers)
		equal(t, "layers", strings.Join(slices.Sorted(maps.Keys(plan.Present)), " "), strings.Join(layers, " "))
		return plan
	}
	present := func(p *image.Plan) string {
		var there []string
		for _, l := range img.Manifests()[0].Layers {
			if p.Present[l.Digest] {
				there = append(there, l.Role)
			}
		}
		return strings.Join(there, " ")
	}
	first := plan()
	equal(t, "unchanged", first.Unchanged, false)
	equal(t, "layers there", present(first), "")
	equal(t, "tags there", len(r.tags("sums")), 0)

	push(t, img, r.host+"/sums")
	second := plan()
	equal(t, "unchanged", second.Unchanged, true)
	equal(t, "layers there", present(second), "base base binary source")

	write(t, filepath.Join(dir, "pipeline.star"), pipeline+"# changed\n")
	img = build(t, load(t, dir), opts...)
	third := plan()
	equal(t, "unchanged", third.Unchanged, false)
	equal(t, "layers there", present(third), "base base binary")
}

func TestPlanFails(t *testing.T) {
	img := shared(t)
	r := unserved(t)
	r.fail("HEAD blobs", -1, status(500, ""))
	digest := img.Manifests()[0].Layers[0].Digest
	_, err := img.Plan(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), fast())
	mustFail(t, err, "ask registry.example.com/sums for a layer: HEAD https://registry.example.com/v2/sums/blobs/"+digest+": 500 Internal Server Error",
		"the registry is in trouble: try again later")
	r.mend()
	r.fail("HEAD blobs", 1, status(500, ""))
	if _, err := img.Plan(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), fast()); err != nil {
		t.Error(err)
	}
}
