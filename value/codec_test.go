package value

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

func mustEncode(t testing.TB, v starlark.Value) []byte {
	t.Helper()
	b, err := Encode(v)
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return b
}

func list(vs ...starlark.Value) *starlark.List { return starlark.NewList(vs) }

func set(vs ...starlark.Value) *starlark.Set {
	s := starlark.NewSet(len(vs))
	for _, v := range vs {
		if err := s.Insert(v); err != nil {
			panic(err)
		}
	}
	return s
}

func structOf(kvs ...any) *starlarkstruct.Struct {
	fields := starlark.StringDict{}
	for _, kv := range dictOf(kvs...).Items() {
		fields[string(kv[0].(starlark.String))] = kv[1]
	}
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
}

func bigInt(s string) starlark.Int {
	b, ok := new(big.Int).SetString(s, 0)
	if !ok {
		panic(s)
	}
	return starlark.MakeBigInt(b)
}

func num(i int) starlark.Value { return starlark.MakeInt(i) }

// golden is the format: these bytes must never change while FormatVersion stays.
var golden = []struct {
	v   starlark.Value
	hex string // without the magic
}{
	{starlark.None, "f6"},
	{starlark.True, "f5"},
	{starlark.False, "f4"},
	{num(0), "00"},
	{num(23), "17"},
	{num(24), "1818"},
	{num(255), "18ff"},
	{num(256), "190100"},
	{num(65536), "1a00010000"},
	{num(1 << 32), "1b0000000100000000"},
	{bigInt("0xffffffffffffffff"), "1bffffffffffffffff"},
	{bigInt("0x10000000000000000"), "c249010000000000000000"},
	{num(-1), "20"},
	{num(-24), "37"},
	{num(-25), "3818"},
	{num(math.MinInt64), "3b7fffffffffffffff"},
	{bigInt("-0x10000000000000000"), "3bffffffffffffffff"},
	{bigInt("-0x10000000000000001"), "c349010000000000000000"},
	{starlark.Float(0), "f90000"},
	{starlark.Float(math.Copysign(0, -1)), "f98000"},
	{starlark.Float(1), "f93c00"},
	{starlark.Float(1.5), "f93e00"},
	{starlark.Float(65504), "f97bff"},
	{starlark.Float(65505), "fa477fe100"},
	{starlark.Float(100000), "fa47c35000"},
	{starlark.Float(5.960464477539063e-08), "f90001"},
	{starlark.Float(6.097555160522461e-05), "f903ff"},
	{starlark.Float(6.103515625e-05), "f90400"},
	{starlark.Float(2.9802322387695312e-08), "fa33000000"},
	{starlark.Float(3.4028234663852886e+38), "fa7f7fffff"},
	{starlark.Float(0.1), "fb3fb999999999999a"},
	{starlark.Float(1e300), "fb7e37e43c8800759c"},
	{starlark.Float(math.Inf(1)), "f97c00"},
	{starlark.Float(math.Inf(-1)), "f9fc00"},
	{starlark.Float(math.NaN()), "f97e00"},
	{starlark.Float(math.Float64frombits(0xfff8000000000123)), "f97e00"},
	{starlark.String(""), "60"},
	{starlark.String("größe"), "676772c3b6c39f65"},
	{starlark.String("123456789012345678901234"), "7818313233343536373839303132333435363738393031323334"},
	{starlark.String("\xff"), "d81b8266737472696e6741ff"},
	{starlark.Bytes(""), "40"},
	{starlark.Bytes("\x00\xff"), "4200ff"},
	{list(), "80"},
	{list(num(1), list(num(2))), "82018102"},
	{starlark.Tuple{}, "d81b81657475706c65"},
	{starlark.Tuple{num(1), num(2)}, "d81b83657475706c650102"},
	{starlark.NewDict(0), "a0"},
	{dictOf("b", 1, "a", 2), "a2616201616102"},
	{dictOf(starlark.Tuple{num(1)}, 2.0), "a1d81b82657475706c6501f94000"},
	{set(num(3), num(1)), "d90102820301"},
	{set(), "d9010280"},
	{structOf("y", 1, "x", 2), "d81b8266737472756374a2617802617901"},
	{structOf("\xff", 1), "d81b8266737472756374a1d81b8266737472696e6741ff01"},
}

