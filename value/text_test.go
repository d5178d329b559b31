package value

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"
)

func TestAppendJSON(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"None", "null"},
		{"True", "true"},
		{"1 << 100", "1267650600228229401496703205376"},
		{"-5", "-5"},
		{"1.0", "1.0"},
		{"-0.0", "-0.0"},
		{"1e300", "1e+300"},
		{"0.1", "0.1"},
		{"float('nan')", `{"repr":"nan"}`},
		{"float('-inf')", `{"repr":"-inf"}`},
		{`"a\"b\\\n\t\x01<é"`, `"a\"b\\\n\t\u0001<é"`},
		{"raw", `{"repr":"\"a\\xff\""}`},
		{"b'x'", `{"repr":"b\"x\""}`},
		{"[1, 1.5, []]", "[1,1.5,[]]"},
		{"[(1, 'a')]", `[{"repr":"(1, \"a\")"}]`},
		{"{'b': 1, 'a': {}}", `{"b":1,"a":{}}`},
		{"{'a': {1: 2}}", `{"a":{"repr":"{1: 2}"}}`},
		{"{raw: 1}", `{"repr":"{\"a\\xff\": 1}"}`},
		{"{'repr': 'x'}", `{"repr":"{\"repr\": \"x\"}"}`},
		{"{'repr': 'x', 'y': 1}", `{"repr":"x","y":1}`},
		{"set([1])", `{"repr":"set([1])"}`},
		{"struct(a = [1], b = None)", `{"repr":"struct(a = [1], b = None)"}`},
		{"[len]", `[{"repr":"<builtin function len>"}]`},
		{"huge", `{"repr":"<int of 2000001 bits>"}`},
	} {
		got := AppendJSON([]byte("> "), eval(t, "v = "+c.src))
		if string(got) != "> "+c.want {
			t.Errorf("AppendJSON(%s) = %s, want %s", c.src, got, c.want)
		}
		if !json.Valid(got[2:]) {
			t.Errorf("AppendJSON(%s) is not JSON: %s", c.src, got)
		}
	}
	for src, want := range map[string]string{
		"v = [1]\nv.append(v)":            `[1,{"repr":"[1, [...]]"}]`,
		"v = {'a': []}\nv['a'].append(v)": `{"a":[{"repr":"{\"a\": [{...}]}"}]}`,
	} {
		if got := AppendJSON(nil, eval(t, src)); string(got) != want {
			t.Errorf("%s: %s, want %s", src, got, want)
		}
	}
	if got := AppendJSON(nil, nest(num(1), MaxDepth+5)); !strings.Contains(string(got), `[{"repr":"[[[[[1]]]]]"}]`) {
		t.Errorf("too deep: …%s…", got[MaxDepth-10:MaxDepth+40])
	}
}

// TestJSONReadsBack has encoding/json read what AppendJSON wrote, wherever it
// needed no repr.
func TestJSONReadsBack(t *testing.T) {
	for seed := range uint64(2000) {
		v := newGenerator(seed).value(4, false)
		b := AppendJSON(nil, v)
		d := json.NewDecoder(strings.NewReader(string(b)))
		d.UseNumber()
		var x any
		if err := d.Decode(&x); err != nil {
			t.Fatalf("seed %d: %v: %s", seed, err, b)
		}
		if !sameJSON(v, x) {
			t.Fatalf("seed %d: %s\nfrom %s", seed, b, v)
		}
	}
}

func sameJSON(v starlark.Value, x any) bool {
	if m, ok := x.(map[string]any); ok && len(m) == 1 && m["repr"] != nil {
		text, ok := m["repr"].(string)
		return ok && text == strings.ToValidUTF8(v.String(), "\uFFFD")
	}
	switch v := v.(type) {
	case starlark.NoneType:
		return x == nil
	case starlark.Bool:
		return x == bool(v)
	case starlark.String:
		return x == string(v)
	case starlark.Int:
		n, ok := x.(json.Number)
		return ok && n.String() == v.String()
	case starlark.Float:
		n, ok := x.(json.Number)
		f, err := n.Float64()
		return ok && err == nil && math.Float64bits(f) == math.Float64bits(float64(v)) && strings.ContainsAny(n.String(), ".e")
	case *starlark.List:
		l, ok := x.([]any)
		if !ok || len(l) != v.Len() {
			return false
		}
		for i := range l {
			if !sameJSON(v.Index(i), l[i]) {
				return false
			}
		}
		return true
	case *starlark.Dict:
		m, ok := x.(map[string]any)
		if !ok || len(m) != v.Len() {
			return false
		}
		for k, e := range v.Entries() {
			if !sameJSON(e, m[string(k.(starlark.String))]) {
				return false
			}
		}
		return true
	}
	return false
}

