package starlarkfuse

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starlarkfuse/fuse/starlarkfuse/internal/annotation"
)

// An argRef stands in a node's arguments where its call had a promise.
type argRef struct {
	input int // index in Node.inputs
	path  []starlark.Value
	typ   annotation.Type // of the value, as far as annotations tell
}

// Promised implements annotation.Promise.
func (r argRef) Promised() annotation.Type { return r.typ }

func (argRef) String() string        { return "argRef" }
func (argRef) Type() string          { return "argRef" }
func (argRef) Freeze()               {}
func (argRef) Truth() starlark.Bool  { return true }
func (argRef) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable") }

// A setRef stands for a set that had promises among its elements: a real set
// would have to hash them.
type setRef struct{ elems []starlark.Value }

// Promised implements annotation.Promise.
func (setRef) Promised() annotation.Type { return annotation.Type{} }

func (setRef) String() string        { return "setRef" }
func (setRef) Type() string          { return "setRef" }
func (setRef) Freeze()               {}
func (setRef) Truth() starlark.Bool  { return true }
func (setRef) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable") }

// maxArgDepth bounds the nesting of an argument.
const maxArgDepth = 1000

// A snapshot copies the arguments of a call, because lists and dicts may
// change after it and a node keeps the values that it was called with. It
// replaces each promise by an argRef and records the input.
type snapshot struct {
	node  *Node
	label string // of the argument being copied
	path  []string
	live  bool                      // there was a promise in what is being copied
	seen  map[starlark.Value]copied // containers
	names map[string]bool
}

// A copied is the copy of one container: nil while it is being made.
type copied struct {
	copy starlark.Value
	live bool
}

// argument copies one argument. One without promises inside becomes a
// Constant input.
func (s *snapshot) argument(arg *argument, v starlark.Value) (starlark.Value, error) {
	s.label, s.path = arg.label, s.path[:0]
	s.live = false
	c, err := s.copy(v)
	if err != nil {
		return nil, err
	}
	c.Freeze()
	if arg.live = s.live; !arg.live {
		s.input(Input{Kind: Constant, Value: c})
	}
	return c, nil
}

// input records an input of the node under a name that no other has.
func (s *snapshot) input(in Input) int {
	name := s.label
	for _, p := range s.path {
		name += "-" + p
	}
	name = inputName(name)
	base := name
	for i := 2; s.names[name]; i++ {
		name = base + "-" + strconv.Itoa(i)
	}
	if s.names == nil {
		s.names = make(map[string]bool)
	}
	s.names[name] = true
	in.Name = name
	s.node.inputs = append(s.node.inputs, in)
	return len(s.node.inputs) - 1
}

// inputName replaces what is not a letter, a digit, '-' or '_'.
func inputName(name string) string {
	ok := func(c byte) bool {
		return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for i := range len(name) {
		if !ok(name[i]) {
			b := []byte(name)
			for i, c := range b {
				if !ok(c) {
					b[i] = '_'
				}
			}
			return string(b)
		}
	}
	return name
}

func (s *snapshot) copy(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float:
		return v, nil
	case starlark.String:
		if hasPromise(string(v)) {
			return nil, s.madeFromPromise("")
		}
		return v, nil
	case starlark.Bytes:
		if hasPromise(string(v)) {
			return nil, s.madeFromPromise("")
		}
		return v, nil
	case *promise:
		s.live = true
		ref := argRef{path: v.path}
		if v.param != nil {
			ref.input = s.input(Input{Kind: FromParam, Param: v.param})
		} else {
			ref.input = s.input(Input{Kind: FromNode, Node: v.node})
		}
		if len(v.path) == 0 {
			ref.typ = v.typ()
		}
		return ref, nil
	case starlark.Tuple:
		return s.tuple(v)
	case *starlark.List, *starlark.Dict, *starlark.Set, *starlarkstruct.Struct:
		return s.container(v)
	case secretEnv:
		return nil, &Error{Msg: fmt.Sprintf("argument %s is %s, which has no value in a container", s.place(), v), Hint: hintSecret}
	case *workflowValue:
		return nil, fmt.Errorf("argument %s is a workflow; only nodes and values can be passed to a node", s.place())
	}
	return v, nil
}

