package value

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"go.starlark.net/starlark"
)

// Decode returns the value whose bytes are b, all of them. It reads whatever
// Encode writes and also what other writers do differently with the same
// meaning: longer heads than needed, floats in any precision, bignums that are
// small, fields of structs in any order. It refuses indefinite lengths,
// duplicate keys, other tags and simple values, and trailing bytes. The error is an
// *Error, whose message names the byte. The value is not frozen, and shares no
// memory with b.
func Decode(b []byte) (starlark.Value, error) {
	d := decoder{b: b, budget: keyBudget + 8*uint64(len(b))}
	v := d.whole()
	if d.fault != nil {
		return nil, d.fault.err()
	}
	return v, nil
}

// A decoder reads one value. Its methods that return a Value return nil after
// a fault.
type decoder struct {
	b   []byte
	pos int
	// owed is how many data items the open containers still expect after the current
	// one. Each takes a byte at least, so a length that does not leave room for them is a
	// lie; this bounds what all open containers together allocate.
	owed   int
	depth  int
	budget uint64 // of comparisons between keys, see keyGuard
	fault  *fault

	chunk strings.Builder // holds the bytes of short strings
	maps  int             // dicts seen so far
	names *[64]starlark.Value
}

func (d *decoder) whole() starlark.Value {
	switch {
	case len(d.b) == 0:
		return d.fail("no data: the file is empty")
	case len(d.b) > MaxSize:
		return d.fail("%d bytes are more than a value may have (%d)", len(d.b), MaxSize)
	case !strings.HasPrefix(string(d.b[:min(len(d.b), len(magic))]), magic):
		return d.fail("not an encoded value: it starts with % x, not with % x", d.b[:min(len(d.b), len(magic))], magic)
	}
	d.pos = len(magic)
	v := d.value()
	if v != nil && d.pos < len(d.b) {
		return d.fail("%d bytes too many: the value ends at byte %d", len(d.b)-d.pos, d.pos)
	}
	return v
}

// fail records what is wrong and returns nil.
func (d *decoder) fail(format string, args ...any) starlark.Value {
	d.fault = faultf(format, args...)
	return nil
}

func (d *decoder) truncated(what string) starlark.Value {
	return d.fail("truncated at byte %d: %s", len(d.b), what)
}

// left is how many bytes are left.
func (d *decoder) left() int { return len(d.b) - d.pos }

// head reads the head of a data item: its major type, the low five bits of the
// first byte, and the argument. The error, if any, is recorded.
func (d *decoder) head() (major, info byte, n uint64, ok bool) {
	if d.pos >= len(d.b) {
		d.truncated("a value is missing")
		return
	}
	c := d.b[d.pos]
	major, info = c&0xe0, c&0x1f
	if info < 24 {
		d.pos++
		return major, info, uint64(info), true
	}
	rest := d.b[d.pos+1:]
	switch {
	case info > 27:
		if info == 31 {
			d.fail("byte %d: %02x starts an item of indefinite length, which is not allowed", d.pos, c)
		} else {
			d.fail("byte %d: %02x is not CBOR", d.pos, c)
		}
		return
	case len(rest) < 1<<(info-24):
		d.truncated(fmt.Sprintf("%02x at byte %d must be followed by %d more", c, d.pos, 1<<(info-24)))
		return
	case info == 24:
		n = uint64(rest[0])
	case info == 25:
		n = uint64(binary.BigEndian.Uint16(rest))
	case info == 26:
		n = uint64(binary.BigEndian.Uint32(rest))
	case info == 27:
		n = binary.BigEndian.Uint64(rest)
	}
	d.pos += 1 + 1<<(info-24)
	return major, info, n, true
}

// value reads one value.
func (d *decoder) value() starlark.Value {
	start := d.pos
	major, info, n, ok := d.head()
	if !ok {
		return nil
	}
	switch major {
	case majorUint:
		return starlark.MakeUint64(n)
	case majorNeg:
		if n <= math.MaxInt64 {
			return starlark.MakeInt64(^int64(n))
		}
		b := new(big.Int).SetUint64(n)
		return starlark.MakeBigInt(b.Not(b))
	case majorBytes:
		if b, ok := d.blob(n, "bytes"); ok {
			return starlark.Bytes(d.string(b))
		}
		return nil
	case majorText:
		return d.text(n)
	case majorArray:
		return d.list(n)
	case majorMap:
		return d.dict(n)
	case majorTag:
		return d.tagged(start, n)
	}
	switch info {
	case 20:
		return starlark.False
	case 21:
		return starlark.True
	case 22:
		return starlark.None
	case 25:
		return starlark.Float(floatOfHalf(uint16(n)))
	case 26:
		return starlark.Float(math.Float32frombits(uint32(n)))
	case 27:
		return starlark.Float(math.Float64frombits(n))
	}
	return d.fail("byte %d: the simple value %d is not a Starlark value", start, n)
}

// blob returns the n bytes that come next, for a string.
func (d *decoder) blob(n uint64, what string) ([]byte, bool) {
	if n > uint64(d.left()) {
		d.truncated(fmt.Sprintf("%s of length %d at byte %d, but only %d bytes are left", what, n, d.pos, d.left()))
		return nil, false
	}
	b := d.b[d.pos : d.pos+int(n)]
	d.pos += int(n)
	return b, true
}

// text reads the rest of a text string.
func (d *decoder) text(n uint64) starlark.Value {
	at := d.pos
	b, ok := d.blob(n, "a string")
	if !ok {
		return nil
	}
	if !utf8.Valid(b) {
		return d.fail("byte %d: a text string that is not valid UTF-8", at)
	}
	return starlark.String(d.string(b))
}

const (
	chunkSize  = 16 << 10
	maxInChunk = 256
)

// string copies b. Short strings share chunks: one allocation for many.
func (d *decoder) string(b []byte) string {
	if len(b) > maxInChunk {
		return string(b)
	}
	if d.chunk.Cap()-d.chunk.Len() < len(b) {
		d.chunk.Reset()
		// What is left of the input bounds what all further strings need.
		d.chunk.Grow(min(chunkSize, len(b)+d.left()))
	}
	start := d.chunk.Len()
	d.chunk.Write(b) // never beyond the capacity, so it never moves
	return d.chunk.String()[start:]
}

// tagged reads the rest of a tagged item, which starts at byte start.
func (d *decoder) tagged(start int, tag uint64) starlark.Value {
	switch tag {
	case tagPosBignum, tagNegBignum:
		return d.bignum(tag)
	case tagSet:
		return d.set()
	case tagObject:
		return d.object()
	}
	return d.fail("byte %d: the tag %d has no meaning here", start, tag)
}

func (d *decoder) bignum(tag uint64) starlark.Value {
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return nil
	}
	if major != majorBytes {
		return d.fail("byte %d: a bignum must be a byte string", at)
	}
	b, ok := d.blob(n, "a bignum")
	if !ok {
		return nil
	}
	x := new(big.Int).SetBytes(b)
	if tag == tagNegBignum {
		x.Not(x)
	}
	return starlark.MakeBigInt(x)
}
