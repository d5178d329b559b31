package image_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// The image of a workflow is pushed, and its spec names it. (Not run: it needs
// a registry.)
func ExampleBuild() {
	ctx := context.Background()
	wf, err := starlarkfuse.Load(ctx, "pipeline.star")
	if err != nil {
		log.Fatal(err)
	}
	img, err := image.Build(ctx, wf,
		image.WithBase("python:3.12-slim"),
		image.WithPlatforms("linux/amd64"),
		image.WithLogin("registry.example.com", "me", os.Getenv("REGISTRY_PASSWORD")),
	)
	if err != nil {
		log.Fatal(err)
	}
	defer img.Close()
	for _, l := range img.Manifests()[0].Layers {
		fmt.Println(l.Role, l.Size, l.Digest)
	}
	pushed, err := img.Push(ctx, "registry.example.com/team/pipeline", image.WithTags("v1"))
	if err != nil {
		log.Fatal(err)
	}
	spec, err := compiler.Compile(wf, compiler.WithImage(pushed.Reference))
	if err != nil {
		log.Fatal(err)
	}
	text, err := spec.MarshalYAML()
	if err != nil {
		log.Fatal(err)
	}
	os.Stdout.Write(text)
}
