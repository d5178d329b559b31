package compiler

import (
	"encoding/json"
	"math/big"
)

// A patch is what a spec's JSON holds beyond what the Go types of the spec
// can: fields newer than the Go module, and fields that a file spells out
// although they hold their default (enableCache: false), which protobuf does
// not tell from absent ones. It mirrors the JSON: of keys, items and value
// one is set.
//
// Patches are applied while a spec is written, see jsonWriter.
type patch struct {
	keys  map[string]*patch // of an object
	items map[int]*patch    // of an array that both sides have at equal length
	value tree              // written in place of what the types hold
	whole bool              // value is set (it may be JSON's null)
}

// key returns the patch of one key of an object; nil when there is none.
func (p *patch) key(k string) *patch {
	if p == nil {
		return nil
	}
	return p.keys[k]
}

// item returns the patch of one element of an array; nil when there is none.
func (p *patch) item(i int) *patch {
	if p == nil {
		return nil
	}
	return p.items[i]
}

// set lays value over the field at path, a list of object keys.
func (p *patch) set(value tree, path ...string) {
	for _, k := range path {
		next := p.keys[k]
		if next == nil {
			next = &patch{}
			if p.keys == nil {
				p.keys = make(map[string]*patch)
			}
			p.keys[k] = next
		}
		p = next
	}
	p.value, p.whole = value, true
}

// diff returns the patch that makes have into want; nil when they are equal.
// Keys that only have holds stay: the caller sees to it that there are none.
func diff(want, have tree) *patch {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			break
		}
		var p *patch
		for k, v := range w {
			var d *patch
			if hv, ok := h[k]; ok {
				d = diff(v, hv)
			} else {
				d = &patch{value: v, whole: true}
			}
			if d != nil {
				if p == nil {
					p = &patch{keys: make(map[string]*patch)}
				}
				p.keys[k] = d
			}
		}
		return p
	case []any:
		h, ok := have.([]any)
		if !ok || len(h) != len(w) {
			break
		}
		var p *patch
		for i, v := range w {
			if d := diff(v, h[i]); d != nil {
				if p == nil {
					p = &patch{items: make(map[int]*patch)}
				}
				p.items[i] = d
			}
		}
		return p
	default:
		if sameScalar(want, have) {
			return nil
		}
	}
	return &patch{value: want, whole: true}
}

// sameScalar compares two JSON scalars; numbers by value, so that 2.0 is 2.
func sameScalar(a, b tree) bool {
	x, ok := a.(json.Number)
	y, ok2 := b.(json.Number)
	if ok && ok2 && x != y {
		// Exponents are the one way to make a short text a huge number.
		if len(x) > 40 || len(y) > 40 || hugeExponent(string(x)) || hugeExponent(string(y)) {
			return false
		}
		p, ok := new(big.Rat).SetString(string(x))
		q, ok2 := new(big.Rat).SetString(string(y))
		return ok && ok2 && p.Cmp(q) == 0
	}
	switch a.(type) {
	case map[string]any, []any:
		return false
	}
	switch b.(type) {
	case map[string]any, []any:
		return false
	}
	return a == b
}

// hugeExponent tells whether a JSON number has an exponent of more than
// three digits.
func hugeExponent(s string) bool {
	for i := range len(s) {
		if s[i] == 'e' || s[i] == 'E' {
			return len(s)-i > 5
		}
	}
	return false
}

// apply returns t with the patch laid over. It may change t.
func (p *patch) apply(t tree) tree {
	if p == nil {
		return t
	}
	if p.whole {
		return p.value
	}
	switch t := t.(type) {
	case map[string]any:
		for k, sub := range p.keys {
			t[k] = sub.apply(t[k])
		}
	case []any:
		for i, sub := range p.items {
			t[i] = sub.apply(t[i])
		}
	}
	return t
}
