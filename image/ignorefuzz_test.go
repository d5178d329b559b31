package image

import (
	"context"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// FuzzIgnore takes any text as an ignore file, and compares what a walk keeps,
// which does not look into all folders, with what the patterns say of each file.
func FuzzIgnore(f *testing.F) {
	const files = "a\na.csv\nb/a.csv\nb/c/a\nb/c/d/keep\n.git/HEAD\nb/.git/x\n[x]/y\nxx/yz/z"
	for _, ignore := range []string{
		"", "*\n!b", "b\n!b/c/d/keep", "**\n!**/a", "*.csv\n!b/*", "b/**\n!b/c/**/keep\nb/c/d", "!**/.git", "x**z\n*\n!x**z", "*\n!\\[x\\]/y", "[^a]*\n!?x/*/z",
	} {
		f.Add(ignore, files)
	}
	f.Fuzz(func(t *testing.T, ignore, files string) {
		fsys := fstest.MapFS{}
		for name := range strings.SplitSeq(files, "\n") {
			if fs.ValidPath(name) && name != "." && !strings.Contains(name, whiteout) && path.Ext(name) != ".json" && len(fsys) < 50 {
				fsys[name] = &fstest.MapFile{}
			}
		}
		// A file cannot be a folder, too.
		for name := range fsys {
			for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
				delete(fsys, dir)
			}
		}
		delete(fsys, ".")
		fsys[IgnoreFile] = &fstest.MapFile{Data: []byte(ignore)}
		got := &folder{fsys: fsys}
		if err := got.scan(context.Background(), nil, math.MaxInt64); err != nil {
			return // a pattern that is none
		}
		user, err := ignorefile.ReadAll(strings.NewReader(ignore))
		if err != nil {
			t.Fatal(err)
		}
		matcher, err := patternmatcher.New(append(ignoredAlways(), user...))
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for name := range fsys {
			if ignored, err := matcher.MatchesOrParentMatches(name); err != nil {
				t.Fatal(err)
			} else if !ignored {
				want = append(want, name)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got.files(), want) {
			t.Errorf("with %q, of %q\nkept %q\nwant %q", ignore, files, got.files(), want)
		}
	})
}
