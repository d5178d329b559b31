package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

const endless = `
def quick():
    return 42
def spin():
    print("spinning")
    while True:
        pass
quick, spin = workflow(quick), workflow(spin)
q = quick().set_name("quick")
s = spin().set_name("spin").after(q)
rest = quick().set_name("rest").after(s)
LocalWorkflow(q, s, rest, workflow_name = "endless")
`

// command returns the fuse of this test binary.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// TestMain goes by the name that the program was called by.
	return &exec.Cmd{Path: exe, Args: append([]string{"fuse"}, args...), Dir: dir}
}

// TestInterrupt sends a signal while a node runs: the node is stopped, what
// finished is kept and told, and the exit code is 130.
func TestInterrupt(t *testing.T) {
	for _, test := range []struct {
		name   string
		signal os.Signal
	}{{"SIGINT", os.Interrupt}, {"SIGTERM", syscall.SIGTERM}} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "endless.star"), []byte(endless), 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := command(t, dir, "run", "endless.star", "--output", "json")
			var stdout bytes.Buffer
			cmd.Stdout = &stdout
			stderr := interruptAt(t, cmd, "[spin] spinning", test.signal)

			if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
				t.Errorf("exit code %d, want %d", code, exitInterrupted)
			}
			var got struct {
				State   string
				Results map[string]int
				Nodes   map[string]struct{ State string }
			}
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatalf("%v in %q", err, stdout.String())
			}
			if got.State != "CANCELED" || got.Results["quick"] != 42 || len(got.Results) != 1 {
				t.Errorf("state %s, results %v", got.State, got.Results)
			}
			for node, want := range map[string]string{"quick": "SUCCEEDED", "spin": "CANCELED", "rest": "NOT_RUN"} {
				if got.Nodes[node].State != want {
					t.Errorf("%s is %s, want %s", node, got.Nodes[node].State, want)
				}
			}
			for _, want := range []string{"\nspin  stopped after ", "\nrest  not run: \"spin\" was stopped\n", "\nerror: interrupted\n"} {
				if !strings.Contains(stderr, want) {
					t.Errorf("no %q in\n%s", want, stderr)
				}
			}
			kept, err := filepath.Glob(filepath.Join(dir, ".fuse/runs/*/*"))
			if err != nil || len(kept) == 0 {
				t.Errorf("nothing was kept: %v", err)
			}
		})
	}
}

// TestInterruptLoad ends a file that loads for ever.
func TestInterruptLoad(t *testing.T) {
	dir := t.TempDir()
	text := "print(\"loading\")\nwhile True:\n    x = 1\n"
	if err := os.WriteFile(filepath.Join(dir, "load.star"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := command(t, dir, "graph", "load.star", "--max-steps", "1000000000000")
	stderr := interruptAt(t, cmd, "load.star:1:6: loading", os.Interrupt)
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if want := "load.star:1:6: loading\nerror: interrupted\n"; stderr != want {
		t.Errorf("got %q, want %q", stderr, want)
	}
}

// interruptAt starts a command, sends it a signal when it prints a line on
// stderr, waits for its end, and returns all of stderr.
func interruptAt(t *testing.T, cmd *exec.Cmd, line string, sig os.Signal) string {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	seen := false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if lines.Text() == line && !seen {
			seen = true
			if err := cmd.Process.Signal(sig); err != nil {
				t.Error(err)
			}
		}
	}
	cmd.Wait() // the exit code is looked at by the caller
	if !seen {
		t.Fatalf("no line %q in\n%s", line, all.String())
	}
	return all.String()
}

// lockedWrites is a buffer that two goroutines may use.
type lockedWrites struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lockedWrites) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lockedWrites) bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.buf.Bytes())
}
