package image_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func TestConfig(t *testing.T) {
	wf := workflow(t, map[string]string{"pipeline.star": pipeline, "data.bin": random(mebibyte)})
	img := build(t, wf)
	got := opened(t, img)
	if err := validate.Image(got); err != nil {
		t.Error(err)
	}
	config, err := got.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	id, err := got.ConfigName()
	if m := img.Manifests()[0]; err != nil || m.ID != id.String() || m.Digest != img.Digest() || m.Platform != "linux/amd64" {
		t.Errorf("the manifest is %+v, of the configuration %s (%v)", m, id, err)
	}
	created := v1.Time{Time: time.Unix(0, 0).UTC()}
	want := &v1.ConfigFile{
		Architecture: "amd64", OS: "linux", Created: created,
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{"/usr/local/bin/fuse"},
			Env:        []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
			WorkingDir: "/ffrun",
			Labels: map[string]string{
				"org.opencontainers.image.title":  "sums",
				"io.github.starlarkfuse.workflow": "pipeline.star",
				"io.github.starlarkfuse.source":   img.Source(),
				"io.github.starlarkfuse.version":  compiler.Version,
			},
		},
	}
	for _, l := range img.Manifests()[0].Layers {
		want.RootFS.DiffIDs = append(want.RootFS.DiffIDs, hashOf(t, l.DiffID))
		want.History = append(want.History, v1.History{Created: created, CreatedBy: "fuse build", Comment: l.Role})
	}
	if diff := cmp.Diff(want, config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	manifest, err := got.Manifest()
	if err != nil || manifest.MediaType != types.OCIManifestSchema1 || manifest.Config.MediaType != types.OCIConfigJSON {
		t.Errorf("manifest %+v, %v", manifest, err)
	}
	for i, l := range img.Manifests()[0].Layers {
		if d := manifest.Layers[i]; d.MediaType != types.OCILayer || d.Digest.String() != l.Digest || d.Size != l.Size {
			t.Errorf("layer %+v is in the manifest as %+v", l, d)
		}
		if l.Unpacked%512 != 0 || l.Unpacked < 1024 {
			t.Errorf("layer %+v", l)
		}
	}
}

// What the base says of its containers stays, but for how they start.
func TestConfigOnBase(t *testing.T) {
	base, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
		OS: "linux", Architecture: "amd64", RootFS: v1.RootFS{Type: "layers"}, Author: "me", Container: "x", DockerVersion: "1", Created: v1.Time{Time: time.Unix(1e9, 0)},
		Config: v1.Config{
			User: "app", WorkingDir: "/app", Env: []string{"A=b"}, Entrypoint: []string{"sh"}, Cmd: []string{"-c", "true"},
			Labels: map[string]string{"vendor": "me", "org.opencontainers.image.title": "base", "org.opencontainers.image.base.name": "older", image.LabelSource: "x"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "base")
	l, err := layout.Write(dir, empty.Index)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AppendImage(base); err != nil {
		t.Fatal(err)
	}
	img := build(t, sums(t), image.WithBase(dir))
	got := opened(t, img)
	if err := validate.Image(got); err != nil {
		t.Error(err)
	}
	config, err := got.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := base.Digest()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User: "app", WorkingDir: "/app", Env: []string{"A=b"}, Entrypoint: []string{"/usr/local/bin/fuse"},
		Labels: map[string]string{
			"vendor": "me", "org.opencontainers.image.title": "sums", "org.opencontainers.image.base.digest": digest.String(),
			image.LabelWorkflow: "pipeline.star", image.LabelSource: img.Source(), image.LabelVersion: compiler.Version,
		},
	}
	if diff := cmp.Diff(want, config.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if !config.Created.Equal(time.Unix(0, 0)) || config.Author != "" || config.Container != "" || config.DockerVersion != "" {
		t.Errorf("configuration %+v", config)
	}
}

// The name of a workflow among several, and one that is no name of KFP's.
func TestLabelsOfOneWorkflowOfSeveral(t *testing.T) {
	wf := load(t, folder(t, map[string]string{"pipeline.star": function + "KFPWorkflow(n, workflow_name = \"a\")\nKFPWorkflow(n, workflow_name = \"Größe\\n2\")\n"}), starlarkfuse.WithWorkflow("Größe\n2"))
	config, err := opened(t, build(t, wf)).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	labels := config.Config.Labels
	if labels["org.opencontainers.image.title"] != "Größe\n2" || labels[image.LabelWorkflow] != "pipeline.star#Größe\n2" {
		t.Errorf("labels %q", labels)
	}
}

func TestSource(t *testing.T) {
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "a": "1", "data.bin": random(mebibyte), ".git/x": "", image.IgnoreFile: "tmp"})
	wf := load(t, dir)
	source := func() string {
		t.Helper()
		got, err := image.Source(context.Background(), wf)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := source()
	if img := build(t, wf); img.Source() != first || !strings.HasPrefix(first, "sha256:") || len(first) != 71 {
		t.Errorf("the source is %s, of the image %s", first, img.Source())
	}
	if img := build(t, wf, image.WithPlatforms("linux/arm64"), image.WithBinaries(program(t, "arm64")), image.WithBase(image.Scratch)); img.Source() != first {
		t.Errorf("for another platform, the source is %s", img.Source())
	}
	for name, change := range map[string]func(){
		"what is left out":    func() { write(t, filepath.Join(dir, "tmp/x"), "1") },
		"what git has":        func() { write(t, filepath.Join(dir, ".git/x"), "1") },
		"the ignore file":     func() { write(t, filepath.Join(dir, image.IgnoreFile), "tmp\ntmp2") },
		"a time":              func() { check(t, os.Chtimes(filepath.Join(dir, "a"), time.Time{}, time.Unix(1, 0))) },
		"a file's permission": func() { check(t, os.Chmod(filepath.Join(dir, "a"), 0o600)) },
	} {
		if change(); source() != first {
			t.Errorf("%s changes the source", name)
		}
	}
	seen := map[string]string{first: "nothing"}
	for _, step := range []struct {
		name   string
		change func()
	}{
		{"a byte", func() { write(t, filepath.Join(dir, "a"), "2") }},
		{"a name", func() { check(t, os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b"))) }},
		{"the right to execute", func() { check(t, os.Chmod(filepath.Join(dir, "b"), 0o755)) }},
		{"an empty file", func() { write(t, filepath.Join(dir, "c"), "") }},
		{"an empty folder", func() { check(t, os.Mkdir(filepath.Join(dir, "d"), 0o755)) }},
		{"a link", func() { check(t, os.Symlink("b", filepath.Join(dir, "e"))) }},
		{"a byte of a large file", func() { write(t, filepath.Join(dir, "data.bin"), random(mebibyte-1)+"x") }},
		{"a large file gone", func() { check(t, os.Remove(filepath.Join(dir, "data.bin"))) }},
	} {
		step.change()
		got := source()
		if old, ok := seen[got]; ok {
			t.Errorf("the source after %s is that after %s", step.name, old)
		}
		seen[got] = step.name
	}
	write(t, filepath.Join(dir, image.IgnoreFile), "[")
	if _, err := image.Source(context.Background(), wf); err == nil || !strings.HasSuffix(err.Error(), "is not a pattern: syntax error in pattern") {
		t.Errorf("error: %v", err)
	}
	if _, err := image.Source(context.Background(), wf, image.WithMaxSize(-1)); err == nil || err.Error() != "a limit of -1 bytes leaves no room for a folder" {
		t.Errorf("error: %v", err)
	}
}

// check fails the test for an error in what it prepares.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
