package image_test

import (
	"archive/tar"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	hintLink     = "the image holds the folder only: copy the file into it, or list the link in .fuseignore"
	hintAbsolute = "make the link relative if it leads to something in the folder; else copy the file, or list the link in .fuseignore"
)

// linked is a folder with links, given as "name -> target".
func linked(t *testing.T, links ...string) string {
	t.Helper()
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "a/b/c/file": "x", "file": "x"})
	for _, link := range links {
		name, target, _ := strings.Cut(link, " -> ")
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLinksThatStay(t *testing.T) {
	chain := []string{"chain0 -> file"}
	for i := range 60 { // more than Linux follows
		chain = append(chain, fmt.Sprintf("chain%d -> chain%d", i+1, i))
	}
	links := slices.Concat([]string{
		"to-file -> file",
		"to-folder -> a/b",
		"slash -> a/b/",
		"here -> .",
		"x/up -> ../file",
		"x/y/around -> ../../a/../a/./b//c",
		"dangling -> not/there",
		"x/dangling -> ../not/there/../x",
		"through-file -> file/x",
		"circle1 -> circle2", "circle2 -> circle1",
		"self -> self",
		"self-in -> self-in/x",
		"by-link -> to-folder/c/file",
		"up-by-link -> to-folder/../../file", // a/b/../../file
		"to-link -> by-link",
		"dot..dot -> a/..b",
	}, chain)
	img := build(t, load(t, linked(t, links...)))
	var got []string
	for _, it := range unpack(t, img, image.RoleSource) {
		if it.Typeflag == tar.TypeSymlink {
			got = append(got, strings.TrimPrefix(it.Name, "ffrun/")+" -> "+it.Linkname)
		}
	}
	slices.Sort(links)
	slices.Sort(got)
	if !slices.Equal(got, links) {
		t.Errorf("got  %q\nwant %q", got, links)
	}
}

func TestLinksThatLeave(t *testing.T) {
	deep := []string{"chain0 -> ."}
	for i := range 20 { // more than os.Root follows
		deep = append(deep, fmt.Sprintf("a/chain%d -> chain%d", i+1, i))
	}
	deep[1] = "a/chain1 -> ../chain0"
	for _, test := range []struct {
		links        []string
		name, target string
		hint         string
	}{
		{links: []string{"x -> /etc/passwd"}, hint: hintAbsolute},
		{links: []string{"x -> /"}, hint: hintAbsolute},
		{links: []string{"x -> .."}},
		{links: []string{"x -> ../file"}},
		{links: []string{"a/b/x -> ../../../file"}},
		{links: []string{"a/x -> b/../../../file"}},
		{links: []string{"x -> not/there/../../../file"}},
		// Each looks inside, and the first leads to the top by another link.
		{links: []string{"a/x -> top/../file", "a/top -> .."}},
		{links: []string{"x -> a/b/c/up/../../file", "a/b/c/up -> ../.."}},
		{links: slices.Concat(deep, []string{"a/x -> chain20/../file"}), name: "a/x", target: "chain20/../file"},
	} {
		name, target, _ := strings.Cut(test.links[0], " -> ")
		if test.name != "" {
			name, target = test.name, test.target
		}
		if test.hint == "" {
			test.hint = hintLink
		}
		t.Run(target, func(t *testing.T) {
			dir := linked(t, test.links...)
			wf := load(t, dir)
			_, err := image.Build(context.Background(), wf, defaults(t)...)
			mustFail(t, err, fmt.Sprintf("%s/%s: the link leads out of the folder, to %s", dir, name, target), test.hint)

			// What is listed in the ignore file may lead anywhere.
			write(t, filepath.Join(dir, image.IgnoreFile), name)
			build(t, wf)
		})
	}

	// An absolute link that another goes by is found at itself.
	dir := linked(t, "a -link -> b/x", "b/x -> /etc")
	_, err := image.Build(context.Background(), load(t, dir), defaults(t)...)
	mustFail(t, err, dir+"/a -link: the link leads out of the folder, to b/x", hintLink)
}

// The links of a file system that is no folder of this machine.
func TestLinksOfFileSystem(t *testing.T) {
	fsys := fstest.MapFS{
		"pipeline.star": {Data: []byte(pipeline)},
		"a/top":         {Data: []byte(".."), Mode: os.ModeSymlink | 0o777},
		"good":          {Data: []byte("a/top/pipeline.star"), Mode: os.ModeSymlink | 0o777},
	}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(fsys))
	if err != nil {
		t.Fatal(err)
	}
	if got := kept(build(t, wf, image.WithFolder(fsys))); got != "a/top good" {
		t.Errorf("kept: %s", got)
	}
	fsys["a/bad"] = &fstest.MapFile{Data: []byte("top/../file"), Mode: os.ModeSymlink | 0o777}
	_, err = image.Build(context.Background(), wf, defaults(t, image.WithFolder(fsys))...)
	mustFail(t, err, "a/bad: the link leads out of the folder, to top/../file", hintLink)
}

