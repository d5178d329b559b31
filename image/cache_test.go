package image_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/starlarkfuse/fuse/image"
)

// compressing counts which layers are compressed.
func compressing(counts map[string]int) image.Option {
	return image.WithProgress(func(p image.Progress) {
		if p.Stage == image.Compressing && p.Bytes == p.Total {
			counts[p.What]++
		}
	})
}

// entries are the files in which a cache remembers layers.
func entries(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCache(t *testing.T) {
	dir := t.TempDir()
	wf := sums(t)
	counts := make(map[string]int)
	opts := []image.Option{image.WithCache(dir), compressing(counts)}
	img := build(t, wf, opts...)
	if len(counts) != 3 || counts["base"] != 1 || counts["binary"] != 1 || counts["source"] != 1 || len(entries(t, dir)) != 3 {
		t.Errorf("the first build compressed %v, and remembers %v", counts, entries(t, dir))
	}
	clear(counts)
	again := build(t, wf, opts...)
	if len(counts) != 0 || again.Digest() != img.Digest() {
		t.Errorf("the second build compressed %v", counts)
	}
	layoutOf(t, again)
	layoutOf(t, again)
	if len(counts) != 3 || counts["source"] != 1 {
		t.Errorf("writing the image twice compressed %v", counts)
	}
	clear(counts)
	write(t, filepath.Join(wf.File().Root(), "new"), "")
	build(t, wf, opts...)
	if len(counts) != 1 || counts["source"] != 1 || len(entries(t, dir)) != 4 {
		t.Errorf("after a change it compressed %v, and remembers %v", counts, entries(t, dir))
	}
}

// What is no entry is not believed.
func TestCacheDamaged(t *testing.T) {
	wf := sums(t)
	want := build(t, wf).Digest()
	for _, text := range []string{
		"", "{", "null", "{}", `{"size": 5}`, `{"digest": "sha256:12", "size": 5}`, `{"digest": "", "size": 5}`,
		`{"digest": "sha256:` + strings.Repeat("a", 64) + `"}`, `{"digest": "sha256:` + strings.Repeat("a", 64) + `", "size": -1}`,
		`{"digest": "md5:` + strings.Repeat("a", 32) + `", "size": 5}`,
	} {
		dir := t.TempDir()
		build(t, wf, image.WithCache(dir))
		for _, name := range entries(t, dir) {
			write(t, name, text)
		}
		if got := build(t, wf, image.WithCache(dir)).Digest(); got != want {
			t.Errorf("with entries %q, the image is %s", text, got)
		}
		for _, name := range entries(t, dir) {
			if got, err := os.ReadFile(name); err != nil || string(got) == text {
				t.Errorf("the entry is still %q (%v)", got, err)
			}
		}
	}
}

// A wrong entry is found out when somebody wants the bytes, and the next build
// does better.
func TestCacheWrong(t *testing.T) {
	dir := t.TempDir()
	wf := sums(t)
	want := build(t, wf, image.WithCache(dir)).Digest()
	for _, name := range entries(t, dir) {
		text, err := json.Marshal(map[string]any{"digest": "sha256:" + strings.Repeat("a", 64), "size": 5})
		if err != nil {
			t.Fatal(err)
		}
		write(t, name, string(text))
	}
	const forgotten = "what was remembered of the layers of earlier builds is wrong, and is forgotten now: build again"
	for tries := 0; ; tries++ {
		out := filepath.Join(t.TempDir(), "layout")
		img := build(t, wf, image.WithCache(dir))
		err := img.WriteLayout(context.Background(), out, "sums")
		if err == nil {
			if img.Digest() != want || tries == 0 {
				t.Errorf("after %d tries, the image is %s, not %s", tries, img.Digest(), want)
			}
			return
		}
		if err.Error() != "write OCI layout "+out+": "+forgotten || tries > 2 { // there are three layers
			t.Fatalf("error: %v", err)
		}
	}
}

// A cache that cannot be used costs time, no more.
func TestCacheNotUsable(t *testing.T) {
	wf := sums(t)
	want := build(t, wf).Digest()
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	blocked := t.TempDir()
	write(t, filepath.Join(blocked, "layers"), "")
	for _, dir := range []string{"", file, "/dev/null/cache", blocked, filepath.Join(t.TempDir(), "made", "anew")} {
		if got := build(t, wf, image.WithCache(dir)).Digest(); got != want {
			t.Errorf("with the cache %q, the image is %s", dir, got)
		}
	}
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	if got := image.DefaultCache(); got != "" {
		t.Errorf("the default is %q without a home", got)
	}
	t.Setenv("XDG_CACHE_HOME", "/x")
	if got := image.DefaultCache(); got != "/x/fuse" {
		t.Errorf("the default is %q", got)
	}
}

func TestCacheSharedByBuilds(t *testing.T) {
	dir := t.TempDir()
	wf := sums(t)
	want := build(t, wf).Digest()
	opts := defaults(t, image.WithCache(dir))
	out := t.TempDir()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			img, err := image.Build(context.Background(), wf, opts...)
			if err != nil {
				t.Error(err)
				return
			}
			defer img.Close()
			if img.Digest() != want {
				t.Errorf("build %d made %s, not %s", i, img.Digest(), want)
			}
			if err := img.WriteLayout(context.Background(), filepath.Join(out, string(rune('a'+i))), "sums"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, name := range entries(t, dir) {
		if strings.Contains(name, ".tmp") {
			t.Errorf("left behind: %s", name)
		}
	}
}

// An image may be written by several at the same time.
func TestConcurrentUse(t *testing.T) {
	img := build(t, sums(t))
	counts := make(map[string]int)
	again := build(t, sums(t), compressing(counts))
	out := t.TempDir()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			name := filepath.Join(out, string(rune('a'+i)))
			if err := again.WriteLayout(context.Background(), name, "sums"); err != nil {
				t.Error(err)
			}
			f, err := os.Create(name + ".tar")
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if err := again.WriteTarball(context.Background(), f, "sums"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if again.Digest() != img.Digest() || counts["source"] > 1 {
		t.Errorf("%s, compressed %v", again.Digest(), counts)
	}
}
