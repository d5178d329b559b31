package metadata_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/metadatatest"
)

func ExampleClient_Run() {
	kfp := new(metadatatest.Server)
	kfp.Put(sample())
	server := httptest.NewServer(kfp)
	defer server.Close()

	client, err := metadata.New(server.URL, http.DefaultClient)
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := client.Run(context.Background(), runID)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, task := range run.Tasks[4:8] {
		fmt.Println(task.Path, task.State)
	}
	for _, a := range run.Tasks[6].Artifacts {
		fmt.Println(a.Output, a.URI, a.Metadata["preview"])
	}
	// Output:
	// for-loop-1 SUCCEEDED
	// for-loop-1[0] SUCCEEDED
	// for-loop-1[0]/each SUCCEEDED
	// for-loop-1[1] SUCCEEDED
	// executor-logs minio://mlpipeline/v2/55/executor-logs-0 <nil>
	// result minio://mlpipeline/v2/56/result 3
}
