package mlmd

import "google.golang.org/protobuf/encoding/protowire"

// DecodeQuery reads a request of a method, for servers in tests.
func DecodeQuery(method string, b []byte) (*Query, error) {
	q := new(Query)
	err := walk(b, func(f field) error {
		switch method {
		case GetContext:
			q.contextField(f)
		case GetExecutions, GetArtifacts:
			return q.pageField(f)
		case GetEvents, GetArtifactsByID:
			return q.idField(f)
		}
		return nil
	})
	return q, err
}

func (q *Query) contextField(f field) {
	switch {
	case f.is(1, protowire.BytesType):
		q.TypeName = f.text()
	case f.is(2, protowire.BytesType):
		q.ContextName = f.text()
	}
}

func (q *Query) pageField(f field) error {
	switch {
	case f.is(1, protowire.VarintType):
		q.ContextID = int64(f.value)
	case f.is(2, protowire.BytesType):
		return walk(f.bytes, func(f field) error {
			switch {
			case f.is(1, protowire.VarintType):
				q.MaxResultSize = int64(f.value)
			case f.is(3, protowire.BytesType):
				q.PageToken = f.text()
			}
			return nil
		})
	}
	return nil
}

// idField reads an ID, or several that are packed into one field.
func (q *Query) idField(f field) error {
	switch {
	case f.is(1, protowire.VarintType):
		q.IDs = append(q.IDs, int64(f.value))
	case f.is(1, protowire.BytesType):
		for b := f.bytes; len(b) > 0; {
			id, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return errCutOff
			}
			q.IDs = append(q.IDs, int64(id))
			b = b[n:]
		}
	}
	return nil
}
