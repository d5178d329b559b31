package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// blocks returns the fenced blocks of the README in one language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	fence := regexp.MustCompile("(?ms)^```" + language + "\n(.*?)^```$")
	var found []string
	for _, m := range fence.FindAllStringSubmatch(string(text), -1) {
		found = append(found, m[1])
	}
	if len(found) == 0 {
		t.Fatalf("the README has no %s block", language)
	}
	return found
}

// runScript runs a script that was made from the README.
func runScript(t *testing.T, script string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "readme.txtar")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Files: []string{file}, Setup: setup, RequireExplicitExec: true, Cmds: commands()})
}

// TestReadmeTranscript runs the workflow at the top of the README. On a
// terminal the results, on standard output, come after the progress.
func TestReadmeTranscript(t *testing.T) {
	workflow, transcript := blocks(t, "python")[0], blocks(t, "console")[0]
	lines := strings.SplitAfter(transcript, "\n")
	var stdout, stderr strings.Builder
	for _, line := range lines[1:] {
		if strings.Contains(line, " = ") {
			stdout.WriteString(line)
		} else {
			stderr.WriteString(line)
		}
	}
	if n := strings.Count(workflow, "\n") - strings.Count(workflow, "\n\n"); n > 12 {
		t.Errorf("the workflow has %d lines", n)
	}
	runScript(t, "exec "+strings.TrimPrefix(lines[0], "$ ")+`
cmp stdout want.out
cmp stderr want.err
-- words.star --
`+workflow+"-- want.out --\n"+stdout.String()+"-- want.err --\n"+stderr.String())
}

// TestReadmeCommands runs the fuse commands that the README shows, images upon
// a base image of a registry of the test's. What needs podman is another
// test's.
func TestReadmeCommands(t *testing.T) {
	var script strings.Builder
	script.WriteString(`symlink examples -> $EXAMPLES
binary
registry
exec sh -c 'sed "s/HOST/$REGISTRY/" <pipeline.in >pipeline.star'
exec fuse build pipeline.star --image $REGISTRY/python --tag 3.12-slim --platform linux/amd64,linux/arm64 --fuse-binary $STATIC --fuse-binary $STATIC_OTHER
`)
	commands := 0
	for _, block := range blocks(t, "sh") {
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, " #")
			line, _, _ = strings.Cut(line, " | podman")
			if strings.Contains(line, "--runner podman") {
				continue
			}
			if strings.HasPrefix(line, "fuse build ") {
				line = strings.TrimSpace(strings.ReplaceAll(line, "python:", "$REGISTRY/python:")) + " --fuse-binary $STATIC --fuse-binary $STATIC_OTHER"
			}
			variable, rest, ok := strings.Cut(line, "fuse ")
			if !ok || strings.HasPrefix(line, "go ") {
				continue
			}
			commands++
			name, value, _ := strings.Cut(strings.TrimSpace(variable), "=")
			if name != "" {
				script.WriteString("env " + name + "=" + value + "\n")
			}
			script.WriteString("exec fuse " + rest + "\n")
			if name != "" {
				script.WriteString("env " + name + "=\n")
			}
		}
	}
	if commands < 5 {
		t.Errorf("only %d commands were found", commands)
	}
	runScript(t, script.String()+`
-- pipeline.in --
def f(x):
    return x
KFPWorkflow(workflow(f)(1), workflow_name = "readme", registry_credentials = {"server": "HOST/team"})
-- .fuseignore --
.tmp
examples
requests
out
-- spec.yaml --
pipelineInfo: {name: other}
schemaVersion: 2.1.0
components:
  comp-greet: {executorLabel: exec-greet}
deploymentSpec:
  executors:
    exec-greet: {container: {image: busybox, command: [echo, hello]}}
root:
  dag:
    tasks:
      greet: {componentRef: {name: comp-greet}, taskInfo: {name: greet}}
`)
}
