package mlmd

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// A message is a message in the making.
type message []byte

// int, text and message append fields; those with the zero value are left out.
func (m *message) int(number protowire.Number, v int64) {
	if v != 0 {
		*m = protowire.AppendTag(*m, number, protowire.VarintType)
		*m = protowire.AppendVarint(*m, uint64(v))
	}
}

func (m *message) text(number protowire.Number, v string) { m.message(number, []byte(v)) }

func (m *message) message(number protowire.Number, v []byte) {
	if len(v) != 0 {
		m.element(number, v)
	}
}

// element appends a field that may be empty, as an element of a list may.
func (m *message) element(number protowire.Number, v []byte) {
	*m = protowire.AppendTag(*m, number, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}

// ForContext returns the request of GetContext.
func (q *Query) ForContext() []byte {
	var m message
	m.text(1, q.TypeName)
	m.text(2, q.ContextName)
	return m
}

// ForPage returns the request of GetExecutions or GetArtifacts.
func (q *Query) ForPage() []byte {
	var m, options message
	m.int(1, q.ContextID)
	options.int(1, q.MaxResultSize)
	options.text(3, q.PageToken)
	m.message(2, options)
	return m
}

// ForIDs returns the request of GetEvents or GetArtifactsByID.
func (q *Query) ForIDs() []byte {
	var m message
	for _, id := range q.IDs {
		m = protowire.AppendTag(m, 1, protowire.VarintType)
		m = protowire.AppendVarint(m, uint64(id))
	}
	return m
}

// Encode returns the answer of GetContext, for servers in tests; c may be nil.
func (c *Context) Encode() []byte {
	var m, inner message
	if c != nil {
		inner.int(1, c.ID)
		inner.properties(5, c.CustomProperties)
		m.element(1, inner)
	}
	return m
}

// Encode returns the answer with a page, for servers in tests.
func (p Page[T]) Encode() []byte {
	var m message
	for _, item := range p.Items {
		m.element(1, any(item).(interface{ encode() []byte }).encode())
	}
	m.text(2, p.Next)
	return m
}

func (e *Execution) encode() []byte {
	var m message
	m.int(1, e.ID)
	m.int(3, e.LastKnownState)
	m.properties(5, e.CustomProperties)
	m.text(6, e.Name)
	m.text(7, e.Type)
	m.int(8, e.Created)
	m.int(9, e.Updated)
	return m
}

func (e *Event) encode() []byte {
	var m, path, step message
	m.int(1, e.ArtifactID)
	m.int(2, e.ExecutionID)
	step.text(2, e.Key)
	path.element(1, step)
	m.element(3, path)
	m.int(4, e.Type)
	return m
}

func (a *Artifact) encode() []byte {
	var m message
	m.int(1, a.ID)
	m.text(3, a.URI)
	m.properties(4, a.Properties)
	m.properties(5, a.CustomProperties)
	m.text(7, a.Name)
	m.text(8, a.Type)
	return m
}

// properties appends a map of properties. It panics on a value that is none.
func (m *message) properties(number protowire.Number, p Properties) {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		var entry, value message
		switch v := p[name].(type) {
		case int64:
			value = protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(v))
		case float64:
			value = protowire.AppendFixed64(protowire.AppendTag(nil, 2, protowire.Fixed64Type), math.Float64bits(v))
		case string:
			value.element(3, []byte(v))
		case map[string]any:
			value.element(4, mustStruct(v))
		case bool:
			value = protowire.AppendVarint(protowire.AppendTag(nil, 6, protowire.VarintType), protowire.EncodeBool(v))
		default:
			panic(fmt.Sprintf("mlmd: the property %s is a %T", name, v))
		}
		entry.text(1, name)
		entry.element(2, value)
		m.element(number, entry)
	}
}

func mustStruct(v map[string]any) []byte {
	s, err := structpb.NewStruct(v)
	if err == nil {
		var b []byte
		if b, err = (proto.MarshalOptions{Deterministic: true}).Marshal(s); err == nil {
			return b
		}
	}
	panic("mlmd: " + err.Error())
}
