package value

import (
	"math"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestParamTypes(t *testing.T) {
	for _, c := range []struct {
		v    starlark.Value
		want ParamType
		name string
	}{
		{num(1), Integer, "NUMBER_INTEGER"},
		{starlark.Float(1), Double, "NUMBER_DOUBLE"},
		{starlark.String(""), String, "STRING"},
		{starlark.True, Boolean, "BOOLEAN"},
		{list(), List, "LIST"},
		{starlark.Tuple{}, List, "LIST"},
		{starlark.NewDict(0), Struct, "STRUCT"},
		{starlark.None, Invalid, "PARAMETER_TYPE_ENUM_UNSPECIFIED"},
		{starlark.Bytes(""), Invalid, "PARAMETER_TYPE_ENUM_UNSPECIFIED"},
		{set(), Invalid, "PARAMETER_TYPE_ENUM_UNSPECIFIED"},
	} {
		got, ok := ParamTypeOf(c.v)
		if got != c.want || ok != (c.want != Invalid) || got.String() != c.name {
			t.Errorf("ParamTypeOf(%s) = %s, %t", c.v, got, ok)
		}
	}
}

func TestToParameter(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"None", "null"},
		{"True", "true"},
		{"9007199254740992", "9007199254740992"},
		{"-9007199254740992", "-9007199254740992"},
		{"1.0", "1"},
		{"-0.0", "-0"},
		{"0.1", "0.1"},
		{`"größe"`, `"größe"`},
		{"[1, (2, None)]", "[1,[2,null]]"},
		{`{"a": {"b": []}}`, `{"a":{"b":[]}}`},
	} {
		p, err := ToParameter(eval(t, "v = "+c.src))
		if err != nil {
			t.Errorf("%s: %v", c.src, err)
			continue
		}
		b, err := p.MarshalJSON()
		if got := strings.ReplaceAll(string(b), " ", ""); err != nil || got != c.want {
			t.Errorf("ToParameter(%s) = %s, %v, want %s", c.src, got, err, c.want)
		}
	}
}

func TestToParameterErrors(t *testing.T) {
	const doubles = ": KFP keeps numbers as doubles, which are exact only up to ±2^53"
	const only = ": only None, bool, int, float, string, list, tuple and dict"
	for _, c := range []struct{ src, want string }{
		{"v = 9007199254740993", "a parameter cannot hold the int 9007199254740993" + doubles},
		{"v = [-(1 << 53) - 1]", "at [0]: a parameter cannot hold the int -9007199254740993" + doubles},
		{"v = 1 << 70", "a parameter cannot hold the int 1180591620717411303424" + doubles},
		{"v = float('nan')", "a parameter cannot hold the float nan"},
		{"v = {'x': -float('inf')}", `at ["x"]: a parameter cannot hold the float -inf`},
		{"v = b'x'", "a parameter cannot hold a bytes" + only},
		{"v = (set([1]),)", "at [0]: a parameter cannot hold a set" + only},
		{"v = struct(a = 1)", "a parameter cannot hold a struct" + only},
		{"def f(): pass\nv = [f]", "at [0]: a parameter cannot hold a function f" + only},
		{"v = [{1: 2}]", "at [0]: a parameter cannot hold a dict with the key 1: keys must be strings, not int"},
		{"v = [raw]", `at [0]: a parameter cannot hold the string "a\xff": it is not valid UTF-8`},
		{"v = {raw: 1}", `at .keys()[0]: a parameter cannot hold the string "a\xff": it is not valid UTF-8`},
		{"v = [1]\nv.append(v)", "at [1]: the list contains itself"},
	} {
		_, err := ToParameter(eval(t, c.src))
		wantError(t, err, c.want)
	}
	_, err := ToParameter(nil)
	wantError(t, err, "a parameter cannot hold a nil"+only)
	_, err = ToParameter(nest(num(1), MaxDepth+1))
	if err == nil || !strings.HasSuffix(err.Error(), ": nested more than 10000 levels deep") {
		t.Errorf("too deep: %v", err)
	}
}

