package value

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"
)

// A printer writes a value as text for people, in the syntax of Starlark or
// close to that of JSON. It stops soon after it has written max bytes, so its
// cost is bounded by max, never by the size of the value.
type printer struct {
	buf  []byte
	max  int
	json bool // null, true and JSON's strings instead of None, True and Starlark's
	open []starlark.Value
}

// maxPrintDepth is where a printer stops to go down.
const maxPrintDepth = 200

// maxDigitBits is the size of the largest int that is written in decimal: the
// conversion takes more than linear time.
const maxDigitBits = 1 << 20

// repr is the text of v in Starlark's own syntax, as repr(v) has it, but cut
// after about max bytes, below maxPrintDepth levels, and for ints of more than
// maxDigitBits.
func repr(v starlark.Value, max int) string {
	p := printer{max: max}
	p.value(v)
	return p.cut()
}

// shortRepr is a repr for messages.
func shortRepr(v starlark.Value) string { return repr(v, 60) }

// cut returns b as text of at most max bytes, with an ellipsis at its end when
// something was cut off.
func cut(b []byte, max int) string {
	if len(b) <= max {
		return string(b)
	}
	const ellipsis = "…"
	end := ellipsis
	if max < len(ellipsis) {
		end = ""
	}
	n := max - len(end)
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return string(b[:n]) + end
}

// cut is the text as valid UTF-8 of at most max bytes; names of struct fields may be
// any bytes.
func (p *printer) cut() string {
	return cut(bytes.ToValidUTF8(p.buf, []byte("\uFFFD")), p.max)
}

func (p *printer) full() bool { return len(p.buf) > p.max }

func (p *printer) write(s string) { p.buf = append(p.buf, s...) }

func (p *printer) value(v starlark.Value) {
	switch v := v.(type) {
	case nil:
		p.write("nil")
	case starlark.NoneType:
		p.word("None", "null")
	case starlark.Bool:
		if v {
			p.word("True", "true")
		} else {
			p.word("False", "false")
		}
	case starlark.Int:
		p.int(v)
	case starlark.Float:
		p.write(v.String())
	case starlark.String:
		p.string(string(v))
	case starlark.Bytes:
		s := string(v)
		p.write(syntax.Quote(s[:min(len(s), p.room())], true))
	case *starlark.List:
		p.enclosed("[", "]", v, func() { p.elements(v.Len(), v.Index) })
	case starlark.Tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		p.enclosed("(", end, nil, func() { p.elements(len(v), v.Index) })
	case *starlark.Dict:
		p.enclosed("{", "}", v, func() { p.entries(v) })
	case *starlark.Set:
		p.enclosed("set([", "])", nil, func() { p.members(v) })
	case *starlarkstruct.Struct:
		p.structure(v)
	default:
		p.write("<" + describe(v) + ">")
	}
}

// room is how many more bytes may be needed, at least 1.
func (p *printer) room() int { return max(1, p.max+1-len(p.buf)) }

func (p *printer) word(starlark, json string) {
	if p.json {
		p.write(json)
	} else {
		p.write(starlark)
	}
}

func (p *printer) int(i starlark.Int) {
	if x, ok := i.Int64(); ok {
		p.buf = strconv.AppendInt(p.buf, x, 10)
		return
	}
	// More than 1024 bits make an infinite float, at no cost.
	if p.room() < 300 && math.IsInf(float64(i.Float()), 0) {
		p.write("<int of more than 300 digits>")
		return
	}
	p.buf = appendDigits(p.buf, i)
}

// appendDigits appends an int in decimal, or says how large it is when that
// would take too long.
func appendDigits(dst []byte, i starlark.Int) []byte {
	b := i.BigInt()
	if n := b.BitLen(); n > maxDigitBits {
		return fmt.Appendf(dst, "<int of %d bits>", n)
	}
	return b.Append(dst, 10)
}

func (p *printer) string(s string) {
	if n := p.room(); n < len(s) {
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n++
		}
		s = s[:n]
	}
	if p.json {
		p.buf = appendJSONString(p.buf, s)
	} else {
		p.write(quote(s))
	}
}

// enclosed writes a container between brackets; self is the container when it may
// be part of a cycle.
func (p *printer) enclosed(left, right string, self starlark.Value, elements func()) {
	p.write(left)
	if p.isOpen(self) || len(p.open) >= maxPrintDepth {
		p.write("...")
	} else {
		p.open = append(p.open, self)
		elements()
		p.open = p.open[:len(p.open)-1]
	}
	p.write(right)
}

func (p *printer) isOpen(v starlark.Value) bool {
	if v == nil {
		return false
	}
	for _, o := range p.open {
		if o == v {
			return true
		}
	}
	return false
}

func (p *printer) elements(n int, at func(int) starlark.Value) {
	for i := 0; i < n && !p.full(); i++ {
		if i > 0 {
			p.write(", ")
		}
		p.value(at(i))
	}
}

func (p *printer) entries(d *starlark.Dict) {
	i := 0
	for k, v := range d.Entries() {
		if p.full() {
			return
		}
		if i > 0 {
			p.write(", ")
		}
		p.value(k)
		p.write(": ")
		p.value(v)
		i++
	}
}

func (p *printer) members(s *starlark.Set) {
	i := 0
	for v := range s.Elements() {
		if p.full() {
			return
		}
		if i > 0 {
			p.write(", ")
		}
		p.value(v)
		i++
	}
}

func (p *printer) structure(s *starlarkstruct.Struct) {
	if c, ok := s.Constructor().(starlark.String); ok {
		p.write(string(c[:min(len(c), p.room())]))
	} else {
		p.value(s.Constructor())
	}
	p.enclosed("(", ")", nil, func() {
		for i := 0; i < s.Len() && !p.full(); i++ {
			if i > 0 {
				p.write(", ")
			}
			name, v := s.AttrAt(i)
			p.write(name[:min(len(name), p.room())])
			p.write(" = ")
			p.value(v)
		}
	})
}