func TestWhatNoImageHolds(t *testing.T) {
	const kind = ": neither a file, nor a folder, nor a link, which no image can hold"
	for name, test := range map[string]struct {
		make       func(path string) error
		path, want string
		hint       string
	}{
		"fifo": {func(path string) error { return syscall.Mkfifo(path, 0o644) }, "data/x", "DIR/data/x" + kind, "remove it, or list it in .fuseignore"},
		"socket": {func(path string) error {
			l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}, "data/x", "DIR/data/x" + kind, "remove it, or list it in .fuseignore"},
		"whiteout":      {touch, "data/.wh.x", `DIR/data/.wh.x: a name that begins with ".wh.", which in an image says that the rest of it is deleted`, "rename it, or list it in .fuseignore"},
		"opaque folder": {touch, "data/.wh..wh..opq", `DIR/data/.wh..wh..opq: a name that begins with ".wh.", which in an image says that the rest of it is deleted`, "rename it, or list it in .fuseignore"},
		"not UTF-8":     {touch, "data/\xffx", `"DIR/data/\xffx": the name is not UTF-8, as names in an image are`, "rename it, or list it in .fuseignore"},
	} {
		t.Run(name, func(t *testing.T) {
			base, err := os.MkdirTemp("", "") // a socket's path is short
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(base)
			write(t, filepath.Join(base, "pipeline.star"), pipeline)
			if err := os.Mkdir(filepath.Join(base, "data"), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := test.make(filepath.Join(base, test.path)); err != nil {
				t.Fatal(err)
			}
			wf := load(t, base)
			_, err = image.Build(context.Background(), wf, defaults(t)...)
			mustFail(t, err, strings.Replace(test.want, "DIR", base, 1), test.hint)

			write(t, filepath.Join(base, image.IgnoreFile), "data/*")
			if got := kept(build(t, wf)); got != "" {
				t.Errorf("kept: %s", got)
			}
		})
	}
}

func touch(path string) error { return os.WriteFile(path, nil, 0o644) }

func TestNames(t *testing.T) {
	files := map[string]string{
		"pipeline.star":                    pipeline,
		"größe/日本/😀":                       "a",
		"new\nline":                        "b",
		`back\slash "quoted" $x`:           "c",
		" ":                                "d",
		strings.Repeat("n", 255):           "e",
		strings.Repeat("d/", 60) + "x":     "f",
		strings.Repeat("ö", 100) + ".x":    "g",
		"-rf":                              "h",
		"c:x":                              "i",
		strings.Repeat("deep/", 200) + "x": "j",
	}
	dir := folder(t, files)
	img := build(t, load(t, dir))
	got := make(map[string]string)
	items := unpack(t, img, image.RoleSource)
	for _, it := range items {
		if it.Typeflag == tar.TypeReg {
			got[strings.TrimPrefix(it.Name, "ffrun/")] = it.text
		}
	}
	if len(got) != len(files) {
		t.Errorf("%d files, want %d:\n%s", len(got), len(files), list(items))
	}
	for name, text := range files {
		if got[name] != text {
			t.Errorf("%q holds %q, not %q", name, got[name], text)
		}
	}

	// Another program reads the names too.
	out := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	blob := filepath.Join(layoutOf(t, img), "blobs/sha256", strings.TrimPrefix(layer(t, img, image.RoleSource).Digest, "sha256:"))
	cmd := exec.Command("tar", "--no-same-owner", "-xzf", blob, "-C", out)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for name, want := range files {
		if text, err := os.ReadFile(filepath.Join(out, "ffrun", name)); err != nil || string(text) != want {
			t.Errorf("%q holds %q (%v), not %q", name, text, err, want)
		}
	}
}
