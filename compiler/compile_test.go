package compiler

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const oneNode = "def f(x = 1):\n    return x\nf = workflow(f)\nn = f()\n"

// image returns the image of the only task of a spec.
func image(t *testing.T, s *Spec) string {
	t.Helper()
	if len(s.Deployment.Executors) != 1 {
		t.Fatalf("%d executors", len(s.Deployment.Executors))
	}
	for _, e := range s.Deployment.Executors {
		return e.GetContainer().GetImage()
	}
	return ""
}

func TestImage(t *testing.T) {
	creds := func(server string) string {
		return fmt.Sprintf(`KFPWorkflow(n, workflow_name = "My work", registry_credentials = {"server": %q, "username": "u", "password": "p"})`, server)
	}
	tests := []struct{ name, decl, want string }{
		{"nothing known", "", "localhost/pipeline:latest"},
		{"a name", `KFPWorkflow(n, workflow_name = "My work")`, "localhost/my-work:latest"},
		{"a registry", creds("registry.example.com"), "registry.example.com/my-work"},
		{"a registry as a URL", creds("https://me:pass@registry.example.com/team/"), "registry.example.com/team/my-work"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wf := load(t, oneNode+tt.decl)
			if got := image(t, mustCompile(t, wf)); got != tt.want {
				t.Errorf("image %q, want %q", got, tt.want)
			}
			if got := image(t, mustCompile(t, wf, WithImage("i@sha256:1"))); got != "i@sha256:1" {
				t.Errorf("image %q, want the one given", got)
			}
		})
	}
	for _, ref := range []string{"", "a b", "a\n"} {
		if _, err := Compile(load(t, oneNode), WithImage(ref)); err == nil {
			t.Errorf("image %q was accepted", ref)
		}
	}
}

// TestSecrets looks for credentials in all that is written of a spec.
func TestSecrets(t *testing.T) {
	spec := mustCompile(t, load(t, oneNode+`
wf = KFPWorkflow(n, workflow_name = "w", registry_credentials = {"server": "https://urluser:urlsecret@registry.example.com", "username": "someuser", "password": "hunter2"})
`))
	js, err := spec.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	ya, err := spec.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"hunter2", "someuser", "urluser", "urlsecret"} {
		for _, text := range [][]byte{js, ya, fmt.Append(nil, spec.Pipeline, spec.Deployment)} {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%q is in the spec:\n%s", secret, text)
			}
		}
	}
}

// TestDeterministic compiles often: Go ranges over maps in another order each
// time.
func TestDeterministic(t *testing.T) {
	text := string(readFile(t, "testdata/params.star")) + "\n"
	var want, wantYAML []byte
	for i := range 20 {
		s := mustCompile(t, load(t, text))
		js, err := s.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		ya, err := s.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			want, wantYAML = js, ya
		}
		if !bytes.Equal(js, want) || !bytes.Equal(ya, wantYAML) {
			t.Fatalf("turn %d differs:\n%s\n%s", i, want, js)
		}
	}
}

func TestReferenceAndDefines(t *testing.T) {
	const two = oneNode + "m = f(2)\nKFPWorkflow(n, workflow_name = \"a\")\nKFPWorkflow(m, workflow_name = \"b\")\nx = define(\"x\", \"d\")\ny = define(\"y\", 1)\n"
	wf := load(t, two, starlarkfuse.WithWorkflow("b"), starlarkfuse.WithDefines(map[string]string{"x": "$(HOME) {{$}}", "y": "2"}))
	s := mustCompile(t, wf)
	task, ok, err := ParseFunctionTask(s.Container(s.ComponentOf(s.Pipeline.Root.GetDag().Tasks[s.TaskKey(wf.Nodes()[0].Name())])))
	if !ok || err != nil {
		t.Fatal(ok, err)
	}
	if task.Workflow != "pipeline.star#b" {
		t.Errorf("workflow %q", task.Workflow)
	}
	if got := fmt.Sprintf("%q", task.Defines); got != fmt.Sprintf("%q", []string{`x="\u0024(HOME) \u007b\u007b\u0024}}"`, "y=2"}) {
		t.Errorf("defines %s", got)
	}
	if task.Fingerprint != wf.Nodes()[0].Fingerprint() || !strings.HasPrefix(task.Fingerprint, "sha256:") {
		t.Errorf("fingerprint %q, want %q", task.Fingerprint, wf.Nodes()[0].Fingerprint())
	}
	// What the container is told gives the same graph again.
	defines := make(map[string]string)
	for _, d := range task.Defines {
		name, text, _ := strings.Cut(d, "=")
		defines[name] = text
	}
	again := load(t, two, starlarkfuse.WithWorkflow("b"), starlarkfuse.WithDefines(defines))
	if again.Nodes()[0].Fingerprint() != task.Fingerprint {
		t.Error("loaded with the defines of the spec, the node has another fingerprint")
	}
}

