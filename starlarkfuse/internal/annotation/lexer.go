package annotation

import "bytes"

// A token is a stretch of source that is neither blank nor comment.
type token struct {
	kind       tokenKind
	begin, end int
	depth      int // open brackets around it; a bracket itself counts as outside
}

type tokenKind uint8

const (
	endToken     tokenKind = iota // end of the file, or of what can be read of it
	newlineToken                  // end of a logical line
	wordToken
	literalToken // string or number
	punctuationToken
)

// lexer splits a file into tokens as go.starlark.net does, as far as finding annotations needs it.
type lexer struct {
	src   []byte
	i     int
	depth int
}

func (l *lexer) next() token {
	for l.i < len(l.src) {
		c := l.src[l.i]
		switch {
		case c == ' ' || c == '\t':
			l.i++
		case c == '#':
			l.i += lineLength(l.src[l.i:])
		case c == '\\' && newlineLength(l.src[l.i+1:]) > 0:
			l.i += 1 + newlineLength(l.src[l.i+1:])
		case newlineLength(l.src[l.i:]) > 0 && l.depth > 0:
			l.i++
		default:
			return l.token(c)
		}
	}
	return token{kind: endToken, begin: l.i, end: l.i}
}

func (l *lexer) token(c byte) token {
	t := token{kind: punctuationToken, begin: l.i, depth: l.depth}
	rest := l.src[l.i:]
	size := 1
	switch {
	case newlineLength(rest) > 0:
		t.kind, size = newlineToken, newlineLength(rest)
	case stringPrefix(rest) >= 0:
		t.kind, size = literalToken, stringLength(rest, stringPrefix(rest))
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		t.kind, size = literalToken, numberLength(rest)
	case isLetter(c):
		t.kind = wordToken
		for size < len(rest) && (isLetter(rest[size]) || isDigit(rest[size])) {
			size++
		}
	case bytes.HasPrefix(rest, []byte("->")) || len(rest) > 1 && rest[1] == '=' && bytes.IndexByte([]byte("=<>!+-*/%&|^"), c) >= 0:
		size = 2
	case c == '(' || c == '[' || c == '{':
		l.depth++
	case c == ')' || c == ']' || c == '}':
		l.depth = max(l.depth-1, 0)
		t.depth = l.depth
	}
	l.i += size
	t.end = l.i
	return t
}

// stringPrefix returns the length of the prefix (r, b or rb) of the string literal that b begins with,
// or -1 when it does not begin with one.
func stringPrefix(b []byte) int {
	for k := range min(len(b), 3) {
		if b[k] == '"' || b[k] == '\'' {
			switch string(b[:k]) {
			case "", "r", "b", "rb":
				return k
			}
			return -1
		}
	}
	return -1
}

// stringLength returns the length of the string literal that b begins with. One without an end takes all
// the rest; go.starlark.net will complain.
func stringLength(b []byte, prefix int) int {
	quote, k, need := b[prefix], prefix+1, 1
	if bytes.HasPrefix(b[prefix:], []byte{quote, quote, quote}) {
		need, k = 3, prefix+3
	}
	for seen := 0; k < len(b); {
		switch {
		case need == 1 && newlineLength(b[k:]) > 0:
			return len(b)
		case b[k] == quote:
			k++
			if seen++; seen == need {
				return k
			}
		case b[k] == '\\' && k+1 < len(b):
			seen = 0
			k += 1 + max(1, newlineLength(b[k+1:]))
		default:
			seen = 0
			k++
		}
	}
	return len(b)
}

// numberLength returns the length of the number that b begins with.
func numberLength(b []byte) int {
	based := len(b) > 1 && b[0] == '0' && (b[1]|0x20 == 'x' || b[1]|0x20 == 'o' || b[1]|0x20 == 'b')
	k := 0
	for k < len(b) {
		exponent := !based && k > 0 && b[k-1]|0x20 == 'e' && (b[k] == '+' || b[k] == '-')
		if !isDigit(b[k]) && !isLetter(b[k]) && !exponent && (based || b[k] != '.') {
			break
		}
		k++
	}
	return k
}

// newlineLength returns the length of the newline that b begins with (Unix, DOS or Mac), or 0.
func newlineLength(b []byte) int {
	switch {
	case len(b) == 0:
		return 0
	case b[0] == '\n':
		return 1
	case b[0] == '\r' && len(b) > 1 && b[1] == '\n':
		return 2
	case b[0] == '\r':
		return 1
	}
	return 0
}

// lineLength returns the length of the rest of the line, without its newline.
func lineLength(b []byte) int {
	if k := bytes.IndexAny(b, "\r\n"); k >= 0 {
		return k
	}
	return len(b)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isLetter takes every byte outside ASCII for a letter, as buildtools does; go.starlark.net is stricter
// and has the last word.
func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}
