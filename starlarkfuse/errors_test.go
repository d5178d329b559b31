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

// Chains are read in a loop, but resolved and compiled by recursion.
func TestChains(t *testing.T) {
	const n = 10_001
	for _, test := range []struct{ name, text, want string }{
		{"operators", "x = 1" + strings.Repeat(" + 1", n), "1:7"},
		{"and", "x = 1" + strings.Repeat(" and 1", n), "1:7"},
		{"calls", "x = print" + strings.Repeat("()", n), "1:10"},
		{"fields", "x = print" + strings.Repeat(".a", n), "1:10"},
		{"indices", "x = print" + strings.Repeat("[0]", n), "1:10"},
		{"slices", "x = print" + strings.Repeat("[:1]", n), "1:10"},
		{"elif", "if 1: x = 1\n" + strings.Repeat("elif 2: x = 1\n", n), "10001:1"},
		{"clauses", "b = [1]\nx = [[1" + strings.Repeat(" for a in b", 6_000) + "]" + strings.Repeat(" for a in b", 6_000) + "]\n", "2:6"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := load(t, map[string]string{"main.star": test.text})
			if err == nil {
				t.Fatal("no error")
			}
			want := "main.star:" + test.want + ": more than 10000 operators, calls or branches in one chain\n" +
				"hint: was the file written by a program? use a list and a loop, or several statements"
			if got := explain(err); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
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
