package exec

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// inMemory counts the values that a run's tasks have left in memory.
func (d *dagRun) inMemory() (n int) {
	for i := range d.tasks {
		t := &d.tasks[i]
		if t.dag != nil {
			n += t.dag.inMemory()
		}
		if !t.state.ended() {
			continue // a worker may have it
		}
		for _, o := range t.outputs {
			if o.Artifact != nil && o.Artifact.value != nil {
				n++
			}
		}
	}
	return n
}

// Values are in memory as long as somebody may take them: in a chain, there
// are never more than two. They can be read all the same when the run is over.
func TestValuesAreReleased(t *testing.T) {
	var b strings.Builder
	b.WriteString("def f(x):\n    return [len(x), 'text', b'bytes', (1.0, None)]\nf = workflow(f)\nn = f('')\nother = f('abc').set_name('other')\n")
	for range 50 {
		b.WriteString("n = f(n)\n")
	}
	b.WriteString("f(n).set_name('unused').after(other)\nf([n, other]).set_name('last')\nKFPWorkflow(n, other, workflow_name = 'w')\n")
	path := filepath.Join(t.TempDir(), "pipeline.star")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	wf, err := starlarkfuse.Load(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Compile(wf)
	if err != nil {
		t.Fatal(err)
	}
	most, last := 0, 0
	var r *run
	o, err := newOptions([]Option{WithStorage(t.TempDir()), WithParallelism(1), WithObserver(func(e Event) {
		if e.Kind == TaskEnded {
			last = r.root.inMemory()
			most = max(most, last)
		}
	})})
	if err != nil {
		t.Fatal(err)
	}
	if r, err = newRun(spec, o); err != nil {
		t.Fatal(err)
	}
	s := newScheduler(context.Background(), r)
	s.loop()
	res, err := r.finish(context.Background(), s)
	if err != nil || res.State != Succeeded {
		t.Fatal(res, err)
	}
	// The results of the workflow stay: two, beside two of the chain.
	if most > 4 || r.root.inMemory() != 2 {
		t.Errorf("up to %d values were in memory at once, and %d at the end", most, r.root.inMemory())
	}
	for i := range res.Tasks {
		task := &res.Tasks[i]
		v, err := task.Output("result").Artifact.Value()
		if err != nil {
			t.Fatal(err)
		}
		if text := v.String(); !strings.HasSuffix(text, `, "text", b"bytes", (1.0, None)]`) {
			t.Errorf("%s is %s", task.Path, text)
		}
	}
}
