package kfptest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A server outside of a test. In one, Start is shorter.
func Example() {
	ctx := context.Background()
	files := fstest.MapFS{"pipeline.star": {Data: []byte(`
def double(x):
    return 2 * x
double = workflow(double)
KFPWorkflow(double(21).set_name("answer"), workflow_name = "doubling")
`)}}
	wf, err := starlarkfuse.Load(ctx, "pipeline.star", starlarkfuse.WithFS(files))
	if err != nil {
		fmt.Println(err)
		return
	}
	compiled, err := compiler.Compile(wf)
	if err != nil {
		fmt.Println(err)
		return
	}
	spec, err := compiled.MarshalJSON()
	if err != nil {
		fmt.Println(err)
		return
	}
	dir, err := os.MkdirTemp("", "kfptest")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	server, err := kfptest.New(kfptest.WithStorage(dir), kfptest.WithWorkflow(wf))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()

	client, err := kfp.New(web.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := client.CreateRun(ctx, kfp.NewRun{Name: "doubling", Spec: spec})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := server.WaitRun(ctx, run.ID); err != nil {
		fmt.Println(err)
		return
	}
	if run, err = client.GetRun(ctx, run.ID); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(run.Name, run.State)
	// Output: doubling SUCCEEDED
}
