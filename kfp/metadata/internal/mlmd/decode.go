package mlmd

import (
	"errors"
	"math"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// maxItems bounds the things on a page.
const maxItems = 1 << 18

var errCutOff = errors.New("the message is cut off or broken")

// A field is one field of a message as it is on the wire.
type field struct {
	number protowire.Number
	kind   protowire.Type
	// value is what a VarintType or Fixed64Type field has, and bytes what a
	// BytesType field has.
	value uint64
	bytes []byte
}

// is tells whether the field is the one that is known under a number. One of
// another kind is an unknown field.
func (f field) is(number protowire.Number, kind protowire.Type) bool {
	return f.number == number && f.kind == kind
}

// text is what a text field has.
func (f field) text() string { return strings.ToValidUTF8(string(f.bytes), "\uFFFD") }

// walk calls a function with each field of a message.
func walk(b []byte, each func(field) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errCutOff
		}
		b = b[n:]
		f := field{number: number, kind: kind}
		switch kind {
		case protowire.VarintType:
			f.value, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.value, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(number, kind, b)
		}
		if n < 0 {
			return errCutOff
		}
		b = b[n:]
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// DecodeContext reads the answer of GetContext. Where there is no such context,
// it returns nil.
func DecodeContext(b []byte) (c *Context, err error) {
	err = walk(b, func(f field) error {
		if !f.is(1, protowire.BytesType) {
			return nil
		}
		c = &Context{CustomProperties: Properties{}}
		return walk(f.bytes, func(f field) error {
			switch {
			case f.is(1, protowire.VarintType):
				c.ID = int64(f.value)
			case f.is(5, protowire.BytesType):
				return decodeProperty(c.CustomProperties, f.bytes)
			}
			return nil
		})
	})
	return c, err
}

// DecodeExecutions reads the answer of GetExecutions.
func DecodeExecutions(b []byte) (Page[*Execution], error) { return decodePage(b, decodeExecution) }

// DecodeEvents reads the answer of GetEvents.
func DecodeEvents(b []byte) (Page[*Event], error) { return decodePage(b, decodeEvent) }

// DecodeArtifacts reads the answers of GetArtifacts and GetArtifactsByID.
func DecodeArtifacts(b []byte) (Page[*Artifact], error) { return decodePage(b, decodeArtifact) }

func decodePage[T any](b []byte, item func([]byte) (*T, error)) (p Page[*T], err error) {
	err = walk(b, func(f field) error {
		switch {
		case f.is(1, protowire.BytesType):
			if len(p.Items) == maxItems {
				return errors.New("a list is too long")
			}
			v, err := item(f.bytes)
			if err != nil {
				return err
			}
			p.Items = append(p.Items, v)
		case f.is(2, protowire.BytesType):
			p.Next = f.text()
		}
		return nil
	})
	return p, err
}

func decodeExecution(b []byte) (*Execution, error) {
	e := &Execution{CustomProperties: Properties{}}
	err := walk(b, func(f field) error {
		switch {
		case f.is(1, protowire.VarintType):
			e.ID = int64(f.value)
		case f.is(3, protowire.VarintType):
			e.LastKnownState = int64(f.value)
		case f.is(5, protowire.BytesType):
			return decodeProperty(e.CustomProperties, f.bytes)
		case f.is(6, protowire.BytesType):
			e.Name = f.text()
		case f.is(7, protowire.BytesType):
			e.Type = f.text()
		case f.is(8, protowire.VarintType):
			e.Created = int64(f.value)
		case f.is(9, protowire.VarintType):
			e.Updated = int64(f.value)
		}
		return nil
	})
	return e, err
}

func decodeEvent(b []byte) (*Event, error) {
	e := new(Event)
	err := walk(b, func(f field) error {
		switch {
		case f.is(1, protowire.VarintType):
			e.ArtifactID = int64(f.value)
		case f.is(2, protowire.VarintType):
			e.ExecutionID = int64(f.value)
		case f.is(3, protowire.BytesType):
			return decodePath(e, f.bytes)
		case f.is(4, protowire.VarintType):
			e.Type = int64(f.value)
		}
		return nil
	})
	return e, err
}

// decodePath reads the steps of an event's path, each of which has a key in
// field 2, or an index in field 1.
func decodePath(e *Event, b []byte) error {
	return walk(b, func(f field) error {
		if !f.is(1, protowire.BytesType) {
			return nil
		}
		return walk(f.bytes, func(f field) error {
			if f.is(2, protowire.BytesType) && e.Key == "" {
				e.Key = f.text()
			}
			return nil
		})
	})
}

func decodeArtifact(b []byte) (*Artifact, error) {
	a := &Artifact{Properties: Properties{}, CustomProperties: Properties{}}
	err := walk(b, func(f field) error {
		switch {
		case f.is(1, protowire.VarintType):
			a.ID = int64(f.value)
		case f.is(3, protowire.BytesType):
			a.URI = f.text()
		case f.is(4, protowire.BytesType):
			return decodeProperty(a.Properties, f.bytes)
		case f.is(5, protowire.BytesType):
			return decodeProperty(a.CustomProperties, f.bytes)
		case f.is(7, protowire.BytesType):
			a.Name = f.text()
		case f.is(8, protowire.BytesType):
			a.Type = f.text()
		}
		return nil
	})
	return a, err
}

// decodeProperty reads an entry of a map: its key is field 1, its value 2.
func decodeProperty(into Properties, b []byte) error {
	var key string
	var value any
	err := walk(b, func(f field) (err error) {
		switch {
		case f.is(1, protowire.BytesType):
			key = f.text()
		case f.is(2, protowire.BytesType):
			value, err = decodeValue(f.bytes)
		}
		return err
	})
	if value != nil {
		into[key] = value
	}
	return err
}

// decodeValue reads the value of a property, which is nil where it is of
// another kind than those of Properties.
func decodeValue(b []byte) (v any, err error) {
	err = walk(b, func(f field) error {
		switch {
		case f.is(1, protowire.VarintType):
			v = int64(f.value)
		case f.is(2, protowire.Fixed64Type):
			v = math.Float64frombits(f.value)
		case f.is(3, protowire.BytesType):
			v = f.text()
		case f.is(4, protowire.BytesType):
			s := new(structpb.Struct) // bounds how deep it is
			if err := proto.Unmarshal(f.bytes, s); err != nil {
				return errCutOff
			}
			v = s.AsMap()
		case f.is(6, protowire.VarintType):
			v = f.value != 0
		}
		return nil
	})
	return v, err
}
