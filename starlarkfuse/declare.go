package starlarkfuse

import (
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.starlark.net/starlark"
)

// A workflowValue is what Starlark code holds of a declared workflow.
type workflowValue struct {
	loader *loader
	wf     *Workflow
}

var _ starlark.HasAttrs = (*workflowValue)(nil)

func (w *workflowValue) String() string        { return fmt.Sprintf("<%s %q>", w.wf.kind, w.wf.name) }
func (w *workflowValue) Type() string          { return w.wf.kind.String() }
func (w *workflowValue) Freeze()               {}
func (w *workflowValue) Truth() starlark.Bool  { return true }
func (w *workflowValue) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: %s", w.Type()) }

type workflowMethod func(w *workflowValue, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error)

// methods returns those of the workflow's kind.
func (w *workflowValue) methods() map[string]workflowMethod {
	if w.wf.kind == Local {
		return map[string]workflowMethod{
			"find_nodes":  (*workflowValue).findNodes,
			"run":         (*workflowValue).run,
			"set_storage": setText("path", &w.wf.settings.Storage),
		}
	}
	return map[string]workflowMethod{
		"find_nodes":               (*workflowValue).findNodes,
		"run":                      (*workflowValue).run,
		"set_baseimage":            setText("baseimage", &w.wf.settings.BaseImage),
		"set_image":                setText("image", &w.wf.settings.Image),
		"set_kfp_host":             setText("kfp_host", &w.wf.settings.Host),
		"set_registry_credentials": (*workflowValue).setCredentials,
	}
}

// Attr implements starlark.HasAttrs.
func (w *workflowValue) Attr(name string) (starlark.Value, error) {
	method, ok := w.methods()[name]
	if !ok {
		return nil, nil
	}
	return starlark.NewBuiltin(name, w.loader.loadOnly(func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		return method(w, b, args, kwargs)
	})), nil
}

// AttrNames implements starlark.HasAttrs.
func (w *workflowValue) AttrNames() []string { return slices.Sorted(maps.Keys(w.methods())) }

// kfpWorkflow is the builtin KFPWorkflow.
func (l *loader) kfpWorkflow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := l.newWorkflow(KFP)
	s := &w.wf.settings
	var credentials *starlark.Dict
	err := starlark.UnpackArgs(b.Name(), nil, kwargs,
		"workflow_name?", &w.wf.name, "baseimage??", &s.BaseImage, "registry_credentials??", &credentials,
		"kfp_host??", &s.Host, "image??", &s.Image)
	if err != nil {
		return nil, err
	}
	if credentials != nil {
		if err := w.credentials(credentials); err != nil {
			return nil, err
		}
	}
	return l.declare(w, args)
}

// localWorkflow is the builtin LocalWorkflow.
func (l *loader) localWorkflow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	w := l.newWorkflow(Local)
	if err := starlark.UnpackArgs(b.Name(), nil, kwargs, "workflow_name?", &w.wf.name, "storage??", &w.wf.settings.Storage); err != nil {
		return nil, err
	}
	return l.declare(w, args)
}

func (l *loader) newWorkflow(kind Kind) *workflowValue {
	base := path.Base(l.file.path)
	return &workflowValue{loader: l, wf: &Workflow{
		file: l.file,
		kind: kind,
		name: strings.TrimSuffix(base, path.Ext(base)),
		pos:  l.where(),
	}}
}

// declare adds the workflow to the file, with the nodes that it was given.
func (l *loader) declare(w *workflowValue, args starlark.Tuple) (starlark.Value, error) {
	wf := w.wf
	if len(args) == 0 {
		return nil, &Error{Msg: fmt.Sprintf("%s: no nodes given", wf.kind), Hint: "pass the nodes whose results are wanted: " + wf.kind.String() + "(node, …)"}
	}
	seen := make(map[*Node]bool)
	for i, arg := range args {
		p, ok := arg.(*promise)
		if !ok || p.node == nil || len(p.path) > 0 {
			e := &Error{Msg: fmt.Sprintf("%s: argument %d is %s, not a node", wf.kind, i+1, a(arg.Type()))}
			switch {
			case ok && p.param == nil:
				e.Msg = fmt.Sprintf("%s: argument %d is a part of node %q, not a node", wf.kind, i+1, p.node.name)
				e.Hint = "give the node itself"
			case arg.Type() == "list" || arg.Type() == "tuple":
				e.Hint = "spread it: " + wf.kind.String() + "(*nodes)"
			case arg.Type() == "workflow function":
				e.Hint = fmt.Sprintf("call it to make a node: %s(…)", arg.(*constructor).Name())
			}
			return nil, e
		}
		if !seen[p.node] {
			seen[p.node] = true
			wf.given = append(wf.given, p.node)
		}
	}
	if err := checkText("workflow_name", wf.name, hintPromise); err != nil {
		return nil, err
	}
	if strings.TrimSpace(wf.name) == "" {
		return nil, &Error{Msg: "workflow_name is empty"}
	}
	for _, old := range l.file.workflows {
		if old.name == wf.name {
			return nil, &Error{
				Msg:  fmt.Sprintf("workflow %q is declared already at %s", wf.name, old.pos),
				Hint: "give each a workflow_name of its own",
			}
		}
	}
	l.file.workflows = append(l.file.workflows, wf)
	return w, nil
}

func (w *workflowValue) run(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	w.wf.run = true
	return starlark.None, nil
}

// setText returns a method that sets one text.
func setText(param string, to *string) workflowMethod {
	return func(_ *workflowValue, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var text string
		if err := starlark.UnpackArgs(b.Name(), args, kwargs, param, &text); err != nil {
			return nil, err
		}
		if err := checkText(b.Name(), text, hintPromise); err != nil {
			return nil, err
		}
		*to = text
		return starlark.None, nil
	}
}

// findNodes returns the nodes of the workflow whose whole name matches a
// regular expression, in graph order.
func (w *workflowValue) findNodes(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var pattern string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "pattern", &pattern); err != nil {
		return nil, err
	}
	re, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
	if err != nil {
		return nil, &Error{Msg: fmt.Sprintf("find_nodes: %v", err), Hint: `it takes a regular expression; "." matches any character and ".*" any text`}
	}
	nodes, err := graphOf(w.wf, w.loader.nodes)
	if err != nil {
		return nil, err
	}
	var found []starlark.Value
	for _, n := range nodes {
		if re.MatchString(n.name) {
			found = append(found, n.promise)
		}
	}
	return starlark.NewList(found), nil
}
