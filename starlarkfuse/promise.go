package starlarkfuse

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// A promise is what Starlark code holds of a node's result or of a parameter's
// value, whole or a part of it, while the file is loading: there is no value
// yet. It may be passed on and indexed; whatever else is done with it is an
// error that says so.
type promise struct {
	loader *loader
	node   *Node  // or
	param  *Param // one of the two
	path   []starlark.Value
}

var (
	_ starlark.Mapping    = (*promise)(nil)
	_ starlark.HasAttrs   = (*promise)(nil)
	_ starlark.HasBinary  = (*promise)(nil)
	_ starlark.HasUnary   = (*promise)(nil)
	_ starlark.Comparable = (*promise)(nil)
	_ starlark.Sequence   = (*promise)(nil)
)

const hintKey = "use its name, or a list of (node, value) pairs"

const hintPromise = "compute with it inside a function: make the function a node with workflow(fn) and pass this one to it as an argument"

// Type implements starlark.Value.
func (p *promise) Type() string {
	if p.param != nil {
		return "param"
	}
	return "node"
}

// Freeze implements starlark.Value.
func (p *promise) Freeze() {}

// The marks stand around the text of a promise, so that the text is recognised
// wherever it ends up. They are Unicode noncharacters: no honest text has them.
const (
	openMark  = "\uFDD0"
	closeMark = "\uFDD1"
)

const errText = "the text was made from a node or parameter, whose value does not exist yet"

// String implements starlark.Value. Inside a node, where the text would be taken
// for the value, it is refused: see refuse.
func (p *promise) String() string {
	if p.loader.done {
		p.refuse("it has no text", "")
	}
	return openMark + p.describe() + closeMark
}

// hasPromise tells whether a text was made from a promise. Either mark does: a
// slice may have cut one off.
func hasPromise(text string) bool {
	return strings.Contains(text, openMark) || strings.Contains(text, closeMark) ||
		strings.Contains(text, `\ufdd0`) || strings.Contains(text, `\ufdd1`) // as repr and json.encode write them
}

// checkText refuses a text that no setting can have: one made from a promise,
// one that is not UTF-8 or holds a NUL, as no spec and no process can carry it.
func checkText(what, text, hint string) error {
	switch {
	case hasPromise(text):
		return &Error{Msg: what + ": " + errText, Hint: hint}
	case !utf8.ValidString(text):
		return &Error{Msg: what + ": the text is not UTF-8", Hint: "was it cut out of a longer one? indices count bytes"}
	case strings.ContainsRune(text, 0):
		return &Error{Msg: what + ": the text holds a NUL character"}
	}
	return nil
}

// plainText takes the marks out of a text that is shown to people.
func plainText(text string) string {
	if !hasPromise(text) {
		return text
	}
	return strings.NewReplacer(openMark, "", closeMark, "", `\ufdd0`, "", `\ufdd1`, "").Replace(text)
}

// describe names the promise in errors: `node "a"["k"]`.
func (p *promise) describe() string {
	var b strings.Builder
	if p.param != nil {
		fmt.Fprintf(&b, "param %q", p.param.Name)
	} else {
		fmt.Fprintf(&b, "node %q", p.node.name)
	}
	for _, k := range p.path {
		fmt.Fprintf(&b, "[%s]", k)
	}
	return b.String()
}

// misused is the error of using the promise as the value that it is not. It
// has no position: the interpreter adds that of the operation.
func (p *promise) misused(what, hint string) *Error {
	if p.loader.done {
		return &Error{
			Msg:  fmt.Sprintf("%s is not a value inside a node function: %s", p.describe(), what),
			Hint: "pass it to the function as an argument",
		}
	}
	return &Error{Msg: fmt.Sprintf("%s has no value yet: %s", p.describe(), what), Hint: hint}
}

// refuse panics with the error of misused, for operations that cannot fail.
// The load and the call of a node recover it; the latter knows the position.
func (p *promise) refuse(what, hint string) {
	e := p.misused(what, hint)
	if !p.loader.done {
		e.Pos = p.loader.where()
		e.Backtrace = backtrace(p.loader.thread.CallStack())
	}
	panic(e)
}

// Truth implements starlark.Value. It cannot return an error: see refuse.
func (p *promise) Truth() starlark.Bool {
	p.refuse("it cannot be tested as true or false", "decide inside a function: make the function a node with workflow(fn) and pass this one to it as an argument")
	return false
}

// Iterate implements starlark.Iterable. It cannot return an error: see refuse.
func (p *promise) Iterate() starlark.Iterator {
	p.refuse("it cannot be iterated over", "loop inside a function that gets it as an argument; parts whose place is known are "+p.example())
	return nil
}

// Len implements starlark.Sequence. It cannot return an error: see refuse.
func (p *promise) Len() int {
	p.refuse("it has no length", hintPromise)
	return 0
}