// madeFromPromise is the error of a text at this place that was made from one.
func (s *snapshot) madeFromPromise(what string) error {
	return &Error{Msg: fmt.Sprintf("%sargument %s: %s", what, s.place(), errText), Hint: hintPromise}
}

// place names where in the arguments the copy is: `a[0]["k"]`.
func (s *snapshot) place() string {
	place := s.label
	for _, p := range s.path {
		place += "[" + p + "]"
	}
	return place
}

// at copies an element; key is its place in the container.
func (s *snapshot) at(key string, v starlark.Value) (starlark.Value, error) {
	if len(s.path) >= maxArgDepth {
		return nil, fmt.Errorf("argument %s is nested more than %d deep", s.label, maxArgDepth)
	}
	s.path = append(s.path, key)
	c, err := s.copy(v)
	s.path = s.path[:len(s.path)-1]
	return c, err
}

func (s *snapshot) tuple(t starlark.Tuple) (starlark.Value, error) {
	c := make(starlark.Tuple, len(t))
	for i, v := range t {
		var err error
		if c[i], err = s.at(strconv.Itoa(i), v); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// container copies a list, dict, set or struct once, however often it occurs.
func (s *snapshot) container(v starlark.Value) (starlark.Value, error) {
	if c, ok := s.seen[v]; ok {
		if c.copy == nil {
			return nil, fmt.Errorf("argument %s holds itself", s.label)
		}
		s.live = s.live || c.live
		return c.copy, nil
	}
	if s.seen == nil {
		s.seen = make(map[starlark.Value]copied)
	}
	s.seen[v] = copied{}
	outside := s.live
	s.live = false
	c, err := s.copyContainer(v)
	s.seen[v] = copied{c, s.live}
	s.live = s.live || outside
	return c, err
}

func (s *snapshot) copyContainer(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case *starlark.List:
		elems := make([]starlark.Value, v.Len())
		for i := range elems {
			var err error
			if elems[i], err = s.at(strconv.Itoa(i), v.Index(i)); err != nil {
				return nil, err
			}
		}
		return starlark.NewList(elems), nil
	case *starlark.Dict:
		c := starlark.NewDict(v.Len())
		for k, e := range v.Entries() {
			if text, ok := k.(starlark.String); ok && hasPromise(string(text)) {
				return nil, s.madeFromPromise("a key in ")
			}
			e, err := s.at(keyText(k), e)
			if err != nil {
				return nil, err
			}
			if err := c.SetKey(k, e); err != nil {
				return nil, err
			}
		}
		return c, nil
	case *starlark.Set:
		return s.set(v)
	case *starlarkstruct.Struct:
		fields := make(starlark.StringDict)
		for _, name := range v.AttrNames() {
			if hasPromise(name) {
				return nil, s.madeFromPromise("a field in ")
			}
			e, err := v.Attr(name)
			if err != nil {
				return nil, err
			}
			if fields[name], err = s.at(name, e); err != nil {
				return nil, err
			}
		}
		return starlarkstruct.FromStringDict(v.Constructor(), fields), nil
	}
	panic("unreachable")
}

func keyText(k starlark.Value) string {
	if text, ok := starlark.AsString(k); ok {
		return text
	}
	return k.String()
}

func (s *snapshot) set(v *starlark.Set) (starlark.Value, error) {
	elems := make([]starlark.Value, 0, v.Len())
	for e := range v.Elements() {
		e, err := s.at(strconv.Itoa(len(elems)), e)
		if err != nil {
			return nil, err
		}
		elems = append(elems, e)
	}
	if s.live { // container has cleared it
		return setRef{elems}, nil
	}
	c := starlark.NewSet(len(elems))
	for _, e := range elems {
		if err := c.Insert(e); err != nil {
			return nil, err
		}
	}
	return c, nil
}
