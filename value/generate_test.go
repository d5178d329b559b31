package value

import (
	"math"
	"math/big"
	"math/rand/v2"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// A generator makes random values, with the odd corners much more often than
// chance would.
type generator struct{ *rand.Rand }

func newGenerator(seed uint64) generator {
	return generator{rand.New(rand.NewPCG(seed, 1))}
}

// value makes a value nested at most depth deep; hashable asks for one that can
// be a key.
func (g generator) value(depth int, hashable bool) starlark.Value {
	if depth == 0 || g.IntN(3) == 0 {
		return g.scalar()
	}
	n := g.IntN(6)
	if g.IntN(20) == 0 {
		n = 60 // beyond the small tables
	}
	switch kind := g.IntN(5); {
	case kind == 0:
		return starlark.Tuple(g.values(n, depth-1, hashable))
	case kind == 1:
		fields := starlark.StringDict{}
		for range min(n, 8) {
			fields[g.text()] = g.value(depth-1, hashable)
		}
		return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
	case hashable:
		return g.scalar()
	case kind == 2:
		return starlark.NewList(g.values(n, depth-1, false))
	case kind == 3:
		d := starlark.NewDict(0)
		for _, k := range g.values(n, depth-1, true) {
			if err := d.SetKey(k, g.value(depth-1, false)); err != nil {
				panic(err)
			}
		}
		return d
	default:
		s := starlark.NewSet(0)
		for _, v := range g.values(n, depth-1, true) {
			if err := s.Insert(v); err != nil {
				panic(err)
			}
		}
		return s
	}
}

func (g generator) values(n, depth int, hashable bool) []starlark.Value {
	vs := make([]starlark.Value, n)
	for i := range vs {
		vs[i] = g.value(depth, hashable)
	}
	return vs
}

func (g generator) scalar() starlark.Value {
	switch g.IntN(9) {
	case 0:
		return starlark.None
	case 1:
		return starlark.Bool(g.IntN(2) == 0)
	case 2:
		return starlark.MakeInt64(int64(g.Uint64()) >> g.IntN(64))
	case 3:
		// Around the powers of two, where the encodings change.
		b := new(big.Int).Lsh(big.NewInt(1), uint(g.IntN(140)))
		b.Add(b, big.NewInt(int64(g.IntN(5)-2)))
		if g.IntN(2) == 0 {
			b.Neg(b)
		}
		return starlark.MakeBigInt(b)
	case 4:
		return starlark.Float(math.Float64frombits(g.Uint64()))
	case 5:
		few := []float64{0, math.Copysign(0, -1), 1, -1.5, math.Inf(1), math.Inf(-1), math.NaN(),
			65504, 65505, 65520, 5.960464477539063e-08, 6.103515625e-05, 1e-45, 3.4028234663852886e+38, 5e-324}
		return starlark.Float(few[g.IntN(len(few))])
	case 6:
		return starlark.Bytes(g.text())
	}
	return starlark.String(g.text())
}

func (g generator) text() string {
	switch g.IntN(10) {
	case 0:
		return ""
	case 1:
		return "\xff\x00" + string(rune('a'+g.IntN(26)))
	case 2:
		b := make([]byte, 200+g.IntN(200))
		for i := range b {
			b[i] = byte('a' + g.IntN(26))
		}
		return string(b)
	case 3:
		return "größe–" + string(rune(0x1F600+g.IntN(50)))
	}
	return []string{"name", "x", "y", "weights", "a\"b\\\n"}[g.IntN(5)] + string(rune('a'+g.IntN(26)))
}
