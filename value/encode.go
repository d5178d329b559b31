package value

import (
	"encoding/binary"
	"math"
	"math/big"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// The major types of CBOR, in the place where they stand in the first byte.
const (
	majorUint  = 0 << 5
	majorNeg   = 1 << 5
	majorBytes = 2 << 5
	majorText  = 3 << 5
	majorArray = 4 << 5
	majorMap   = 5 << 5
	majorTag   = 6 << 5
	majorOther = 7 << 5
)

// The tags in use.
const (
	tagPosBignum = 2
	tagNegBignum = 3
	tagObject    = 27    // [type name, arguments...]
	tagSet       = 258   // mathematical finite set
	tagSelf      = 55799 // self-described CBOR
)

// The type names under tagObject.
const (
	nameString = "string" // one that is not UTF-8
	nameTuple  = "tuple"
	nameStruct = "struct"
)

// magic is tagSelf as it stands in front of every value.
const magic = "\xd9\xd9\xf7"

// tagObjectHead is the head of tagObject.
const tagObjectHead = "\xd8\x1b"

// Encode returns the bytes of v: see FORMAT.md. It does not change v. The error
// is an *Error: a part of v is not data, v contains itself, or it is deeper
// than MaxDepth or larger than MaxSize.
func Encode(v starlark.Value) ([]byte, error) {
	return Append(make([]byte, 0, sizeHint(v)), v)
}

// Append appends the bytes of v, as Encode has them, to dst. On error it
// returns dst as it was.
func Append(dst []byte, v starlark.Value) ([]byte, error) {
	b, f := appendValue(dst, v, MaxSize)
	if f != nil {
		return dst, f.err()
	}
	return b, nil
}

func appendValue(dst []byte, v starlark.Value, limit int) ([]byte, *fault) {
	e := encoder{buf: append(dst, magic...), limit: len(dst) + limit}
	f := e.value(v)
	if f == nil && len(e.buf) > e.limit {
		f = e.tooLarge()
	}
	return e.buf, f
}

// An encoder writes one value.
type encoder struct {
	buf   []byte
	limit int // of len(buf)
	walk

	entry func(k, v starlark.Value) bool // writeEntry, once it is needed
	index int                            // of the entry in its dict
	fault *fault                         // of an entry
}

//go:noinline
func (e *encoder) tooLarge() *fault {
	return faultf("larger than %d bytes when it is written out", MaxSize)
}

// room makes sure that n bytes more are within the limit. Scalars may overstep it
// by their few bytes; the next container or string notices.
func (e *encoder) room(n int) *fault {
	if n <= e.limit-len(e.buf) {
		return nil
	}
	return e.tooLarge()
}

// value writes one value.
func (e *encoder) value(v starlark.Value) *fault {
	switch v := v.(type) {
	case starlark.Int:
		return e.int(v)
	case starlark.Float:
		e.buf = appendFloat(e.buf, float64(v))
		return nil
	case starlark.String:
		return e.string(string(v))
	case starlark.Bool:
		if v {
			e.buf = append(e.buf, 0xf5)
		} else {
			e.buf = append(e.buf, 0xf4)
		}
		return nil
	case starlark.NoneType:
		e.buf = append(e.buf, 0xf6)
		return nil
	case starlark.Bytes:
		return e.blob(majorBytes, string(v))
	case *starlark.List:
		return e.list(v)
	case starlark.Tuple:
		return e.tuple(v)
	case *starlark.Dict:
		return e.dict(v)
	case *starlark.Set:
		return e.set(v)
	case *starlarkstruct.Struct:
		return e.structure(v)
	}
	return notData(v)
}

func (e *encoder) int(i starlark.Int) *fault {
	if x, ok := i.Int64(); ok {
		e.buf = appendInt(e.buf, x)
		return nil
	}
	if x, ok := i.Uint64(); ok {
		e.buf = appendHead(e.buf, majorUint, x)
		return nil
	}
	major, tag := byte(majorUint), uint64(tagPosBignum)
	b := i.BigInt()
	if b.Sign() < 0 {
		major, tag = majorNeg, tagNegBignum
		b.Not(b) // CBOR writes a negative n as -1-n
	}
	if b.IsUint64() {
		e.buf = appendHead(e.buf, major, b.Uint64())
		return nil
	}
	return e.bignum(tag, b)
}

func (e *encoder) bignum(tag uint64, b *big.Int) *fault {
	n := (b.BitLen() + 7) / 8
	if f := e.room(n); f != nil {
		return f
	}
	e.buf = appendHead(e.buf, majorTag, tag)
	e.buf = appendHead(e.buf, majorBytes, uint64(n))
	e.buf = append(e.buf, b.Bytes()...)
	return nil
}

func (e *encoder) string(s string) *fault {
	if utf8.ValidString(s) {
		return e.blob(majorText, s)
	}
	e.object(1, nameString)
	return e.blob(majorBytes, s)
}

// blob writes a text or byte string.
func (e *encoder) blob(major byte, s string) *fault {
	if f := e.room(len(s)); f != nil {
		return f
	}
	if len(s) < 24 {
		e.buf = append(append(e.buf, major|byte(len(s))), s...)
		return nil
	}
	e.buf = append(appendHead(e.buf, major, uint64(len(s))), s...)
	return nil
}

// object writes the head of a tagged object with n arguments.
func (e *encoder) object(n int, name string) {
	e.buf = append(e.buf, tagObjectHead...)
	e.buf = appendHead(e.buf, majorArray, uint64(n)+1)
	e.buf = append(e.buf, majorText|byte(len(name)))
	e.buf = append(e.buf, name...)
}

// appendInt appends an integer.
func appendInt(dst []byte, x int64) []byte {
	if x < 0 {
		return appendHead(dst, majorNeg, uint64(^x))
	}
	return appendHead(dst, majorUint, uint64(x))
}

// appendHead appends the head of a data item: the major type with its argument, in
// the shortest form.
func appendHead(dst []byte, major byte, n uint64) []byte {
	switch {
	case n < 24:
		return append(dst, major|byte(n))
	case n <= math.MaxUint8:
		return append(dst, major|24, byte(n))
	case n <= math.MaxUint16:
		return append(dst, major|25, byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return append(dst, major|26, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, major|27), n)
}

// sizeHint guesses the size of an encoded value from a few of its elements, so that
// the buffer of a long list need not be grown, and copied, many times.
func sizeHint(v starlark.Value) int {
	const few, most = 16, 1 << 26
	n, sum := 0, 0
	switch v := v.(type) {
	case starlark.String:
		return min(v.Len(), most) + 16
	case starlark.Bytes:
		return min(v.Len(), most) + 16
	case *starlark.List:
		n = v.Len()
		for i := range min(n, few) {
			sum += sizeOf(v.Index(i * ((n-1)/few + 1) % n))
		}
	default:
		return 64
	}
	return min(64+sum*n/max(1, min(n, few))*9/8, most)
}

// sizeOf guesses the size of one element.
func sizeOf(v starlark.Value) int {
	switch v := v.(type) {
	case starlark.Int:
		return 5
	case starlark.Float:
		return 9
	case starlark.String:
		return min(v.Len(), 1<<12) + 3
	case *starlark.List:
		return min(v.Len(), 1<<10)*4 + 3
	}
	return 16
}