func (p *promise) example() string {
	if p.param != nil {
		return "param[0] or param[\"key\"]"
	}
	return "node[0] or node[\"key\"]"
}

// Hash implements starlark.Value. A promise may be in a set, where it stands
// for its value, but is no dict key, where it would have to be its value. The
// function that is running tells which it is, or the operator at the position.
func (p *promise) Hash() (uint32, error) {
	if !p.loader.done {
		switch c := p.loader.caller().(type) {
		case *starlark.Builtin:
			if _, isSet := c.Receiver().(*starlark.Set); isSet || c.Receiver() == nil && c.Name() == "set" {
				return p.hash(), nil
			}
		case *starlark.Function:
			switch text := p.loader.textAt(p.loader.where()); {
			case text == "":
			case strings.Contains("|&^-", text[:1]): // of two sets: no dict has promises as keys
				return p.hash(), nil
			case strings.HasPrefix(text, "in ") || strings.HasPrefix(text, "not "):
				// Of a dict, the interpreter would take an error for "no".
				p.refuse("it cannot be looked for among keys and elements", "keep names, or nodes in a list")
			}
		}
		return 0, p.misused("it cannot be a key of a dict", hintKey)
	}
	return p.hash(), nil
}

// textAt returns the text of a file from a position on.
func (l *loader) textAt(pos syntax.Position) string {
	src := l.file.sources.byDisplay[pos.Filename()]
	if src == nil {
		return ""
	}
	off := src.offset(pos)
	return string(src.text[off:min(off+8, len(src.text))])
}

func (p *promise) hash() uint32 {
	if p.param != nil {
		h, _ := starlark.String(p.param.Name).Hash()
		return h
	}
	return uint32(p.node.index)
}

// caller returns the function that is running now.
func (l *loader) caller() starlark.Callable {
	if l.thread.CallStackDepth() == 0 {
		return nil
	}
	return l.thread.DebugFrame(0).Callable()
}

// CompareSameType implements starlark.Comparable: a promise equals itself only.
func (p *promise) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	switch op {
	case syntax.EQL:
		return p == y, nil
	case syntax.NEQ:
		return p != y, nil
	}
	return false, p.misused(fmt.Sprintf("%q cannot be applied to it", op.String()), hintPromise)
}

// Binary implements starlark.HasBinary.
func (p *promise) Binary(op syntax.Token, _ starlark.Value, _ starlark.Side) (starlark.Value, error) {
	return nil, p.misused(fmt.Sprintf("%q cannot be applied to it", op.String()), hintPromise)
}

// Unary implements starlark.HasUnary.
func (p *promise) Unary(op syntax.Token) (starlark.Value, error) {
	return nil, p.misused(fmt.Sprintf("%q cannot be applied to it", op.String()), hintPromise)
}

// Get implements starlark.Mapping: node[k] is a part of the result. The
// interpreter also calls it for `k in node` and for "%(k)s" % node, which it
// does not tell apart; the text at the position does.
func (p *promise) Get(k starlark.Value) (starlark.Value, bool, error) {
	if p.loader.done {
		return nil, false, p.misused("it cannot be indexed", "")
	}
	pos := p.loader.where()
	if text := p.loader.textAt(pos); text != "" && text[0] != '[' {
		p.refuse("nothing can be looked for in it", hintPromise)
	}
	switch k := k.(type) {
	case starlark.Int, starlark.Bool, starlark.Float, starlark.Bytes, starlark.NoneType:
	case starlark.String:
		if hasPromise(string(k)) {
			return nil, false, &Error{Pos: pos, Msg: "the index: " + errText, Hint: hintPromise}
		}
	default:
		return nil, false, &Error{
			Pos:  pos,
			Msg:  fmt.Sprintf("the index of %s is %s", p.describe(), a(k.Type())),
			Hint: "index with an int or a string; anything else inside a function",
		}
	}
	return &promise{loader: p.loader, node: p.node, param: p.param, path: append(slices.Clip(p.path), k)}, true, nil
}

// Attr implements starlark.HasAttrs: a whole node has setters.
func (p *promise) Attr(name string) (starlark.Value, error) {
	if p.node != nil && len(p.path) == 0 {
		if set, ok := setters[name]; ok {
			return starlark.NewBuiltin(name, set).BindReceiver(p), nil
		}
	}
	hint := fmt.Sprintf("a field of its result is %s[%q], where the result is a dict; other computations go into a function", p.Type(), name)
	if close := didYouMean(name, p.AttrNames()); strings.HasPrefix(close, "did") {
		hint = close + " (" + hint + ")"
	}
	return nil, p.misused(fmt.Sprintf("there is no %q in it", "."+name), hint)
}

// AttrNames implements starlark.HasAttrs.
func (p *promise) AttrNames() []string {
	if p.node == nil || len(p.path) > 0 {
		return nil
	}
	return slices.Sorted(maps.Keys(setters))
}
