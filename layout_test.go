// Package fuse_test checks the layout of the repository: which package may
// import which. ARCHITECTURE.md shows the same as a picture.
package fuse_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/starlarkfuse/fuse"

// mayImport lists the rooms of the house from top to bottom, and for each the
// other rooms that it may import. Arrows point down only.
var mayImport = []struct {
	room string
	may  []string
}{
	{"examples", []string{"exec", "compiler", "starlarkfuse"}},
	{"cmd/fuse", []string{"kfp", "image", "exec", "compiler", "starlarkfuse", "stdlib", "value", "internal"}},
	{"kfp/kfptest", []string{"kfp", "exec", "compiler", "starlarkfuse", "value", "internal"}},
	{"kfp", []string{"starlarkfuse", "internal"}},
	{"image", []string{"exec", "compiler", "starlarkfuse", "internal"}},
	{"exec", []string{"compiler", "starlarkfuse", "value"}},
	{"compiler", []string{"starlarkfuse", "value"}},
	{"starlarkfuse", []string{"stdlib", "value"}},
	{"stdlib", []string{"value"}},
	{"value", nil},
	{"internal", nil},
}

// roomOf returns the room that a package path inside the module belongs to;
// packages below a room, internal ones, belong to it.
func roomOf(pkg string) (int, bool) {
	for i, r := range mayImport {
		if pkg == r.room || strings.HasPrefix(pkg, r.room+"/") {
			return i, true
		}
	}
	return 0, false
}

func TestImportsPointDown(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case filepath.Ext(name) != ".go" || path.Dir(filepath.ToSlash(name)) == ".":
			return nil
		}
		files++
		checkImports(t, filepath.ToSlash(name))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Errorf("only %d files were checked", files)
	}
}

func checkImports(t *testing.T, name string) {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
	if err != nil {
		t.Error(err)
		return
	}
	from, ok := roomOf(path.Dir(name))
	if !ok {
		t.Errorf("%s is in no room of the layout: add the room to mayImport and to ARCHITECTURE.md", name)
		return
	}
	for _, imp := range f.Imports {
		pkg, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		inside, ours := strings.CutPrefix(pkg, module+"/")
		if !ours {
			continue
		}
		to, ok := roomOf(inside)
		if !ok || to != from && !slices.Contains(mayImport[from].may, mayImport[to].room) {
			t.Errorf("%s imports %s: %s may import only %s", name, pkg, mayImport[from].room, strings.Join(mayImport[from].may, ", "))
		}
	}
}
