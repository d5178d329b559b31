package starlarkfuse

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/lib/json"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/stdlib"
	"github.com/starlarkfuse/fuse/value"
)

// builtins returns what every file finds predeclared: the functions of the
// language and the modules that need no load. Whatever later joins the
// language (when, for_each, container, …) joins this table.
func (l *loader) builtins() starlark.StringDict {
	d := make(starlark.StringDict)
	for name, fn := range map[string]stdlib.Func{
		"workflow":      l.workflow,
		"param":         l.param,
		"define":        l.define,
		"read_file":     l.readFile,
		"secret_env":    l.secretEnv,
		"KFPWorkflow":   l.kfpWorkflow,
		"LocalWorkflow": l.localWorkflow,
	} {
		d[name] = starlark.NewBuiltin(name, l.loadOnly(fn))
	}
	for _, m := range l.opts.modules {
		if m.Predeclared {
			d[m.Name] = m.Value
		}
	}
	return d
}

// loadOnly makes a builtin refuse to be called inside a node.
func (l *loader) loadOnly(fn stdlib.Func) stdlib.Func {
	return func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if stdlib.PhaseOf(thread) == stdlib.Running {
			return nil, fmt.Errorf("%s: only while the file is loading, not inside a node function", b.Name())
		}
		v, err := fn(thread, b, args, kwargs)
		if err != nil {
			return nil, l.at(err)
		}
		return v, nil
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// param is the builtin of that name.
func (l *loader) param(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name, description string
	var def, typ starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "default?", &def, "type?", &typ, "description?", &description); err != nil {
		return nil, err
	}
	pos := l.where()
	if !identifier.MatchString(name) {
		return nil, &Error{Pos: pos, Msg: fmt.Sprintf("param: %q is not a name", name), Hint: "use letters, digits and \"_\", as in a variable's name"}
	}
	if old := l.declared[name]; old != nil {
		return nil, &Error{Pos: pos, Msg: fmt.Sprintf("param %q is declared already at %s", name, old.Pos), Hint: "declare it once and use the variable"}
	}
	if err := checkText("param: description", description, hintPromise); err != nil {
		return nil, err
	}
	p := &Param{Name: name, Description: description, Pos: pos}
	var err error
	if p.Type, err = paramTypeOf(name, typ, def); err != nil {
		return nil, err
	}
	if def != nil && def != starlark.None {
		arg := argument{label: "default"}
		if def, err = (&snapshot{node: &Node{}}).argument(&arg, def); err != nil {
			return nil, err
		}
		if arg.live {
			return nil, &Error{Pos: pos, Msg: fmt.Sprintf("param %q: the default holds a node or parameter, whose value does not exist yet", name)}
		}
		if i, ok := def.(starlark.Int); ok && p.Type == value.Double {
			def = i.Float()
		}
		wire, err := value.ToParameter(def)
		if err == nil {
			err = value.CheckParameter(wire, p.Type)
		}
		if err != nil {
			return nil, &Error{Pos: pos, Msg: fmt.Sprintf("param %q: default: %v", name, err), Err: err}
		}
		p.Default = def
	}
	l.declared[name] = p
	l.file.params = append(l.file.params, p)
	return &promise{loader: l, param: p}, nil
}

// paramTypeOf decides a parameter's type by the type argument — a builtin such
// as int, or its name — else by the default, else STRING.
func paramTypeOf(name string, typ, def starlark.Value) (value.ParamType, error) {
	byName := map[string]value.ParamType{
		"int": value.Integer, "float": value.Double, "str": value.String,
		"bool": value.Boolean, "list": value.List, "dict": value.Struct,
	}
	text := ""
	switch t := typ.(type) {
	case nil, starlark.NoneType:
		if def == nil || def == starlark.None {
			return value.String, nil
		}
		if t, ok := value.ParamTypeOf(def); ok {
			return t, nil
		}
		return 0, fmt.Errorf("param %q: the default is %s, which no KFP parameter holds", name, a(def.Type()))
	case *starlark.Builtin:
		text = t.Name()
	case starlark.String:
		text = string(t)
	}
	if t, ok := byName[text]; ok {
		return t, nil
	}
	if t, ok := paramType(text); ok {
		return t, nil
	}
	return 0, &Error{
		Msg:  fmt.Sprintf("param %q: %s is not a parameter type", name, typ),
		Hint: "use " + strings.Join(slices.Sorted(maps.Keys(byName)), ", "),
	}
}

