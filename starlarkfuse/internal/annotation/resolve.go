package annotation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bazelbuild/buildtools/build"
)

// Limits that no written type comes near; they keep aliases of aliases from growing without bound.
const (
	maxDepth = 100
	maxSize  = 1000
)

// scope resolves type expressions in one file, in the order in which they are written.
type scope struct {
	positions *positions
	aliases   map[string]Type
	later     map[string]build.Position // where each alias of the file is defined
}

func newScope(p *positions, f *build.File) scope {
	s := scope{positions: p, aliases: map[string]Type{}, later: map[string]build.Position{}}
	for _, stmt := range f.Stmt {
		if alias, ok := stmt.(*build.TypeAliasStmt); ok {
			name := alias.GetIdent()
			if _, dup := s.later[name.Name]; !dup {
				s.later[name.Name] = name.NamePos
			}
		}
	}
	return s
}

// builtin returns the type or type constructor of a name.
func builtin(name string) (kind, bool) {
	switch name {
	case "Any", "any", "object":
		return anyKind, true
	case "None":
		return noneKind, true
	case "bool":
		return boolKind, true
	case "int":
		return intKind, true
	case "float":
		return floatKind, true
	case "str", "string":
		return strKind, true
	case "bytes":
		return bytesKind, true
	case "list", "List":
		return listKind, true
	case "tuple", "Tuple":
		return tupleKind, true
	case "dict", "Dict":
		return dictKind, true
	case "set", "Set":
		return setKind, true
	case "struct":
		return structKind, true
	case "callable", "Callable", "function":
		return callableKind, true
	case "Optional", "Union":
		return unionKind, true
	}
	return 0, false
}

// known lists the names to offer to somebody who has used an unknown one.
func known() []string {
	return []string{
		"Any", "None", "bool", "int", "float", "str", "bytes", "list", "tuple", "dict", "set", "struct", "callable", "Optional", "Union",
	}
}

// define adds the alias of a statement.
func (s *scope) define(x *build.TypeAliasStmt) error {
	name := x.GetIdent()
	if x.TypeParams != nil {
		begin, _ := x.TypeParams.Span()
		return s.errorf(begin, "use Any, or write the types out", "type parameters are not supported")
	}
	if _, ok := builtin(name.Name); ok {
		return s.errorf(name.NamePos, "choose another name", "%s is a type of the language and cannot be an alias", name.Name)
	}
	if first := s.later[name.Name]; first.Byte != name.NamePos.Byte && first.Line != 0 {
		return s.errorf(name.NamePos, "choose another name", "type %s is already defined at %s", name.Name, s.positions.at(first.Byte))
	}
	t, err := s.resolve(x.Type)
	if err != nil {
		return err
	}
	s.aliases[name.Name] = t
	return nil
}

// annotation resolves a type expression and remembers where it stands.
func (s *scope) annotation(x build.Expr) (*Annotation, error) {
	t, err := s.resolve(x)
	if err != nil {
		return nil, err
	}
	begin, _ := x.Span()
	return &Annotation{Type: t, Pos: s.positions.at(begin.Byte)}, nil
}

func (s *scope) resolve(x build.Expr) (Type, error) { return s.expr(x, 0) }

func (s *scope) expr(x build.Expr, depth int) (Type, error) {
	begin, _ := x.Span()
	if depth > maxDepth {
		return Type{}, s.errorf(begin, "", "type is nested too deeply")
	}
	var t Type
	var err error
	switch x := x.(type) {
	case *build.Ident:
		t, err = s.name(x)
	case *build.ParenExpr:
		t, err = s.expr(x.X, depth+1)
	case *build.BinaryExpr:
		t, err = s.alternatives(x, depth)
	case *build.TypeAppExpr:
		t, err = s.apply(x, depth)
	case *build.TupleExpr:
		return Type{}, s.errorf(begin, "write tuple[int, str], for instance", "parentheses do not make a tuple type")
	case *build.DotExpr:
		return Type{}, s.errorf(begin, "known types: "+strings.Join(known(), ", "), "unknown type with a dot; types have plain names")
	default:
		return Type{}, s.errorf(begin, "", "this does not name a type")
	}
	if err == nil && t.size > maxSize {
		return Type{}, s.errorf(begin, "use Any for some part of it", "type is too large")
	}
	return t, err
}

