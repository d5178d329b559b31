package exec_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/value"
)

// recorded is a run with a small value, one that has a file of its own, and a
// parameter.
func recorded(t *testing.T) *exec.Result {
	res := run(t, compile(t, `
def small():
    return [1, "x"]
def large():
    return list(range(10000))
def count(a, b) -> int:
    return len(a) + len(b)
n = workflow(count)(workflow(small)().set_name("small"), workflow(large)().set_name("large")).set_name("count")
KFPWorkflow(n, workflow_name = "w")
`))
	if res.State != exec.Succeeded {
		t.Fatal(states(res))
	}
	return res
}

func TestOpenRun(t *testing.T) {
	res := recorded(t)
	rec, err := exec.OpenRun(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if rec.State != exec.Succeeded || rec.RunID != res.RunID || rec.Workflow != "w" || len(rec.Tasks) != 3 || rec.Started.IsZero() {
		t.Errorf("got %+v", rec)
	}
	for name, want := range map[string]int{"small": 2, "large": 10000} {
		task := rec.Task(name)
		v, err := task.Artifact("result").Value()
		if err != nil {
			t.Fatal(err)
		}
		if n := lenOf(v); n != want || task.Attempts != 1 || task.Fingerprint == "" || task.Artifact("result").Metadata["type"] != "list" {
			t.Errorf("%s: %d elements, %+v", name, n, task)
		}
	}
	if n := rec.Task("count").Parameters["Output"]; n != 10002.0 {
		t.Errorf("count is %v", n)
	}
	if summary, err := os.ReadFile(filepath.Join(res.Dir, "run.json")); err != nil || !bytes.Contains(summary, []byte(`"preview": "10002"`)) {
		t.Errorf("run.json: %v\n%s", err, summary)
	}
	for _, name := range []string{"nothing", "run.json"} {
		if _, err := exec.OpenRun(filepath.Join(res.Dir, name)); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}

func lenOf(v any) int { return v.(interface{ Len() int }).Len() }

// A journal that ends anywhere tells of what is complete and of nothing else.
func TestJournalCutOff(t *testing.T) {
	res := recorded(t)
	whole, err := os.ReadFile(filepath.Join(res.Dir, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	if len(lines) != 6 || len(lines[5]) != 0 {
		t.Fatalf("%d lines", len(lines))
	}
	dir := t.TempDir()
	open := func(b []byte) (*exec.Record, error) {
		if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), b, 0o644); err != nil {
			t.Fatal(err)
		}
		return exec.OpenRun(dir)
	}
	end := 0
	for n, line := range lines[:5] {
		for cut := range line {
			rec, err := open(whole[:end+cut])
			if n == 0 {
				if err == nil {
					t.Fatalf("a journal of %d bytes was read", cut)
				}
				continue
			}
			if err != nil {
				t.Fatalf("cut at byte %d of line %d: %v", cut, n+1, err)
			}
			if len(rec.Tasks) != n-1 || rec.State != exec.Running {
				t.Fatalf("cut at byte %d of line %d: %d tasks, %s", cut, n+1, len(rec.Tasks), rec.State)
			}
		}
		end += len(line)
	}
	// Damage in the middle is not the end of a run that was killed.
	damaged := bytes.Clone(whole)
	copy(damaged[len(lines[0])+5:], "\x00\x00\x00\x00")
	if _, err := open(damaged); err == nil {
		t.Error("a damaged journal was read")
	} else {
		mustContain(t, err.Error(), "line 2")
	}
	newer := bytes.Replace(whole, []byte(`"fuse":1`), []byte(`"fuse":2`), 1)
	if _, err := open(newer); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a journal of another version: %v", err)
	}
}

func TestDamagedArtifact(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(path string, b []byte) error
		want   string
	}{
		{"truncated", func(p string, b []byte) error { return os.WriteFile(p, b[:100], 0o644) }, "is truncated: 100 of "},
		{"empty", func(p string, b []byte) error { return os.WriteFile(p, nil, 0o644) }, "is truncated: 0 of "},
		{"longer", func(p string, b []byte) error { return os.WriteFile(p, append(b, 0), 0o644) }, "is damaged"},
		{"other bytes", func(p string, b []byte) error { b[50] ^= 1; return os.WriteFile(p, b, 0o644) }, "is damaged"},
		{"missing", func(p string, b []byte) error { return os.Remove(p) }, "is missing: there is no file "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := recorded(t)
			path := filepath.Join(res.Dir, "large.result")
			b, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := tt.change(path, b); err != nil {
				t.Fatal(err)
			}
			rec, err := exec.OpenRun(res.Dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = rec.Task("large").Artifact("result").Value()
			if err == nil {
				t.Fatal("it was read")
			}
			for _, part := range []string{`result of task "large"`, path, tt.want} {
				mustContain(t, err.Error(), part)
			}
			if hint(err) == "" {
				t.Error("no hint")
			}
		})
	}
}

