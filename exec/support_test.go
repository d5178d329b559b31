package exec_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// A shTask is a task of a spec that `flat` writes: a shell script.
type shTask struct {
	key, script string
	after       []string
	outputs     []string // STRING parameters; the script finds their files in $1, $2, …
	completed   bool     // ALL_UPSTREAM_TASKS_COMPLETED
	extra       string   // further fields of the task, in flow style
}

// flat is a spec of one dag.
func flat(tasks ...shTask) string {
	var dag, comps, execs strings.Builder
	for _, t := range tasks {
		trigger := ""
		if t.completed {
			trigger = ", triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}"
		}
		if t.extra != "" {
			trigger += ", " + t.extra
		}
		fmt.Fprintf(&dag, "      %s: {taskInfo: {name: %s}, componentRef: {name: c-%s}, dependentTasks: [%s]%s}\n",
			t.key, t.key, t.key, strings.Join(t.after, ", "), trigger)
		fmt.Fprintf(&comps, "  c-%s:\n    executorLabel: e-%s\n", t.key, t.key)
		if len(t.outputs) > 0 {
			fmt.Fprintf(&comps, "    outputDefinitions:\n      parameters:\n")
		}
		args := ""
		for _, o := range t.outputs {
			fmt.Fprintf(&comps, "        %s: {parameterType: STRING}\n", o)
			args += fmt.Sprintf(", \"{{$.outputs.parameters['%s'].output_file}}\"", o)
		}
		fmt.Fprintf(&execs, "    e-%s:\n      container:\n        image: none\n        command: [sh, -ec, %q, sh%s]\n", t.key, t.script, args)
	}
	return fmt.Sprintf("pipelineInfo: {name: test}\nschemaVersion: 2.1.0\nroot:\n  dag:\n    tasks:\n%scomponents:\n%sdeploymentSpec:\n  executors:\n%s",
		dag.String(), comps.String(), execs.String())
}

func readSpec(t testing.TB, text string) *compiler.Spec {
	t.Helper()
	spec, err := compiler.Read([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return spec
}

// run runs a spec that can be run.
func run(t testing.TB, spec *compiler.Spec, opts ...exec.Option) *exec.Result {
	t.Helper()
	res, err := exec.Run(context.Background(), spec, append([]exec.Option{exec.WithStorage(t.TempDir())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// starFile writes a workflow file into a folder of its own.
func starFile(t testing.TB, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipeline.star")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func compile(t testing.TB, source string) *compiler.Spec {
	t.Helper()
	return compileFile(t, starFile(t, source))
}

func compileFile(t testing.TB, path string) *compiler.Spec {
	t.Helper()
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// asProcess runs function nodes as processes of the test binary.
func asProcess(t *testing.T) exec.Option {
	t.Helper()
	t.Setenv(entrypointVariable, "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each process ends with a second's sleep
	return exec.WithRunner(&exec.Process{})
}

// states are the states of all tasks, as "a=SUCCEEDED b=FAILED".
func states(res *exec.Result) string {
	var s []string
	for _, t := range res.Tasks {
		s = append(s, t.Path+"="+string(t.State))
	}
	return strings.Join(s, " ")
}

// outputs are the output parameters of all leaves, as "a.out=x b.out=y".
func outputs(res *exec.Result) string {
	var s []string
	for _, t := range res.Tasks {
		for _, o := range t.Outputs {
			if o.Parameter != nil && !t.Dag {
				s = append(s, fmt.Sprintf("%s.%s=%v", t.Path, o.Name, o.Parameter.AsInterface()))
			}
		}
	}
	return strings.Join(s, " ")
}

// values are the results, as "node=value", or "node!error".
func values(res *exec.Result) string {
	var s []string
	for _, r := range res.Results {
		if r.Err != nil {
			s = append(s, r.Name+"!"+r.Err.Error())
		} else {
			s = append(s, fmt.Sprintf("%s=%v", r.Name, r.Value))
		}
	}
	return strings.Join(s, " ")
}

func hint(err error) string {
	if e, ok := asError(err); ok {
		return e.Hint
	}
	return ""
}

func mustContain(t *testing.T, got, want string) {
	t.Helper()
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want it to hold %q", got, want)
	}
}

func mustValue(t *testing.T, x any) starlark.Value {
	t.Helper()
	v, err := value.FromGo(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func base64Of(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// sortWords is for lists whose order does not matter.
func sortWords(s string) string {
	words := strings.Fields(s)
	for i := range words {
		for j := i; j > 0 && words[j] < words[j-1]; j-- {
			words[j], words[j-1] = words[j-1], words[j]
		}
	}
	return strings.Join(words, " ")
}
