package starlarkfuse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func names(nodes []*starlarkfuse.Node) string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.Name())
	}
	return strings.Join(all, " ")
}

const graphPrelude = `
def f(*args):
    return args
f = workflow(f)
`

func TestGraphRule(t *testing.T) {
	for _, test := range []struct {
		name, text  string
		nodes, want string // of the workflow; its results
	}{
		{
			"given node and its ancestors", `
a = f().set_name("a")
b = f(a).set_name("b")
other = f().set_name("other")
LocalWorkflow(b)`,
			"a b", "b",
		}, {
			"all descendants of the roots", `
a = f().set_name("a")
b = f(a).set_name("b")
c = f(a).set_name("c")
LocalWorkflow(b)`,
			"a b c", "b",
		}, {
			"and what those need", `
a = f().set_name("a")
x = f().set_name("x")
y = f(x).set_name("y")
c = f(a, y).set_name("c")
z = f(y).set_name("z")
LocalWorkflow(a)`,
			"a x y c", "a",
		}, {
			"results in the order given, once each", `
a = f().set_name("a")
b = f(a).set_name("b")
LocalWorkflow(b, a, b)`,
			"a b", "b a",
		}, {
			"no declaration: all nodes, leaves are results", `
a = f().set_name("a")
b = f(a).set_name("b")
c = f().set_name("c")`,
			"a b c", "b c",
		}, {
			"after reorders", `
a = f().set_name("a")
b = f().set_name("b")
a.after(b)
LocalWorkflow(a)`,
			"b a", "a",
		}, {
			"nested arguments are edges", `
a = f().set_name("a")
b = f().set_name("b")
c = f().set_name("c")
d = f().set_name("d")
e = f([a, {"k": (b, 1)}], set([c]), struct(x = d)).set_name("e")
LocalWorkflow(e)`,
			"a b c d e", "e",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			wf := mustLoad(t, graphPrelude+test.text)
			if got := names(wf.Nodes()); got != test.nodes {
				t.Errorf("nodes: got %s, want %s", got, test.nodes)
			}
			if got := names(wf.Results()); got != test.want {
				t.Errorf("results: got %s, want %s", got, test.want)
			}
		})
	}
}

func TestDefaultNames(t *testing.T) {
	wf := mustLoad(t, graphPrelude+`
def g():
    pass
g = workflow(g)
h = workflow(lambda: 1)
f(); f(); g(); h(); f()
`)
	if got, want := names(wf.Nodes()), "f_0000 f_0001 g_0000 lambda_0000 f_0002"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if wf.Name() != "main" || wf.Kind() != starlarkfuse.Implicit {
		t.Errorf("workflow %q, %v", wf.Name(), wf.Kind())
	}
}

