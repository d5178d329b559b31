package value

import (
	"math"
	"strconv"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// maxRepr is where the text of a value that JSON cannot hold is cut.
const maxRepr = 1 << 20

// AppendJSON appends v as JSON, exactly: what JSON cannot hold as it is (bytes,
// tuples, sets, structs, NaN and infinities, strings that are not UTF-8, dicts
// with other keys than strings, functions, a list that contains itself) stands,
// at its own level, as {"repr": text} with its text in Starlark's syntax.
// Ints of any size are JSON numbers without a fraction; floats always have a '.' or an
// exponent, so the two stay apart. Entries of dicts keep their order. A dict
// whose only key is "repr" stands as a repr itself, so that the two stay apart too.
//
// The result is bounded: a text is cut after 1 MiB, an int of more than 2^20
// bits is a repr that says its size, and a value whose JSON would be longer than
// MaxSize is one repr as a whole.
func AppendJSON(dst []byte, v starlark.Value) []byte {
	w := jsonWriter{buf: dst, limit: len(dst) + MaxSize}
	w.value(v)
	if len(w.buf) > w.limit {
		return appendRepr(dst, v, 1<<10)
	}
	return w.buf
}

// A jsonWriter writes one value as JSON.
type jsonWriter struct {
	buf   []byte
	limit int
	walk
}

func (w *jsonWriter) value(v starlark.Value) {
	switch v := v.(type) {
	case starlark.NoneType:
		w.buf = append(w.buf, "null"...)
		return
	case starlark.Bool:
		w.buf = strconv.AppendBool(w.buf, bool(v))
		return
	case starlark.Int:
		if x, ok := v.Int64(); ok {
			w.buf = strconv.AppendInt(w.buf, x, 10)
			return
		}
		if b := v.BigInt(); b.BitLen() <= maxDigitBits {
			w.buf = b.Append(w.buf, 10)
			return
		}
	case starlark.Float:
		if f := float64(v); !math.IsNaN(f) && !math.IsInf(f, 0) {
			w.buf = append(w.buf, v.String()...)
			return
		}
	case starlark.String:
		if utf8.ValidString(string(v)) {
			w.buf = appendJSONString(w.buf, string(v))
			return
		}
	case *starlark.List:
		if w.enterJSON(v) {
			w.list(v)
			w.leaveMutable()
			return
		}
	case *starlark.Dict:
		if isObject(v) && w.enterJSON(v) {
			w.dict(v)
			w.leaveMutable()
			return
		}
	}
	w.buf = appendRepr(w.buf, v, maxRepr)
}

// enterJSON opens a list or dict, and reports whether it can be written: it is not
// open already, nor too deep. Near the top every open container is compared, so
// that a cycle shows where it closes and not some rounds later.
func (w *jsonWriter) enterJSON(v starlark.Value) bool {
	if len(w.open) <= 100 {
		for _, o := range w.open {
			if o.v == v {
				return false
			}
		}
	}
	return w.enterMutable(v) == nil
}

func (w *jsonWriter) list(l *starlark.List) {
	w.buf = append(w.buf, '[')
	for i := 0; i < l.Len() && len(w.buf) <= w.limit; i++ {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.value(l.Index(i))
	}
	w.buf = append(w.buf, ']')
}

func (w *jsonWriter) dict(d *starlark.Dict) {
	w.buf = append(w.buf, '{')
	first := true
	for k, v := range d.Entries() {
		if len(w.buf) > w.limit {
			break
		}
		if !first {
			w.buf = append(w.buf, ',')
		}
		first = false
		w.buf = appendJSONString(w.buf, string(k.(starlark.String)))
		w.buf = append(w.buf, ':')
		w.value(v)
	}
	w.buf = append(w.buf, '}')
}

// isObject reports whether a dict can be a JSON object that is not taken for
// a repr.
func isObject(d *starlark.Dict) bool {
	if d.Len() == 1 {
		for k := range d.Entries() {
			if k == starlark.String("repr") {
				return false
			}
		}
	}
	for k := range d.Entries() {
		if s, ok := k.(starlark.String); !ok || !utf8.ValidString(string(s)) {
			return false
		}
	}
	return true
}

// appendRepr appends {"repr": text} with at most max bytes of text.
func appendRepr(dst []byte, v starlark.Value, max int) []byte {
	dst = append(dst, `{"repr":`...)
	dst = appendJSONString(dst, repr(v, max))
	return append(dst, '}')
}

// appendJSONString appends a JSON string. A byte that is not part of valid UTF-8
// becomes \xNN, which is not JSON: who needs JSON checks before.
func appendJSONString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
				start = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
