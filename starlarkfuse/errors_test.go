package starlarkfuse_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestErrors loads the files of each archive and compares the error, with its
// hint and backtrace, with the archive's file "want".
func TestErrors(t *testing.T) {
	archives, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no archives", err)
	}
	for _, name := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files, want := make(map[string]string), ""
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			_, err = load(t, files, starlarkfuse.WithMaxNodes(50), starlarkfuse.WithMaxSteps(1_000_000))
			if err == nil {
				t.Fatal("no error")
			}
			got := explain(err) + "\n"
			if *update {
				archive.Files = append(removeWant(archive.Files), txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the error differs (-want +got):\n%s", diff)
			}
			if bytes.ContainsAny([]byte(got), "\uFDD0\uFDD1") {
				t.Errorf("the error shows a mark: %q", got)
			}
		})
	}
}

func removeWant(files []txtar.File) []txtar.File {
	var kept []txtar.File
	for _, f := range files {
		if f.Name != "want" {
			kept = append(kept, f)
		}
	}
	return kept
}
