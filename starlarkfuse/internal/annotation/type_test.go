package annotation

import (
	"math/big"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// typeOf reads one type expression.
func typeOf(t *testing.T, text string) Type {
	t.Helper()
	_, sigs, err := Strip("a.star", []byte("type Ints = list[int]\ndef f() -> "+text+": pass\n"))
	if err != nil {
		t.Fatal(err)
	}
	return sigs.At(2, 1).Result()
}

// valueOf evaluates an expression.
func valueOf(t *testing.T, text string) starlark.Value {
	t.Helper()
	env := starlark.StringDict{
		"struct":  starlark.NewBuiltin("struct", starlarkstruct.Make),
		"huge":    starlark.MakeBigInt(new(big.Int).Lsh(big.NewInt(1), 2000)),
		"promise": starlark.NewBuiltin("promise", makePromise),
	}
	v, err := starlark.EvalOptions(options, new(starlark.Thread), "v.star", text, env)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// promised is a Promise of a type.
type promised struct {
	starlark.NoneType
	typ Type
}

func (p promised) Promised() Type { return p.typ }

func makePromise(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	_, sigs, err := Strip("p.star", []byte("def f() -> "+string(args[0].(starlark.String))+": pass\n"))
	if err != nil {
		return nil, err
	}
	return promised{typ: sigs.At(1, 1).Result()}, nil
}

func TestTypeString(t *testing.T) {
	tests := []struct{ text, want string }{
		{"Any", "Any"}, {"any", "Any"}, {"object", "Any"}, {"None", "None"}, {"bool", "bool"}, {"int", "int"},
		{"float", "float"}, {"str", "str"}, {"string", "str"}, {"bytes", "bytes"}, {"struct", "struct"},
		{"callable", "callable"}, {"Callable", "callable"}, {"function", "callable"}, {"Callable[[int, str], foo]", "callable"},
		{"list", "list"}, {"List", "list"}, {"list[Any]", "list"}, {"List[int]", "list[int]"}, {"Ints", "list[int]"},
		{"dict", "dict"}, {"dict[Any, Any]", "dict"}, {"Dict[str, Any]", "dict[str, Any]"}, {"dict[Any, int]", "dict[Any, int]"},
		{"set", "set"}, {"Set[ str ]", "set[str]"},
		{"tuple", "tuple"}, {"Tuple", "tuple"}, {"tuple[Any, ...]", "tuple"}, {"tuple[int, ...]", "tuple[int, ...]"},
		{"tuple[int]", "tuple[int]"}, {"tuple[int, str]", "tuple[int, str]"}, {"tuple[Any, Any]", "tuple[Any, Any]"}, {"tuple[()]", "tuple[()]"},
		{"int | None", "int | None"}, {"int | (str | int) | None", "int | str | None"}, {"int | Any", "Any"}, {"int | int", "int"},
		{"Optional[int]", "int | None"}, {"Optional[int | None]", "int | None"}, {"Union[int, str]", "int | str"}, {"Union[int]", "int"},
		{"dict[str, list[tuple[int, float | None]]] | None", "dict[str, list[tuple[int, float | None]]] | None"},
		{"list[int] | List[int]", "list[int]"}, {"(int)", "int"},
	}
	for _, test := range tests {
		if got := typeOf(t, test.text).String(); got != test.want {
			t.Errorf("%s: got %s, want %s", test.text, got, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	tests := []struct{ typ, value, want string }{
		{"Any", "None", ""}, {"Any", "[1, 'a']", ""},
		{"None", "None", ""}, {"None", "0", "wants None, got int"},
		{"bool", "True", ""}, {"bool", "1", "wants bool, got int"},
		{"int", "1", ""}, {"int", "huge", ""}, {"int", "True", "wants int, got bool"}, {"int", "1.0", "wants int, got float"}, {"int", "'1'", "wants int, got str"}, {"int", "None", "wants int, got None"},
		{"float", "1.5", ""}, {"float", "1", ""}, {"float", "True", "wants float, got bool"}, {"float", "huge", "wants float, got int beyond the range of float"},
		{"str", "'a'", ""}, {"str", "b'a'", "wants str, got bytes"}, {"bytes", "b'a'", ""}, {"bytes", "'a'", "wants bytes, got str"},
		{"list", "[1, 'a']", ""}, {"list", "(1,)", "wants list, got tuple"}, {"list", "range(3)", "wants list, got range"},
		{"list[int]", "[]", ""}, {"list[int]", "[1, 2]", ""}, {"list[int]", "[1, 'a']", "[1] wants int, got str"},
		{"list[dict[str, int]]", "[{}, {'k': 1}, {'k': 'a'}]", `[2]["k"] wants int, got str`},
		{"dict[str, int]", "{1: 1}", " key 1 wants str, got int"}, {"dict[str, int]", "[]", "wants dict[str, int], got list"},
		{"dict[tuple[int, int], str]", "{(1, 'x'): 'a'}", " key tuple[1] wants int, got str"},
		{"dict[str, dict[str, list[float]]]", "{'a': {'b': [1, 2.5, None]}}", `["a"]["b"][2] wants float, got None`},
		{"dict[str, int]", "{'" + "äöü" + "0123456789012345678901234567890123456789': 'a'}", "[\"äöü012345678901234567890123456789012\"…] wants int, got str"},
		{"dict[int, int]", "{huge: 'a'}", "[1148130695274254524232833201177681984022…] wants int, got str"},
		{"set", "set([1])", ""}, {"set[int]", "set([1])", ""}, {"set[int]", "set(['a'])", ` element "a" wants int, got str`},
		{"tuple", "(1, 'a')", ""}, {"tuple", "[1]", "wants tuple, got list"}, {"tuple[int, ...]", "()", ""}, {"tuple[int, ...]", "(1, 2, 'a')", "[2] wants int, got str"},
		{"tuple[int, str]", "(1, 'a')", ""}, {"tuple[int, str]", "(1,)", "wants tuple[int, str], got tuple of 1"}, {"tuple[int, str]", "(1, 2)", "[1] wants str, got int"},
		{"tuple[()]", "()", ""}, {"tuple[()]", "(1,)", "wants tuple[()], got tuple of 1"},
		{"struct", "struct(a = 1)", ""}, {"struct", "{}", "wants struct, got dict"},
		{"callable", "len", ""}, {"callable", "lambda: 1", ""}, {"callable", "1", "wants callable, got int"},
		{"int | None", "None", ""}, {"int | None", "1", ""}, {"int | None", "'a'", "wants int | None, got str"},
		{"list[int] | None", "['a']", "[0] wants int, got str"}, {"list[int] | list[str]", "[1.5]", "wants list[int] | list[str], got list"}, {"list[int] | list[str]", "['a']", ""},
		{"tuple[int] | None", "(1, 2)", "wants tuple[int] | None, got tuple of 2"},
		{"str | float", "1", ""},
		{"int", "promise('int')", ""}, {"int", "promise('Any')", ""}, {"int", "promise('str | None')", "wants int, got str | None"},
		{"list[int]", "[1, promise('list')]", "[1] wants int, got list"},
	}
	for _, test := range tests {
		got := ""
		if m := typeOf(t, test.typ).Check(valueOf(t, test.value)); m != nil {
			got = m.String()
		}
		if got != test.want {
			t.Errorf("%s of %s: got %q, want %q", test.typ, test.value, got, test.want)
		}
	}
}

func TestCoerce(t *testing.T) {
	tests := []struct{ typ, value, want string }{
		{"float", "1", "1.0"}, {"float", "1.5", "1.5"}, {"float", "True", "True"}, {"int", "1", "1"}, {"Any", "1", "1"},
		{"list[float]", "[1, 2.5]", "[1.0, 2.5]"}, {"list[int]", "[1]", "[1]"}, {"list", "[1]", "[1]"},
		{"dict[str, float]", "{'b': 1, 'a': 2}", `{"b": 1.0, "a": 2.0}`}, {"dict[float, int]", "{1: 1, 2.5: 2}", "{1.0: 1, 2.5: 2}"},
		{"dict[str, list[float]]", "{'b': [1]}", `{"b": [1.0]}`},
		{"tuple[int, float]", "(1, 2)", "(1, 2.0)"}, {"tuple[float, ...]", "(1, 2)", "(1.0, 2.0)"}, {"set[float]", "set([1, 2.5])", "set([1.0, 2.5])"},
		{"list[tuple[str, float]]", "[('a', 1), ('b', 2.5)]", `[("a", 1.0), ("b", 2.5)]`},
		{"float | None", "1", "1.0"}, {"float | None", "None", "None"}, {"int | float", "1", "1"}, {"float | int", "1", "1"},
		{"list[float] | None", "[1]", "[1.0]"}, {"list[int] | list[float]", "[1]", "[1]"}, {"list[int] | list[float]", "[1, 2.5]", "[1.0, 2.5]"},
		{"list[float]", "'not a list'", `"not a list"`},
	}
	for _, test := range tests {
		v := valueOf(t, test.value)
		before := v.String()
		if got := typeOf(t, test.typ).Coerce(v).String(); got != test.want {
			t.Errorf("%s of %s: got %s, want %s", test.typ, test.value, got, test.want)
		}
		if v.String() != before {
			t.Errorf("%s of %s: the value became %s", test.typ, test.value, v)
		}
	}
}

func TestCoerceKeepsWhatIsRight(t *testing.T) {
	list := valueOf(t, "[[1.5], [2]]").(*starlark.List)
	got := typeOf(t, "list[list[float]]").Coerce(list).(*starlark.List)
	if got == list || got.Index(0) != list.Index(0) || got.Index(1) == list.Index(1) {
		t.Error("a list was rebuilt where nothing changed in it, or not rebuilt where something did")
	}
	for _, test := range []struct{ typ, value string }{
		{"list[float]", "[1.5]"}, {"dict[str, float]", "{'a': 1.5}"}, {"set[float]", "set([1.5])"}, {"list[tuple[float, ...]]", "[(1.5,), ()]"},
	} {
		if v := valueOf(t, test.value); typeOf(t, test.typ).Coerce(v) != v {
			t.Errorf("%s of %s: rebuilt", test.typ, test.value)
		}
	}
}

func TestCompatible(t *testing.T) {
	tests := []struct {
		producer, consumer string
		want               bool
	}{
		{"Any", "int", true}, {"int", "Any", true}, {"int", "int", true}, {"int", "str", false}, {"None", "int", false},
		{"int", "float", true}, {"float", "int", false}, {"bool", "int", false}, {"bool", "float", false},
		{"int | None", "int", true}, {"int | None", "str", false}, {"int", "str | float", true}, {"str", "int | None", false}, {"int | str", "str | bytes", true},
		{"list", "list[int]", true}, {"list[int]", "list", true}, {"list[int]", "list[float]", true}, {"list[str]", "list[int]", false}, {"list[int]", "tuple", false},
		{"dict[str, int]", "dict[str, str]", false}, {"dict[str, int]", "dict[int, int]", false}, {"dict", "dict[int, int]", true}, {"dict[str, Any]", "dict[str, int]", true},
		{"list[list[int]]", "list[list[str]]", false}, {"set[int]", "set[str]", false},
		{"tuple", "tuple[int, str]", true}, {"tuple[int, str]", "tuple", true}, {"tuple[int, str]", "tuple[int]", false}, {"tuple[int, str]", "tuple[int, ...]", false},
		{"tuple[int, ...]", "tuple[int, float]", true}, {"tuple[int, ...]", "tuple[int, str]", false}, {"tuple[int, ...]", "tuple[str, ...]", false}, {"tuple[()]", "tuple[str, ...]", true}, {"tuple[()]", "tuple[()]", true},
		{"callable", "callable", true}, {"struct", "dict", false},
	}
	for _, test := range tests {
		if got := Compatible(typeOf(t, test.producer), typeOf(t, test.consumer)); got != test.want {
			t.Errorf("%s to %s: got %v", test.producer, test.consumer, got)
		}
	}
}

func TestParamType(t *testing.T) {
	tests := []struct{ typ, want string }{
		{"int", "NUMBER_INTEGER"}, {"float", "NUMBER_DOUBLE"}, {"str", "STRING"}, {"bool", "BOOLEAN"},
		{"list", "LIST"}, {"list[int]", "LIST"}, {"Ints", "LIST"}, {"dict", "STRUCT"}, {"dict[str, list[float | None]]", "STRUCT"},
		{"Any", ""}, {"None", ""}, {"bytes", ""}, {"tuple", ""}, {"set", ""}, {"struct", ""}, {"callable", ""},
		{"int | None", ""}, {"int | float", ""}, {"Optional[str]", ""},
		{"dict[int, str]", ""}, {"list[bytes]", ""}, {"list[tuple[int, int]]", ""}, {"dict[str, set[int]]", ""}, {"list[int | bytes]", ""}, {"list[struct]", ""},
	}
	for _, test := range tests {
		if got := typeOf(t, test.typ).ParamType(); got != test.want {
			t.Errorf("%s: got %q, want %q", test.typ, got, test.want)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	elems := make([]starlark.Value, 100_000)
	for i := range elems {
		elems[i] = starlark.Float(i)
	}
	list := starlark.NewList(elems)
	floats := compose(listKind, Type{kind: floatKind})
	b.ReportAllocs()
	for b.Loop() {
		if m := floats.Check(list); m != nil {
			b.Fatal(m)
		}
	}
}
