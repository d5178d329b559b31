package value

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

func nan() float64 { return math.NaN() }

// FuzzDecode: whatever decodes is CBOR in the eyes of another library too, and
// encodes to bytes that decode to the same value and are never longer.
func FuzzDecode(f *testing.F) {
	for _, g := range golden {
		b, err := hex.DecodeString("d9d9f7" + g.hex)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for seed := range uint64(20) {
		f.Add(mustEncode(f, newGenerator(seed).value(4, false)))
	}
	for _, s := range []string{"", "9bffffffffffffffff", "bb7fffffffffffffff00", "8484000000", "9f01ff", "a20101f93c0002", "d81b86657475706c6501"} {
		b, err := hex.DecodeString("d9d9f7" + s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		if err != nil {
			if _, ok := err.(*Error); !ok || v != nil {
				t.Fatalf("Decode = %v, %T %v", v, err, err)
			}
			return
		}
		strict, err := cbor.DecOptions{IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 65535}.DecMode()
		if err != nil {
			t.Fatal(err)
		}
		if err := strict.Wellformed(b); err != nil {
			t.Fatalf("decodes, but is not well-formed: %v", err)
		}
		again, err := Encode(v)
		if err != nil {
			t.Fatalf("does not encode again: %v", err)
		}
		if len(again) > len(b) {
			t.Fatalf("grew from %d to %d bytes", len(b), len(again))
		}
		w, err := Decode(again)
		if err != nil || !same(v, w) {
			t.Fatalf("second decoding: %v, %v, want %v", w, err, v)
		}
		if p := Preview(v, 50); len(p) > 50 || !utf8.ValidString(p) {
			t.Fatalf("Preview = %q", p)
		}
		if j := AppendJSON(nil, v); !json.Valid(j) {
			t.Fatalf("AppendJSON = %s", j)
		}
	})
}

// FuzzParameter: what ParseParameter accepts is of the type, and comes back
// from the Starlark value it stands for.
func FuzzParameter(f *testing.F) {
	for _, s := range []string{"1", "-0", "1.5", "1e400", "x", `"x"`, "true", "True", "null", "[1, [2.5, null]]", `{"b": 1, "a": {"c": []}}`,
		`"[1]"`, "9007199254740993", `{"a": 1, "a": 2}`, "[", " 1 ", "\xff", `"\ud800"`} {
		for t := Invalid; t <= Struct; t++ {
			f.Add(s, int(t))
		}
	}
	f.Fuzz(func(t *testing.T, text string, n int) {
		if n < 0 || n > int(Struct) {
			return
		}
		typ := ParamType(n)
		p, err := ParseParameter(text, typ)
		if err != nil {
			if _, ok := err.(*Error); !ok || p != nil {
				t.Fatalf("ParseParameter = %v, %T %v", p, err, err)
			}
			return
		}
		if err := CheckParameter(p, typ); err != nil {
			t.Fatalf("%q: parsed, but: %v", text, err)
		}
		v, err := FromParameter(p, typ)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got, ok := ParamTypeOf(v); typ != Invalid && (!ok || got != typ) {
			t.Fatalf("%q: a %s came out as %s", text, typ, v)
		}
		q, err := ToParameter(v)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !proto.Equal(p, q) {
			t.Fatalf("%q: %v became %v", text, p, q)
		}
	})
}

// FuzzFromParameter: JSON that a KFP backend may send converts or is refused,
// and what converts goes back.
func FuzzFromParameter(f *testing.F) {
	for _, s := range []string{"1", "1.5", `"x"`, "true", "null", "[1e300, -0.0]", `{"b": [1], "a": {}}`, `"{\"a\": [1]}"`, "1e16"} {
		for t := Invalid; t <= Struct; t++ {
			f.Add([]byte(s), int(t))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		var p structpb.Value
		if n < 0 || n > int(Struct) || p.UnmarshalJSON(data) != nil {
			return
		}
		v, err := FromParameter(&p, ParamType(n))
		if err != nil {
			return
		}
		q, err := ToParameter(v)
		if err != nil {
			t.Fatalf("%s became %s, but: %v", data, v, err)
		}
		w, err := FromParameter(q, ParamType(n))
		if err != nil || !same(v, w) {
			t.Fatalf("%s: %s came back as %v, %v", data, v, w, err)
		}
		if b, err := Encode(v); err != nil || !bytes.HasPrefix(b, []byte(magic)) {
			t.Fatalf("%s: %v", data, err)
		}
	})
}
