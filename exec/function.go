package exec

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// function runs a task of a function node in this process: as `fuse exec`
// would in a process of its own, but for the values, which are passed on in
// memory.
func (w *worker) function(ctx context.Context, t *taskRun) error {
	node := t.plan.node
	c := call{
		node: node,
		print: func(text string) {
			if text == "" {
				text = "\n" // an empty line, as a process would write it
			}
			for line := range strings.Lines(text) {
				w.line(t, strings.ToValidUTF8(strings.TrimRight(line, "\r\n"), "\uFFFD"))
			}
		},
		failed: func(attempt int, err error) { w.retried(t, attempt, err) },
	}
	var err error
	if c.inputs, err = w.functionInputs(t); err != nil {
		return err
	}
	v, attempts, err := c.do(ctx)
	t.attempts = attempts
	if err != nil {
		return err
	}
	res, err := pack(node, v, w.buf[:0])
	if err != nil {
		return err
	}
	out := Output{Name: node.Output().Name}
	if res.param != nil {
		out.Parameter = res.param
	} else {
		if cap(res.data) <= maxScratch {
			w.buf = res.data
		}
		if out.Artifact, err = w.keep(t, out.Name, v, res); err != nil {
			return err
		}
	}
	t.outputs = []Output{out}
	return nil
}

// functionInputs returns the values of the node's inputs that are born at run
// time. Constants are not looked up: the node has them, exact.
func (w *worker) functionInputs(t *taskRun) ([]starlark.Value, error) {
	ins := t.plan.node.Inputs()
	vals := make([]starlark.Value, len(ins))
	for i, at := range t.plan.nodeInputs {
		if at < 0 {
			continue
		}
		in := &ins[i]
		if takesParameter(in) {
			b := &t.plan.params[at]
			p, err := t.param(b)
			if err != nil {
				return nil, err
			}
			if p == nil {
				p = b.spec.GetDefaultValue()
			}
			if vals[i], err = inputParam(t.plan.node, in, p); err != nil {
				return nil, err
			}
			continue
		}
		list, err := t.artifact(&t.plan.artifacts[at])
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			if vals[i], err = missingInput(t.plan.node, in); err != nil {
				return nil, err
			}
			continue
		}
		if vals[i], err = list[0].Value(); err != nil {
			return nil, fmt.Errorf("input %q: %w", in.Name, err)
		}
	}
	return vals, nil
}

// nodeInputs finds, for each of a node's inputs, which input of the task gives
// it; -1 for constants, which the task only shows.
func nodeInputs(path string, t *taskPlan) ([]int, error) {
	ins := t.node.Inputs()
	at := make([]int, len(ins))
	for i := range ins {
		in := &ins[i]
		at[i] = -1
		if in.Kind == starlarkfuse.Constant {
			continue
		}
		var found bool
		if takesParameter(in) {
			at[i], found = slices.BinarySearchFunc(t.params, in.Name, func(b paramBinding, name string) int { return strings.Compare(b.name, name) })
		} else {
			at[i], found = slices.BinarySearchFunc(t.artifacts, in.Name, func(b artifactBinding, name string) int { return strings.Compare(b.name, name) })
		}
		if !found {
			return nil, fmt.Errorf("task %q: the spec does not give node %q its input %q", path, t.node.Name(), in.Name)
		}
	}
	return at, nil
}

// keep makes the artifact of a node's result: in the journal when it is small,
// else in a file.
func (w *worker) keep(t *taskRun, name string, v starlark.Value, res nodeResult) (*Artifact, error) {
	a := &Artifact{
		Name:      name,
		Type:      t.plan.component.GetOutputDefinitions().GetArtifacts()[name].GetArtifactType().GetSchemaTitle(),
		node:      t.plan.name,
		dir:       w.run.dir,
		rel:       t.folder() + "." + fileName(name),
		digested:  true,
		size:      int64(len(res.data)),
		digest:    sha256.Sum256(res.data),
		valueType: res.valueType,
		preview:   res.preview,
		value:     v,
	}
	if len(res.data) <= maxInline {
		a.inline = append([]byte(nil), res.data...)
		return a, nil
	}
	return a, writeFile(a.location(), res.data)
}
