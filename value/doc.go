// Package value turns Starlark values into bytes and back (the artifacts that
// nodes hand to each other), and into Kubeflow Pipelines parameters and back.
//
// # The artifact format
//
// Encode and Decode keep the exact value: the type (1 is not 1.0, a tuple is
// not a list), ints of any size, NaN, infinities and -0.0, strings that are not
// valid UTF-8, and the order of the entries of dicts and sets. The format is
// CBOR (RFC 8949), so that any language reads it with an off-the-shelf
// library; FORMAT.md beside this file is its specification:
//
//	None, bool          simple values f6, f4, f5
//	int                 integer, beyond 64 bits a bignum (tags 2 and 3)
//	float               the shortest of half, single and double that keeps it; NaN is f97e00
//	string              text string
//	string, not UTF-8   27(["string", byte string])
//	bytes               byte string
//	list                array
//	tuple               27(["tuple", element...])
//	dict                map, entries in insertion order
//	set                 258([element...]), elements in insertion order
//	struct              27(["struct", {field: value...}]), fields in sorted order
//
// A file starts with the tag 55799 (d9 d9 f7, "self-described CBOR"). Tag 27 is
// the registered tag for "a serialised object with type name and constructor
// arguments"; the type names are those of Starlark's type(x).
//
// The encoding is the core deterministic encoding of RFC 8949, section 4.2.1
// (shortest heads, definite lengths), but for one rule: the entries of a dict
// are not sorted, because their order is part of the value. So equal values
// with equal order have equal bytes, and the bytes may be hashed.
//
// Everything else (functions, nodes, modules, ranges, structs of another
// constructor) is not data: Encode returns an *Error with the path of the
// culprit inside the value. So it does for a list or dict that contains itself.
// A sub-value that is reachable twice is written twice, and comes back as two.
//
// # Hostile bytes
//
// Decode is safe on any bytes. It does not panic, it nests at most MaxDepth
// deep, it reads at most MaxSize bytes, and what it allocates is at most a
// constant times the length of the input, because a length is checked
// against the bytes that are left before anything is allocated for it. Keys
// of a dict (or elements of a set) that share their hash are an error once comparing them would take
// some ten seconds: tens of thousands of keys of one hash, see keyGuard.
//
// # Memory
//
// Decode keeps no reference to its input. Short strings are cut from shared
// chunks of at most 16 KiB, so one short string that outlives the rest keeps
// one such chunk.
package value

// FormatVersion is the version of the artifact format. It goes into the
// fingerprints of nodes, so it changes exactly when the same value would get
// other bytes.
const FormatVersion = 1

const (
	// MaxDepth is how deep containers may nest, in both directions: a list of
	// numbers has depth 1. It is well within what the stack of a goroutine holds.
	MaxDepth = 10_000

	// MaxSize is how many bytes one encoded value may have, in both directions:
	// 512 MiB. It bounds what a small value that shares its parts many times over
	// can grow to.
	MaxSize = 1 << 29
)
