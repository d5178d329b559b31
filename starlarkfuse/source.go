package starlarkfuse

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/starlarkfuse/internal/annotation"
)

// A source is one parsed .star file.
type source struct {
	path    string // slash path under the root
	display string // path in positions, as the user would write it
	text    []byte // as it was read, annotations included
	plain   []byte // as it was parsed; of the same length
	sigs    *annotation.Signatures
	program *starlark.Program
	syntax  *syntax.File
	lines   func() []int // offset of each line's first byte
}

// dialect returns the options of the language: everything that makes a
// Starlark file read like the Python it replaces.
func dialect() *syntax.FileOptions {
	return &syntax.FileOptions{
		Set:             true,
		While:           true,
		TopLevelControl: true,
		GlobalReassign:  true,
		Recursion:       true,
	}
}

// parseSource parses and resolves a file.
func parseSource(path, display string, text []byte, isPredeclared func(string) bool) (*source, error) {
	s, err := parseSyntax(path, display, text)
	if err != nil {
		return nil, err
	}
	if s.program, err = starlark.FileProgram(s.syntax, isPredeclared); err != nil {
		return nil, syntaxError(err, text)
	}
	return s, nil
}

// parseSyntax parses a file. Files without annotations, most of them, are
// parsed once: only what go.starlark.net rejects is read for annotations and
// tried again without them.
func parseSyntax(path, display string, text []byte) (*source, error) {
	if !utf8.Valid(text) {
		return nil, &Error{Msg: display + ": not UTF-8 text", Hint: "a .star file is UTF-8; was this one saved in another encoding?"}
	}
	s := &source{path: path, display: display, text: text, plain: text}
	s.lines = sync.OnceValue(s.lineStarts)
	var err error
	if s.syntax, err = dialect().Parse(display, text, 0); err != nil {
		var stripErr error
		if s.plain, s.sigs, stripErr = annotation.Strip(display, text); stripErr != nil {
			return nil, annotationError(stripErr, text)
		}
		if s.syntax, err = dialect().Parse(display, s.plain, 0); err != nil {
			return nil, syntaxError(err, text)
		}
	}
	if err := checkDepth(s.syntax); err != nil {
		return nil, err
	}
	return s, nil
}

// syntaxError converts an error of the parser or the resolver; the latter
// reports everything it found.
func syntaxError(err error, text []byte) error {
	var se syntax.Error
	if errors.As(err, &se) {
		return &Error{Pos: se.Pos, Msg: syntaxMsg(se.Msg), Hint: syntaxHint(se.Msg, text, se.Pos), Err: err}
	}
	var list resolve.ErrorList
	if errors.As(err, &list) {
		all := make([]error, len(list))
		for i, e := range list {
			all[i] = &Error{Pos: e.Pos, Msg: e.Msg, Hint: resolveHint(e.Msg)}
		}
		if len(all) == 1 {
			return all[0]
		}
		return errors.Join(all...)
	}
	return err
}

// offset returns the byte offset of a position: its line, then its column,
// which counts the runes of what was parsed.
func (s *source) offset(pos syntax.Position) int {
	lines := s.lines()
	off := lines[min(int(pos.Line), len(lines))-1]
	for col := int32(1); col < pos.Col && off < len(s.plain); col++ {
		_, size := utf8.DecodeRune(s.plain[off:])
		off += size
	}
	return off
}

// lineStarts finds the lines, which LF, CRLF or CR ends.
func (s *source) lineStarts() []int {
	lines := []int{0}
	for i, c := range s.text {
		if c == '\n' || c == '\r' && !bytes.HasPrefix(s.text[i+1:], []byte("\n")) {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// between returns the text from one position to another. Its lines end in LF,
// whatever those of the file end in: to the program there is no difference.
func (s *source) between(start, end syntax.Position) string {
	text := string(s.text[s.offset(start):s.offset(end)])
	if strings.Contains(text, "\r") {
		text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	}
	return text
}

// signature returns the annotations of a function of this file; nil where it
// has none.
func (s *source) signature(fn *starlark.Function) *annotation.Signature {
	if s.sigs == nil {
		return nil
	}
	pos := fn.Position()
	return s.sigs.At(pos.Line, pos.Col)
}

// sources are all files of a load, by the name that their positions carry.
type sources struct {
	byDisplay map[string]*source
	functions functionTable
	digesters sync.Pool // of *digester, for the nodes
}

// of returns the file that a function was defined in; nil for one that did not
// come from a file of this load.
func (s *sources) of(fn *starlark.Function) *source {
	return s.byDisplay[fn.Position().Filename()]
}
