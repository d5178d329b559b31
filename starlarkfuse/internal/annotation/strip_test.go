package annotation

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

var options = &syntax.FileOptions{Set: true, While: true, TopLevelControl: true, GlobalReassign: true, Recursion: true}

func TestStrip(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"parameters", "def f(a: int, b: str = 'x', *c: float, **d: bool): pass\n", "def f(a     , b      = 'x', *c       , **d      ): pass\n"},
		{"no space", "def f(a:int=1)->int:\n  return a\n", "def f(a    =1)     :\n  return a\n"},
		{"bare star", "def f(a: int, *, b: int = 2): pass\n", "def f(a     , *, b      = 2): pass\n"},
		{"trailing comma", "def f(a: int,): pass\n", "def f(a     ,): pass\n"},
		{"result", "def f(a) -> dict[str, int]:\n    return {}\n", "def f(a)                  :\n    return {}\n"},
		{"result over lines", "def f(a) -> dict[\n\n    str,  # key\n    int]:\n  pass\n", "def f(a          \n\n               \n       ):\n  pass\n"},
		{"result over lines, CRLF", "def f() -> list[\r\n  int]:\r\n  pass\r\n", "def f(          \r\n     ):\r\n  pass\r\n"},
		{"result after a continuation", "def f(a) \\\n  -> int:\n  pass\n", "def f(a) \\\n        :\n  pass\n"},
		{"result with one inside", "def f(a) -> \\\n  int:\n  pass\n", "def f(a      \n    ):\n  pass\n"},
		{"parameters over lines", "def f(\n    a: list[  # the [ list\n        int\n    ],\n    b,  # b: int\n): pass\n", "def f(\n    a                     \n           \n     ,\n    b,  # b: int\n): pass\n"},
		{"comment before the colon", "def f(\n    a  # a: \n    : int): pass\n", "def f(\n    a  # a: \n         ): pass\n"},
		{"lambda in a default", "def f(a = lambda x, y: {x: y}, b: int = 1): return lambda q: q\n", "def f(a = lambda x, y: {x: y}, b      = 1): return lambda q: q\n"},
		{"dict in a default", "def f(a: dict[str, int] = {'a: int': 1}): pass\n", "def f(a                 = {'a: int': 1}): pass\n"},
		{"strings", "s = 'def f(a: int):'\ndef f(a: int = \"\"\"\n-> x: int \"\"\"): pass\n", "s = 'def f(a: int):'\ndef f(a      = \"\"\"\n-> x: int \"\"\"): pass\n"},
		{"variable", "x: int = 5\n", "x      = 5\n"},
		{"variable without newline", "x: int=5", "x     =5"},
		{"variables on a line", "x: int = 5; y: str; z: int\n", "x      = 5; pass  ; pass  \n"},
		{"variable over lines", "x: dict[\n  str,\n  int\n] = {}\n", "x      \\\n     \\\n    \\\n  = {}\n"},
		{"variable over lines, CRLF", "x: list[\r\n  int] = []\r\n", "x      \\\r\n       = []\r\n"},
		{"only declared", "def f():\n    x: int\n    x = 1\n", "def f():\n    pass  \n    x = 1\n"},
		{"only declared, short", "type T = int\nx:T\n", "pass        \n0  \n"},
		{"only declared, over lines", "x: list[\n\n  int\n]\ny = 1\n", "pass    \n\n     \n \ny = 1\n"},
		{"only declared, over lines, more on the line", "x: list[\n  int\n]; y = 1\n", "pass   \\\n    \\\n ; y = 1\n"},
		{"alias", "type Rows = list[dict[str, float]]  # rows\ndef f(a: Rows) -> Rows: return a\n", "pass                                # rows\ndef f(a      )        : return a\n"},
		{"alias over lines", "type Rows = list[\n  int\n]\n", "pass             \n     \n \n"},
		{"nested", "if x:\n  for y in z:\n    def f(a: int):\n      def g(b: str): return b\n      return g\nelif y:\n  a: int = 1\nelse:\n  b: int = 1\n", "if x:\n  for y in z:\n    def f(a     ):\n      def g(b     ): return b\n      return g\nelif y:\n  a      = 1\nelse:\n  b      = 1\n"},
		{"while", "def f(a: int):\n  while a > 1: a -= 1\n  while True:\n    b: int = 2\n    break\n", "def f(a     ):\n  while a > 1: a -= 1\n  while True:\n    b      = 2\n    break\n"},
		{"tabs", "def f(a: int):\n\tif a:\n\t\treturn a\n\treturn 1\n", "def f(a     ):\n\tif a:\n\t\treturn a\n\treturn 1\n"},
		{"tabs and spaces", "def f(a: int):\n\tif a:\n\t    return a\n        return 1\n", "def f(a     ):\n\tif a:\n\t    return a\n        return 1\n"},
		{"bytes and raw", "b = b'\\xff'\nr = rb'\\d'\nq = r\"a\\\"b: int\"\ndef f(a: int): pass\n", "b = b'\\xff'\nr = rb'\\d'\nq = r\"a\\\"b: int\"\ndef f(a     ): pass\n"},
		{"numbers", "n = [1.e5, .5, 1., 0x1F, 1e-3, 0o17, 12.5E+3, 0xe-1]\ndef f(a: int): pass\n", "n = [1.e5, .5, 1., 0x1F, 1e-3, 0o17, 12.5E+3, 0xe-1]\ndef f(a     ): pass\n"},
		{"escapes", "s = '\\u00e9\\U0001F600\\x41\\\n more'\ndef f(a: int): pass\n", "s = '\\u00e9\\U0001F600\\x41\\\n more'\ndef f(a     ): pass\n"},
		{"unicode", "größe = 'é'\ndef grün(größe: int) -> str: return 'ü'  # → x: int\n", "größe = 'é'\ndef grün(größe     )       : return 'ü'  # → x: int\n"},
		{"blocks on one line", "if a: x: int = 1\n", "if a: x      = 1\n"},
		{"type as a name", "type = type(x)\ntype(type)\nd = {type: 1}\ntype: int = 1\n", "type = type(x)\ntype(type)\nd = {type: 1}\ntype      = 1\n"},
		{"continuation at the start of a line", "def f(a: int):\n  \\\n     return a\n", "def f(a     ):\n  \\\n     return a\n"},
		{"old Mac newlines", "def f(a: int):\r  return a\rx: int = 1\r", "def f(a     ):\r  return a\rx      = 1\r"},
		{"bare conditional after a comma", "x: int = 1\na, b = 1, 2 if x else 3\nsorted(y, key = lambda s: s, reverse = True)\n", "x      = 1\na, b = 1, 2 if x else 3\nsorted(y, key = lambda s: s, reverse = True)\n"},
		{"body right behind the colon", "def f(a:int):x:int=1\ndef g(a:int):return 1", "def f(a    ):x    =1\ndef g(a    ):return 1"},
		{"comment behind the colon", "def f(a: int):# x: int\n return 1\n", "def f(a     ):# x: int\n return 1\n"},
		{"lambda in a head", "if (lambda: 1)() and f(lambda x: x): x: int = 1\nwhile lambda: 1: y: int\n", "if (lambda: 1)() and f(lambda x: x): x      = 1\nwhile lambda: 1: pass  \n"},
		{"lambda in a lambda", "def f(a = lambda x = lambda y, z: y, w = 1: x, b: int = 2): pass\n", "def f(a = lambda x = lambda y, z: y, w = 1: x, b      = 2): pass\n"},
		{"value over lines", "x: int = [\n  y for y in z if y\n][0]; w: int = 2\n", "x      = [\n  y for y in z if y\n][0]; w      = 2\n"},
		{"expression statements", "'''text: int'''\nx\n(y)\nlambda: z\n-1; x: int\n", "'''text: int'''\nx\n(y)\nlambda: z\n-1; pass  \n"},
		{"alias on a line with another statement", "a = 1; type T = int; b: T = 2\n", "a = 1; pass        ; b    = 2\n"},
		{"union in parentheses", "def f(a: (int | None) = None): pass\n", "def f(a               = None): pass\n"},
		{"typing's names", "def f(a: Optional[List[int]], b: Union[int, str], c: Dict[str, Any], d: Tuple[int, ...]): pass\n", "def f(a                     , b                 , c                , d                 ): pass\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			src := []byte(test.src)
			plain, _, err := Strip("a.star", src)
			if err != nil {
				t.Fatal(err)
			}
			if string(plain) != test.want {
				t.Errorf("got\n%q\nwant\n%q", plain, test.want)
			}
			if string(src) != test.src {
				t.Error("the source was changed")
			}
			if _, err := options.Parse("a.star", plain, 0); err != nil {
				t.Errorf("the result does not parse: %v", err)
			}
			if err := sameShape(src, plain); err != nil {
				t.Error(err)
			}
		})
	}
}

