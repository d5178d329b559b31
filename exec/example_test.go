package exec_test

import (
	"context"
	"fmt"
	"os"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// The whole road: load, compile, run.
func ExampleRun() {
	files := fstest.MapFS{"pipeline.star": {Data: []byte(`
def scale(x: float, by: float) -> float:
    return x * by
scale = workflow(scale)

lr = param("lr", default = 1.0)
LocalWorkflow(scale(lr, 10).set_name("ten times"), workflow_name = "scaling")
`)}}
	storage, err := os.MkdirTemp("", "fuse")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(storage)

	ctx := context.Background()
	wf, err := starlarkfuse.Load(ctx, "pipeline.star", starlarkfuse.WithFS(files))
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := exec.Run(ctx, spec, exec.WithParameters(map[string]any{"lr": 0.1}), exec.WithStorage(storage))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.State)
	for _, r := range run.Results {
		fmt.Println(r.Name, "=", r.Value)
	}
	// Output:
	// SUCCEEDED
	// ten times = 1.0
}

// A program that brings modules of its own is its own entrypoint in the
// containers: this stands early in its main.
func ExampleDivert() {
	diverted, err := exec.Divert(context.Background(), os.Args, func(node, text string) { fmt.Println(text) })
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	fmt.Println("a container's entrypoint:", diverted)
	// Output: a container's entrypoint: false
}
