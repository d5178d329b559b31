package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func (a *app) graphCommand() *cobra.Command {
	var f loadFlags
	var format string
	cmd := &cobra.Command{
		Use:   "graph FILE",
		Short: "Draw a workflow",
		Long: `Graph prints the graph of the workflow in a .star file, for Graphviz or Mermaid:
nodes as boxes, pipeline parameters rounded, and dependencies without data as
dashed lines. The results of the workflow have a bold frame.

` + exitStatus(""),
		Example: `  fuse graph pipeline.star | dot -Tsvg > pipeline.svg
  fuse graph pipeline.star --format mermaid`,
		Args:              oneFile,
		ValidArgsFunction: completeFiles("star"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onlyStar(args[0]); err != nil {
				return err
			}
			wf, err := f.load(cmd.Context(), a, args[0])
			if err != nil {
				return err
			}
			draw := drawDOT
			if format == "mermaid" {
				draw = drawMermaid
			}
			return writeOut(a.stdout, draw(newDiagram(wf)))
		},
	}
	choiceVar(cmd, &format, "format", "dot", "the language of the drawing", "dot", "mermaid")
	f.add(cmd)
	return cmd
}

// A diagram is a workflow as it is drawn: parameters, then nodes, in their
// order.
type diagram struct {
	name   string
	shapes []shape
	edges  []edge
}

type shape struct {
	id     string // a word in either language
	label  string
	param  bool
	result bool
}

type edge struct {
	from, to string // ids
	label    string // the input; "" for a dependency without data
}

func newDiagram(wf *starlarkfuse.Workflow) *diagram {
	d := &diagram{name: wf.Name()}
	params := make(map[*starlarkfuse.Param]string)
	for i, p := range wf.Params() {
		params[p] = fmt.Sprintf("p%d", i+1)
		d.shapes = append(d.shapes, shape{id: params[p], label: p.Name, param: true})
	}
	results := make(map[*starlarkfuse.Node]bool)
	for _, n := range wf.Results() {
		results[n] = true
	}
	nodes := make(map[*starlarkfuse.Node]string)
	for i, n := range wf.Nodes() {
		id := fmt.Sprintf("n%d", i+1)
		nodes[n] = id
		d.shapes = append(d.shapes, shape{id: id, label: n.Name(), result: results[n]})
		for _, in := range n.Inputs() {
			switch in.Kind {
			case starlarkfuse.FromParam:
				d.edges = append(d.edges, edge{params[in.Param], id, in.Name})
			case starlarkfuse.FromNode:
				d.edges = append(d.edges, edge{nodes[in.Node], id, in.Name})
			}
		}
		for _, before := range n.After() {
			d.edges = append(d.edges, edge{nodes[before], id, ""})
		}
	}
	return d
}