// sameShape checks what Strip promises about any two texts: same length, same newlines, and every byte
// that differs is one of those Strip writes.
func sameShape(src, plain []byte) error {
	if len(src) != len(plain) {
		return fmt.Errorf("length %d became %d", len(src), len(plain))
	}
	for i, c := range plain {
		if c != src[i] && (src[i] == '\n' || src[i] == '\r' || !strings.ContainsRune(" pas0)\\", rune(c))) {
			return fmt.Errorf("byte %d: %q became %q", i, src[i], c)
		}
	}
	return nil
}

func TestStripReturnsTheSameSlice(t *testing.T) {
	for _, src := range []string{
		"",
		"x = 1\n",
		"def f(a, b = {1: 2}, *c, **d):\n  if a: return lambda x: x\n  while b: pass\n",
		"f(lambda x: x, y = d[1:2])\n",
		"x = lambda: 1\n",
		"# def f(a: int): pass\ns = 'x -> y'\n",
	} {
		b := []byte(src)
		plain, sigs, err := Strip("a.star", b)
		if err != nil || sigs.Len() != 0 || len(plain) != len(b) || len(b) > 0 && &plain[0] != &b[0] {
			t.Errorf("%q: got another slice, %d signatures, error %v", src, sigs.Len(), err)
		}
	}
}

