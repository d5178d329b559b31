package compiler_test

import (
	"context"
	"fmt"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func ExampleCompile() {
	files := fstest.MapFS{"pipeline.star": {Data: []byte(`
def train(rate):
    return rate
train = workflow(train)
KFPWorkflow(train(0.1).set_name("The model"), workflow_name = "Training")
`)}}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(files))
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, err := compiler.Compile(wf, compiler.WithImage("registry.example.com/team/training:1"))
	if err != nil {
		fmt.Println(err)
		return
	}
	key := spec.TaskKey("The model")
	fmt.Println("pipeline", spec.Pipeline.GetPipelineInfo().GetName())
	fmt.Println("task", key, "runs", spec.Container(spec.Component("comp-"+key)).GetImage())
	// Output:
	// pipeline training
	// task the-model runs registry.example.com/team/training:1
}