func TestGolden(t *testing.T) {
	for _, g := range golden {
		want, err := hex.DecodeString("d9d9f7" + g.hex)
		if err != nil {
			t.Fatal(err)
		}
		if got := mustEncode(t, g.v); !bytes.Equal(got, want) {
			t.Errorf("Encode(%s)\n got %x\nwant %x", g.v, got, want)
		}
		v, err := Decode(want)
		if err != nil {
			t.Errorf("Decode(%x): %v", want, err)
		} else if !same(v, g.v) {
			t.Errorf("Decode(%x) = %s, want %s", want, v, g.v)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	strict, err := cbor.DecOptions{IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 64}.DecMode()
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(3000) {
		v := newGenerator(seed).value(5, false)
		b := mustEncode(t, v)
		// An independent reader agrees that this is CBOR.
		if err := strict.Wellformed(b); err != nil {
			t.Fatalf("seed %d: not well-formed: %v\n%x", seed, err, b)
		}
		got, err := Decode(b)
		if err != nil {
			t.Fatalf("seed %d: Decode: %v\n%s", seed, err, v)
		}
		if !same(got, v) {
			t.Fatalf("seed %d: round trip\n got %s\nwant %s", seed, got, v)
		}
		if again := mustEncode(t, got); !bytes.Equal(again, b) {
			t.Fatalf("seed %d: the second encoding differs\n got %x\nwant %x", seed, again, b)
		}
	}
}

// TestReadByOthers has an independent library read scalars back.
func TestReadByOthers(t *testing.T) {
	g := newGenerator(7)
	for range 3000 {
		v := g.scalar()
		b := mustEncode(t, v)
		switch v := v.(type) {
		case starlark.Int:
			var x big.Int
			if err := cbor.Unmarshal(b, &x); err != nil || x.Cmp(v.BigInt()) != 0 {
				t.Fatalf("%s: read as %s, %v", v, &x, err)
			}
		case starlark.Float:
			var x float64
			if err := cbor.Unmarshal(b, &x); err != nil || !same(starlark.Float(x), v) {
				t.Fatalf("%s: read as %v, %v", v, x, err)
			}
		}
	}
}

func TestAppend(t *testing.T) {
	b, err := Append([]byte("before"), num(7))
	if err != nil || string(b) != "before"+magic+"\x07" {
		t.Errorf("Append = %q, %v", b, err)
	}
	b, err = Append([]byte("before"), list(num(1), starlark.NewBuiltin("len", nil)))
	if err == nil || string(b) != "before" {
		t.Errorf("Append of no data = %q, %v; want what was there, and an error", b, err)
	}
}

func TestSharedPartsBecomeTwo(t *testing.T) {
	part := list(num(1))
	v, err := Decode(mustEncode(t, list(part, part)))
	if err != nil {
		t.Fatal(err)
	}
	l := v.(*starlark.List)
	if !same(l, list(part, part)) || l.Index(0) == l.Index(1) {
		t.Errorf("got %s, shared: %t", l, l.Index(0) == l.Index(1))
	}
	if err := l.Append(num(2)); err != nil {
		t.Errorf("a decoded value is not frozen: %v", err)
	}
}

func TestDecodeSharesNoMemory(t *testing.T) {
	b := mustEncode(t, dictOf("name", "text", "long", strings.Repeat("x", 1000), "b", starlark.Bytes("bytes")))
	v, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	want := v.String()
	clear(b)
	if got := v.String(); got != want {
		t.Errorf("after the input changed: %s, want %s", got, want)
	}
}

// nest wraps v in n lists.
func nest(v starlark.Value, n int) starlark.Value {
	for range n {
		v = list(v)
	}
	return v
}

func TestDepth(t *testing.T) {
	b := mustEncode(t, nest(num(1), MaxDepth))
	v, err := Decode(b)
	if err != nil {
		t.Fatalf("at the limit: %v", err)
	}
	if again := mustEncode(t, v); !bytes.Equal(again, b) {
		t.Error("at the limit: the second encoding differs")
	}
	_, err = Encode(nest(num(1), MaxDepth+1))
	wantError(t, err, "at [0][0][0][0][0][0][0][0][… 9984 more …][0][0][0][0][0][0][0][0]: nested more than 10000 levels deep")
	deeper := append([]byte(magic), bytes.Repeat([]byte{0x81}, MaxDepth+1)...)
	_, err = Decode(append(deeper, 0))
	wantError(t, err, "at [0][0][0][0][0][0][0][0][… 9984 more …][0][0][0][0][0][0][0][0]: byte 10004: nested more than 10000 levels deep")

	// Tuples as keys are hashed, and that recurses too.
	var k starlark.Value = num(1)
	for range MaxDepth - 1 {
		k = starlark.Tuple{k}
	}
	if _, err := Decode(mustEncode(t, dictOf(k, 1))); err != nil {
		t.Errorf("a deep key: %v", err)
	}
}

func TestTooLarge(t *testing.T) {
	// A value that shares its parts: 2^40 leaves, 40 lists in memory.
	v := list(num(1))
	for range 40 {
		v = list(v, v)
	}
	if _, f := appendValue(nil, v, 1<<16); f == nil || f.msg != "larger than 536870912 bytes when it is written out" {
		t.Errorf("got %v", f)
	}
	for _, v := range []starlark.Value{
		starlark.String(strings.Repeat("x", 200)), starlark.Bytes(strings.Repeat("x", 200)),
		starlark.MakeInt(1).Lsh(2000), list(make([]starlark.Value, 200)...), starlark.Tuple(make([]starlark.Value, 200)),
	} {
		if _, f := appendValue(nil, v, 100); f == nil || !strings.HasPrefix(f.msg, "larger than") {
			t.Errorf("%.20s: got %v", TypeName(v), f)
		}
	}
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", want)
	} else if _, ok := err.(*Error); !ok || err.Error() != want {
		t.Errorf("error %T\n got %s\nwant %s", err, err, want)
	}
}

func ExampleEncode() {
	b, err := Encode(starlark.Tuple{starlark.MakeInt(1), starlark.Float(1)})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%x\n", b)
	v, err := Decode(b)
	fmt.Println(v, err)
	// Output:
	// d9d9f7d81b83657475706c6501f93c00
	// (1, 1.0) <nil>
}
