package annotation

import (
	"bytes"

	"github.com/bazelbuild/buildtools/build"
)

// Strip reads the annotations of a Starlark file and returns its text without them. The text has the same
// length and the same newlines: an annotation becomes spaces, and a statement that is nothing but types
// (`x: int`, `type Rows = list[int]`) becomes `pass` (`0` where that is too long). A file without
// annotations is returned as it is, the same slice. src is never changed.
//
// Two liberties are taken where an annotation spans lines outside parentheses: the `)` of a def moves to
// the end of its return type, and a line of a variable's annotation ends in a backslash.
//
// Columns count characters, so on a line whose annotations hold letters outside ASCII the columns to the
// right of them grow; lines, and the places of functions, do not.
//
// Every error is an *Error. One that wraps ErrSyntax says that the file does not parse; it is
// go.starlark.net's message wherever its parser came further than the parser of annotations. Without an
// error the text may still be wrong in ways that only go.starlark.net sees: parse it, and report that.
func Strip(filename string, src []byte) (plain []byte, sigs *Signatures, err error) {
	if i := bytes.IndexByte(src, 0); i >= 0 {
		// go.starlark.net silently takes it for the end of the file.
		return nil, nil, &Error{Pos: newPositions(filename, src).at(i), Msg: "NUL byte in the file", Err: ErrSyntax}
	}
	skel, found, nested, long := skeleton(src)
	if !found {
		return src, &Signatures{}, nil
	}
	s := &stripper{
		positions: newPositions(filename, src),
		src:       src,
		skel:      skel,
		sigs:      &Signatures{byPos: map[place]*Signature{}},
	}
	if nested >= 0 {
		return nil, nil, &Error{
			Pos:  s.positions.at(nested),
			Msg:  "a type alias must stand at the top level of the file",
			Hint: "move it out of the function or block",
			Err:  ErrSyntax,
		}
	}
	if long >= 0 {
		return nil, nil, &Error{
			Pos:  s.positions.at(long),
			Msg:  "the annotations of one line are too long",
			Hint: "give long types a name with `type Name = ...`",
			Err:  ErrSyntax,
		}
	}
	file, err := build.ParseDefault(filename, skel)
	if err != nil {
		if err := parse(filename, src); err == nil {
			return src, s.sigs, nil // plain Starlark that buildtools does not know
		}
		return nil, nil, s.syntaxError(err)
	}
	if err := s.file(file); err != nil {
		return nil, nil, err
	}
	return s.plain(), s.sigs, nil
}

// stripper walks one file and collects what there is to overwrite.
type stripper struct {
	positions *positions
	src, skel []byte
	out       []byte // nil while nothing is overwritten
	types     scope
	sigs      *Signatures
}

func (s *stripper) plain() []byte {
	if s.out == nil {
		return s.src
	}
	return s.out
}

// buffer is the text to overwrite.
func (s *stripper) buffer() []byte {
	if s.out == nil {
		s.out = bytes.Clone(s.src)
	}
	return s.out
}

func (s *stripper) file(f *build.File) error {
	s.types = newScope(s.positions, f)
	return s.statements(f.Stmt)
}

func (s *stripper) statements(list []build.Expr) error {
	for _, stmt := range list {
		if err := s.statement(stmt); err != nil {
			return err
		}
	}
	return nil
}

func (s *stripper) statement(stmt build.Expr) error {
	switch x := stmt.(type) { // the skeleton is flat: there are no other blocks than bodies on the line
	case *build.DefStmt:
		if err := s.def(x); err != nil {
			return err
		}
		return s.statements(x.Body)
	case *build.AssignExpr:
		if id, ok := x.LHS.(*build.TypedIdent); ok {
			if _, err := s.types.resolve(id.Type); err != nil {
				return err
			}
			begin, end := s.annotation(id)
			return s.continued(begin, end)
		}
	case *build.TypedIdent:
		if _, err := s.types.resolve(x.Type); err != nil {
			return err
		}
		return s.empty(x)
	case *build.TypeAliasStmt:
		if err := s.types.define(x); err != nil {
			return err
		}
		return s.empty(x)
	}
	return nil
}

