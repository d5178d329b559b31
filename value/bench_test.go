package value

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"go.starlark.net/starlark"
)

// The values here are those of testdata/bench_pickle.py.

func mapped[T any](xs []T, f func(T) starlark.Value) *starlark.List {
	elems := make([]starlark.Value, len(xs))
	for i, x := range xs {
		elems[i] = f(x)
	}
	return starlark.NewList(elems)
}

// dictOf makes a dict of keys and values in turn.
func dictOf(kvs ...any) *starlark.Dict {
	d := starlark.NewDict(len(kvs) / 2)
	for i := 0; i < len(kvs); i += 2 {
		k, err := FromGo(kvs[i])
		if err != nil {
			panic(err)
		}
		v, err := FromGo(kvs[i+1])
		if err != nil {
			panic(err)
		}
		if err := d.SetKey(k, v); err != nil {
			panic(err)
		}
	}
	return d
}

func deepDict() *starlark.Dict {
	v := dictOf("leaf", 1)
	for i := range 300 {
		v = dictOf("level", i, "next", v)
	}
	return v
}

func wideDict(depth int) *starlark.Dict {
	if depth == 0 {
		return dictOf("name", "leaf", "weight", 0.5, "tags", []string{"a", "b"}, "n", 7)
	}
	d := starlark.NewDict(8)
	for i := range 8 {
		if err := d.SetKey(starlark.String(fmt.Sprintf("child%d", i)), wideDict(depth-1)); err != nil {
			panic(err)
		}
	}
	return d
}

// random is a fixed sequence of random numbers.
func random(n int) []uint64 {
	x, xs := uint64(1), make([]uint64, n)
	for i := range xs {
		x = x*6364136223846793005 + 1442695040888963407
		xs[i] = x
	}
	return xs
}

var benchValues = []struct {
	name string
	make func() starlark.Value
}{
	{"ints", func() starlark.Value {
		return mapped(random(1e6), func(x uint64) starlark.Value { return starlark.MakeUint64(x >> 40) })
	}},
	{"bigints", func() starlark.Value {
		return mapped(random(1e6), func(x uint64) starlark.Value { return starlark.MakeUint64(x >> 40 << 33) })
	}},
	{"floats", func() starlark.Value {
		return mapped(random(1e6), func(x uint64) starlark.Value { return starlark.Float(float64(x>>11) / (1 << 53)) })
	}},
	{"strings", func() starlark.Value {
		return mapped(random(1e5), func(x uint64) starlark.Value {
			return starlark.String(fmt.Sprintf("string number %d", x>>40))
		})
	}},
	{"deep", func() starlark.Value {
		return mapped(random(30), func(uint64) starlark.Value { return deepDict() })
	}},
	{"onedeep", func() starlark.Value { return deepDict() }},
	{"wide", func() starlark.Value { return wideDict(4) }},
	{"records", func() starlark.Value {
		return mapped(random(5e4), func(x uint64) starlark.Value { return dictOf("name", "row", "x", x>>40, "y", x>>40&7) })
	}},
	{"pairs", func() starlark.Value {
		return mapped(random(1e5), func(x uint64) starlark.Value {
			return starlark.Tuple{starlark.MakeUint64(x >> 40), starlark.MakeUint64(x >> 40 & 7)}
		})
	}},
}

func BenchmarkEncode(b *testing.B) {
	for _, bv := range benchValues {
		b.Run(bv.name, func(b *testing.B) {
			v := bv.make()
			v.Freeze() // as the results of nodes are
			b.ReportAllocs()
			for b.Loop() {
				data, err := Encode(v)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(int64(len(data)))
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, bv := range benchValues {
		b.Run(bv.name, func(b *testing.B) {
			data, err := Encode(bv.make())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPreview(b *testing.B) {
	v := benchValues[0].make()
	b.ReportAllocs()
	for b.Loop() {
		Preview(v, 200)
	}
}

// BenchmarkPickle reports what Python's pickle takes for the same values, as the
// metrics NAME-write-ns and NAME-read-ns.
func BenchmarkPickle(b *testing.B) {
	python, err := exec.LookPath("python3")
	if err != nil {
		b.Skip("Python is not installed, so there is nothing to compare with: ", err)
	}
	out, err := exec.Command(python, "testdata/bench_pickle.py").Output()
	if err != nil {
		b.Fatalf("bench_pickle.py: %v", err)
	}
	b.ResetTimer()
	for range b.N {
	}
	for line := range strings.Lines(string(out)) {
		var name string
		var write, read, size float64
		if _, err := fmt.Sscan(line, &name, &write, &read, &size); err != nil {
			b.Fatalf("%q: %v", line, err)
		}
		b.ReportMetric(write, name+"-write-ns")
		b.ReportMetric(read, name+"-read-ns")
	}
}
