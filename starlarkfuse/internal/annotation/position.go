package annotation

import (
	"sort"
	"unicode/utf8"

	"go.starlark.net/syntax"
)

// positions turns byte offsets into go.starlark.net's positions: lines end in LF, CRLF or CR, columns
// count characters from 1.
type positions struct {
	filename string
	src      []byte
	lines    []int // offset of the start of each line
}

func newPositions(filename string, src []byte) *positions {
	p := &positions{filename: filename, src: src, lines: []int{0}}
	for i := 0; i < len(src); i++ {
		if size := newlineLength(src[i:]); size > 0 {
			i += size - 1
			p.lines = append(p.lines, i+1)
		}
	}
	return p
}

// at returns the position of the character at an offset; offsets beyond the text count as its end.
func (p *positions) at(offset int) syntax.Position {
	offset = min(max(offset, 0), len(p.src))
	line := sort.SearchInts(p.lines, offset+1) - 1
	col := 1 + utf8.RuneCount(p.src[p.lines[line]:offset])
	return syntax.MakePosition(&p.filename, int32(line+1), int32(col))
}
