package annotation

// OfParameter returns the type of the values of a KFP parameter, by the name
// that KFP gives the parameter's type: NUMBER_INTEGER and so on. Any other
// name gives Any.
func OfParameter(name string) Type {
	switch name {
	case "NUMBER_INTEGER":
		return Type{kind: intKind}
	case "NUMBER_DOUBLE":
		return Type{kind: floatKind}
	case "STRING":
		return Type{kind: strKind}
	case "BOOLEAN":
		return Type{kind: boolKind}
	case "LIST":
		return compose(listKind, Type{})
	case "STRUCT":
		return compose(dictKind, Type{}, Type{})
	}
	return Type{}
}
