package compiler

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A jsonWriter writes protobuf messages as protojson does, with patches laid
// over.
type jsonWriter struct {
	buf   []byte
	plans map[protoreflect.FullName]*plan
	// sorted orders fields by name, not by their place in the .proto file.
	// It is set inside deploymentSpec, which is a generic Struct to protojson.
	sorted bool
	// written remembers where in buf messages stand, see again.
	written map[proto.Message][2]int
	err     error // of fast, while it runs
}

// A plan holds the fields of a message in the order in which they are written.
type plan struct {
	fields []planField
	known  map[string]bool
	sorted []planField
}

type planField struct {
	desc  protoreflect.FieldDescriptor
	name  string
	quote string // "name":
}

func (w *jsonWriter) plan(md protoreflect.MessageDescriptor) *plan {
	if p := w.plans[md.FullName()]; p != nil {
		return p
	}
	p := &plan{known: make(map[string]bool)}
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		p.fields = append(p.fields, planField{fd, fd.JSONName(), `"` + fd.JSONName() + `":`})
		p.known[fd.JSONName()] = true
	}
	p.sorted = slices.Clone(p.fields)
	slices.SortFunc(p.sorted, func(a, b planField) int { return strings.Compare(a.name, b.name) })
	w.plans[md.FullName()] = p
	return p
}

func (w *jsonWriter) comma(first *bool) {
	if !*first {
		w.buf = append(w.buf, ',')
	}
	*first = false
}

// lay writes a patch where the types hold nothing.
func (w *jsonWriter) lay(p *patch) (err error) {
	if p.whole {
		w.buf, err = appendTree(w.buf, p.value)
		return err
	}
	w.buf = append(w.buf, '{')
	for i, k := range sortedKeys(p.keys) {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		if w.buf, err = appendString(w.buf, k); err != nil {
			return err
		}
		w.buf = append(w.buf, ':')
		if err := w.lay(p.keys[k]); err != nil {
			return err
		}
	}
	w.buf = append(w.buf, '}')
	return nil
}

// unknown writes the keys of a patch that the message type does not have.
func (w *jsonWriter) unknown(p *plan, over *patch, first *bool) (err error) {
	if over == nil {
		return nil
	}
	for _, k := range sortedKeys(over.keys) {
		if p.known[k] {
			continue
		}
		w.comma(first)
		if w.buf, err = appendString(w.buf, k); err != nil {
			return err
		}
		w.buf = append(w.buf, ':')
		if err := w.lay(over.keys[k]); err != nil {
			return err
		}
	}
	return nil
}

func (w *jsonWriter) message(m protoreflect.Message, over *patch) error {
	if over != nil && over.whole {
		return w.lay(over)
	}
	md := m.Descriptor()
	if md.FullName().Parent() == "google.protobuf" {
		return w.wellKnown(m, over)
	}
	if over == nil {
		if ok, err := w.fast(m.Interface()); ok {
			return err
		}
	}
	p := w.plan(md)
	fields := p.fields
	if w.sorted {
		fields = p.sorted
	}
	w.buf = append(w.buf, '{')
	first := true
	for _, f := range fields {
		if err := w.field(m, f, over.key(f.name), &first); err != nil {
			return err
		}
	}
	if err := w.unknown(p, over, &first); err != nil {
		return err
	}
	w.buf = append(w.buf, '}')
	return nil
}

func (w *jsonWriter) field(m protoreflect.Message, f planField, over *patch, first *bool) error {
	if !m.Has(f.desc) {
		if over == nil {
			return nil
		}
		w.comma(first)
		w.buf = append(w.buf, f.quote...)
		return w.lay(over)
	}
	w.comma(first)
	w.buf = append(w.buf, f.quote...)
	if over != nil && over.whole {
		return w.lay(over)
	}
	if over == nil {
		if ok, err := w.fastMap(m.Interface(), f.name); ok {
			return err
		}
	}
	v := m.Get(f.desc)
	switch {
	case f.desc.IsMap():
		return w.entries(v.Map(), f.desc, over)
	case f.desc.IsList():
		w.buf = append(w.buf, '[')
		list := v.List()
		for i := range list.Len() {
			if i > 0 {
				w.buf = append(w.buf, ',')
			}
			if err := w.value(list.Get(i), f.desc, over.item(i)); err != nil {
				return err
			}
		}
		w.buf = append(w.buf, ']')
		return nil
	}
	return w.value(v, f.desc, over)
}

// entries writes a map: its own keys and those that a patch adds, sorted.
func (w *jsonWriter) entries(m protoreflect.Map, fd protoreflect.FieldDescriptor, over *patch) (err error) {
	keys := make([]string, 0, m.Len())
	m.Range(func(k protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, k.String())
		return true
	})
	if over != nil {
		for k := range over.keys {
			if !m.Has(protoreflect.ValueOfString(k).MapKey()) {
				keys = append(keys, k)
			}
		}
	}
	slices.Sort(keys)
	w.buf = append(w.buf, '{')
	for i, k := range keys {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		if w.buf, err = appendString(w.buf, k); err != nil {
			return err
		}
		w.buf = append(w.buf, ':')
		v := m.Get(protoreflect.ValueOfString(k).MapKey())
		if !v.IsValid() {
			err = w.lay(over.key(k))
		} else {
			err = w.value(v, fd.MapValue(), over.key(k))
		}
		if err != nil {
			return err
		}
	}
	w.buf = append(w.buf, '}')
	return nil
}

// value writes one value of a kind that the spec's messages use.
func (w *jsonWriter) value(v protoreflect.Value, fd protoreflect.FieldDescriptor, over *patch) (err error) {
	if over != nil && over.whole {
		return w.lay(over)
	}
	switch fd.Kind() {
	case protoreflect.MessageKind:
		return w.message(v.Message(), over)
	case protoreflect.StringKind:
		w.buf, err = appendString(w.buf, v.String())
		return err
	case protoreflect.BoolKind:
		w.buf = strconv.AppendBool(w.buf, v.Bool())
	case protoreflect.Int32Kind:
		w.buf = strconv.AppendInt(w.buf, v.Int(), 10)
	case protoreflect.Int64Kind:
		// JSON readers lose digits of large numbers: protojson quotes them.
		w.buf = append(w.buf, '"')
		w.buf = append(strconv.AppendInt(w.buf, v.Int(), 10), '"')
	case protoreflect.DoubleKind:
		w.buf = appendFloat(w.buf, v.Float())
	case protoreflect.EnumKind:
		if e := fd.Enum().Values().ByNumber(v.Enum()); e != nil {
			w.buf, err = appendString(w.buf, string(e.Name()))
			return err
		}
		w.buf = strconv.AppendInt(w.buf, int64(v.Enum()), 10)
	default:
		return fmt.Errorf("field %s has a type that specs do not use: %s", fd.FullName(), fd.Kind())
	}
	return nil
}
