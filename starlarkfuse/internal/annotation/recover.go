package annotation

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/bazelbuild/buildtools/build"
	"go.starlark.net/syntax"
)

// syntaxError turns the failure of buildtools to parse the file into the best error there is.
//
// go.starlark.net's messages are the better ones, but it stops at the first annotation. So the lines before
// the failure are stripped, and both parsers' errors are compared: the one that came further has
// understood more.
func (s *stripper) syntaxError(cause error) error {
	var parseErr build.ParseError
	if !errors.As(cause, &parseErr) {
		return &Error{Pos: s.positions.at(0), Msg: cause.Error(), Err: ErrSyntax}
	}
	offset := min(max(parseErr.Pos.Byte, 0), len(s.skel))
	begin := tokenStart(s.skel, offset)

	if file := s.before(begin); file != nil {
		if err := s.file(file); err != nil {
			return err
		}
	}
	own := &Error{Pos: s.positions.at(begin), Msg: describe(parseErr.Message, s.src[begin:offset]), Err: ErrSyntax}
	err := parse(s.positions.filename, s.plain())
	var better syntax.Error
	if errors.As(err, &better) && !before(better.Pos, own.Pos) {
		own.Pos, own.Msg = better.Pos, better.Msg
	}
	return own
}

// before parses the lines before the one of the offset; nil when that fails, too.
func (s *stripper) before(offset int) *build.File {
	line := bytes.LastIndexByte(s.skel[:offset], '\n') + 1
	file, err := build.ParseDefault(s.positions.filename, bytes.Clone(s.skel[:line]))
	if err != nil {
		return nil
	}
	return file
}

// tokenStart returns where the token that ends at the offset begins. buildtools reports ends.
func tokenStart(skel []byte, end int) int {
	begin := end
	for begin > 0 && (isLetter(skel[begin-1]) || isDigit(skel[begin-1]) || skel[begin-1] == '"' || skel[begin-1] == '\'') {
		begin--
	}
	if begin == end && begin > 0 {
		begin--
	}
	return begin
}

// describe words buildtools' complaint about a token of the file.
func describe(msg string, token []byte) string {
	switch {
	case !strings.HasPrefix(msg, "syntax error"):
		return msg
	case len(bytes.TrimSpace(token)) == 0:
		return "syntax error at the end of the line"
	case bytes.ContainsAny(token, `"'`): // not shown: it may be a password
		return "syntax error near a string"
	}
	return fmt.Sprintf("syntax error near %s", token)
}

func before(a, b syntax.Position) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Col < b.Col
}

// parse reports what go.starlark.net says about a file.
func parse(filename string, src []byte) error {
	_, err := (&syntax.FileOptions{}).Parse(filename, src, 0)
	return err
}