// def records the signature of a function and blanks its annotations.
func (s *stripper) def(x *build.DefStmt) error {
	if x.TypeParams != nil {
		begin, _ := x.TypeParams.Span()
		return &Error{Pos: s.positions.at(begin.Byte), Msg: "type parameters are not supported", Hint: "use Any, or write the types out"}
	}
	sig := &Signature{Params: map[string]*Annotation{}}
	for _, param := range x.Params {
		if assign, ok := param.(*build.AssignExpr); ok {
			param = assign.LHS
		}
		if star, ok := param.(*build.UnaryExpr); ok {
			param = star.X
		}
		id, ok := param.(*build.TypedIdent)
		if !ok {
			continue
		}
		a, err := s.types.annotation(id.Type)
		if err != nil {
			return err
		}
		sig.Params[id.GetIdent().Name] = a
		begin, end := s.annotation(id)
		s.blank(begin, end)
	}
	if x.Type != nil {
		a, err := s.types.annotation(x.Type)
		if err != nil {
			return err
		}
		sig.Return = a
		s.result(x)
	}
	if len(sig.Params) > 0 || sig.Return != nil {
		pos := s.positions.at(x.StartPos.Byte)
		s.sigs.byPos[place{pos.Line, pos.Col}] = sig
	}
	return nil
}

// result blanks the `-> T` of a function.
func (s *stripper) result(x *build.DefStmt) {
	paren, _ := x.ParamsEnd.Span()
	_, end := x.Type.Span()
	begin := paren.Byte + 1 + bytes.Index(s.skel[paren.Byte+1:], []byte("->"))
	s.blank(begin, end.Byte)
	if bytes.ContainsAny(s.src[begin:end.Byte], "\r\n") {
		// Nothing would hold the lines together once the brackets of the type are gone.
		s.out[paren.Byte] = ' '
		s.out[end.Byte-1] = ')'
	}
}

// annotation returns the extent of the `: T` after a name.
func (s *stripper) annotation(x *build.TypedIdent) (begin, end int) {
	_, name := x.Ident.Span()
	_, typ := x.Type.Span()
	return name.Byte + bytes.IndexByte(s.skel[name.Byte:], ':'), typ.Byte
}

// blank overwrites an extent with spaces. Its newlines stay: it must lie in parentheses or have none.
func (s *stripper) blank(begin, end int) {
	out := s.buffer()
	for i := begin; i < end; i++ {
		if out[i] != '\n' && out[i] != '\r' {
			out[i] = ' '
		}
	}
}

// continued blanks an extent that lies outside parentheses, joining its lines with backslashes.
func (s *stripper) continued(begin, end int) error {
	s.blank(begin, end)
	for i := begin; i < end; i++ {
		size := newlineLength(s.out[i:end])
		if size == 0 {
			continue
		}
		if i == begin || s.out[i-1] == '\n' || s.out[i-1] == '\r' {
			return &Error{
				Pos:  s.positions.at(i),
				Msg:  "empty line inside an annotation",
				Hint: "take the empty line out, or give the type a name with `type Name = ...`",
			}
		}
		s.out[i-1] = '\\'
		i += size - 1
	}
	return nil
}

// empty replaces a statement with one that does nothing.
func (s *stripper) empty(x build.Expr) error {
	begin, end := x.Span()
	if next := bytes.TrimLeft(s.skel[end.Byte:], "\t"); len(next) > 0 && next[0] != '\n' {
		// Another statement follows on the line where this one ends.
		if err := s.continued(begin.Byte, end.Byte); err != nil {
			return err
		}
	} else {
		s.blank(begin.Byte, end.Byte)
	}
	word := "pass"
	if !bytes.HasPrefix(s.out[begin.Byte:end.Byte], []byte("    ")) {
		word = "0"
	}
	copy(s.out[begin.Byte:], word)
	return nil
}
