package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An imageReport is what is told of an image, as JSON with these names.
type imageReport struct {
	Workflow  string           `json:"workflow"`
	Image     string           `json:"image,omitempty"` // its reference
	Digest    string           `json:"digest"`
	Source    string           `json:"source"`
	Tags      []string         `json:"tags,omitempty"`
	Layout    string           `json:"oci_layout,omitempty"`
	Tarball   string           `json:"tarball,omitempty"`
	Unchanged bool             `json:"unchanged,omitempty"`
	Uploaded  *int64           `json:"uploaded_bytes,omitempty"`
	Manifests []manifestReport `json:"manifests"`
	Files     int              `json:"files"`
}

type manifestReport struct {
	Platform string        `json:"platform"`
	Digest   string        `json:"digest"`
	Layers   []layerReport `json:"layers"`
}

type layerReport struct {
	Role     string `json:"role"`
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Unpacked int64  `json:"unpacked,omitempty"`
	// Present tells whether the registry has the layer; nil: nobody asked.
	Present *bool `json:"present,omitempty"`
}

func newImageReport(wf *starlarkfuse.Workflow, img *image.Image) *imageReport {
	r := &imageReport{Workflow: wf.Name(), Digest: img.Digest(), Source: img.Source(), Files: len(img.Files())}
	for _, m := range img.Manifests() {
		mr := manifestReport{Platform: m.Platform, Digest: m.Digest}
		for _, l := range m.Layers {
			mr.Layers = append(mr.Layers, layerReport{Role: l.Role, Digest: l.Digest, Size: l.Size, Unpacked: l.Unpacked})
		}
		r.Manifests = append(r.Manifests, mr)
	}
	return r
}

// summary says in one line what became of the image.
func (r *imageReport) summary() string {
	platforms := make([]string, len(r.Manifests))
	for i, m := range r.Manifests {
		platforms[i] = m.Platform
	}
	text := fmt.Sprintf("the image of %s for %s", showName(r.Workflow), strings.Join(platforms, ", "))
	switch {
	case r.Unchanged:
		text += " was in the registry already"
	case r.Uploaded != nil:
		text += fmt.Sprintf(" is pushed: %s uploaded", showBytes(*r.Uploaded))
	default:
		var to []string
		if r.Layout != "" {
			to = append(to, showName(r.Layout))
		}
		switch r.Tarball {
		case "":
		case "-":
			to = append(to, "standard output")
		default:
			to = append(to, showName(r.Tarball))
		}
		text += " is in " + strings.Join(to, " and in ")
	}
	if len(r.Tags) > 0 {
		text += ", as " + strings.Join(r.Tags, ", ")
	}
	return text
}

func (r *imageReport) printJSON(w io.Writer) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return writeOut(w, append(b, '\n'))
}

// printTable prints the layers of the image for people.
func (r *imageReport) printTable(w io.Writer) error {
	var b strings.Builder
	for i, m := range r.Manifests {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s  %s\n", m.Platform, m.Digest)
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		head := "LAYER\tSIZE\tUNPACKED\tDIGEST"
		if len(m.Layers) > 0 && m.Layers[0].Present != nil {
			head += "\tREGISTRY"
		}
		fmt.Fprintln(t, head)
		total := int64(0)
		for _, l := range m.Layers {
			unpacked := "-"
			if l.Unpacked > 0 {
				unpacked = showBytes(l.Unpacked)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s", l.Role, showBytes(l.Size), unpacked, l.Digest)
			if l.Present != nil {
				fmt.Fprintf(t, "\t%s", presence(*l.Present))
			}
			fmt.Fprintln(t)
			total += l.Size
		}
		fmt.Fprintf(t, "total\t%s\n", showBytes(total))
		t.Flush() // to memory
	}
	return writeOut(w, []byte(b.String()))
}

func presence(has bool) string {
	if has {
		return "has it"
	}
	return "would be uploaded"
}

// show prints what would be built and pushed.
func (f *buildFlags) show(ctx context.Context, a *app, wf *starlarkfuse.Workflow, img *image.Image, pushTo string) error {
	r := newImageReport(wf, img)
	head := "would write the image of " + showName(r.Workflow) + "\n"
	if pushTo != "" {
		plan, err := img.Plan(ctx, pushTo)
		if err != nil {
			return err
		}
		r.Image, r.Tags, r.Unchanged = plan.Reference, plan.Tags, plan.Unchanged
		for i := range r.Manifests {
			for j := range r.Manifests[i].Layers {
				l := &r.Manifests[i].Layers[j]
				has := plan.Present[l.Digest]
				l.Present = &has
			}
		}
		head = fmt.Sprintf("would push %s\n  as %s\n", plan.Reference, strings.Join(plan.Tags, ", "))
		if plan.Unchanged {
			head = fmt.Sprintf("would push nothing: the registry has %s\n", plan.Reference)
		}
	}
	a.log.done()
	if f.output == "json" {
		return r.printJSON(a.stdout)
	}
	if f.verbose {
		for _, name := range img.Files() {
			head += "  " + showName(name) + "\n"
		}
	}
	if err := writeOut(a.stdout, []byte(head)); err != nil {
		return err
	}
	return r.printTable(a.stdout)
}

// showBytes returns a number of bytes as people like to read it.
func showBytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v, units := float64(n), "kMGT"
	i := -1
	for v >= 999.95 && i < len(units)-1 {
		v /= 1000
		i++
	}
	return fmt.Sprintf("%.1f %cB", v, units[i])
}
