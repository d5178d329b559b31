//go:build unix

package exec_test

import (
	"errors"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// odd is a spec of one task, a shell script that finds the path of its
// artifact in $1, that of its parameter in $2 and that of its executor output
// in $3.
func odd(script, artifact, param string) string {
	return fmt.Sprintf(`
pipelineInfo: {name: odd}
schemaVersion: 2.1.0
root: {dag: {tasks: {a: {taskInfo: {name: a}, componentRef: {name: c}}}}}
components:
  c:
    executorLabel: e
    outputDefinitions:
      artifacts: {%[2]q: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}
      parameters: {%[3]q: {parameterType: STRING}}
deploymentSpec:
  executors:
    e:
      container:
        image: none
        command: [sh, -ec, %[1]q, sh]
        args: [%[4]q, %[5]q]
`, `printf ok > "$2"; set -- "$1" "$2" "$(dirname "$(dirname "$1")")/executor_output/executor_output.json"; `+script, artifact, param,
		"{{$.outputs.artifacts['"+artifact+"'].path}}", "{{$.outputs.parameters['"+param+"'].output_file}}")
}

// What a program leaves may be anything. It fails its task, or is taken, but
// nothing waits or reads for ever.
func TestOddOutputs(t *testing.T) {
	if _, err := osexec.LookPath("mkfifo"); err != nil {
		t.Skip(err)
	}
	for _, tt := range []struct{ name, script, want string }{
		{"nothing", "true", ""},
		{"an artifact that is a folder", `mkdir -p "$1/a/b"; echo x > "$1/a/b/c"`, ""},
		{"an artifact that is a link to a file outside", `ln -s /etc/hosts "$1"`, ""},
		{"an artifact that is a broken link", `ln -s /nowhere "$1"`, ""},
		{"an artifact that is a loop of links", `ln -s "$1" "$1"`, "too many levels"},
		{"an artifact that is a FIFO", `mkfifo "$1"`, "it is a FIFO, neither a file nor a folder"},
		{"an artifact without end", `ln -s /dev/zero "$1"`, "it is a device"},
		{"a FIFO in a folder", `mkdir "$1"; mkfifo "$1/f"; ln -s /dev/zero "$1/z"`, ""},
		{"100 MB", `dd if=/dev/null of="$1" bs=1 seek=100000000`, ""},
		{"a parameter that is a folder", `rm "$2"; mkdir "$2"`, `output parameter "p"`},
		{"a parameter that is a FIFO", `rm "$2"; mkfifo "$2"`, "it is a FIFO, not a file"},
		{"a parameter without end", `rm "$2"; ln -s /dev/zero "$2"`, "it is a device, not a file"},
		{"a parameter of 100 MB", `dd if=/dev/null of="$2" bs=1 seek=100000000`, "it is too large: 100000000 bytes"},
		{"an executor output that is a folder", `mkdir -p "$3"`, "it is a folder, not a file"},
		{"an executor output that is a FIFO", `mkdir -p "$(dirname "$3")"; mkfifo "$3"`, "it is a FIFO"},
		{"a huge executor output", `mkdir -p "$(dirname "$3")"; dd if=/dev/null of="$3" bs=1 seek=1000000000000`, "it is too large"},
		{"an executor output that is none", `mkdir -p "$(dirname "$3")"; echo '[' > "$3"`, "executor output"},
		{"output that is no text", `head -c 300000 /dev/zero; printf '\377\376'`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, readSpec(t, odd(tt.script, "x", "p")))
			switch err := res.Task("a").Err; {
			case tt.want != "" && err == nil:
				t.Error("it succeeded")
			case tt.want != "":
				mustContain(t, err.Error(), tt.want)
			case err != nil:
				t.Error(err)
			}
			if _, err := exec.OpenRun(res.Dir); err != nil {
				t.Error(err)
			}
		})
	}
}

