package starlarkfuse

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"iter"
	"math"
	"sync"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"

	"github.com/starlarkfuse/fuse/value"
)

// fingerprintVersion changes whenever what goes into a fingerprint does.
const fingerprintVersion = 1

// A lazyDigest is computed at its first use.
type lazyDigest struct {
	once sync.Once
	text string
}

// Fingerprint returns "sha256:" and the hex digest of all that decides the
// node's result but its run-time inputs: the source of its function and of all
// that it reaches, in loaded files too, the constants among these and among the
// arguments, the declaration of its output, and the version of the value
// format. It does not depend on positions, names of nodes or files, or on other
// nodes. Modules of Go code count by their name.
//
// It is in the arguments of the node's container because KFP's cache key covers
// these and not the environment that tells nodes apart.
func (n *Node) Fingerprint() string {
	n.digest.once.Do(func() {
		sources := n.promise.loader.file.sources
		d := sources.digester()
		d.uint(fingerprintVersion)
		d.uint(value.FormatVersion)
		d.bytes(n.ctor.digest())
		d.text(n.ctor.output.Name)
		d.uint(uint64(n.ctor.output.Type))
		for i, arg := range n.params {
			if i >= len(n.args) {
				d.tag('k')
			}
			d.text(arg.label)
			d.value(n.argument(i))
		}
		var text [len("sha256:") + 2*sha256.Size]byte
		copy(text[:], "sha256:")
		hex.Encode(text[len("sha256:"):], d.sum())
		n.digest.text = string(text[:])
		sources.digesters.Put(d)
	})
	return n.digest.text
}

// Output returns what the node's task declares as its result.
func (n *Node) Output() Output { return n.ctor.output }

// digest returns the digest of the constructor's function, which all its nodes
// share.
func (c *constructor) digest() []byte {
	return c.loader.file.sources.functions.digest(c.loader.file.sources, c.fn)
}

// A functionTable caches the digests of functions.
type functionTable struct {
	mu      sync.Mutex
	digests map[*starlark.Function][]byte
	bodies  map[place]*body
}

func (t *functionTable) digest(s *sources, fn *starlark.Function) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	if d, ok := t.digests[fn]; ok {
		return d
	}
	if t.digests == nil {
		t.digests = make(map[*starlark.Function][]byte)
		t.bodies = s.bodies()
	}
	d := newDigester(s)
	d.inside = true
	d.function(fn)
	t.digests[fn] = bytes.Clone(d.sum())
	return t.digests[fn]
}

// A digester writes values to a hash, each in a form that no other value has.
// Functions, lists, dicts and sets are numbered as they are met, and written
// as their number when met again: so cycles end, and sharing costs nothing.
type digester struct {
	sources *sources
	hash    hash.Hash
	buf     []byte
	seen    map[starlark.Value]uint64
	globals map[*starlark.Module]starlark.StringDict
	inside  bool // inside functionTable.digest
	result  [sha256.Size]byte
}

func newDigester(s *sources) *digester {
	return &digester{sources: s, hash: sha256.New(), buf: make([]byte, 0, 512)}
}

// digester returns one for the arguments of a node, maybe used before.
func (s *sources) digester() *digester {
	d, ok := s.digesters.Get().(*digester)
	if !ok {
		return newDigester(s)
	}
	d.hash.Reset()
	clear(d.seen)
	return d
}

// sum returns the digest of all that was written, valid until the digester is
// used again.
func (d *digester) sum() []byte {
	d.flush(0)
	return d.hash.Sum(d.result[:0])
}

func (d *digester) flush(limit int) {
	if len(d.buf) >= limit {
		d.hash.Write(d.buf)
		d.buf = d.buf[:0]
	}
}

func (d *digester) tag(t byte)    { d.buf = append(d.buf, t) }
func (d *digester) uint(u uint64) { d.buf = binary.AppendUvarint(d.buf, u) }

func (d *digester) bytes(b []byte) {
	d.uint(uint64(len(b)))
	d.buf = append(d.buf, b...)
	d.flush(4096)
}

func (d *digester) text(s string) {
	d.uint(uint64(len(s)))
	d.buf = append(d.buf, s...)
	d.flush(4096)
}

// again writes the number of a value that was met before; else it gives it one.
func (d *digester) again(v starlark.Value) bool {
	if i, ok := d.seen[v]; ok {
		d.tag('#')
		d.uint(i)
		return true
	}
	if d.seen == nil {
		d.seen = make(map[starlark.Value]uint64)
	}
	d.seen[v] = uint64(len(d.seen))
	return false
}

func (d *digester) value(v starlark.Value) {
	switch v := v.(type) {
	case starlark.NoneType:
		d.tag('N')
	case starlark.Bool:
		if v {
			d.tag('T')
		} else {
			d.tag('F')
		}
	case starlark.Int:
		d.tag('i')
		if i, ok := v.Int64(); ok {
			d.buf = binary.AppendVarint(d.buf, i)
		} else {
			d.tag('I')
			d.text(v.String())
		}
	case starlark.Float:
		d.tag('f')
		f := float64(v)
		if f != f {
			f = math.NaN()
		}
		d.buf = binary.LittleEndian.AppendUint64(d.buf, math.Float64bits(f))
	case starlark.String:
		d.tag('s')
		d.text(string(v))
	case starlark.Bytes:
		d.tag('b')
		d.text(string(v))
	case starlark.Tuple:
		d.tag('t')
		d.elements(v)
	case argRef:
		d.tag('r')
		d.uint(uint64(v.input))
		d.elements(v.path)
	case setRef:
		d.tag('e')
		d.elements(v.elems)
	default:
		d.reference(v)
	}
}

func (d *digester) elements(elems []starlark.Value) {
	d.uint(uint64(len(elems)))
	for _, e := range elems {
		d.value(e)
		d.flush(4096)
	}
}

// reference writes the values that have an identity.
func (d *digester) reference(v starlark.Value) {
	switch v := v.(type) {
	case *starlark.Function:
		d.function(v)
		return
	case *constructor:
		d.tag('w')
		d.function(v.fn)
		return
	case *promise:
		d.tag('p')
		d.text(v.describe())
		return
	case *starlark.Builtin:
		d.tag('B')
		d.text(v.Name())
		if v.Receiver() != nil {
			d.value(v.Receiver())
		}
		return
	case *starlarkstruct.Module:
		d.tag('M')
		d.text(v.Name)
		return
	}
	switch v := v.(type) {
	case *starlark.List:
		d.sequence('l', v, v.Elements())
	case *starlark.Dict:
		if !d.again(v) {
			d.tag('d')
			d.uint(uint64(v.Len()))
			for k, e := range v.Entries() {
				d.value(k)
				d.value(e)
				d.flush(4096)
			}
		}
	case *starlark.Set:
		d.sequence('S', v, v.Elements())
	case *starlarkstruct.Struct:
		if !d.again(v) {
			d.tag('R')
			d.value(v.Constructor())
			for _, name := range v.AttrNames() {
				if e, err := v.Attr(name); err == nil {
					d.text(name)
					d.value(e)
				}
			}
		}
	default:
		d.tag('?')
		d.text(v.Type())
		d.text(v.String())
	}
}

func (d *digester) sequence(tag byte, v starlark.Sequence, elems iter.Seq[starlark.Value]) {
	if d.again(v) {
		return
	}
	d.tag(tag)
	d.uint(uint64(v.Len()))
	for e := range elems {
		d.value(e)
		d.flush(4096)
	}
}
