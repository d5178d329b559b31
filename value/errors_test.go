package value

import (
	"encoding/hex"
	"runtime"
	"strings"
	"testing"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// eval runs a Starlark program and returns its global v.
func eval(t testing.TB, src string) starlark.Value {
	t.Helper()
	globals, err := starlark.ExecFileOptions(&syntax.FileOptions{Set: true}, &starlark.Thread{}, "test.star", src,
		starlark.StringDict{"struct": starlark.NewBuiltin("struct", starlarkstruct.Make), "math": &starlarkstruct.Module{Name: "math"}, "raw": starlark.String("a\xff"), "huge": starlark.MakeInt(1).Lsh(2_000_000)})
	if err != nil {
		t.Fatal(err)
	}
	return globals["v"]
}

func TestEncodeErrors(t *testing.T) {
	const all = "only None, bool, int, float, string, bytes, list, tuple, dict, set and struct are"
	for _, c := range []struct{ src, want string }{
		{"def train(): pass\nv = train", "function train is not data: return what it computes, not the function itself"},
		{"v = {'weights': [1, 2, 3, len]}", `at ["weights"][3]: builtin function len is not data: return what it computes, not the function itself`},
		{"v = lambda: 1", "function lambda is not data: return what it computes, not the function itself"},
		{"v = [math]", "at [0]: module math is not data: " + all},
		{"v = (0, range(3))", "at [1]: range is not data: make it a list with list(...)"},
		{"v = struct(a = struct(b = [len]))", "at .a.b[0]: builtin function len is not data: return what it computes, not the function itself"},
		{"v = {1: 2, len: 1}", "at .keys()[1]: builtin function len is not data: return what it computes, not the function itself"},
		{"v = {(1, 'a'): {None: len}}", `at [(1, "a")][None]: builtin function len is not data: return what it computes, not the function itself`},
		{"v = {1: {2: 3}, (0, struct(f = len)): 1}", "at .keys()[1][1].f: builtin function len is not data: return what it computes, not the function itself"},
		{"v = set([1, (2, len)])", "at [1][1]: builtin function len is not data: return what it computes, not the function itself"},
		{"v = 'abc'.elems()", "string.elems is not data: make it a list with list(...)"},
		{"v = [1]\nv.append(v)", "at [1]: the list contains itself"},
		{"v = {'a': [{}]}\nv['a'][0]['b'] = (1, v)", `at ["a"][0]["b"][1]: the dict contains itself`},
		{"x = []\nx.append((x,))\nv = [[[[[[x]]]]]]", "at [0][0][0][0][0][0][0][0]: the list contains itself"},
		{"v = {'" + strings.Repeat("k", 100) + "': len}", `at ["` + strings.Repeat("k", 56) + `…]: builtin function len is not data: return what it computes, not the function itself`},
	} {
		v := eval(t, c.src)
		b, err := Encode(v)
		wantError(t, err, c.want)
		if b != nil && err != nil && len(b) != 0 {
			t.Errorf("%s: %d bytes beside the error", c.src, len(b))
		}
	}

	// A failed walk leaves no dict locked against changes.
	d := dictOf("a", 1, "b", starlark.NewBuiltin("len", nil))
	if _, err := Encode(d); err == nil {
		t.Error("no error for a builtin in a dict")
	}
	if err := d.SetKey(num(1), num(2)); err != nil {
		t.Errorf("after a failed Encode: %v", err)
	}

	_, err := Encode(nil)
	wantError(t, err, "nil is not data: "+all)
	branded := starlarkstruct.FromStringDict(starlark.String("point"), starlark.StringDict{})
	_, err = Encode(list(branded))
	wantError(t, err, `at [0]: struct of the constructor "point" is not data: only plain struct(...) values are`)
	branded = starlarkstruct.FromStringDict(starlark.NewBuiltin("mk", nil), starlark.StringDict{})
	_, err = Encode(branded)
	wantError(t, err, "struct of the constructor builtin function mk is not data: only plain struct(...) values are")
}

func TestDecodeErrors(t *testing.T) {
	for _, c := range []struct{ hex, want string }{
		{"", "no data: the file is empty"},
		{"68656c6c6f", "not an encoded value: it starts with 68 65 6c, not with d9 d9 f7"},
		{"d9d9", "not an encoded value: it starts with d9 d9, not with d9 d9 f7"},
		{"d9d9f7", "truncated at byte 3: a value is missing"},
		{"d9d9f7 0102", "1 bytes too many: the value ends at byte 4"},
		{"d9d9f7 8301", "truncated at byte 5: a list of length 3 at byte 4, but only 1 bytes are left"},
		{"d9d9f7 820119", "at [1]: truncated at byte 6: 19 at byte 5 must be followed by 2 more"},
		{"d9d9f7 62ff", "truncated at byte 5: a string of length 2 at byte 4, but only 1 bytes are left"},
		{"d9d9f7 42ff", "truncated at byte 5: bytes of length 2 at byte 4, but only 1 bytes are left"},
		{"d9d9f7 c242ff", "truncated at byte 6: a bignum of length 2 at byte 5, but only 1 bytes are left"},
		{"d9d9f7 9bffffffffffffffff", "truncated at byte 12: a list of length 18446744073709551615 at byte 12, but only 0 bytes are left"},
		{"d9d9f7 bb7fffffffffffffff00", "truncated at byte 13: a dict of length 9223372036854775807 at byte 12, but only 1 bytes are left"},
		// Each of these lists alone would fit, but not both.
		{"d9d9f7 84 84 000000 00", "at [0]: truncated at byte 9: a list of length 4 at byte 5, but only 4 bytes are left"},
		{"d9d9f7 9f01ff", "byte 3: 9f starts an item of indefinite length, which is not allowed"},
		{"d9d9f7 7f6161ff", "byte 3: 7f starts an item of indefinite length, which is not allowed"},
		{"d9d9f7 ff", "byte 3: ff starts an item of indefinite length, which is not allowed"},
		{"d9d9f7 1c", "byte 3: 1c is not CBOR"},
		{"d9d9f7 61ff", "byte 4: a text string that is not valid UTF-8"},
		{"d9d9f7 f7", "byte 3: the simple value 23 is not a Starlark value"},
		{"d9d9f7 f820", "byte 3: the simple value 32 is not a Starlark value"},
		{"d9d9f7 c074323031332d30332d32315432303a30343a30305a", "byte 3: the tag 0 has no meaning here"},
		{"d9d9f7 d9d9f701", "byte 3: the tag 55799 has no meaning here"},
		{"d9d9f7 c201", "byte 4: a bignum must be a byte string"},
		{"d9d9f7 c2", "truncated at byte 4: a value is missing"},
		{"d9d9f7 d9010201", "byte 6: a set must be an array"},
		{"d9d9f7 d90102820101", "byte 8: the set element 1 comes twice"},
		{"d9d9f7 d901028180", "at [0]: byte 7: a set element that cannot be one: unhashable type: list"},
		{"d9d9f7 a1", "truncated at byte 4: a dict of length 1 at byte 4, but only 0 bytes are left"},
		{"d9d9f7 a2616101616102", `byte 7: the dict key "a" comes twice`},
		{"d9d9f7 a20101f93c0002", "byte 6: the dict key 1.0 comes twice"},
		{"d9d9f7 a18001", "at .keys()[0]: byte 4: a dict key that cannot be one: unhashable type: list"},
		{"d9d9f7 a1d81b82657475706c658001", "at .keys()[0]: byte 4: a dict key that cannot be one: unhashable type: list"},
		{"d9d9f7 a16161f7", `at ["a"]: byte 6: the simple value 23 is not a Starlark value`},
		{"d9d9f7 d81b01", "byte 5: a tagged object must be an array of a type name and arguments"},
		{"d9d9f7 d81b80", "byte 5: a tagged object must be an array of a type name and arguments"},
		{"d9d9f7 d81b8101", "byte 6: the type name of a tagged object must be a text string"},
		{"d9d9f7 d81b8161ff", "byte 6: a text string that is not valid UTF-8"},
		{"d9d9f7 d81b8163666f6f", `byte 5: "foo" is not a known type of tagged object`},
		{"d9d9f7 d81b8166737472756374", "byte 5: a tagged struct must have 1 argument, not 0"},
		{"d9d9f7 d81b8266737472756374 01", "byte 13: the argument of a tagged struct must be a map"},
		{"d9d9f7 d81b8266737472756374 a10101", "byte 14: the name of a struct field must be a string, not int"},
		{"d9d9f7 d81b8266737472756374 a2616101616102", `byte 17: the struct field "a" comes twice`},
		{"d9d9f7 d81b8266737472756374 a16161f7", "at .a: byte 16: the simple value 23 is not a Starlark value"},
		{"d9d9f7 d81b8266737472696e67 6161", "byte 13: the argument of a tagged string must be a byte string"},
		{"d9d9f7 d81b86657475706c65 01", "truncated at byte 13: a tuple of length 5 at byte 12, but only 1 bytes are left"},
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		v, err := Decode(b)
		wantError(t, err, c.want)
		if err != nil && v != nil {
			t.Errorf("%s: a value beside the error: %s", c.hex, v)
		}
	}
}

// TestDecodeAccepts has what other writers do differently.
func TestDecodeAccepts(t *testing.T) {
	for _, c := range []struct {
		hex  string
		want starlark.Value
	}{
		{"1b0000000000000001", num(1)},
		{"c24101", num(1)},
		{"c240", num(0)},
		{"c340", num(-1)},
		{"c2420001", num(1)},
		{"fb3ff0000000000000", starlark.Float(1)},
		{"fa3f800000", starlark.Float(1)},
		{"fb7ff8000000000001", starlark.Float(nan())},
		{"f97e01", starlark.Float(nan())},
		{"9a0000000101", list(num(1))},
		{"78016a", starlark.String("j")},
		{"d81b8266737472696e674161", starlark.String("a")},
		{"d81b8266737472756374a2617901617802", structOf("x", 2, "y", 1)},
		{"d81b9802 78057475706c65 01", starlark.Tuple{num(1)}},
	} {
		b, err := hex.DecodeString("d9d9f7" + strings.ReplaceAll(c.hex, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := Decode(b); err != nil || !same(got, c.want) {
			t.Errorf("Decode(%s) = %v, %v, want %s", c.hex, got, err, c.want)
		}
	}
}

// TestTruncated cuts values, small ones at every byte.
func TestTruncated(t *testing.T) {
	for seed := range uint64(200) {
		b := mustEncode(t, newGenerator(seed).value(4, false))
		for n := 0; n < len(b); n += 1 + len(b)/200 {
			if _, err := Decode(b[:n:n]); err == nil {
				t.Fatalf("seed %d: the first %d of %d bytes decode", seed, n, len(b))
			}
		}
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestHostileLengths nests lists and dicts that each promise all that is left; none
// may be believed, or the memory would be quadratic.
func TestHostileLengths(t *testing.T) {
	for _, head := range []string{"\x9a\x00\x00\x40\x00", "\xba\x00\x00\x20\x00\x00", "\xd9\x01\x02\x9a\x00\x00\x40\x00"} {
		b := []byte(magic + strings.Repeat(head, 8000) + strings.Repeat("\x00", 20_000))
		var err error
		took := allocated(func() { _, err = Decode(b) })
		if err == nil {
			t.Errorf("%x…: no error", head)
		}
		if limit := uint64(100 * len(b)); took > limit {
			t.Errorf("%x…: %d bytes of input took %d bytes of memory", head, len(b), took)
		}
	}
}

// TestCollidingKeys has dicts whose keys all fall into one bucket.
func TestCollidingKeys(t *testing.T) {
	collide := func(n int) []byte {
		b := append([]byte(magic), 0xba, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		for i := range n {
			b = append(appendInt(b, int64(i+1)<<32), 0)
		}
		return b
	}
	if _, err := Decode(collide(5000)); err != nil {
		t.Errorf("a few: %v", err)
	}
	b := collide(50_000)
	d := decoder{b: b, budget: 1 << 24}
	if v := d.whole(); v != nil || d.fault == nil || !strings.HasSuffix(d.fault.msg, "too many keys with the same hash") {
		t.Errorf("50,000 colliding keys with a small budget: %v, %v", v, d.fault)
	}

	// All floats between two ints have one hash, and are no attack.
	floats := starlark.NewDict(3000)
	for i := range 3000 {
		if err := floats.SetKey(starlark.Float(float64(i)/3000), num(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := Decode(mustEncode(t, floats)); err != nil || !same(got, floats) {
		t.Errorf("3,000 floats as keys: %v", err)
	}
}