// A define is a compile-time constant that the file asked for.
type define struct {
	value starlark.Value
	pos   syntax.Position
}

// define is the builtin of that name.
func (l *loader) define(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var def starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name, "default", &def); err != nil {
		return nil, err
	}
	if !identifier.MatchString(name) {
		return nil, &Error{Msg: fmt.Sprintf("define: %q is not a name", name), Hint: "use letters, digits and \"_\", as in a variable's name"}
	}
	if _, ok := def.(*promise); ok {
		return nil, &Error{Msg: fmt.Sprintf("define %q: the default is a promise", name), Hint: "a define is known while the file is loading; give it a value"}
	}
	if _, ok := def.(secretEnv); ok {
		return nil, &Error{Msg: fmt.Sprintf("define %q: the default is a secret_env", name)}
	}
	if old, ok := l.defines[name]; ok {
		if same, err := starlark.Equal(old.value, def); err != nil || !same {
			return nil, &Error{Msg: fmt.Sprintf("define %q has another default at %s", name, old.pos), Hint: "define it once and use the variable"}
		}
	} else {
		l.defines[name] = &define{def, l.where()}
	}
	text, ok := l.opts.defines[name]
	if !ok {
		return def, nil
	}
	v, err := parseDefine(text, def)
	if err != nil {
		return nil, fmt.Errorf("define %q: %w", name, err)
	}
	return v, nil
}

// parseDefine reads an override: JSON, else a string; of the default's type,
// except that a default of None takes any.
func parseDefine(text string, def starlark.Value) (starlark.Value, error) {
	v, err := starlark.Call(new(starlark.Thread), json.Module.Members["decode"], starlark.Tuple{starlark.String(text)}, nil)
	if err != nil {
		v = starlark.String(text)
	}
	if _, ok := def.(starlark.String); ok {
		if s, ok := v.(starlark.String); ok {
			return s, nil
		}
		return starlark.String(text), nil
	}
	if i, ok := v.(starlark.Int); ok && def.Type() == "float" {
		return i.Float(), nil
	}
	if def != starlark.None && v.Type() != def.Type() {
		return nil, fmt.Errorf("%q is %s, but the default is %s", text, a(v.Type()), a(def.Type()))
	}
	return v, nil
}

// checkDefines refuses overrides of what the file does not define.
func (l *loader) checkDefines() error {
	for _, name := range slices.Sorted(maps.Keys(l.opts.defines)) {
		if _, ok := l.defines[name]; !ok {
			e := &Error{Msg: fmt.Sprintf("%s defines no %q", l.file.path, name)}
			if len(l.defines) > 0 {
				e.Hint = didYouMean(name, slices.Sorted(maps.Keys(l.defines)))
			} else {
				e.Hint = "it has no define(…) at all; for a parameter of the pipeline use -p"
			}
			return e
		}
		l.file.defines = append(l.file.defines, Define{Name: name, Text: l.opts.defines[name]})
	}
	return nil
}

// readFile is the builtin read_file.
func (l *loader) readFile(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "path", &name); err != nil {
		return nil, err
	}
	pos := l.where()
	path, err := l.resolve(pos, name)
	if err != nil {
		return nil, err
	}
	if err := l.checkCase(path, pos); err != nil {
		return nil, err
	}
	data, err := l.files.read(path)
	if err != nil {
		return nil, l.readError(err, path, pos)
	}
	if !utf8.Valid(data) {
		return nil, &Error{Pos: pos, Msg: fmt.Sprintf("%s: not UTF-8 text", l.files.display(path)), Hint: "read_file is for text; read other data inside a node"}
	}
	return starlark.String(data), nil
}
