package value

import (
	"encoding/binary"
	"math"
)

// appendFloat appends a float in the shortest form that keeps its value.
func appendFloat(dst []byte, f float64) []byte {
	s := float32(f)
	if float64(s) != f {
		if math.IsNaN(f) {
			return append(dst, 0xf9, 0x7e, 0x00)
		}
		return binary.BigEndian.AppendUint64(append(dst, 0xfb), math.Float64bits(f))
	}
	if h, ok := halfOf(s); ok {
		return append(dst, 0xf9, byte(h>>8), byte(h))
	}
	return binary.BigEndian.AppendUint32(append(dst, 0xfa), math.Float32bits(s))
}

// halfOf returns the bits of the half-precision float of the same value, if there is one.
// The float is not NaN.
func halfOf(f float32) (uint16, bool) {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	exp := int(b>>23&0xff) - 127
	frac := b & (1<<23 - 1)
	switch {
	case b<<1 == 0: // zero
		return sign, true
	case exp == 128: // infinity
		return sign | 0x7c00, true
	case exp >= -14 && exp <= 15:
		// Normal in half precision, which has 10 bits of fraction.
		if frac&(1<<13-1) != 0 {
			return 0, false
		}
		return sign | uint16(exp+15)<<10 | uint16(frac>>13), true
	case exp >= -24 && exp < -14:
		// Subnormal: a multiple of 2^-24, the leading 1 written out.
		frac |= 1 << 23
		shift := -1 - exp // 23 bits of fraction, less 24+exp of the result
		if frac&(1<<shift-1) != 0 {
			return 0, false
		}
		return sign | uint16(frac>>shift), true
	}
	return 0, false
}

// floatOfHalf is the value of a half-precision float.
func floatOfHalf(h uint16) float64 {
	sign := uint64(h&0x8000) << 48
	exp := int(h >> 10 & 0x1f)
	frac := uint64(h & 0x3ff)
	switch exp {
	case 0:
		return math.Float64frombits(math.Float64bits(math.Ldexp(float64(frac), -24)) | sign)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Float64frombits(0x7ff<<52 | sign)
	}
	return math.Float64frombits(sign | uint64(exp-15+1023)<<52 | frac<<42)
}