func TestSignatures(t *testing.T) {
	const src = `type Row = dict[str, float]
type Table = list[Row]

def plain(a): pass

def f(a: int, b: str | None = None, *rest: float, c, **more: Table) -> Table:
    def inner(x: Row) -> None: pass
    return inner

if True:
    größe = 1; z = [lambda x: x]
    def g() -> tuple[int, ...]: return ()
`
	plain, sigs, err := Strip("a.star", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if sigs.Len() != 3 {
		t.Errorf("%d signatures, want 3", sigs.Len())
	}
	globals, err := starlark.ExecFileOptions(options, new(starlark.Thread), "a.star", plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) *Signature {
		pos := globals[name].(*starlark.Function).Position()
		return sigs.At(pos.Line, pos.Col)
	}
	if at("plain") != nil {
		t.Error("a function without annotations has a signature")
	}
	f := at("f")
	if f == nil {
		t.Fatal("f has no signature at the position that starlark.Function reports")
	}
	want := map[string]string{"a": "int", "b": "str | None", "rest": "float", "more": "list[dict[str, float]]"}
	for name, typ := range want {
		if got := f.Param(name).String(); got != typ {
			t.Errorf("%s: got %s, want %s", name, got, typ)
		}
	}
	if len(f.Params) != len(want) || !f.Param("c").IsAny() {
		t.Errorf("parameters: %v", f.Params)
	}
	if got := f.Params["b"].Pos.String(); got != "a.star:6:18" {
		t.Errorf("b's type is at %s", got)
	}
	if got := f.Return.Pos.String(); got != "a.star:6:72" || f.Result().String() != "list[dict[str, float]]" {
		t.Errorf("result %s at %s", f.Result(), got)
	}
	if g := at("g"); g == nil || g.Result().String() != "tuple[int, ...]" || len(g.Params) != 0 {
		t.Errorf("g: %v", g)
	}
	if inner := sigs.At(7, 5); inner == nil || inner.Result().String() != "None" {
		t.Errorf("inner: %v", inner)
	}
	var none *Signatures
	if none.At(1, 1) != nil || none.Len() != 0 || !none.At(1, 1).Param("x").IsAny() || !none.At(1, 1).Result().IsAny() {
		t.Error("nil is not an empty set of signatures")
	}
}

func TestStripErrors(t *testing.T) {
	deep := "x: " + strings.Repeat("list[", 200) + "int" + strings.Repeat("]", 200) + " = 1\n"
	large := "type A0 = tuple[int, int]\n"
	for i := range 12 {
		large += fmt.Sprintf("type A%d = tuple[A%d, A%d]\n", i+1, i, i)
	}
	const known = "known types: Any, None, bool, int, float, str, bytes, list, tuple, dict, set, struct, callable, Optional, Union"
	tests := []struct {
		name, src, want, hint string
		syntax                bool
	}{
		{"unknown type", "def f(a: int,\n      b: nothing): pass\n", "a.star:2:10: unknown type nothing", known, false},
		{"a close one", "def f() -> lst[int]: pass\n", "a.star:1:12: unknown type lst", "did you mean list?", false},
		{"a close alias", "type Table = int\ndef f(a: Tabel): pass\n", "a.star:2:10: unknown type Tabel", "did you mean Table?", false},
		{"other letter case", "x: Float = 1.0\n", "a.star:1:4: unknown type Float", "did you mean float?", false},
		{"unknown deep inside", "x: dict[str, list[foo | int]] = {}\n", "a.star:1:19: unknown type foo", known, false},
		{"column in characters", "def größe(ä: int, é: foo): pass\n", "a.star:1:22: unknown type foo", known, false},
		{"alias used too early", "x: T = 1\ntype T = int\n", "a.star:1:4: type T is used before it is defined at a.star:2:6", "move the alias up", false},
		{"alias of itself", "type T = list[T]\n", "a.star:1:15: type T is used before it is defined at a.star:1:6", "move the alias up", false},
		{"alias twice", "type T = int\ntype T = str\n", "a.star:2:6: type T is already defined at a.star:1:6", "choose another name", false},
		{"alias of a type's name", "type int = str\n", "a.star:1:6: int is a type of the language and cannot be an alias", "choose another name", false},
		{"too many arguments", "x: list[int, str] = []\n", "a.star:1:8: list takes 1 type argument, got 2", "", false},
		{"too few arguments", "x: dict[str] = {}\n", "a.star:1:8: dict takes 2 type arguments, got 1", "", false},
		{"arguments of a plain type", "x: int[str] = 1\n", "a.star:1:7: int takes no type arguments", "", false},
		{"arguments of an alias", "type T = int\nx: T[str] = 1\n", "a.star:2:5: T takes no type arguments", "", false},
		{"bare Optional", "x: Optional = 1\n", "a.star:1:4: Optional needs type arguments", "write Optional[...]", false},
		{"ellipsis elsewhere", "x: list[...] = 1\n", "a.star:1:9: this does not name a type", "", false},
		{"list of types", "x: list[[int]] = 1\n", "a.star:1:9: this does not name a type", "", false},
		{"tuple in parentheses", "x: (int, str) = 1\n", "a.star:1:4: parentheses do not make a tuple type", "write tuple[int, str], for instance", false},
		{"dotted name", "x: typing.List[int] = 1\n", "a.star:1:4: unknown type with a dot; types have plain names", known, false},
		{"type parameters", "def f[T](x: T): pass\n", "a.star:1:6: type parameters are not supported", "use Any, or write the types out", false},
		{"type parameters of an alias", "type A[T] = list[T]\n", "a.star:1:7: type parameters are not supported", "use Any, or write the types out", false},
		{"nested too deeply", deep, "a.star:1:509: type is nested too deeply", "", false},
		{"too large", large, "a.star:9:21: type is too large", "use Any for some part of it", false},
		{"empty line", "x: list[\n\n int] = []\n", "a.star:2:1: empty line inside an annotation", "take the empty line out, or give the type a name with `type Name = ...`", false},

		{"alias in a block on the line", "if x: type T = int\n", "a.star:1:7: a type alias must stand at the top level of the file", "move it out of the function or block", true},
		{"comparison after a type", "x: int == 3\n", "a.star:1:9: syntax error near =", "", true},
		{"alias without a type", "type T\n", "a.star:1:7: got identifier, want newline", "", true},
		{"header of another kind", "x: int = 1\ndef f(a b): pass\n", "a.star:2:10: got identifier, want ','", "", true},
		{"alias in a function", "def f():\n  type T = int\n", "a.star:2:3: a type alias must stand at the top level of the file", "move it out of the function or block", true},
		{"no colon", "def f(a: int) -> int\n  return a\n", "a.star:1:21: syntax error at the end of the line", "", true},
		{"no type", "def f(a: ): pass\n", "a.star:1:10: syntax error near )", "", true},
		{"string as a type", "def f(a: 'int'): pass\n", "a.star:1:10: syntax error near a string", "", true},
		{"NUL", "x = 1\n# a\x00: int\n", "a.star:2:4: NUL byte in the file", "", true},
		{"too long", "x: int" + strings.Repeat(" | int", 10_000) + " = 1\n", "a.star:1:59998: the annotations of one line are too long", "give long types a name with `type Name = ...`", true},
		{"a header that is too long", "def f(a: x" + strings.Repeat(".x", 100_000) + "): pass\n", "a.star:1:20005: the annotations of one line are too long", "give long types a name with `type Name = ...`", true},
		{"bad type before a syntax error", "def f(a: foo): pass\nx = = 1\n", "a.star:1:10: unknown type foo", known, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := Strip("a.star", []byte(test.src))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want an *Error", err)
			}
			if e.Error() != test.want || e.Hint != test.hint {
				t.Errorf("got  %s (%s)\nwant %s (%s)", e, e.Hint, test.want, test.hint)
			}
			if errors.Is(err, ErrSyntax) != test.syntax {
				t.Errorf("is a syntax error: %v, want %v", !test.syntax, test.syntax)
			}
		})
	}
}