// name resolves a name without arguments.
func (s *scope) name(x *build.Ident) (Type, error) {
	if k, ok := builtin(x.Name); ok {
		switch k {
		case unionKind:
			return Type{}, s.errorf(x.NamePos, "write "+x.Name+"[...]", "%s needs type arguments", x.Name)
		case tupleKind:
			return Type{kind: tupleKind, elems: []Type{{}}, open: true}, nil
		}
		return Type{kind: k}, nil
	}
	if t, ok := s.aliases[x.Name]; ok {
		return t, nil
	}
	if pos, ok := s.later[x.Name]; ok {
		return Type{}, s.errorf(x.NamePos, "move the alias up", "type %s is used before it is defined at %s", x.Name, s.positions.at(pos.Byte))
	}
	return Type{}, s.errorf(x.NamePos, s.hint(x.Name), "unknown type %s", x.Name)
}

// alternatives resolves A | B | C, which the parser nests to the left.
func (s *scope) alternatives(x *build.BinaryExpr, depth int) (Type, error) {
	var parts []build.Expr
	for {
		parts = append(parts, x.Y)
		left, ok := x.X.(*build.BinaryExpr)
		if !ok {
			parts = append(parts, x.X)
			break
		}
		x = left
	}
	slices.Reverse(parts)
	return s.union(parts, depth)
}

func (s *scope) union(parts []build.Expr, depth int) (Type, error) {
	members, err := s.list(parts, depth)
	if err != nil {
		return Type{}, err
	}
	return union(members), nil
}

func (s *scope) list(parts []build.Expr, depth int) ([]Type, error) {
	types := make([]Type, len(parts))
	size := 0
	for i, p := range parts {
		t, err := s.expr(p, depth+1)
		if err != nil {
			return nil, err
		}
		if size += 1 + t.size; size > maxSize {
			begin, _ := p.Span()
			return nil, s.errorf(begin, "use Any for some part of it", "type is too large")
		}
		types[i] = t
	}
	return types, nil
}

// apply resolves a name with arguments in brackets.
func (s *scope) apply(x *build.TypeAppExpr, depth int) (Type, error) {
	id, ok := x.Type.(*build.Ident)
	if !ok {
		return s.expr(x.Type, depth) // a name with a dot: report it
	}
	k, ok := builtin(id.Name)
	if !ok {
		if _, err := s.name(id); err != nil {
			return Type{}, err
		}
		return Type{}, s.errorf(x.ArgsStart, "", "%s takes no type arguments", id.Name)
	}
	want := 1
	switch k {
	case tupleKind:
		return s.tuple(x, depth)
	case callableKind:
		return Type{kind: callableKind}, nil // parameters of a function cannot be checked before it is called
	case listKind, setKind:
	case dictKind:
		want = 2
	case unionKind:
		if id.Name == "Union" {
			return s.union(x.Args, depth)
		}
	default:
		return Type{}, s.errorf(x.ArgsStart, "", "%s takes no type arguments", id.Name)
	}
	if len(x.Args) != want {
		return Type{}, s.errorf(x.ArgsStart, "", "%s takes %d type argument%s, got %d", id.Name, want, plural(want), len(x.Args))
	}
	args, err := s.list(x.Args, depth)
	if err != nil {
		return Type{}, err
	}
	if k == unionKind { // Optional
		return union([]Type{args[0], {kind: noneKind}}), nil
	}
	return compose(k, args...), nil
}

// tuple resolves tuple[A, B], tuple[A, ...] and tuple[()].
func (s *scope) tuple(x *build.TypeAppExpr, depth int) (Type, error) {
	args := x.Args
	if len(args) == 1 {
		if empty, ok := args[0].(*build.TupleExpr); ok && len(empty.List) == 0 {
			return Type{kind: tupleKind}, nil
		}
	}
	open := false
	if len(args) == 2 {
		if _, open = args[1].(*build.EllipsisExpr); open {
			args = args[:1]
		}
	}
	elems, err := s.list(args, depth)
	if err != nil {
		return Type{}, err
	}
	t := compose(tupleKind, elems...)
	t.open = open
	return t, nil
}

func (s *scope) errorf(pos build.Position, hint, format string, args ...any) error {
	return &Error{Pos: s.positions.at(pos.Byte), Msg: fmt.Sprintf(format, args...), Hint: hint}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// hint offers the name that was probably meant, or all there are.
func (s *scope) hint(name string) string {
	names := known()
	for alias := range s.aliases {
		names = append(names, alias)
	}
	slices.Sort(names[len(known()):])
	best, distance := "", max(1, (len(name)+1)/3)+1
	for _, n := range append(names[:len(names):len(names)], "string", "object", "function") {
		if d := editDistance(strings.ToLower(name), strings.ToLower(n)); d < distance {
			best, distance = n, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return "known types: " + strings.Join(names, ", ")
}

// editDistance counts the letters to insert, delete or replace to get from a to b.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
