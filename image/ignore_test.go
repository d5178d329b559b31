package image_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
)

// kept shows which files of a folder are in its image, beside the workflow's.
func kept(img *image.Image) string {
	var names []string
	for _, name := range img.Files() {
		if name != "pipeline.star" {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

func TestIgnoreFile(t *testing.T) {
	for _, test := range []struct {
		name, ignore, files, want string
	}{
		{"nothing", "", "a b/c .env", ".env a b/c"},
		{"comments and empty lines", "# a\n\n  \n b \n#c\n", "a b c", "a c"},
		{"a byte order mark, and CRLF", "\ufeffa\r\nb\r\n", "a b c", "c"},
		{"only at the top", "a", "a b/a c/a/d", "b/a c/a/d"},
		{"from the top", "/a\n./b\nc/../d", "a x/a b x/b d", "x/a x/b"},
		{"a slash behind", "a/\nb/", "a/x b", ""},
		{"a folder and all in it", "a", "a/b/c a/d e", "e"},
		{"an asterisk", "*.csv\nb/*", "a.csv x/a.csv b/c b/d/e", "x/a.csv"},
		{"question mark and class", "a?\n[xy]z", "a ab abc xz yz zz", "a abc zz"},
		{"at any depth", "**/*.csv", "a.csv x/a.csv x/y/a.csv x/a.txt", "x/a.txt"},
		{"at any depth below", "x/**/z", "x/z x/y/z x/y/y/z z", "z"},
		{"asterisks in a word", "a**z", "az a1z a/z a/b/z ab/z", "a1z"},
		{"all of a folder", "x/**", "x/a x/b/c y", "y"},
		{"taken back", "*.csv\n!keep.csv", "a.csv keep.csv", "keep.csv"},
		{"the last one wins", "!a\na\nb\n!b\nb", "a b c", "c"},
		{"taken back in a folder that is left out", "data\n!data/keep/x", "data/a data/keep/x data/keep/y", "data/keep/x"},
		{"taken back deep down", "*\n!a/**/keep.txt\n!pipeline.star", "a/keep.txt a/b/c/keep.txt a/b/c/x b/keep.txt", "a/b/c/keep.txt a/keep.txt"},
		{"a folder taken back", "*\n!b\n!pipeline.star", "a b/c b/d/e", "b/c b/d/e"},
		{"taken back by asterisks in a word", "*\n!a**z\n!pipeline.star", "ab/z ab/y az a/b/z b/z", "a/b/z ab/z az"},
		{"taken back, and partly left out again", "*\n!b\nb/d\n!pipeline.star", "a b/c b/d/e", "b/c"},
		{"left out again below what is taken back", "b/**\n!b/**/keep\nb/d", "b/c/keep b/d/keep", "b/c/keep"},
		{"a name with an exclamation mark", "*\n!!x\n!pipeline.star", "!x x", "!x"},
		{"names that have to be escaped", "*\n!\\[a\\]/x\n!pipeline.star", "[a]/x a/x", "[a]/x"},
		{"the ignore file itself", "a", "a", ""},
		{"the ignore file itself, taken back", "!" + image.IgnoreFile, "", image.IgnoreFile},
		{"only the one at the top", "", "a/" + image.IgnoreFile, "a/" + image.IgnoreFile},
		{
			"by default", "",
			".git/HEAD a/.git .hg/x .svn/x .fuse/images/x a/.fuse/x .idea/x .vscode/x .DS_Store a/Thumbs.db a.py~ a/.x.swp .x.swo .#lock #auto# __pycache__/x a/__pycache__/x",
			"",
		},
		{"close to a default", "", ".gitignore .github/x a.git .swp x.swp a# .env Thumbs.DB", ".env .github/x .gitignore .swp Thumbs.DB a# a.git x.swp"},
		{"defaults taken back", "!**/.git\n!.vscode/settings.json\n!**/*~", ".git/HEAD a/.git .vscode/settings.json .vscode/x a~ .hg/x", ".git/HEAD .vscode/settings.json a/.git a~"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"pipeline.star": pipeline}
			if test.ignore != "" {
				files[image.IgnoreFile] = test.ignore
			}
			for name := range strings.FieldsSeq(test.files) {
				files[name] = ""
			}
			if got := kept(build(t, workflow(t, files))); got != test.want {
				t.Errorf("kept:    %s\nwant it: %s", got, test.want)
			}
		})
	}
}

// A folder that is left out is in the archive where something in it is kept,
// and it is not looked into where nothing can be.
func TestIgnoredFolders(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star":  pipeline,
		image.IgnoreFile: "data\nsecret\n!data/a/keep",
		"data/a/keep":    "",
		"data/a/drop":    "",
		"data/b/drop":    "",
	})
	if err := os.Mkdir(filepath.Join(dir, "secret"), 0o755); err != nil {
		t.Fatal(err)
	}
	fsys := &fakeFS{FS: os.DirFS(dir), readDir: func(name string) error {
		if name == "secret" || name == "data/b" {
			return fs.ErrPermission
		}
		return nil
	}}
	img := build(t, load(t, dir), image.WithFolder(fsys))
	want := `d 755 ffrun/
d 755 ffrun/data/
d 755 ffrun/data/a/
f 644 ffrun/data/a/keep
f 644 ffrun/pipeline.star`
	if got := list(unpack(t, img, image.RoleSource)); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestBadIgnoreFile(t *testing.T) {
	const syntax = `it has the syntax of .dockerignore: one pattern a line, like "data/*.csv" or "!keep.csv"`
	for _, test := range []struct{ ignore, want string }{
		{"a\n[b\n", `"[b" is not a pattern: syntax error in pattern`},
		{"[z-a]", `"[z-a]" is not a pattern: syntax error in pattern`},
		{"x\n![z-a]", `"![z-a]" is not a pattern: syntax error in pattern`},
		{"!", `"!" is not a pattern: nothing stands behind the exclamation mark`},
	} {
		dir := folder(t, map[string]string{"pipeline.star": pipeline, image.IgnoreFile: test.ignore})
		_, err := image.Build(context.Background(), load(t, dir), defaults(t)...)
		mustFail(t, err, dir+"/.fuseignore: "+test.want, syntax)
	}
	dir := folder(t, map[string]string{"pipeline.star": pipeline, image.IgnoreFile + "/x": ""})
	_, err := image.Build(context.Background(), load(t, dir), defaults(t)...)
	mustFail(t, err, "read "+dir+"/.fuseignore: is a directory", "")

	dir = folder(t, map[string]string{"pipeline.star": pipeline, image.IgnoreFile: ""})
	fsys := &fakeFS{FS: os.DirFS(dir), open: func(name string) (fs.File, error) {
		if name == image.IgnoreFile {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
		}
		return nil, nil
	}}
	_, err = image.Build(context.Background(), load(t, dir), defaults(t, image.WithFolder(fsys))...)
	mustFail(t, err, "read "+dir+"/.fuseignore: permission denied", "make it readable")
}

