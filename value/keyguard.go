package value

import (
	"math/bits"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// A keyGuard counts how keys spread over the buckets of a hash table, in order to
// notice keys that were chosen to fall into the same few: they would take
// quadratic time. Small tables need no guard.
//
// The unit is a comparison of two short keys, 10 to 40 ns when they share their
// hash. Honest values may well have such keys, for Starlark gives all floats between
// two ints one hash: keyBudget allows some 32,000 of them, which took their program
// about as long to put together. Other keys cost a few units for each byte
// at most, for which Decode adds to the budget.
type keyGuard struct {
	counts []uint32
}

const keyBudget = 1 << 29

func newKeyGuard(n int) keyGuard {
	if n <= 32 {
		return keyGuard{}
	}
	return keyGuard{counts: make([]uint32, 1<<bits.Len(uint(n/8)))}
}

// admit checks a key that starts at byte start, before it goes into a table.
func (d *decoder) admit(g *keyGuard, k starlark.Value, start int) bool {
	if g.counts == nil {
		return true
	}
	h, err := k.Hash()
	if err != nil {
		return true // the insertion says it better
	}
	c := &g.counts[int(h)&(len(g.counts)-1)]
	perUnit := 16 // bytes of a key
	switch k.(type) {
	case starlark.Tuple, *starlarkstruct.Struct:
		perUnit = 4 // an element may be a single byte
	}
	cost := uint64(*c) * uint64(1+(d.pos-start)/perUnit)
	if cost > d.budget {
		d.fail("byte %d: too many keys with the same hash", start)
		return false
	}
	d.budget -= cost
	*c++
	return true
}