// Whatever the names of outputs are, their files are in the task's folder, and
// are not each other's.
func TestOddNames(t *testing.T) {
	for _, name := range []string{
		"..", "../../x", "/etc/x", `a\b`, "a.b", "Ünïcode", "CON", "x y", "%2E", strings.Repeat("long", 100), strings.Repeat("ü", 200),
	} {
		storage := t.TempDir()
		res := run(t, readSpec(t, odd(`printf data > "$1"`, name, name)), exec.WithStorage(storage))
		if res.State != exec.Succeeded {
			t.Errorf("%q: %v", name, res.Task("a").Err)
			continue
		}
		outs := res.Task("a").Outputs // both have the name
		path, err := outs[1].Artifact.Path()
		if err != nil || filepath.Dir(path) != filepath.Join(res.Dir, "a", "artifacts") || outs[0].Parameter.GetStringValue() != "ok" {
			t.Errorf("%q: %v is at %s, %v", name, outs, path, err)
		}
		var found []string
		filepath.WalkDir(storage, func(path string, e os.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				rel, _ := filepath.Rel(res.Dir, path)
				found = append(found, filepath.Dir(rel))
			}
			return err
		})
		slices.Sort(found)
		if got, want := strings.Join(found, " "), ". . a a/artifacts a/parameters"; got != want {
			t.Errorf("%q: files in %s", name, got)
		}
	}
}

// File systems that do not look at case must not mix up tasks or outputs.
func TestNamesThatDifferByCase(t *testing.T) {
	res := run(t, readSpec(t, flat(
		shTask{key: "Task", script: "printf 1 > $1; printf 2 > $2", outputs: []string{"out", "OUT"}},
		shTask{key: "task", script: "printf 3 > $1", outputs: []string{"out"}},
	)))
	if got, want := sortWords(outputs(res)), sortWords("Task.out=1 Task.OUT=2 task.out=3"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	seen := map[string]bool{}
	filepath.WalkDir(res.Dir, func(path string, _ os.DirEntry, err error) error {
		if seen[strings.ToLower(path)] {
			t.Errorf("%s differs from another by case only", path)
		}
		seen[strings.ToLower(path)] = true
		return err
	})
}

// A command that ended is not waited for by way of what it left running.
func TestBackgroundProcess(t *testing.T) {
	res := run(t, readSpec(t, flat(shTask{key: "a", script: "sleep 1000 & printf x > $1; echo last", outputs: []string{"out"}})),
		exec.WithRunner(&exec.Process{Grace: time.Hour}))
	if outputs(res) != "a.out=x" {
		t.Error(res.Task("a").Err)
	}
	if log, _ := os.ReadFile(filepath.Join(res.Dir, "a", "executor-logs-0")); string(log) != "last\n" {
		t.Errorf("the log is %q", log)
	}
}

// Nor does one that has left the process group hold up the run for ever.
func TestEscapedProcess(t *testing.T) {
	if _, err := osexec.LookPath("setsid"); err != nil {
		t.Skip(err)
	}
	fifo, ready := makeFIFO(t), filepath.Join(t.TempDir(), "ready")
	res := run(t, readSpec(t, flat(shTask{key: "a", script: fmt.Sprintf("setsid sh -c ': > %s; read x < %s' & while test ! -e %[1]s; do :; done", ready, fifo)})),
		exec.WithRunner(&exec.Process{Grace: 10 * time.Millisecond}))
	if res.State != exec.Succeeded {
		t.Error(res.Task("a").Err)
	}
	f, err := os.OpenFile(fifo, os.O_WRONLY, 0) // lets it end
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
}

// A record of any kind is opened or refused, but not waited for.
func TestOpenOddRuns(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a folder":      func(path string) error { return os.Mkdir(path, 0o755) },
		"a FIFO":        func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a terabyte":    func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o644), os.Truncate(path, 1<<40)) },
		"without end":   func(path string) error { return os.Symlink("/dev/zero", path) },
		"nothing":       func(path string) error { return os.WriteFile(path, nil, 0o644) },
		"a broken link": func(path string) error { return os.Symlink("/nowhere", path) },
	} {
		dir := t.TempDir()
		if err := make(filepath.Join(dir, "journal.jsonl")); err != nil {
			t.Fatal(err)
		}
		if _, err := exec.OpenRun(dir); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
}
