package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/value"
)

// runNode is fuse run with FFFUNCTION set: it runs that node as fuse exec
// does, and prints its result.
func (f *runFlags) runNode(ctx context.Context, a *app, file, function string) error {
	opts, err := f.load.options(a)
	if err != nil {
		return err
	}
	c := exec.ExecConfig{
		Workflow:   filepath.Base(file),
		Root:       filepath.Dir(file),
		Function:   function,
		Defines:    f.load.defines,
		Parameters: f.params,
		Load:       opts,
		Print: func(node, text string) {
			for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
				fmt.Fprintf(a.stderr, "[%s] %s\n", showName(node), showLine(line))
			}
		},
	}
	if f.load.root != "" {
		c.Root = f.load.root
		if c.Workflow, err = pathUnder(f.load.root, file); err != nil {
			return err
		}
	}
	if f.load.workflow != "" {
		c.Workflow += "#" + f.load.workflow
	}
	v, err := exec.Exec(ctx, c)
	if err != nil {
		return err
	}
	return printNode(a.stdout, compiler.ParseNodes(function)[0], v, f.output)
}

// pathUnder returns the path of a file from a folder, whether they are given
// from the current folder or absolute.
func pathUnder(dir, file string) (string, error) {
	absDir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	absFile, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(absDir, absFile)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not inside the root folder %s", showName(file), showName(dir))
	}
	return filepath.ToSlash(rel), nil
}

// printNode prints the result of a single node.
func printNode(w io.Writer, name string, v starlark.Value, format string) error {
	if format == "json" {
		first := true
		b := appendKey([]byte(`{"results":{`), &first, name)
		return writeOut(w, append(value.AppendJSON(b, v), "}}\n"...))
	}
	text, err := showResult(&exec.NodeValue{Name: name, Value: v})
	if err != nil {
		return err
	}
	return writeOut(w, fmt.Appendf(nil, "%s = %s\n", showName(name), text))
}
