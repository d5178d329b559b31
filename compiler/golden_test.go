package compiler

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldens compiles testdata/*.star and compares with the specs beside them.
func TestGoldens(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.star"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".star"), func(t *testing.T) {
			text := string(readFile(t, file))
			spec := mustCompile(t, load(t, text), WithImage("registry.example.com/work@sha256:00"))
			if err := spec.Validate(); err != nil {
				t.Errorf("the spec is not valid: %v", err)
			}
			got, err := spec.MarshalIndentJSON()
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(file, ".star") + ".json"
			if *update {
				if err := os.WriteFile(golden, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(readFile(t, golden)), string(got)); d != "" {
				t.Errorf("-golden +got (accept with -update):\n%s", d)
			}

			// Loaded and compiled again, it is the same to the byte.
			again, err := mustCompile(t, load(t, text), WithImage("registry.example.com/work@sha256:00")).MarshalIndentJSON()
			if err != nil || !bytes.Equal(got, again) {
				t.Errorf("compiled again, it differs (%v): %s", err, cmp.Diff(string(got), string(again)))
			}

			// What is read back is what was compiled, and finds its nodes.
			read := mustRead(t, got)
			js, err := spec.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if js2, err := read.MarshalJSON(); err != nil || !bytes.Equal(js, js2) {
				t.Errorf("read and written, it differs (%v):\n%s", err, cmp.Diff(string(js), string(js2)))
			}
			for _, n := range spec.Workflow().Nodes() {
				key := spec.TaskKey(n.Name())
				if key == "" || spec.NodeOf(key) != n.Name() || read.TaskKey(n.Name()) != key || read.NodeOf(key) != n.Name() {
					t.Errorf("node %q: task %q, back to %q; read again: task %q, back to %q", n.Name(), key, spec.NodeOf(key), read.TaskKey(n.Name()), read.NodeOf(key))
				}
			}
			for _, n := range spec.Workflow().Results() {
				if got := spec.OutputNode(spec.TaskKey(n.Name())); got != n.Name() {
					t.Errorf("the output of node %q is that of %q", n.Name(), got)
				}
			}
		})
	}
}
