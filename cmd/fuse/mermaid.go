package main

import (
	"fmt"
	"strings"
)

// drawMermaid draws a diagram in the language of Mermaid.
func drawMermaid(d *diagram) []byte {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	results := []string{}
	for _, s := range d.shapes {
		open, end := "[", "]"
		if s.param {
			open, end = "([", "])"
		}
		if s.result {
			results = append(results, s.id)
		}
		fmt.Fprintf(&b, "  %s%s%s%s\n", s.id, open, quoteMermaid(s.label), end)
	}
	for _, e := range d.edges {
		if e.label == "" {
			fmt.Fprintf(&b, "  %s -.-> %s\n", e.from, e.to)
		} else {
			fmt.Fprintf(&b, "  %s -->|%s| %s\n", e.from, quoteMermaid(e.label), e.to)
		}
	}
	if len(results) > 0 {
		b.WriteString("  classDef result stroke-width:3px\n")
		fmt.Fprintf(&b, "  class %s result\n", strings.Join(results, ","))
	}
	return []byte(b.String())
}

// quoteMermaid returns a text as a quoted string of Mermaid, which knows no
// escapes but entities: it reads "#35;" as a "#", and draws HTML and Markdown.
func quoteMermaid(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range showLine(s) {
		if strings.ContainsRune("\"#&<>`*\\", r) {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	b.WriteByte('"')
	return b.String()
}
