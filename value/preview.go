package value

import "go.starlark.net/starlark"

// Preview is a short text of v for people: JSON as far as JSON goes, Starlark's
// syntax for what JSON lacks, <function f> and the like for what is not data. It
// is valid UTF-8 of at most max bytes, with … at the end when it was cut. The cost
// depends on max, never on the size of v; containers are shown 200 levels deep.
func Preview(v starlark.Value, max int) string {
	if max <= 0 {
		return ""
	}
	p := printer{max: max, json: true}
	p.value(v)
	return p.cut()
}
