package compiler

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// oddTexts are texts that something between here and a container could take
// for more than a text.
var oddTexts = []string{
	"a", "A", "node-1", "1", "-", "", " ", "a b", "a.b", "../x", "/", `\`, "'", `"`, "#", "a-driver", "a-driver-driver", "root",
	"$", "$$", "$(HOME)", "{{", "{{$}}", "{{$.inputs.parameters['x']}}", "{{workflow.name}}", "[", `["a"]`, "null", "~", "yes", "0x1",
	"\n", "\r\n", "a\tb", "\u0085", "\u2028", "\ufeff", "\ufffd", "\U0001f600", "żółć", "e\u0301", "İ", "ﬃ", "\x7f", "\u202e",
	strings.Repeat("long", 100), strings.Repeat("ü", 300), "---", "...", ": ", "key: value", "- x", "!!int", "&a", "*a", "%", "@", "`", "|", ">",
}

// oddConstants are expressions of Starlark, with %s for a text.
var oddConstants = []string{
	"%s", "[%s]", "{%s: 1}", "{%s: {%[1]s: [%[1]s]}}", "(%s,)", "set([%s])", "struct(x = %s)", "%s * 2000", "[%s] * 500",
	"float('nan')", "float('-inf')", "-0.0", "1e308", "5e-324", "1 << 53", "(1 << 53) + 1", "-(1 << 500)", "'\\x00'", "b'\\xff\\x00'", "b'{{$}}'", "None",
	"[None]", "{1: %s}", "{(1, %s): 2}", "True", "len", "json", "[[[[[[[[%s]]]]]]]]", "deep", "[float('nan'), {%s: float('inf')}]",
}

// oddSource returns a file of one workflow, made of texts and constants of
// these kinds.
func oddSource(r *rand.Rand) string {
	word := func() string { return oddTexts[r.IntN(len(oddTexts))] }
	text := func() string {
		s := word()
		for r.IntN(3) == 0 {
			s += word()
		}
		return syntax.Quote(s, false)
	}
	constant := func() string {
		c := oddConstants[r.IntN(len(oddConstants))]
		if !strings.Contains(c, "%") {
			return c
		}
		return fmt.Sprintf(c, text())
	}
	var b strings.Builder
	b.WriteString("deep = []\nfor i in range(300):\n    deep = [deep]\n")
	b.WriteString("def f(*args, **kwargs):\n    return args\ndef g(x: str, y: list = []) -> dict:\n    return {}\nf, g = workflow(f), workflow(g)\nnodes = []\n")
	// Names that are no distinct or legal ones are errors of the load, which
	// is not at stake: each gets a number.
	params := 0
	for i := range 2 + r.IntN(5) {
		switch r.IntN(5) {
		case 0:
			fmt.Fprintf(&b, "p%[1]d = param('p%[1]d', default = %[3]s, description = %[4]s)\nnodes.append(f(p%[1]d).set_name('n%[2]d' + %[5]s))\n",
				params, i, text(), text(), text())
			params++
		case 1:
			fmt.Fprintf(&b, "nodes.append(g(%s).set_name(%s + '%d').set_display_name(%s))\n", text(), text(), i, text())
		case 2:
			fmt.Fprintf(&b, "nodes.append(f(nodes, **{'k' + %s: %s}).set_name(%s + '%d'))\n", text(), constant(), text(), i)
		default:
			fmt.Fprintf(&b, "nodes.append(f(%s, %s).set_name('%d' + %s))\n", constant(), constant(), i, text())
		}
	}
	fmt.Fprintf(&b, "KFPWorkflow(workflow_name = 'w' + %s, *nodes)\n", text())
	return b.String()
}

// Whatever a workflow that can be loaded is made of, its spec is one that KFP
// takes and that reads back as it was, and nothing in it is expanded on the way
// to a container.
func TestOddWorkflows(t *testing.T) {
	compiled := 0
	for seed := range uint64(200) {
		source := oddSource(rand.New(rand.NewPCG(seed, 1)))
		checkSource(t, source, &compiled)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, source)
		}
	}
	if compiled < 195 {
		t.Errorf("only %d could be loaded", compiled)
	}
}

