package compiler

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
)

// chain is a workflow of n nodes, each of which takes the result of the one
// before; fan is one of n nodes that take the result of the first.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("def step(x, k, name):\n    return x + k\nstep = workflow(step)\nn = step(0, 1, 'first')\n")
	fmt.Fprintf(&b, "for i in range(1, %d):\n    n = step(n, i, 'step %%d' %% i)\n", n)
	return b.String()
}

func fan(n int) string {
	var b strings.Builder
	b.WriteString("def step(x, k, name):\n    return x + k\nstep = workflow(step)\nn = step(0, 1, 'first')\n")
	fmt.Fprintf(&b, "for i in range(1, %d):\n    step(n, i, 'step %%d' %% i)\n", n)
	return b.String()
}

// eachShape runs a benchmark for both shapes at both sizes: the time a node
// must not grow with the size.
func eachShape(b *testing.B, bench func(b *testing.B, text string)) {
	shapes := []struct {
		name string
		make func(int) string
	}{{"chain", chain}, {"fan", fan}}
	for _, s := range shapes {
		for _, n := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", s.name, n), func(b *testing.B) {
				bench(b, s.make(n))
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/node")
			})
		}
	}
}

// BenchmarkCompile is compiling and writing; to be held against
// BenchmarkProtojson, which is writing alone.
func BenchmarkCompile(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		for b.Loop() {
			// A workflow remembers its fingerprints: each turn needs a new one.
			b.StopTimer()
			wf := load(b, text)
			b.StartTimer()
			s, err := Compile(wf)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.MarshalJSON(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCompileOnly is what a local run pays.
func BenchmarkCompileOnly(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		wf := load(b, text)
		mustCompile(b, wf) // makes the fingerprints, which are not the compiler's
		for b.Loop() {
			if _, err := Compile(wf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		s := mustCompile(b, load(b, text))
		for b.Loop() {
			if _, err := s.MarshalJSON(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkProtojson(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		p := withStruct(b, mustCompile(b, load(b, text)))
		for b.Loop() {
			if _, err := protojson.Marshal(p); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkValidate(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		s := mustCompile(b, load(b, text))
		for b.Loop() {
			if err := s.Validate(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	eachShape(b, func(b *testing.B, text string) {
		js, err := mustCompile(b, load(b, text)).MarshalJSON()
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := Read(js); err != nil {
				b.Fatal(err)
			}
		}
	})
}
