package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/value"
)

// maxResult is the length of the longest value that is printed whole.
const maxResult = 4096

// printResults prints the results of a run that exist, one a line.
func printResults(w io.Writer, spec *compiler.Spec, res *exec.Result) error {
	var b bytes.Buffer
	for i := range res.Results {
		r := nodeValue(spec, res.Results[i])
		if r.Err != nil {
			if res.State == exec.Succeeded {
				return fmt.Errorf("result of %s: %w", showName(r.Name), r.Err)
			}
			continue
		}
		text, err := showResult(&r)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s = %s\n", showName(r.Name), text)
	}
	return writeOut(w, b.Bytes())
}

// nodeValue returns a result as the workflow has it that a spec was compiled
// from: an output that is the result of a node is under the name of the node,
// and a value.
func nodeValue(spec *compiler.Spec, r exec.NodeValue) exec.NodeValue {
	node := spec.OutputNode(r.Name)
	if spec.Workflow() != nil || node == "" {
		return r
	}
	r.Name = node
	if r.Value == nil && r.Err == nil && r.Artifact != nil {
		r.Value, r.Err = r.Artifact.Value()
	}
	return r
}

// showResult returns a value in Starlark's own notation; for a long one its
// beginning, and where all of it is.
func showResult(r *exec.NodeValue) (string, error) {
	if r.Value == nil {
		path, err := r.Artifact.Path()
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("<%s in %s>", showLine(r.Artifact.Type), showPath(path)), nil
	}
	// The preview costs little, however large the value.
	preview := value.Preview(r.Value, maxResult)
	if !strings.HasSuffix(preview, "…") {
		return showLine(r.Value.String()), nil
	}
	whole := "cut here"
	if r.Artifact != nil {
		path, err := r.Artifact.Path()
		if err != nil {
			return "", err
		}
		whole = "all of it is in " + showPath(path)
	}
	return showLine(preview) + "  (" + whole + ")", nil
}

// printJSON prints what became of a run as one JSON object. Its keys are in
// the order of the workflow, so it is written by hand.
func printJSON(w io.Writer, spec *compiler.Spec, res *exec.Result) error {
	b := []byte(`{"workflow":`)
	b = appendString(b, res.Workflow)
	b = append(b, `,"run_id":`...)
	b = appendString(b, res.RunID)
	b = append(b, `,"state":`...)
	b = appendString(b, string(res.State))
	b = append(b, `,"results":{`...)
	first := true
	var broken error
	for i := range res.Results {
		r := nodeValue(spec, res.Results[i])
		if r.Err != nil {
			if res.State == exec.Succeeded && broken == nil {
				broken = fmt.Errorf("result of %s: %w", showName(r.Name), r.Err)
			}
			continue
		}
		b = appendKey(b, &first, r.Name)
		if r.Value != nil {
			b = value.AppendJSON(b, r.Value)
		} else {
			b = append(b, `{"uri":`...)
			b = appendString(b, r.Artifact.URI())
			b = append(b, '}')
		}
	}
	b = append(b, `},"nodes":{`...)
	first = true
	for _, t := range inOrder(spec, res) {
		name := t.Path
		if t.Function {
			name = t.Node
		}
		b = appendKey(b, &first, name)
		b = append(b, `{"state":`...)
		b = appendString(b, string(t.State))
		b = append(b, `,"seconds":`...)
		b = strconv.AppendFloat(b, seconds(t.Duration), 'f', -1, 64)
		if t.Err != nil {
			b = append(b, `,"error":`...)
			b = appendString(b, t.Err.Error())
		}
		b = append(b, '}')
	}
	b = append(b, "}}\n"...)
	if err := writeOut(w, b); err != nil {
		return err
	}
	return broken
}

// inOrder returns the tasks of a run, those of a workflow's nodes in the order
// of the workflow.
func inOrder(spec *compiler.Spec, res *exec.Result) []*exec.TaskResult {
	tasks := make([]*exec.TaskResult, 0, len(res.Tasks))
	byPath := make(map[string]*exec.TaskResult, len(res.Tasks))
	for i := range res.Tasks {
		byPath[res.Tasks[i].Path] = &res.Tasks[i]
	}
	if wf := spec.Workflow(); wf != nil {
		for _, n := range wf.Nodes() {
			key := spec.TaskKey(n.Name())
			if t := byPath[key]; t != nil {
				tasks = append(tasks, t)
				delete(byPath, key)
			}
		}
	}
	for i := range res.Tasks {
		if t := byPath[res.Tasks[i].Path]; t != nil {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

func appendKey(b []byte, first *bool, key string) []byte {
	if !*first {
		b = append(b, ',')
	}
	*first = false
	return append(appendString(b, key), ':')
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // a string can always be written
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// writeOut writes what a command was called for.
func writeOut(w io.Writer, b []byte) error {
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("write to standard output: %w", files.Cause(err))
	}
	return nil
}

// showPath returns a path as the user would write it: from the current folder,
// when it is below.
func showPath(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			path = rel
		}
	}
	return showLine(path)
}