// FuzzCompile is TestOddWorkflows for texts of the fuzzer's.
func FuzzCompile(f *testing.F) {
	for i, s := range oddTexts {
		f.Add(s, oddTexts[(i+7)%len(oddTexts)], oddTexts[(i*5+3)%len(oddTexts)])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if !utf8.ValidString(a + b + c) {
			t.Skip("no source can hold these texts: they are not UTF-8")
		}
		a, b, c = syntax.Quote(a, false), syntax.Quote(b, false), syntax.Quote(c, false)
		n := 0
		checkSource(t, fmt.Sprintf(`
def f(*args, **kwargs):
    return args
f = workflow(f)
x = f(%s, [%[2]s], {%[3]s: %[1]s}).set_name(%[1]s)
y = f(x, param("p", default = %[3]s, description = %[1]s)).set_name(%[2]s + "1").set_display_name(%[3]s)
KFPWorkflow(x, y, workflow_name = %[3]s)
`, a, b, c), &n)
	})
}

// checkSource compiles the workflow of a file, unless it cannot be loaded, and
// checks all that a spec must be.
func checkSource(t *testing.T, source string, compiled *int) {
	t.Helper()
	fsys := fstest.MapFS{"pipeline.star": &fstest.MapFile{Data: []byte(source)}}
	wf, err := starlarkfuse.Load(t.Context(), "pipeline.star", starlarkfuse.WithFS(fsys))
	if err != nil {
		t.Log(err)
		return
	}
	spec, err := Compile(wf)
	if err != nil {
		t.Errorf("not compiled: %v", err)
		return
	}
	*compiled++
	if err := spec.Validate(); err != nil {
		t.Error(err)
	}
	js, err := spec.MarshalJSON()
	if err != nil {
		t.Error(err)
		return
	}
	ya, err := spec.MarshalYAML()
	if err != nil {
		t.Error(err)
		return
	}
	for _, data := range [][]byte{js, ya} {
		back, err := Read(data)
		if err != nil {
			t.Errorf("not read back: %v", err)
			return
		}
		if again, err := back.MarshalJSON(); err != nil || !bytes.Equal(again, js) {
			t.Errorf("it reads back as\n%s\nnot\n%s", again, js)
		}
		for _, n := range wf.Nodes() {
			key := back.TaskKey(n.Name())
			if key == "" || key != spec.TaskKey(n.Name()) || back.NodeOf(key) != n.Name() {
				t.Errorf("node %q has the task %q, and read back %q", n.Name(), spec.TaskKey(n.Name()), key)
			}
		}
	}
	for key, task := range spec.Pipeline.GetRoot().GetDag().GetTasks() {
		for name, in := range task.GetInputs().GetParameters() {
			c := in.GetRuntimeValue().GetConstant()
			if b, _ := appendValue(nil, c); c != nil && (len(b) > 8*maxShown || bytes.Contains(b, []byte("{{")) || bytes.Contains(b, []byte("$("))) {
				t.Errorf("%s: input %q shows %s", key, name, b)
			}
		}
	}
	for label, e := range spec.Deployment.GetExecutors() {
		checkContainer(t, label, e.GetContainer())
	}
}

// checkContainer checks that all that a container is told arrives as it is.
func checkContainer(t *testing.T, label string, c *pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec) {
	t.Helper()
	for _, arg := range append(c.GetCommand(), c.GetArgs()...) {
		if arg != executorInput && !harmless(arg) {
			t.Errorf("%s: argument %q", label, arg)
		}
	}
	for _, e := range c.GetEnv() {
		if !harmless(e.GetValue()) {
			t.Errorf("%s: %s is %q", label, e.GetName(), e.GetValue())
		}
	}
}

// The bytes of a spec do not depend on how many threads there are, nor on what
// else the process does.
func TestSameBytesOnAnyMachine(t *testing.T) {
	source := oddSource(rand.New(rand.NewPCG(7, 7))) + "\n"
	shared := load(t, source)
	want, err := mustCompile(t, shared).MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		type result struct {
			b   []byte
			err error
		}
		results := make(chan result)
		for i := range 8 {
			go func() {
				fsys := fstest.MapFS{"pipeline.star": &fstest.MapFile{Data: []byte(source)}}
				wf, err := starlarkfuse.Load(t.Context(), "pipeline.star", starlarkfuse.WithFS(fsys))
				if err != nil {
					results <- result{nil, err}
					return
				}
				if i%2 == 0 {
					wf = shared
				}
				spec, err := Compile(wf)
				if err != nil {
					results <- result{nil, err}
					return
				}
				b, err := spec.MarshalYAML()
				results <- result{b, err}
			}()
		}
		for range 8 {
			if got := <-results; got.err != nil || !bytes.Equal(got.b, want) {
				t.Errorf("on %d threads: %v\n%s\nwant\n%s", procs, got.err, got.b, want)
			}
		}
	}
}