// A small value is in the journal, with its digest.
func TestDamagedValueInJournal(t *testing.T) {
	res := recorded(t)
	path := filepath.Join(res.Dir, "journal.jsonl")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other, err := value.Encode(mustValue(t, []any{2, "x"}))
	if err != nil {
		t.Fatal(err)
	}
	b = regexp.MustCompile(`"data":"[^"]*"`).ReplaceAll(b, fmt.Appendf(nil, `"data":%q`, base64Of(other)))
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	rec, err := exec.OpenRun(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = rec.Task("small").Artifact("result").Value(); err == nil {
		t.Fatal("it was read")
	}
	mustContain(t, err.Error(), "is damaged")
}

func TestArtifactFolder(t *testing.T) {
	res := run(t, readSpec(t, `
pipelineInfo: {name: folder}
schemaVersion: 2.1.0
root: {dag: {tasks: {a: {taskInfo: {name: a}, componentRef: {name: c}}}}}
components:
  c: {executorLabel: e, outputDefinitions: {artifacts: {d: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}}}
deploymentSpec: {executors: {e: {container: {image: none, command: [sh, -ec, 'mkdir -p "$0/sub"; echo x > "$0/sub/f"; ln -s f "$0/sub/l"', "{{$.outputs.artifacts['d'].path}}"]}}}}
`))
	if res.State != exec.Succeeded {
		t.Fatal(res.Task("a").Err)
	}
	rec, err := exec.OpenRun(res.Dir)
	if err != nil {
		t.Fatal(err)
	}
	a := rec.Task("a").Artifact("d")
	if err := a.Check(); err != nil || a.Size != 2 || a.Type != "system.Dataset" {
		t.Errorf("%v, %+v", err, a)
	}
	if err := os.WriteFile(filepath.Join(res.Dir, "a/artifacts/d/more"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := a.Check(); err == nil {
		t.Error("a changed folder was trusted")
	}
}

// A journal tells of ends only, and of states that there are.
func TestJournalLines(t *testing.T) {
	const head = `{"fuse":1,"run":"r"}` + "\n"
	dir := t.TempDir()
	for _, tt := range []struct{ line, want string }{
		{`{"task":"a","state":"SUCCEEDED"}`, ""},
		{`{"task":"a","state":"SKIPPED"}`, ""},
		{`{"end":"FAILED","seconds":1}`, ""},
		{`{"task":"a","state":"RUNNING"}`, "neither"},
		{`{"task":"a","state":"DONE"}`, "neither"},
		{`{"task":"a"}`, "neither"},
		{`{"state":"FAILED"}`, "neither"},
		{`{"end":"RUNNING"}`, "neither"},
		{`{"end":"OVER"}`, "neither"},
		{`{"end":"FAILED","task":"a","state":"FAILED"}`, "neither"},
		{`{"end":""}`, "neither"},
		{`null`, "neither"},
		{`[]`, "line 2"},
		{`{"task":"a","state":"FAILED"} {}`, "line 2"},
		{`{"task":"a","state":"FAILED","artifacts":[{"data":"%%"}]}`, "line 2"},
		{``, "line 2"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "journal.jsonl"), []byte(head+tt.line+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		switch _, err := exec.OpenRun(dir); {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.line, err)
		case tt.want != "" && err == nil:
			t.Errorf("%s was read", tt.line)
		case tt.want != "":
			mustContain(t, err.Error(), tt.want)
		}
	}
}
