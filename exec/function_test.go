package exec_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// everything passes values of many types, as artifacts and as parameters, on
// to a node that tells what it got.
const everything = `
def make():
    return {"big": 1 << 200, "float": 1.5, "nan": "no", "tuple": (1, (2, [3])), "bytes": b"\x00\xff", "set": set([3, 1, 2]), "none": None, (1, 2): "key"}
make = workflow(make)

def number() -> int:
    return 41
number = workflow(number)

def real() -> float:
    return 3.0
real = workflow(real)

def table() -> dict:
    return {"b": 1, "a": [1, 2.5, None, "x"]}
table = workflow(table)

def words() -> list:
    return ["a", "b"]
words = workflow(words)

def text() -> str:
    return "żółć\n"
text = workflow(text)

def truth() -> bool:
    return True
truth = workflow(truth)

lr = param("lr", default = 2.0)
who = param("who", default = "you")

def show(a, n, f, d, l, s, t, lr, who, const, nested):
    return repr([a, n, f, d, l, s, t, lr, who, const, nested])
m = make()
show = workflow(show)(m, number(), real(), table(), words(), text(), truth(), lr, who, 1 << 100, [m["tuple"][1], {"k": number()}])
KFPWorkflow(show, workflow_name = "everything")
`

// The way in which a node is run must not show in its result.
func TestSameResultInProcessAndOut(t *testing.T) {
	spec := compile(t, everything)
	in := run(t, spec)
	if in.State != exec.Succeeded {
		t.Fatalf("%s: %s", states(in), values(in))
	}
	out := run(t, spec, asProcess(t))
	if values(in) != values(out) || states(in) != states(out) || outputs(in) != outputs(out) {
		t.Errorf("in this process:\n%s\n%s\nas processes:\n%s\n%s\n%s", values(in), outputs(in), values(out), outputs(out), states(out))
	}
	if !strings.Contains(values(in), "3.0") || !strings.Contains(values(in), "1606938044258990275541962092341162602522202993782792835301376") {
		t.Errorf("the values lost something: %s", values(in))
	}
}

func TestFunctionFails(t *testing.T) {
	const source = `
def bad(x):
    return inner(x)
def inner(x):
    return x[7]
bad = workflow(bad)
def use(x):
    return x
use = workflow(use)
b = bad([1]).set_name("culprit")
u = use(b).set_name("victim")
s = use(1).set_name("sibling")
KFPWorkflow(u, s, workflow_name = "w")
`
	res := run(t, compile(t, source))
	if got, want := states(res), "culprit=FAILED sibling=SUCCEEDED victim=NOT_RUN"; sortWords(got) != want || res.State != exec.Failed {
		t.Errorf("got %s %s", res.State, got)
	}
	e, ok := asError(res.Task("culprit").Err)
	if !ok {
		t.Fatalf("got %#v", res.Task("culprit").Err)
	}
	mustContain(t, e.Error(), "pipeline.star:5")
	mustContain(t, e.Backtrace, "inner")
	mustContain(t, values(res), `node "victim" did not run, because "culprit" did not succeed`)
	mustContain(t, values(res), "sibling=1")
}

func TestResultThatIsNoData(t *testing.T) {
	const source = `
def f():
    return {"a": [1, f]}
f = workflow(f)
def g() -> int:
    return 1 << 60
g = workflow(g)
KFPWorkflow(f(), g(), workflow_name = "w")
`
	spec := compile(t, source)
	for _, res := range []*exec.Result{run(t, spec), run(t, spec, asProcess(t))} {
		if res.State != exec.Failed || len(res.Tasks) != 2 {
			t.Fatalf("%s", states(res))
		}
		for _, task := range res.Tasks {
			mustContain(t, task.Err.Error(), task.Node)
			if len(task.Outputs) != 0 {
				t.Errorf("%s left %v", task.Path, task.Outputs)
			}
		}
		mustContain(t, res.Task("f-0000").Err.Error(), `["a"][1]`)
		mustContain(t, res.Task("g-0000").Err.Error(), "2^53")
	}
}

