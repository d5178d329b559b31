package annotation

// Compatible reports whether a value of the producer's type may be accepted by the consumer's type. False
// means that the edge between them is certainly wrong. Any is compatible with all; of a union one member
// is enough; an int does for a float, but a bool not for an int.
//
// Containers are compared by their elements. That an empty list[str] would pass as a list[int] is not
// counted: nobody writes these two types on one edge and means it.
func Compatible(producer, consumer Type) bool {
	switch {
	case producer.IsAny() || consumer.IsAny():
		return true
	case producer.kind == unionKind:
		for _, m := range producer.elems {
			if Compatible(m, consumer) {
				return true
			}
		}
		return false
	case consumer.kind == unionKind:
		for _, m := range consumer.elems {
			if Compatible(producer, m) {
				return true
			}
		}
		return false
	case producer.kind == intKind && consumer.kind == floatKind:
		return true
	case producer.kind != consumer.kind:
		return false
	case producer.kind == tupleKind:
		return compatibleTuples(producer, consumer)
	}
	for i := range max(len(producer.elems), len(consumer.elems)) {
		if !Compatible(producer.element(i), consumer.element(i)) {
			return false
		}
	}
	return true
}

func compatibleTuples(producer, consumer Type) bool {
	if !producer.open && !consumer.open && len(producer.elems) != len(consumer.elems) {
		return false
	}
	n := max(len(producer.elems), len(consumer.elems))
	if !producer.open {
		n = len(producer.elems)
	} else if !consumer.open {
		n = len(consumer.elems)
	}
	for i := range n {
		if !Compatible(producer.element(i), consumer.element(i)) {
			return false
		}
	}
	return true
}

// ParamType returns the type of the KFP parameter that holds every value of the type exactly:
// NUMBER_INTEGER, NUMBER_DOUBLE, STRING, BOOLEAN, LIST or STRUCT. It is "" when there is none: for Any,
// unions, and types without a counterpart, and for a list or dict that names a type JSON cannot hold among
// its elements (bytes, sets, tuples, structs, functions) or keys that are not strings.
func (t Type) ParamType() string {
	if t.kind == listKind || t.kind == dictKind {
		if !t.fitsJSON() {
			return ""
		}
	}
	switch t.kind {
	case intKind:
		return "NUMBER_INTEGER"
	case floatKind:
		return "NUMBER_DOUBLE"
	case strKind:
		return "STRING"
	case boolKind:
		return "BOOLEAN"
	case listKind:
		return "LIST"
	case dictKind:
		return "STRUCT"
	}
	return ""
}

// fitsJSON reports whether JSON can hold values of the type and give them back.
func (t Type) fitsJSON() bool {
	switch t.kind {
	case bytesKind, setKind, tupleKind, structKind, callableKind:
		return false
	case dictKind:
		if k := t.element(0).kind; k != strKind && k != anyKind {
			return false
		}
	}
	for _, e := range t.elems {
		if !e.fitsJSON() {
			return false
		}
	}
	return true
}