func TestCompileErrors(t *testing.T) {
	tests := []struct{ name, text, want, hint string }{
		{"accelerator of no type", oneNode + "n.set_accelerator_limit(2)", `pipeline.star:4:6: node "f_0000" asks for 2 accelerators of no type`, "set_accelerator_type"},
		{"accelerators beyond number", oneNode + "n.set_accelerator_type('gpu').set_accelerator_limit('99999999999999999999')", `pipeline.star:4:6: node "f_0000" asks for "99999999999999999999" accelerators, which is no number`, ""},
		{"a default that nests too deep", "d = []\nfor i in range(41):\n    d = [d]\n" + oneNode + "f(param('deep', default = d))", `the default of parameter "deep" nests values more than 40 deep`, "artifact"},
		{"workflow that an argument cannot name", oneNode + "m = f()\nKFPWorkflow(n, workflow_name = 'a $(b)')\nKFPWorkflow(m, workflow_name = 'c')", `the container cannot be told to load "pipeline.star#a $(b)"`, "rename"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opts := []starlarkfuse.Option{}
			if strings.Contains(tt.text, "'a $(b)'") {
				opts = append(opts, starlarkfuse.WithWorkflow("a $(b)"))
			}
			_, err := Compile(load(t, tt.text, opts...))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			var e *starlarkfuse.Error
			if !errors.As(err, &e) || !strings.Contains(e.Hint, tt.hint) {
				t.Errorf("error %#v, want a hint with %q", err, tt.hint)
			}
		})
	}
}

// All inputs of a task together are one argument of a process.
func TestManyConstants(t *testing.T) {
	for _, tt := range []struct{ name, kwargs string }{
		{"many small ones", "{'a%d' % i: 'text' for i in range(10000)}"},
		{"many of a KiB", "{'a%d' % i: 'x' * 1000 for i in range(300)}"},
		{"many large ones", "{'a%d' % i: 'x' * 5000 for i in range(3000)}"},
		{"long names", "{'a%d' % i + 'x' * 3000: i for i in range(100)}"},
		{"escapes", "{'a%d' % i: '\\x01' * 1000 for i in range(300)}"},
	} {
		s := mustCompile(t, load(t, "def f(**kwargs):\n    pass\nf = workflow(f)\nf(**"+tt.kwargs+")\n"))
		total := 0
		for name, in := range s.Pipeline.Root.GetDag().Tasks["f-0000"].GetInputs().GetParameters() {
			b, err := appendValue(nil, in.GetRuntimeValue().GetConstant())
			if err != nil {
				t.Fatal(err)
			}
			total += len(name) + len(b)
		}
		if total > 127<<10 || total < 10<<10 {
			t.Errorf("%s: %d bytes are shown", tt.name, total)
		}
		if err := s.Validate(); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestIgnoreUpstreamFailure: KFP never starts a task that waits for the end
// of another where there is none.
func TestIgnoreUpstreamFailure(t *testing.T) {
	s := mustCompile(t, load(t, oneNode+"n.ignore_upstream_failure()\nm = f(n).set_name('m').ignore_upstream_failure()\n"))
	tasks := s.Pipeline.Root.GetDag().Tasks
	if tasks["f-0000"].TriggerPolicy != nil {
		t.Error("a task without dependencies has a trigger policy")
	}
	if got := tasks["m"].TriggerPolicy.GetStrategy(); got != pipelinespec.PipelineTaskSpec_TriggerPolicy_ALL_UPSTREAM_TASKS_COMPLETED {
		t.Errorf("strategy %v", got)
	}
	in := s.Component("comp-m").InputDefinitions
	if !in.Artifacts["x"].GetIsOptional() {
		t.Error("the input that may be missing is not optional")
	}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
}

func TestResourceNumbers(t *testing.T) {
	for q, want := range map[string]float64{"": 0, "2": 2, "0.5": 0.5, "500m": 0.5, ".25": 0.25} {
		if got := cpus(q); got != want {
			t.Errorf("cpus(%q) = %v, want %v", q, got, want)
		}
	}
	for q, want := range map[string]float64{"": 0, "1000000000": 1, "4G": 4, "4Gi": 4.294967296, "14Gi": 15.032385536, "512Mi": 0.536870912, "1K": 1e-6, "2T": 2000, "1E": 1e9, "1Pi": 1125899.906842624} {
		if got := gigabytes(q); got != want {
			t.Errorf("gigabytes(%q) = %v, want %v", q, got, want)
		}
	}
}

// TestLargeConstants: however large the arguments, the spec stays small.
func TestLargeConstants(t *testing.T) {
	wf := load(t, "def f(x):\n    return 1\nf = workflow(f)\nbig = list(range(10000))\n[f(big) for i in range(100)]\n")
	js, err := mustCompile(t, wf).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if len(js) > 100*2000 {
		t.Errorf("100 nodes with a large argument make a spec of %s", sizeText(len(js)))
	}
}
