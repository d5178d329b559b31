package annotation

import "go.starlark.net/syntax"

// Signatures holds the annotated functions of one file. It is immutable, and nil is an empty one.
type Signatures struct {
	byPos map[place]*Signature
}

type place struct{ line, col int32 }

// At returns the signature of the function whose `def` keyword stands at the given line and column, which
// is what starlark.Function.Position reports. It is nil when that function has no annotation.
func (s *Signatures) At(line, col int32) *Signature {
	if s == nil {
		return nil
	}
	return s.byPos[place{line, col}]
}

// Len is the number of annotated functions.
func (s *Signatures) Len() int {
	if s == nil {
		return 0
	}
	return len(s.byPos)
}

// A Signature is what one function says about its parameters and its result.
type Signature struct {
	// Params holds the annotated parameters by name, without stars. For *args and **kwargs the type is that
	// of each positional argument and of each value, as in Python.
	Params map[string]*Annotation
	// Return is the annotation of the result, nil when there is none.
	Return *Annotation
}

// Param returns the type of a parameter, Any when it has no annotation. A nil Signature has none at all.
func (s *Signature) Param(name string) Type {
	if s == nil || s.Params[name] == nil {
		return Type{}
	}
	return s.Params[name].Type
}

// Result returns the type of the result, Any when it has no annotation.
func (s *Signature) Result() Type {
	if s == nil || s.Return == nil {
		return Type{}
	}
	return s.Return.Type
}

// An Annotation is one type as written in a file.
type Annotation struct {
	Type Type
	Pos  syntax.Position // of the first character of the type
}
