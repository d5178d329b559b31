package starlarkfuse_test

import (
	"fmt"
	"strings"
	"testing"
)

// chain returns a file with n nodes, each taking the one before.
func chain(n int) string {
	var b strings.Builder
	b.WriteString("def add(a, b):\n    return a + b\nadd = workflow(add)\n")
	fmt.Fprintf(&b, "n = add(0, 1)\nfor i in range(%d):\n    n = add(n, i)\n", n-1)
	return b.String()
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		text := chain(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := len(mustLoad(b, text).Nodes()); got != n {
					b.Fatalf("%d nodes", got)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/node")
		})
	}
}

func BenchmarkFingerprint(b *testing.B) {
	const n = 10_000
	text := chain(n)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		wf := mustLoad(b, text)
		b.StartTimer()
		for _, n := range wf.Nodes() {
			n.Fingerprint()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/node")
}