// An image without what the workflow reads is of no use.
func TestWorkflowIsLeftOut(t *testing.T) {
	files := map[string]string{
		"pipeline.star":   `load("lib/helper.star", "f")` + "\nx = read_file('data.txt')\nKFPWorkflow(workflow(f)(1))\n",
		"lib/helper.star": "def f(x):\n    return x\n", "data.txt": "x",
	}
	for ignore, name := range map[string]string{"pipeline.star": "pipeline.star", "lib": "lib/helper.star", "*.txt": "data.txt"} {
		files[image.IgnoreFile] = ignore
		dir := folder(t, files)
		_, err := image.Build(context.Background(), load(t, dir), defaults(t)...)
		mustFail(t, err, dir+"/"+name+": the workflow reads this file, and it is left out of its image", "take it back in .fuseignore, with !"+name)
	}

	// By way of a link there is another path to it.
	dir := folder(t, map[string]string{
		"pipeline.star":   `load("link/helper.star", "f")` + "\nKFPWorkflow(workflow(f)(1))\n",
		"lib/helper.star": "def f(x):\n    return x\n",
	})
	if err := os.Symlink("lib", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	build(t, load(t, dir))
}

// What Fuse writes into the folder after a build gives the same image again, be
// it in a folder of its own.
func TestOutputsChangeNoImage(t *testing.T) {
	wf := sums(t)
	dir := wf.File().Root()
	exclude := image.WithExclude(filepath.Join(dir, "out/oci/layout"))
	img := build(t, wf, exclude)
	check(t, img.WriteLayout(context.Background(), filepath.Join(dir, "out/oci/layout"), "x"))
	write(t, filepath.Join(dir, "specs/sums.json"), compiled(t, wf))
	check(t, img.Remember("x", time.Now()))
	if again := build(t, wf, exclude); again.Digest() != img.Digest() {
		t.Errorf("the image has, too:\n%s", list(unpack(t, again, image.RoleSource)))
	}
	// A folder that is there for itself stays.
	check(t, os.MkdirAll(filepath.Join(dir, "out/data"), 0o755))
	want := "d 755 ffrun/\nd 755 ffrun/out/\nd 755 ffrun/out/data/\nf 644 ffrun/pipeline.star"
	if got := list(unpack(t, build(t, wf, exclude), image.RoleSource)); got != want {
		t.Errorf("got\n%s", got)
	}
}

// What is written into the folder is left out of it.
func TestExclude(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star":     pipeline,
		image.IgnoreFile:    "!out",
		"out/layout/a":      "",
		"out/keep":          "",
		"sums.tar":          "",
		"sub/sums.tar":      "",
		"other/sums.tar.gz": "",
	})
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Join(dir, "sub"))
	for _, exclude := range [][]string{
		{dir + "/out/layout", dir + "/sums.tar", "/elsewhere", dir + "/not/there", dir, filepath.Dir(dir)},
		{"../out/layout/", "../sums.tar", "..", "../../x"},
		{link + "/out/layout", link + "/sums.tar"},
	} {
		for _, wf := range []string{dir, link} {
			img := build(t, load(t, wf), image.WithExclude(exclude...))
			if got, want := kept(img), "other/sums.tar.gz out/keep sub/sums.tar"; got != want {
				t.Errorf("without %q, kept: %s", exclude, got)
			}
		}
	}
}

// A spec names the digest of the image, which could not be in the image.
func TestCompiledSpecsAreLeftOut(t *testing.T) {
	wf := sums(t)
	spec, err := compiler.Compile(wf)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"config.json": `{"sdkVersion": "kfp-2.13.0", "schemaVersion": "2.1.0"}`,
		"notes.yaml":  "schemaVersion: 1\ntext: sdkVersion is fuse-like\n",
		"empty.yml":   "",
	}
	for name, marshal := range map[string]func() ([]byte, error){
		"a.json": spec.MarshalJSON, "b.JSON": spec.MarshalIndentJSON, "c.yaml": spec.MarshalYAML, "deep/d.yml": spec.MarshalYAML, "e.txt": spec.MarshalYAML,
	} {
		text, err := marshal()
		if err != nil {
			t.Fatal(err)
		}
		files[name] = string(text)
	}
	files["f.yaml"] = "# sdkVersion, and its value\n" + files["c.yaml"]
	for name, text := range files {
		write(t, filepath.Join(wf.File().Root(), name), text)
	}
	if got := kept(build(t, wf)); got != "config.json e.txt empty.yml notes.yaml" {
		t.Errorf("kept: %s", got)
	}
}