func TestTimeout(t *testing.T) {
	const source = `
def endless():
    while True:
        pass
endless = workflow(endless)
KFPWorkflow(endless().set_name("e").set_timeout("50ms"), workflow_name = "w")
`
	spec := compile(t, source)
	res := run(t, spec)
	err := res.Task("e").Err
	if res.State != exec.Failed || err == nil {
		t.Fatalf("%s %v", states(res), err)
	}
	mustContain(t, err.Error(), "pipeline.star:6:20: timed out after 50ms")
	mustContain(t, hint(err), "set_timeout")
	res = run(t, spec, asProcess(t))
	if res.State != exec.Failed {
		t.Fatal(states(res))
	}
	mustContain(t, res.Task("e").Err.Error(), `node "e" failed: `)
	mustContain(t, res.Task("e").Err.Error(), `timed out after 50ms`)
}

func TestNodeRetry(t *testing.T) {
	const source = `
def f():
    print("try")
    fail("no")
KFPWorkflow(workflow(f)().set_name("n").set_retry(2, backoff_duration = "0s"), workflow_name = "w")
`
	spec := compile(t, source)
	var lines, retries int
	count := exec.WithObserver(func(e exec.Event) {
		switch {
		case e.Kind == exec.TaskOutput && e.Line == "try":
			lines++
		case e.Kind == exec.TaskRetried:
			retries++
		}
	})
	if res := run(t, spec, count); res.Task("n").Attempts != 3 || lines != 3 || retries != 2 {
		t.Errorf("%d attempts, %d calls, %d retries", res.Task("n").Attempts, lines, retries)
	}
	// As a process, `fuse exec` sees to it: there is one process.
	lines = 0
	if res := run(t, spec, count, asProcess(t)); res.Task("n").Attempts != 1 || lines != 3 {
		t.Errorf("as a process: %d attempts, %d calls", res.Task("n").Attempts, lines)
	}
}

func TestCancelEndlessNode(t *testing.T) {
	spec := compile(t, `
def endless():
    print("on")
    while True:
        pass
KFPWorkflow(workflow(endless)().set_name("e"), workflow_name = "w")
`)
	for _, runner := range []exec.Option{exec.WithRunner(nil), asProcess(t)} {
		ctx, cancel := context.WithCancel(context.Background())
		res, err := exec.Run(ctx, spec, exec.WithStorage(t.TempDir()), runner, exec.WithObserver(func(e exec.Event) {
			if e.Line == "on" {
				cancel()
			}
		}))
		if err == nil || res.State != exec.Canceled || states(res) != "e=CANCELED" {
			t.Errorf("%v, %+v", err, res)
		}
		cancel()
	}
}

func TestFingerprintMismatch(t *testing.T) {
	const source = "def f():\n    return %s\nKFPWorkflow(workflow(f)().set_name('n'), workflow_name = 'w')\n"
	path := starFile(t, strings.Replace(source, "%s", "1", 1))
	old := compileFile(t, path)
	if err := os.WriteFile(path, []byte(strings.Replace(source, "%s", "2", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	res, err := exec.Run(context.Background(), old, exec.WithStorage(t.TempDir()), exec.WithWorkflow(wf))
	if res != nil || err == nil {
		t.Fatalf("it ran: %+v", res)
	}
	was := old.Workflow().Nodes()[0].Fingerprint()
	for _, part := range []string{`node "n"`, was, wf.Nodes()[0].Fingerprint(), "another version than the spec was compiled from"} {
		mustContain(t, err.Error(), part)
	}
	// The process notices it too.
	r := run(t, old, asProcess(t))
	if r.State != exec.Failed {
		t.Fatal(states(r))
	}
	mustContain(t, r.Task("n").Err.Error(), "another version")
}

// TestFloatsInParameters: JSON does not tell 2.0 from 2; the annotation does.
func TestFloatsInParameters(t *testing.T) {
	const source = `
def f(x) -> dict[str, list[float]]:
    return {"a": [x, 2.0, 0.5]}
f = workflow(f)
def g(d, e):
    return type(d["a"][0]), type(d["a"][1]), type(e)
g = workflow(g)
n = f(1).set_name("f")
KFPWorkflow(n, g(n, n["a"][1]).set_name("g"), workflow_name = "w")
`
	spec := compile(t, source)
	for _, res := range []*exec.Result{run(t, spec), run(t, spec, asProcess(t))} {
		if got := res.Results[0].Value.String(); got != `{"a": [1.0, 2.0, 0.5]}` {
			t.Errorf("f = %s", got)
		}
		if got := res.Results[1].Value.String(); got != `("float", "float", "float")` {
			t.Errorf("g = %s", got)
		}
	}
}
