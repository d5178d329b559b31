package starlarkfuse_test

import "testing"

func TestCallErrors(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"backtrace", `
def f(x):
    return g(x)
def g(x):
    return 1 // x
f = workflow(f)
f(0)
`, `f_0000: main.star:5:14: floored division by zero
  main.star:3:13: in f
  main.star:5:14: in g`},
		{"frozen argument", `
def f(x):
    x.append(1)
f = workflow(f)
f([])
`, `f_0000: main.star:3:13: append: cannot append to frozen list
hint: arguments of a node, and globals of a loaded file, cannot be changed: copy first, with list(x) or dict(x)`},
		{"no such key", `
def f(x):
    return x
f = workflow(f)
f(f({"a": 1})["b"])
`, `f_0001: main.star:5:2: node "f_0001": input x takes node "f_0000"["b"]: there is no such key`},
		{"no such index", `
def f(x):
    return x
f = workflow(f)
f(f([1])[1])
`, `f_0001: main.star:5:2: node "f_0001": input x takes node "f_0000"[1]: it has 1 element`},
		{"part of a number", `
def f(x):
    return x
f = workflow(f)
f(f(1)[0])
`, `f_0001: main.star:5:2: node "f_0001": input x takes node "f_0000"[0]: an int has no elements`},
		{"result of the wrong type", `
def f(x) -> str:
    return x
f = workflow(f)
f(1)
`, `f_0000: main.star:2:13: node "f_0000": the result is declared str, got int
hint: function f is called at main.star:5:2`},
		{"result that no parameter holds", `
def f(x) -> list:
    return [b"x"]
f = workflow(f)
f(1)
`, `f_0000: main.star:2:13: node "f_0000": the result does not fit into a KFP parameter: at [0]: a parameter cannot hold a bytes: only None, bool, int, float, string, list, tuple and dict
hint: without the return annotation the result is an artifact, which holds any value`},
		{"argument of the wrong type at run time", `
def f(x: int):
    return "text"
f = workflow(f)
f(f(1))
`, `f_0001: main.star:5:2: node "f_0001": argument x wants int, got str
hint: x is declared at main.star:2:10, the value is the result of node "f_0000" made at main.star:5:4`},
		{"a node used inside a node", `
def f(x):
    return x
f = workflow(f)
n = f(1)
def g():
    return n + 1
workflow(g)()
`, `g_0000: main.star:7:14: node "f_0000" is not a value inside a node function: "+" cannot be applied to it
hint: pass it to the function as an argument`},
		{"a node tested inside a node", `
def f(x):
    return x
f = workflow(f)
n = f(1)
def g():
    return 1 if n else 2
workflow(g)()
`, `g_0000: main.star:6:1: node "f_0000" is not a value inside a node function: it cannot be tested as true or false
hint: pass it to the function as an argument`},
		{"the text of a node inside a node", `
def f(x):
    return x
f = workflow(f)
n = f(1)
def g():
    return ["%s" % n]
workflow(g)()
`, `g_0000: main.star:6:1: node "f_0000" is not a value inside a node function: it has no text
hint: pass it to the function as an argument`},
		{"a result that is nested too deeply", `
def f():
    l = []
    for _ in range(110000):
        l = {"next": ([l],)}
    return l
workflow(f)()
`, `f_0000: main.star:2:1: node "f_0000": the result is nested more than 100000 levels deep
hint: is there a loop that puts a list into itself, again and again?`},
		{"json that is nested too deeply", `
def f(x):
    return json.decode(x, default = 1)
workflow(f)("[" * 10001)
`, `f_0000: main.star:3:23: json.decode: nested more than 10000 levels deep`},
		{"a key with the name of a type", `
def f(param):
    return param["node"]
workflow(f)({})
`, `f_0000: main.star:3:17: key "node" not in dict`},
		{"a node as the result", `
def f(x):
    return x
f = workflow(f)
n = f(1)
def g():
    return n
workflow(g)()
`, `g_0000: main.star:6:1: node "g_0000": the result is node "f_0000", not a value`},
		{"load-time builtins", `
def f():
    return read_file("x")
workflow(f)()
`, `f_0000: main.star:3:21: read_file: only while the file is loading, not inside a node function`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := run(mustLoad(t, test.text))
			if err == nil {
				t.Fatal("no error")
			}
			if got := explain(err); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
