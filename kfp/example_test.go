package kfp_test

import (
	"context"
	"fmt"
	"log"

	"github.com/starlarkfuse/fuse/kfp"
)

// Create a run, and look at the newest ones that failed.
func Example() {
	ctx := context.Background()
	client, err := kfp.New("localhost:3000", kfp.WithObserver(func(r kfp.Retry) {
		log.Printf("%v; again in %s", r.Err, r.Wait)
	}))
	if err != nil {
		log.Fatal(err)
	}
	run, err := client.CreateRun(ctx, kfp.NewRun{
		Name:       "sums",
		Spec:       []byte(`{"pipelineInfo": {"name": "sums"}}`),
		Parameters: map[string]any{"items": []int{1, 2}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.RunURL(run.ID))

	failed := kfp.ListOptions{Filter: []kfp.Predicate{kfp.Equals("state", string(kfp.StateFailed))}, SortBy: "created_at desc"}
	for run, err := range client.ListRuns(ctx, failed) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(run.ID, run.Name)
	}
}
