package value

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// enter opens a container of n items more, each of which needs size data items, and
// reports whether these can be there at all.
func (d *decoder) enter(n uint64, size int, what string) bool {
	if n > uint64(d.left()/size) || int(n)*size > d.left()-d.owed {
		d.truncated(fmt.Sprintf("%s of length %d at byte %d, but only %d bytes are left", what, n, d.pos, d.left()))
		return false
	}
	if d.depth >= MaxDepth {
		d.fail("byte %d: nested more than %d levels deep", d.pos, MaxDepth)
		return false
	}
	d.depth++
	d.owed += int(n) * size
	return true
}

// next reads the next item of an open container.
func (d *decoder) next() starlark.Value {
	d.owed--
	return d.value()
}

// elements reads n items.
func (d *decoder) elements(n uint64, what string) ([]starlark.Value, bool) {
	if !d.enter(n, 1, what) {
		return nil, false
	}
	elems := make([]starlark.Value, n)
	for i := range elems {
		v := d.next()
		if v == nil {
			d.fault.inIndex(i)
			return nil, false
		}
		elems[i] = v
	}
	d.depth--
	return elems, true
}

func (d *decoder) list(n uint64) starlark.Value {
	elems, ok := d.elements(n, "a list")
	if !ok {
		return nil
	}
	return starlark.NewList(elems)
}

// dict reads the rest of a map.
func (d *decoder) dict(n uint64) starlark.Value {
	if !d.enter(n, 2, "a dict") {
		return nil
	}
	d.maps++
	dict := starlark.NewDict(d.prealloc(n))
	guard := newKeyGuard(int(n))
	for i := range int(n) {
		start := d.pos
		k := d.key()
		if k == nil {
			d.fault.inKeys(i)
			return nil
		}
		if !d.admit(&guard, k, start) {
			d.fault.inKeys(i)
			return nil
		}
		v := d.next()
		if v == nil {
			d.fault.inKey(k)
			return nil
		}
		if err := dict.SetKey(k, v); err != nil {
			d.fail("byte %d: a dict key that cannot be one: %v", start, err)
			d.fault.inKeys(i)
			return nil
		}
		if dict.Len() != i+1 {
			d.fail("byte %d: the dict key %s comes twice", start, shortRepr(k))
			return nil
		}
	}
	d.depth--
	return dict
}

// prealloc is how many entries to make room for: all that are promised, as long as
// they can be there with 8 bytes each. An entry takes up to 140 bytes of memory.
func (d *decoder) prealloc(n uint64) int {
	return min(int(n), 16+d.left()/8)
}

// key reads the next item of an open dict, a key. Names that come again and again, as in
// a list of records, are allocated once.
func (d *decoder) key() starlark.Value {
	if d.maps < 2 || d.left() == 0 || d.b[d.pos]&0xe0 != majorText {
		return d.next()
	}
	n := int(d.b[d.pos] & 0x1f)
	if n == 0 || n >= 24 || d.left() <= n {
		return d.next()
	}
	b := d.b[d.pos+1:][:n]
	if d.names == nil {
		d.names = new([64]starlark.Value)
	}
	slot := &d.names[(n+int(b[0])*5+int(b[n/2])*7+int(b[n-1])*11)%len(d.names)]
	if s, ok := (*slot).(starlark.String); ok && string(s) == string(b) {
		d.owed--
		d.pos += 1 + n
		return *slot
	}
	v := d.next()
	*slot = v
	return v
}

func (d *decoder) set() starlark.Value {
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return nil
	}
	if major != majorArray {
		return d.fail("byte %d: a set must be an array", at)
	}
	if !d.enter(n, 1, "a set") {
		return nil
	}
	set := starlark.NewSet(d.prealloc(n))
	guard := newKeyGuard(int(n))
	for i := range int(n) {
		start := d.pos
		v := d.next()
		if v == nil || !d.admit(&guard, v, start) {
			d.fault.inIndex(i)
			return nil
		}
		if err := set.Insert(v); err != nil {
			d.fail("byte %d: a set element that cannot be one: %v", start, err)
			d.fault.inIndex(i)
			return nil
		}
		if set.Len() != i+1 {
			return d.fail("byte %d: the set element %s comes twice", start, shortRepr(v))
		}
	}
	d.depth--
	return set
}

// object reads the array of a tagged object: a type name, then the arguments.
func (d *decoder) object() starlark.Value {
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return nil
	}
	if major != majorArray || n == 0 {
		return d.fail("byte %d: a tagged object must be an array of a type name and arguments", at)
	}
	name, ok := d.objectName()
	if !ok {
		return nil
	}
	switch {
	case name == nameTuple:
		elems, ok := d.elements(n-1, "a tuple")
		if !ok {
			return nil
		}
		return starlark.Tuple(elems)
	case name == nameString && n == 2:
		return d.byteString()
	case name == nameStruct && n == 2:
		return d.structure()
	case name == nameString || name == nameStruct:
		return d.fail("byte %d: a tagged %s must have 1 argument, not %d", at, name, n-1)
	}
	return d.fail("byte %d: %s is not a known type of tagged object", at, shortRepr(starlark.String(name)))
}

// objectName reads the type name of a tagged object.
func (d *decoder) objectName() (string, bool) {
	const tuple = "\x65" + nameTuple
	if bytes.HasPrefix(d.b[d.pos:], []byte(tuple)) {
		d.pos += len(tuple)
		return nameTuple, true
	}
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return "", false
	}
	if major != majorText {
		d.fail("byte %d: the type name of a tagged object must be a text string", at)
		return "", false
	}
	b, ok := d.blob(n, "a string")
	if ok && !utf8.Valid(b) {
		d.fail("byte %d: a text string that is not valid UTF-8", at)
		return "", false
	}
	return string(b[:min(len(b), 100)]), ok
}

// byteString reads the argument of a tagged string.
func (d *decoder) byteString() starlark.Value {
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return nil
	}
	if major != majorBytes {
		return d.fail("byte %d: the argument of a tagged string must be a byte string", at)
	}
	b, ok := d.blob(n, "a string")
	if !ok {
		return nil
	}
	return starlark.String(d.string(b))
}

// structure reads the argument of a tagged struct.
func (d *decoder) structure() starlark.Value {
	at := d.pos
	major, _, n, ok := d.head()
	if !ok {
		return nil
	}
	if major != majorMap {
		return d.fail("byte %d: the argument of a tagged struct must be a map", at)
	}
	if !d.enter(n, 2, "a struct") {
		return nil
	}
	d.maps++
	fields := make(starlark.StringDict, d.prealloc(n))
	for range n {
		start := d.pos
		k := d.key()
		if k == nil {
			return nil
		}
		name, ok := k.(starlark.String)
		if !ok {
			return d.fail("byte %d: the name of a struct field must be a string, not %s", start, TypeName(k))
		}
		if fields.Has(string(name)) {
			return d.fail("byte %d: the struct field %s comes twice", start, shortRepr(name))
		}
		v := d.next()
		if v == nil {
			d.fault.inField(string(name))
			return nil
		}
		fields[string(name)] = v
	}
	d.depth--
	return starlarkstruct.FromStringDict(starlarkstruct.Default, fields)
}