func TestPreview(t *testing.T) {
	for _, c := range []struct {
		src  string
		max  int
		want string
	}{
		{"None", 9, "null"},
		{"[True, 1.0, None]", 99, "[true, 1.0, null]"},
		{`{"a": (1,), 2: b"x"}`, 99, `{"a": (1,), 2: b"x"}`},
		{"set([1, 2])", 99, "set([1, 2])"},
		{"struct(a = 1)", 99, "struct(a = 1)"},
		{"[len, math]", 99, "[<builtin function len>, <module math>]"},
		{"range(10)", 99, "<range>"},
		{"raw", 99, `"a\xff"`},
		{"[1, 2, 3]", 8, "[1, 2…"},
		{"[1, 2, 3]", 9, "[1, 2, 3]"},
		{`"größer"`, 7, `"gr…`},
		{`"größer"`, 8, `"grö…`},
		{"[1, 2]", 2, "[1"},
		{"'ö'", 2, `"`},
		{"[1]", 0, ""},
		{"[1]", -1, ""},
		{"huge", 50, "<int of more than 300 digits>"},
		{"1 << 100", 50, "1267650600228229401496703205376"},
	} {
		got := Preview(eval(t, "v = "+c.src), c.max)
		if got != c.want {
			t.Errorf("Preview(%s, %d) = %s, want %s", c.src, c.max, got, c.want)
		}
	}
	if got := Preview(eval(t, "v = [1]\nv.append({'x': v})"), 99); got != `[1, {"x": [...]}]` {
		t.Errorf("Preview of a cycle = %s", got)
	}
	for seed := range uint64(500) {
		v := newGenerator(seed).value(4, false)
		for _, max := range []int{1, 7, 40, 1000} {
			if p := Preview(v, max); len(p) > max || !utf8.ValidString(p) {
				t.Fatalf("seed %d: Preview(_, %d) = %q", seed, max, p)
			}
		}
	}
}

// TestPreviewIsCheap counts memory, which a walk over the whole would need.
func TestPreviewIsCheap(t *testing.T) {
	wide := list(make([]starlark.Value, 1e6)...)
	dict := starlark.NewDict(1e5)
	for i := range 100_000 {
		if err := dict.SetKey(num(i), wide); err != nil {
			t.Fatal(err)
		}
	}
	long := starlark.String(strings.Repeat("x", 1e7))
	for _, v := range []starlark.Value{wide, dict, long, starlark.Bytes(long), list(long, long), nest(num(1), MaxDepth)} {
		if n := allocated(func() { Preview(v, 100) }); n > 20_000 {
			t.Errorf("a preview of a large %s takes %d bytes", TypeName(v), n)
		}
	}
}

type named []int

func TestFromGo(t *testing.T) {
	seven := 7
	for _, c := range []struct {
		x    any
		want string
	}{
		{nil, "None"},
		{true, "True"},
		{int8(-3), "-3"},
		{uint64(math.MaxUint64), "18446744073709551615"},
		{float32(0.5), "0.5"},
		{3.0, "3.0"},
		{"x", `"x"`},
		{[]byte("x"), `b"x"`},
		{json.RawMessage("x"), `b"x"`},
		{[2]int{1, 2}, "[1, 2]"},
		{named{1}, "[1]"},
		{[]any{1, "a", nil, []string{"b"}}, `[1, "a", None, ["b"]]`},
		{map[string]any{"b": 1, "a": map[int]bool{2: true, 1: false}}, `{"a": {1: False, 2: True}, "b": 1}`},
		{map[any]int{"x": 1, 2: 2, 1.5: 3}, `{1.5: 3, 2: 2, "x": 1}`},
		{&seven, "7"},
		{(*int)(nil), "None"},
		{new(big.Int).Lsh(big.NewInt(1), 70), "1180591620717411303424"},
		{(*big.Int)(nil), "None"},
		{structpb.NewNumberValue(3), "3"},
		{starlark.Tuple{starlark.None}, "(None,)"},
	} {
		got, err := FromGo(c.x)
		if want := eval(t, "v = "+c.want); err != nil || !same(got, want) {
			t.Errorf("FromGo(%#v) = %v, %v, want %s", c.x, got, err, want)
		}
	}
	loop := []any{nil}
	loop[0] = loop
	for _, c := range []struct {
		x    any
		want string
	}{
		{struct{}{}, "a Go value of type struct {} is not data"},
		{[]any{1, map[string]any{"k": func() {}}}, `at [1]["k"]: a Go value of type func() is not data`},
		{map[[1]int]int{{1}: 1}, "a map key that cannot be one of a dict: unhashable type: list"},
		{map[any]int{1: 1, 1.0: 2}, "the map has the key 1 twice"},
		{map[any]int{struct{}{}: 1}, "a map key that cannot be one of a dict: a Go value of type struct {} is not data"},
		{(*starlark.List)(nil), "a nil *starlark.List is not a Starlark value"},
		{loop, "at [0][0][0][0][0][0][0][0][… 9985 more …][0][0][0][0][0][0][0][0]: nested more than 10000 levels deep, or it contains itself"},
	} {
		_, err := FromGo(c.x)
		wantError(t, err, c.want)
	}
}

func TestTypeName(t *testing.T) {
	for want, v := range map[string]starlark.Value{
		"nil": nil, "NoneType": starlark.None, "int": num(1), "string": starlark.String(""), "list": list(), "struct": structOf(),
	} {
		if got := TypeName(v); got != want {
			t.Errorf("TypeName(%v) = %s, want %s", v, got, want)
		}
	}
}
