package exec_test

import (
	"context"
	"fmt"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// graphs are workflow files of n trivial nodes.
var graphs = []struct {
	name   string
	source string
}{
	{"chain", `
def step(x, i):
    return x + i
step = workflow(step)

def first():
    return 0
last = workflow(first)()
for i in range(%d - 1):
    last = step(last, i)
KFPWorkflow(last, workflow_name = "chain")
`},
	{"fan", `
def step(x, i):
    return x + i
step = workflow(step)

def first():
    return 0
top = workflow(first)()
nodes = [step(top, i) for i in range(%d - 1)]
KFPWorkflow(workflow_name = "fan", *nodes)
`},
}

func graphFile(b testing.TB, source string, n int) string {
	path := filepath.Join(b.TempDir(), "pipeline.star")
	if err := os.WriteFile(path, []byte(fmt.Sprintf(source, n)), 0o644); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkRunNodes runs workflows of trivial nodes, all in: load, compile,
// run, every result kept.
func BenchmarkRunNodes(b *testing.B) {
	for _, g := range graphs {
		for _, n := range []int{1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", g.name, n), func(b *testing.B) {
				b.ReportAllocs()
				path, storage := graphFile(b, g.source, n), b.TempDir()
				for b.Loop() {
					res := runFile(b, path, storage)
					if res.State != exec.Succeeded || len(res.Tasks) != n {
						b.Fatalf("%s, %d tasks", res.State, len(res.Tasks))
					}
				}
				perNode(b, n)
			})
		}
	}
}

// BenchmarkEngine is the part of BenchmarkRunNodes that is this package's.
func BenchmarkEngine(b *testing.B) {
	for _, g := range graphs {
		const n = 10000
		b.Run(fmt.Sprintf("%s/%d", g.name, n), func(b *testing.B) {
			b.ReportAllocs()
			wf, err := starlarkfuse.Load(context.Background(), graphFile(b, g.source, n))
			if err != nil {
				b.Fatal(err)
			}
			spec, err := compiler.Compile(wf)
			if err != nil {
				b.Fatal(err)
			}
			storage := b.TempDir()
			for b.Loop() {
				if _, err := exec.Run(context.Background(), spec, exec.WithStorage(storage)); err != nil {
					b.Fatal(err)
				}
			}
			perNode(b, n)
		})
	}
}

func runFile(b testing.TB, path, storage string) *exec.Result {
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		b.Fatal(err)
	}
	res, err := exec.Run(context.Background(), spec, exec.WithStorage(storage))
	if err != nil {
		b.Fatal(err)
	}
	return res
}

func perNode(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(n), "µs/node")
}

// execInput is a file of 1,000 nodes, the config that runs the last one, and
// what it reads and writes.
func execInput(b testing.TB) exec.ExecConfig {
	path := graphFile(b, graphs[0].source, 1000)
	dir := filepath.Dir(path)
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		b.Fatal(err)
	}
	node := wf.Results()[0]
	producer := runFile(b, path, filepath.Join(dir, "runs")).Results[0].Artifact
	in, err := producer.Path()
	if err != nil {
		b.Fatal(err)
	}
	return exec.ExecConfig{
		Workflow: "pipeline.star", Root: dir, Function: node.Name(), Fingerprint: node.Fingerprint(),
		ExecutorInput: fmt.Sprintf(`{"inputs": {"artifacts": {"x": {"artifacts": [{"uri": %q}]}}},
			"outputs": {"artifacts": {"result": {"artifacts": [{"name": "result", "uri": %q}]}}, "outputFile": %q}}`,
			in, filepath.Join(dir, "out"), filepath.Join(dir, "meta", "executor_output.json")),
	}
}

// BenchmarkExec runs one node of a file of 1,000, in this process.
func BenchmarkExec(b *testing.B) {
	b.ReportAllocs()
	c := execInput(b)
	for b.Loop() {
		if _, err := exec.Exec(context.Background(), c); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExecProcess does the same as a program, its start included: with
// the fuse binary, or, where that does not build, with this test's own.
func BenchmarkExecProcess(b *testing.B) {
	c := execInput(b)
	args := []string{"exec", "--workflow", c.Workflow, "--fingerprint", c.Fingerprint, "--executor-input", c.ExecutorInput}
	bin := filepath.Join(b.TempDir(), "fuse")
	build := osexec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", bin, "../cmd/fuse")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is in an image
	if out, err := build.CombinedOutput(); err != nil {
		b.Logf("no fuse binary, using the test's: %s", strings.TrimSpace(string(out)))
		if bin, err = os.Executable(); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		cmd := osexec.Command(bin, args...)
		cmd.Env = append(os.Environ(), entrypointVariable+"=1", compiler.NodeVariable+"="+c.Function, exec.RootVariable+"="+c.Root)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/op")
}
