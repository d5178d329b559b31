package main

import (
	"fmt"
	"strings"
)

// drawDOT draws a diagram in the language of Graphviz.
func drawDOT(d *diagram) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n", quoteDOT(d.name))
	b.WriteString("  node [shape=box];\n")
	for _, s := range d.shapes {
		style := ""
		switch {
		case s.param:
			style = ", shape=ellipse"
		case s.result:
			style = ", style=bold"
		}
		fmt.Fprintf(&b, "  %s [label=%s%s];\n", s.id, quoteDOT(s.label), style)
	}
	for _, e := range d.edges {
		if e.label == "" {
			fmt.Fprintf(&b, "  %s -> %s [style=dashed];\n", e.from, e.to)
		} else {
			fmt.Fprintf(&b, "  %s -> %s [label=%s];\n", e.from, e.to, quoteDOT(e.label))
		}
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// quoteDOT returns a text as a quoted string of DOT. Graphviz takes a
// backslash in a label for an escape of its own (\n, \N, \G), and "&" for the
// start of an HTML entity.
func quoteDOT(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`).Replace(showLine(s)) + `"`
}
