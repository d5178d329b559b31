package compiler

import (
	"testing"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// load returns the only workflow of a file with the given text.
func load(t testing.TB, text string, opts ...starlarkfuse.Option) *starlarkfuse.Workflow {
	t.Helper()
	fsys := fstest.MapFS{"pipeline.star": &fstest.MapFile{Data: []byte(text)}}
	wf, err := starlarkfuse.Load(t.Context(), "pipeline.star", append([]starlarkfuse.Option{starlarkfuse.WithFS(fsys)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return wf
}

func mustCompile(t testing.TB, wf *starlarkfuse.Workflow, opts ...Option) *Spec {
	t.Helper()
	s, err := Compile(wf, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
