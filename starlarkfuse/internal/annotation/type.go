package annotation

import "strings"

// A Type is a set of Starlark values. The zero Type is Any, every value. Types are immutable; compare them
// by String.
type Type struct {
	kind  kind
	elems []Type // list, set: one; dict: key, value; tuple: one for each place; union: the members
	open  bool   // a tuple of any length; elems has one type then
	size  int    // kinds in the type and below, beyond the first; see maxSize
}

type kind uint8

const (
	anyKind kind = iota
	noneKind
	boolKind
	intKind
	floatKind
	strKind
	bytesKind
	listKind
	tupleKind
	dictKind
	setKind
	structKind
	callableKind
	unionKind
)

func (k kind) String() string {
	return [...]string{
		"Any", "None", "bool", "int", "float", "str", "bytes", "list", "tuple", "dict", "set", "struct", "callable", "union",
	}[k]
}

// IsAny reports whether every value is of the type.
func (t Type) IsAny() bool { return t.kind == anyKind }

// String returns the type in its canonical spelling, such as `dict[str, list[int]] | None`.
func (t Type) String() string {
	var b strings.Builder
	t.write(&b)
	return b.String()
}

func (t Type) write(b *strings.Builder) {
	if t.kind == unionKind {
		for i, m := range t.elems {
			if i > 0 {
				b.WriteString(" | ")
			}
			m.write(b)
		}
		return
	}
	b.WriteString(t.kind.String())
	if t.plain() {
		return
	}
	b.WriteByte('[')
	for i, e := range t.elems {
		if i > 0 {
			b.WriteString(", ")
		}
		e.write(b)
	}
	if t.open {
		b.WriteString(", ...")
	} else if t.kind == tupleKind && len(t.elems) == 0 {
		b.WriteString("()")
	}
	b.WriteByte(']')
}

// plain reports whether the type says nothing about elements.
func (t Type) plain() bool {
	if t.kind == tupleKind && !t.open {
		return false
	}
	for _, e := range t.elems {
		if !e.IsAny() {
			return false
		}
	}
	return true
}

// element returns the type of element i; Any where the type says nothing.
func (t Type) element(i int) Type {
	if t.open {
		i = 0
	}
	if i >= len(t.elems) {
		return Type{}
	}
	return t.elems[i]
}

// compose makes a container type and keeps count of its size.
func compose(k kind, elems ...Type) Type {
	t := Type{kind: k, elems: elems}
	for _, e := range elems {
		t.size += 1 + e.size
	}
	return t
}

// union makes the union of types: flat, each member once, Any if one of them is.
func union(members []Type) Type {
	var flat []Type
	seen := map[string]bool{}
	for _, m := range members {
		if m.IsAny() {
			return Type{}
		}
		parts := []Type{m}
		if m.kind == unionKind {
			parts = m.elems
		}
		for _, p := range parts {
			if name := p.String(); !seen[name] {
				seen[name] = true
				flat = append(flat, p)
			}
		}
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return compose(unionKind, flat...)
}
