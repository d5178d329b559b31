package annotation

import "bytes"

// skeleton reduces a file to what can hold annotations: the headers of functions, annotated variables and
// type aliases, each at the bytes where it stands in src, with a 1 for every default, value, body and
// other statement, and tabs (which buildtools skips without counting) for all the rest. The result is flat:
// what stands in a block is at the top level.
//
// The whole file is not given to buildtools because it cannot read all of Starlark: it has no `while`, no
// bytes literals and no indentation by tabs, and rejects `a, b if c else d`.
//
// found is false when the file has no annotations at all. nested is where the first type alias stands that
// is not at the top level of the file, -1 when all do. long is where the first statement goes over maxKept,
// -1 when none does; the skeleton ends there.
func skeleton(src []byte) (skel []byte, found bool, nested, long int) {
	b := builder{lexer: lexer{src: src}, nested: -1, long: -1}
	b.out = append(bytes.Repeat([]byte{'\t'}, len(src)), 0)[:len(src)] // buildtools appends a newline
	b.advance()
	for b.tok.kind != endToken {
		b.statement()
	}
	return b.out, b.found, b.nested, b.long
}

// maxKept bounds the tokens that one statement gives to buildtools, which recurses over what it has parsed
// and takes time that grows with its square.
const maxKept = 20_000

type builder struct {
	lexer  lexer
	out    []byte
	tok    token // the one to look at; those before it are dealt with
	ahead  token
	looked bool // ahead is the token after tok
	found  bool

	header  bool // a function's header was last, its body has not begun
	content bool // the line has something in it
	block   bool // the line has the head of a block in it
	line    int  // where the line begins
	indent  bool // the line is indented

	nested int
	kept   int // tokens of the line
	long   int
}

func (b *builder) advance() {
	if b.looked {
		b.tok, b.looked = b.ahead, false
		return
	}
	b.tok = b.lexer.next()
}

func (b *builder) peek() token {
	if !b.looked {
		b.ahead, b.looked = b.lexer.next(), true
	}
	return b.ahead
}

func (b *builder) text(t token) string { return string(b.lexer.src[t.begin:t.end]) }

// is reports whether the token is this word or punctuation, outside all brackets but the given number.
func (b *builder) is(depth int, text string) bool {
	return b.tok.depth == depth && b.tok.kind != literalToken && b.text(b.tok) == text
}

// keep copies the token and goes on to the next.
func (b *builder) keep() {
	if b.kept++; b.kept > maxKept {
		b.long, b.found = b.tok.begin, true
		b.tok, b.looked = token{kind: endToken}, false
		return
	}
	copy(b.out[b.tok.begin:], b.lexer.src[b.tok.begin:b.tok.end])
	b.content = true
	b.advance()
}

// stub puts a 1 where the token begins.
func (b *builder) stub() {
	if b.tok.kind != newlineToken && b.tok.kind != endToken {
		b.out[b.tok.begin] = '1'
		b.content = true
	}
}

// over reports whether a simple statement ends before the token.
func (b *builder) over() bool {
	return b.tok.kind == endToken || b.tok.kind == newlineToken || b.is(0, ";")
}

// skip goes on to the end of a simple statement.
func (b *builder) skip() {
	for !b.over() {
		b.advance()
	}
}

// statement deals with one simple statement, the head of a block, or what stands between statements.
func (b *builder) statement() {
	header := b.header
	b.header = false
	if !b.content && !b.block {
		b.indent = b.tok.begin > b.line
	}
	switch {
	case b.tok.kind == newlineToken:
		b.newline(header)
		return
	case b.is(0, ";"):
		if b.content {
			b.out[b.tok.begin] = ';'
		}
		b.advance()
		return
	case b.tok.kind != wordToken:
		b.stub()
		b.skip()
		return
	}
	switch b.text(b.tok) {
	case "def":
		b.block = true
		b.def()
	case "if", "elif", "else", "for", "while":
		b.block = true
		b.colon()
	case "lambda":
		b.stub()
		b.skip()
	case "type":
		if next := b.peek(); next.kind == wordToken && !operator(b.text(next)) {
			b.alias()
			return
		}
		b.simple()
	default:
		b.simple()
	}
}

// operator reports whether a word can stand between or after operands.
func operator(word string) bool {
	switch word {
	case "and", "or", "not", "in", "if", "else", "is", "for":
		return true
	}
	return false
}

// newline ends a line. A header without a body on its line gets one: a 1 instead of the newline, which
// moves on by a byte, where the indentation of the body is.
func (b *builder) newline(header bool) {
	at := b.tok.end - 1
	if header {
		b.out[b.tok.begin] = '1'
		at = b.tok.begin + 1
	}
	if b.content && at < len(b.out) {
		b.out[at] = '\n'
	}
	b.content, b.block, b.kept = false, false, 0
	b.line = b.tok.end
	b.advance()
}

// colon skips the head of a block.
func (b *builder) colon() {
	for lambdas := 0; b.tok.kind != endToken && b.tok.kind != newlineToken; b.advance() {
		switch {
		case b.is(0, "lambda"):
			lambdas++
		case b.is(0, ":") && lambdas > 0:
			lambdas--
		case b.is(0, ":"):
			b.advance()
			return
		}
	}
}

// simple deals with a statement that begins with a word, an annotated variable perhaps.
func (b *builder) simple() {
	if next := b.peek(); next.kind != punctuationToken || b.text(next) != ":" {
		b.stub()
		b.skip()
		return
	}
	b.found = true
	for !b.over() && !b.is(0, "=") {
		b.keep()
	}
	if b.is(0, "=") {
		b.keep()
		b.stub()
		b.skip()
	}
}

func (b *builder) alias() {
	b.found = true
	if b.nested < 0 && (b.indent || b.block) {
		b.nested = b.tok.begin
	}
	for !b.over() {
		b.keep()
	}
}

// def keeps the header of a function without its defaults.
func (b *builder) def() {
	b.keep() // def
	for !b.over() && !b.is(0, "(") {
		b.found = b.found || b.is(0, "[")
		b.keep()
	}
	for !b.over() && !b.is(0, ")") {
		b.found = b.found || b.is(1, ":")
		assign := b.is(1, "=")
		b.keep()
		if assign {
			b.stub()
			b.value()
		}
	}
	for !b.over() && !b.is(0, ":") {
		b.found = b.found || b.is(0, "->")
		b.keep()
	}
	if b.is(0, ":") {
		b.keep()
		b.header = true
	}
	if b.header && !b.over() {
		b.header = false // its body follows on the line
	}
}

// value skips the default of a parameter.
func (b *builder) value() {
	for lambdas := 0; !b.over() && !b.is(0, ")"); b.advance() {
		switch {
		case b.is(1, "lambda"):
			lambdas++
		case b.is(1, ":"):
			lambdas--
		case b.is(1, ",") && lambdas <= 0:
			return
		}
	}
}