// Faults that have nothing to do with annotations are left to go.starlark.net, at their true places.
func TestStripLeavesOtherErrors(t *testing.T) {
	tests := []struct{ name, src, want string }{
		{"annotated lambda", "f = lambda x: int: x\n", "a.star:1:19: got ':', want newline"},
		{"error after an annotation", "def f(a: int) -> int:\n    return a +\n", "a.star:2:15: got newline, want primary expression"},
		{"error far below", "x: int = 1\ndef f(a: int):\n  if a:\n    return foo(a,\n  else:\n    return 2\n", "a.star:5:3: got else, want primary expression"},
		{"unterminated string", "x: int = 'abc\n", "a.star:1:10: unexpected newline in string"},
		{"bad indentation", "def f(a: int):\n    x = 1\n  y = 2\n", "a.star:3:3: unindent does not match any outer indentation level"},
		{"header without a body", "def f(a: int):\nx = 1\n", "a.star:2:2: got identifier, want indent"},
		{"no body at all", "def f(a: int):", "a.star:1:14: syntax error near :"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			plain, _, err := Strip("a.star", []byte(test.src))
			if err == nil {
				_, err = options.Parse("a.star", plain, 0)
			}
			if err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func FuzzStrip(f *testing.F) {
	for _, seed := range []string{
		"def f(a: int, b: str = 'x', *c: float, **d: bool) -> dict[str, int]:\n    return {}\n",
		"def f(a) -> dict[\n\n    str,  # key\n    int]:\n  pass\n",
		"x: dict[\r\n  str, int] = {}\r\ny: int; z = 1\r\n",
		"type T = list[int]\nx:T\n",
		"def grün(größe: int) -> str: return 'ü'  # → x: int\n",
		"def f(a: int):\n\twhile a:\n\t    a -= 1\n        return b'\\xff'\n",
		"s = \"def f(a: int):\"\nr = r'''\n-> x: int\\'''\nf(lambda x: x)\n",
		"# def f(a: int): pass\n\\\nx: int = 1.e5",
		"def f[T](x: T): pass",
		"def f(a: int\n",
		"x: 'a\rb'",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		before := bytes.Clone(src)
		plain, sigs, err := Strip("a.star", src)
		if !bytes.Equal(src, before) {
			t.Fatal("the source was changed")
		}
		_, srcErr := options.Parse("a.star", src, 0)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || !e.Pos.IsValid() || e.Msg == "" {
				t.Fatalf("error without a position: %v", err)
			}
			if srcErr == nil && bytes.IndexByte(src, 0) < 0 {
				t.Fatalf("plain Starlark is refused: %v", err)
			}
			return
		}
		if err := sameShape(src, plain); err != nil {
			t.Fatal(err)
		}
		if srcErr == nil && (!bytes.Equal(plain, src) || sigs.Len() > 0) {
			t.Fatal("plain Starlark has annotations")
		}
		if _, err := options.Parse("a.star", plain, 0); err != nil {
			return
		}
		again, sigs, err := Strip("a.star", plain)
		if err != nil || sigs.Len() > 0 || !bytes.Equal(again, plain) {
			t.Fatalf("annotations are left in %q: %v", plain, err)
		}
	})
}

func BenchmarkStrip(b *testing.B) {
	const def = "def f%d(a: int, b: dict[str, float] | None = None) -> list[int]:\n    x: int = a + 1\n    return [x for x in range(a)]  # comment: text\n\n"
	const plain = "def f%d(a, b = None):\n    x = a + 1\n    return [x for x in range(a)]  # comment: text\n\n"
	for name, text := range map[string]string{"annotated": def, "plain": plain} {
		var src []byte
		for i := range 1000 {
			src = fmt.Appendf(src, text, i)
		}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Strip("a.star", src); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
