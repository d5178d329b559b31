package starlarkfuse

import (
	"bytes"
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/syntax"
)

// A PasswordLiteral is the place of a password that is written in a file.
type PasswordLiteral struct {
	// Path is the file's, under the root, with forward slashes.
	Path string
	// Pos is where the literal begins.
	Pos syntax.Position
	// Start and End are the offsets of what is between its quotes, in bytes of
	// the file as it was read.
	Start, End int
}

const hintSecretEnv = `write "password": secret_env("REGISTRY_PASSWORD"), and set this variable where the image is pushed`

// PasswordLiterals returns where the passwords stand that the file's workflows
// were given, in order of path and offset: every string in a file of the load
// that is equal to one. These are what Mask is for, since the files are in the
// workflow's image. A password that no literal is equal to was put together, or
// comes from elsewhere, and cannot be masked: it is an *Error.
//
// A literal that is equal may still not be the one that the password came from.
// A load of the masked files shows that: its workflow has the same password.
func (f *File) PasswordLiterals() ([]PasswordLiteral, error) {
	places := make(map[string][]PasswordLiteral)
	for _, p := range f.passwords {
		if p.text == nil {
			return nil, &Error{
				Pos:  p.pos,
				Msg:  `registry_credentials: "server" holds a login, which cannot be masked in the workflow's image`,
				Hint: `write the address alone, and the login as "username" and "password"`,
			}
		}
		places[*p.text] = nil
	}
	if len(places) == 0 {
		return nil, nil
	}
	for _, src := range f.sources.byDisplay {
		for lit := range literals(src.syntax) {
			text := lit.Value.(string)
			if _, ok := places[text]; ok {
				places[text] = append(places[text], src.password(lit))
			}
		}
	}
	for _, p := range f.passwords {
		if places[*p.text] == nil {
			return nil, &Error{
				Pos:  p.pos,
				Msg:  "registry_credentials: the password cannot be masked in the workflow's image, because no file has it as one literal",
				Hint: hintSecretEnv,
			}
		}
	}
	return inOrder(slices.Concat(slices.Collect(maps.Values(places))...)), nil
}

// CredentialLiterals finds passwords in the text of a .star file that need not
// be loaded, such as the one of another workflow: in dicts that are written out
// like registry credentials, with "server" and "password" among their keys,
// the passwords that are literals and not empty. They come in order of offset,
// with this path. A text that does not parse has none.
func CredentialLiterals(path string, text []byte) []PasswordLiteral {
	src, err := parseSyntax(path, path, text)
	if err != nil {
		return nil
	}
	var all []PasswordLiteral
	syntax.Walk(src.syntax, func(n syntax.Node) bool {
		dict, ok := n.(*syntax.DictExpr)
		if !ok {
			return true
		}
		server := false
		var passwords []*syntax.Literal
		for _, e := range dict.List {
			entry := e.(*syntax.DictEntry)
			key := stringLiteral(entry.Key)
			if key == nil {
				continue
			}
			switch key.Value {
			case "server":
				server = true
			case "password":
				if lit := stringLiteral(entry.Value); lit != nil && lit.Value != "" {
					passwords = append(passwords, lit)
				}
			}
		}
		if server {
			for _, lit := range passwords {
				all = append(all, src.password(lit))
			}
		}
		return true
	})
	return inOrder(all)
}

// stringLiteral returns the literal of an expression that is nothing else, nil
// for all others.
func stringLiteral(x syntax.Expr) *syntax.Literal {
	for {
		paren, ok := x.(*syntax.ParenExpr)
		if !ok {
			break
		}
		x = paren.X
	}
	if lit, ok := x.(*syntax.Literal); ok && lit.Token == syntax.STRING {
		return lit
	}
	return nil
}

// literals yields the literals of strings and bytes in a file.
func literals(file *syntax.File) iter.Seq[*syntax.Literal] {
	return func(yield func(*syntax.Literal) bool) {
		more := true
		syntax.Walk(file, func(n syntax.Node) bool {
			if lit, ok := n.(*syntax.Literal); ok && (lit.Token == syntax.STRING || lit.Token == syntax.BYTES) {
				more = more && yield(lit)
			}
			return more
		})
	}
}

// password returns the place of a literal of strings or bytes in the file.
func (s *source) password(lit *syntax.Literal) PasswordLiteral {
	start := s.offset(lit.TokenPos)
	end := start
	for _, c := range []byte(lit.Raw) { // a newline is LF there, whatever the file has
		if c == '\n' && bytes.HasPrefix(s.text[end:], []byte("\r\n")) {
			end++
		}
		end++
	}
	prefix := strings.IndexAny(lit.Raw, `"'`)
	quotes := 1
	if strings.HasPrefix(lit.Raw[prefix:], strings.Repeat(lit.Raw[prefix:prefix+1], 3)) {
		quotes = 3
	}
	return PasswordLiteral{Path: s.path, Pos: lit.TokenPos, Start: start + prefix + quotes, End: end - quotes}
}

// inOrder sorts places by path and offset.
func inOrder(places []PasswordLiteral) []PasswordLiteral {
	slices.SortFunc(places, func(a, b PasswordLiteral) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Start, b.Start))
	})
	return places
}

// Mask returns the text of a file with an asterisk for each byte of the
// passwords at those places of it. Lines stay as they are, in a password of
// several lines too, and a literal stays one of the same length; so all else
// stays at its byte. Columns count characters: on a line with a password that
// has some outside ASCII those to the right of it grow. text is not changed.
func Mask(text []byte, places []PasswordLiteral) []byte {
	masked := bytes.Clone(text)
	for _, p := range places {
		for i := max(p.Start, 0); i < min(p.End, len(text)); i++ {
			switch {
			case text[i] == '\n' || text[i] == '\r':
			case text[i] == '\\' && bytes.ContainsAny(text[i+1:min(i+2, len(text))], "\r\n"):
				// Without it a literal in single quotes would end here.
			default:
				masked[i] = '*'
			}
		}
	}
	return masked
}