func TestInputs(t *testing.T) {
	wf := mustLoad(t, `
def f(a, b = 2, *rest, k = 3, **kw):
    return a
f = workflow(f)
p = param("lr", default = 0.5)
n = f(1).set_name("n")
m = f(n, p, "x", n["q"], k = [1, {"a b": n}], other = (2,)).set_name("m")
`)
	m, err := wf.Node("m")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range m.Inputs() {
		switch in.Kind {
		case starlarkfuse.Constant:
			got = append(got, fmt.Sprintf("%s=%s", in.Name, in.Value))
		case starlarkfuse.FromParam:
			got = append(got, fmt.Sprintf("%s<-param %s", in.Name, in.Param.Name))
		case starlarkfuse.FromNode:
			got = append(got, fmt.Sprintf("%s<-%s", in.Name, in.Node.Name()))
		}
	}
	want := `a<-n b<-param lr rest-0="x" rest-1<-n k-1-a_b<-n other=(2,)`
	if got := strings.Join(got, " "); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFindNodes(t *testing.T) {
	wf := mustLoad(t, graphPrelude+`
a = f().set_name("train-1")
b = f(a).set_name("train-2")
c = f(b).set_name("report on train-1")
wf = KFPWorkflow(c)
for n in wf.find_nodes("train-.*"):
    n.set_memory_limit("2Gi").set_retry(3)
`)
	for _, n := range wf.Nodes() {
		want := ""
		if strings.HasPrefix(n.Name(), "train") {
			want = "2Gi"
		}
		if got := n.Settings().MemoryLimit; got != want {
			t.Errorf("%s: memory limit %q, want %q", n.Name(), got, want)
		}
	}
}

func TestUnknownNodeListsCloseOnes(t *testing.T) {
	wf := mustLoad(t, sums)
	_, err := wf.Node("node3")
	want := "workflow \"sums\" has no node \"node3\"\nhint: did you mean \"node1\", \"node2\"?"
	if err == nil || explain(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSeveralWorkflows(t *testing.T) {
	text := graphPrelude + `
LocalWorkflow(f(), workflow_name = "one")
LocalWorkflow(f(), workflow_name = "two")%s
`
	_, err := load(t, map[string]string{"main.star": fmt.Sprintf(text, "")})
	want := "main.star declares several workflows: one, two\nhint: choose one with --workflow NAME"
	if err == nil || explain(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if wf := mustLoad(t, fmt.Sprintf(text, ".run()")); wf.Name() != "two" {
		t.Errorf("the one to run is %q, want two", wf.Name())
	}
	wf := mustLoad(t, fmt.Sprintf(text, ".run()"), starlarkfuse.WithWorkflow("one"))
	if wf.Name() != "one" || wf.Reference() != "main.star#one" {
		t.Errorf("got %q, reference %q", wf.Name(), wf.Reference())
	}
}

// Names are unique in a workflow, not in a file.
func TestSameNameInTwoWorkflows(t *testing.T) {
	wf := mustLoad(t, graphPrelude+`
LocalWorkflow(f(1).set_name("n"), workflow_name = "one")
LocalWorkflow(f(2).set_name("n"), workflow_name = "two").run()
`)
	if got := names(wf.Nodes()); got != "n" {
		t.Errorf("nodes: %s", got)
	}
}

func TestSettings(t *testing.T) {
	wf := mustLoad(t, graphPrelude+`
n = (f().set_display_name("shown").set_caching_options(False)
    .set_retry(2, backoff_duration = "10s", backoff_factor = 3, backoff_max_duration = 7200)
    .set_cpu_request("250m").set_cpu_limit(2).set_memory_request("1G")
    .set_accelerator_type("nvidia.com/gpu").set_accelerator_limit(1)
    .set_env_variable("A", "1").set_env_variable("B", "2").set_env_variable("A", "3")
    .set_timeout(1.5).ignore_upstream_failure())
KFPWorkflow(n, workflow_name = "w", baseimage = "base:1",
    registry_credentials = {"server": "r.example.com", "username": "u", "password": "hunter2"}, kfp_host = "http://h")
`)
	n := wf.Nodes()[0]
	s := n.Settings()
	got := fmt.Sprintln(n.DisplayName(), *s.Caching, *s.Retry, s.CPURequest, s.CPULimit, s.MemoryRequest,
		s.AcceleratorType, s.AcceleratorLimit, s.Env, s.Timeout, s.IgnoreUpstreamFailure)
	want := "shown false {2 10s 3 1h0m0s} 250m 2 1G nvidia.com/gpu 1 [{A 3} {B 2}] 1.5s true\n"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	set := wf.Settings()
	if set.BaseImage != "base:1" || set.Host != "http://h" || set.Credentials.Password() != "hunter2" {
		t.Errorf("settings: %v", set)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, set) + fmt.Sprintf(verb, set.Credentials) + fmt.Sprintf(verb, &set); strings.Contains(text, "hunter2") || strings.Contains(text, "68756e74657232") {
			t.Errorf("%s shows the password: %s", verb, text)
		}
	}
}