func TestToParameterTooLarge(t *testing.T) {
	// Small in memory, for the lists share their parts.
	v := list(num(0))
	for range 40 {
		v = list(v, v)
	}
	w := paramWriter{left: 10_000}
	if _, f := w.value(v); f == nil || f.msg != "too large for a parameter (more than 67108864 bytes)" {
		t.Errorf("got %v", f)
	}
	w = paramWriter{left: 10_000}
	if _, f := w.value(list(make([]starlark.Value, 20_000)...)); f == nil || f.msg != "too large for a parameter (more than 67108864 bytes)" {
		t.Errorf("got %v", f)
	}
}

func jsonParam(t *testing.T, s string) *structpb.Value {
	t.Helper()
	var p structpb.Value
	if err := p.UnmarshalJSON([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return &p
}

func TestFromParameter(t *testing.T) {
	for _, c := range []struct {
		json string
		t    ParamType
		want string // Starlark, or the error after "!"
	}{
		{"1", Integer, "1"},
		{"-0.0", Integer, "0"},
		{"1.5", Integer, "!wants NUMBER_INTEGER, got NUMBER_DOUBLE 1.5"},
		{"1e16", Integer, "!a parameter cannot hold the int 10000000000000000: KFP keeps numbers as doubles, which are exact only up to ±2^53"},
		{`"x"`, Integer, `!wants NUMBER_INTEGER, got STRING "x"`},
		{"null", Integer, "!wants NUMBER_INTEGER, got null"},
		{"true", Integer, "!wants NUMBER_INTEGER, got BOOLEAN true"},
		{"1", Double, "1.0"},
		{"1e300", Double, "1e300"},
		{"false", Double, "!wants NUMBER_DOUBLE, got BOOLEAN false"},
		{`"1"`, String, `"1"`},
		{"1", String, "!wants STRING, got NUMBER_INTEGER 1"},
		{"true", Boolean, "True"},
		{`"true"`, Boolean, `!wants BOOLEAN, got STRING "true"`},
		{"[1, 2.5, -0.0, 1e300, null, [true]]", List, "[1, 2.5, -0.0, 1e300, None, [True]]"},
		{`"[1, 2.5]"`, List, "[1, 2.5]"},
		{`"{}"`, List, `!wants LIST, got STRING "{}"`},
		{`"[1"`, List, `!wants LIST, got STRING "[1"`},
		{`"[9007199254740993]"`, List, "!at [0]: a parameter cannot hold the int 9007199254740993: KFP keeps numbers as doubles, which are exact only up to ±2^53"},
		{"{}", List, "!wants LIST, got STRUCT"},
		{`{"b": 1, "a": {"d": 1, "c": 2}}`, Struct, `{"a": {"c": 2, "d": 1}, "b": 1}`},
		{`"{\"b\": 1}"`, Struct, `{"b": 1}`},
		{"[]", Struct, "!wants STRUCT, got LIST"},
		{"null", Invalid, "None"},
		{"3", Invalid, "3"},
		{"3.5", Invalid, "3.5"},
		{`"[1]"`, Invalid, `"[1]"`},
	} {
		p := jsonParam(t, c.json)
		got, err := FromParameter(p, c.t)
		cerr := CheckParameter(p, c.t)
		if msg, bad := strings.CutPrefix(c.want, "!"); bad {
			wantError(t, err, msg)
			wantError(t, cerr, msg)
			continue
		}
		if want := eval(t, "v = "+c.want); err != nil || cerr != nil || !same(got, want) {
			t.Errorf("FromParameter(%s, %s) = %v, %v, %v, want %s", c.json, c.t, got, err, cerr, want)
		}
	}
	if v, err := FromParameter(nil, Invalid); err != nil || v != starlark.None {
		t.Errorf("FromParameter(nil) = %v, %v", v, err)
	}
	_, err := FromParameter(structpb.NewNumberValue(math.NaN()), Double)
	wantError(t, err, "nan is not a number that a parameter can hold")
	_, err = FromParameter(structpb.NewNumberValue(math.Inf(1)), Integer)
	wantError(t, err, "+inf is not a number that a parameter can hold")
}

func TestParseParameter(t *testing.T) {
	const doubles = ": KFP keeps numbers as doubles, which are exact only up to ±2^53"
	for _, c := range []struct {
		text string
		t    ParamType
		want string // JSON, or the error after "!"
	}{
		{"x", String, `"x"`},
		{`"x"`, String, `"x"`},
		{` "x" `, String, `"x"`},
		{`"x`, String, `"\"x"`},
		{"5", String, `"5"`},
		{"true", String, `"true"`},
		{" a ", String, `" a "`},
		{"", String, `""`},
		{"\xff", String, "!wants STRING, got text that is not valid UTF-8"},
		{"true", Boolean, "true"},
		{"True", Boolean, `!wants BOOLEAN, got STRING "True": write true`},
		{"yes", Boolean, `!wants BOOLEAN, got STRING "yes"`},
		{"1", Boolean, "!wants BOOLEAN, got NUMBER_INTEGER 1"},
		{"12", Integer, "12"},
		{" -12 ", Integer, "-12"},
		{"3.0", Integer, "!wants NUMBER_INTEGER, got 3.0: write it without fraction and exponent"},
		{"1e3", Integer, "!wants NUMBER_INTEGER, got 1e3: write it without fraction and exponent"},
		{"1.5", Integer, "!wants NUMBER_INTEGER, got 1.5: write it without fraction and exponent"},
		{"ten", Integer, `!wants NUMBER_INTEGER, got STRING "ten"`},
		{"012", Integer, `!wants NUMBER_INTEGER, got STRING "012"`},
		{`"3"`, Integer, `!wants NUMBER_INTEGER, got STRING "3"`},
		{"", Integer, `!wants NUMBER_INTEGER, got STRING ""`},
		{"9007199254740992", Integer, "9007199254740992"},
		{"-9007199254740993", Integer, "!a parameter cannot hold the int -9007199254740993" + doubles},
		{strings.Repeat("9", 400), Integer, "!a parameter cannot hold the int " + strings.Repeat("9", 57) + "…" + doubles},
		{"1", Double, "1"},
		{"1e-3", Double, "0.001"},
		{"1e400", Double, "!the number 1e400 is too large for a double"},
		{"nan", Double, `!wants NUMBER_DOUBLE, got STRING "nan"`},
		{"[1, {\"a\": null}]", List, `[1,{"a":null}]`},
		{`"[1]"`, List, "[1]"},
		{"[1,]", List, `!wants LIST, got STRING "[1,]"`},
		{"[9007199254740993]", List, "!at [0]: a parameter cannot hold the int 9007199254740993" + doubles},
		{"{}", List, "!wants LIST, got STRUCT"},
		{`{"a": {"b": 1}}`, Struct, `{"a":{"b":1}}`},
		{`{"a": 1, "a": 2}`, Struct, `!the key "a" comes twice`},
		{`{"a": [1, 1e999]}`, Struct, `!at ["a"][1]: the number 1e999 is too large for a double`},
		{"null", Struct, "!wants STRUCT, got null"},
		{"null", Invalid, "null"},
		{"5", Invalid, "5"},
		{"x y", Invalid, `"x y"`},
		{`"5"`, Invalid, `"5"`},
		{"\xff", Invalid, "!wants a parameter, got text that is not valid UTF-8"},
	} {
		p, err := ParseParameter(c.text, c.t)
		if msg, bad := strings.CutPrefix(c.want, "!"); bad {
			wantError(t, err, msg)
			continue
		}
		if err != nil {
			t.Errorf("ParseParameter(%q, %s): %v", c.text, c.t, err)
			continue
		}
		b, err := p.MarshalJSON()
		got := string(b)
		if c.t != String {
			got = strings.ReplaceAll(got, ", ", ",")
			got = strings.ReplaceAll(got, ": ", ":")
		}
		if err != nil || got != c.want {
			t.Errorf("ParseParameter(%q, %s) = %s, %v, want %s", c.text, c.t, got, err, c.want)
		}
	}
}
