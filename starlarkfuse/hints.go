package starlarkfuse

import (
	"bytes"
	"errors"
	"regexp"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/stdlib"
)

// namesPromise finds the types of promises in the interpreter's own words, and
// not where a user's name or text has the same ones.
var namesPromise = regexp.MustCompile(`\b(got|convert|operand|of|not) (node|param)\b|^(.+: )?(node|param) (value|[<>])|[<>]=? (node|param) not implemented`)

// runtimeHint says what to do about the errors that surprise newcomers.
func runtimeHint(ee *starlark.EvalError) string {
	var effect *stdlib.EffectError
	switch msg := ee.Msg; {
	case errors.As(ee, &effect):
		return "loading a file must give the same graph everywhere: call it in a function that becomes a node"
	case strings.HasPrefix(msg, "fail: "): // the author's own words
		if hasPromise(msg) {
			return hintPromise
		}
	case strings.Contains(msg, "frozen"):
		return "arguments of a node, and globals of a loaded file, cannot be changed: copy first, with list(x) or dict(x)"
	case msg == "invalid call of non-function (node)":
		return "a node is a call already: call the workflow function to make another one"
	case strings.Contains(msg, "it cannot be a key of a dict"):
		return hintKey
	case strings.Contains(msg, "has no value yet:") || namesPromise.MatchString(msg):
		return hintPromise
	case namesSecret.MatchString(msg):
		return hintSecret
	case strings.Contains(msg, "workflow function"):
		return "call the workflow function to make a node"
	}
	return ""
}

// resolveHint says what to use for names that Starlark does not have.
func resolveHint(msg string) string {
	if strings.HasSuffix(msg, "may not follow *args") {
		return "put *args last: f(name = value, *args)"
	}
	name, ok := strings.CutPrefix(msg, "undefined: ")
	if !ok {
		return ""
	}
	switch name {
	case "open", "os", "subprocess", "requests", "input":
		return "loading is pure; read_file(path) reads a text under the workflow's folder, other effects belong in nodes"
	case "sum":
		return "write a loop; Starlark has no sum()"
	case "round", "pow":
		return "use math." + name
	case "isinstance":
		return `use type(x) == "list"`
	case "LocalStorage", "FileStorage", "S3Storage":
		return "storage is a folder: LocalWorkflow(…).set_storage(\"path\")"
	}
	return ""
}

const escapeSequence = " escape sequence "

// syntaxMsg takes out of the scanner's words about an escape what they show of
// the string: it may be a password.
func syntaxMsg(msg string) string {
	if what, _, ok := strings.Cut(msg, escapeSequence+`\`); ok {
		return what + escapeSequence + "in a string"
	}
	return msg
}

var firstWord = regexp.MustCompile(`^\s*(@|[a-z]+)`)

// syntaxHint says what to write for the parts of Python that Starlark lacks,
// by the text around a syntax error.
func syntaxHint(msg string, text []byte, pos syntax.Position) string {
	switch {
	case strings.Contains(msg, `'\ufeff'`):
		return "the file begins with a byte order mark: save it as UTF-8 without BOM"
	case msg == "excessive nesting":
		return "brackets, operators or blocks are nested too deeply: give a part of it a name"
	case strings.Contains(msg, escapeSequence):
		return `write \\ for a backslash, or an r before the quotes: r"C:\dir"`
	}
	lines := bytes.Split(text, []byte("\n"))
	if pos.Line < 1 || int(pos.Line) > len(lines) {
		return ""
	}
	line := lines[pos.Line-1]
	before := line[:min(len(line), max(0, int(pos.Col)-1))]
	if m := firstWord.FindSubmatch(line); m != nil {
		switch string(m[1]) {
		case "@":
			return "Starlark has no decorators: write f = workflow(f) below the function"
		case "import", "from":
			return `Starlark has no import: write load("lib/file.star", "name"), or load("@fuse//csv.star", "csv") for a module of the standard library`
		case "class":
			return "Starlark has no classes: use struct(…) or a dict"
		case "try", "except", "raise":
			return "Starlark has no exceptions: check before, and fail(\"message\") to stop"
		case "with":
			return "Starlark has no with statement"
		case "del":
			return "Starlark has no del: use d.pop(key)"
		case "assert":
			return "Starlark has no assert: write if not …: fail(\"message\")"
		case "global", "nonlocal":
			return "Starlark functions cannot assign to outer variables: return the value"
		}
	}
	// The parser reports a token that it did not expect at its end.
	switch {
	case fString.Match(before):
		return `Starlark has no f-strings: write "{}".format(x) or "%s" % x`
	case bytes.HasSuffix(before, []byte("**")):
		return "Starlark has no ** operator: use math.pow(x, y)"
	case bytes.HasSuffix(before, []byte(" is")):
		return "Starlark has no is operator: use =="
	}
	return ""
}

var fString = regexp.MustCompile(`\bf["'][^"']*["']$`)
