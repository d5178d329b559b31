package stdlib

import (
	"fmt"
	"maps"

	"go.starlark.net/lib/json"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// maxJSONDepth bounds the nesting of a text that json.decode reads: as much as
// a node's result may have.
const maxJSONDepth = 10_000

// jsonModule is the library's own, but that decode survives a text of a million
// brackets: the library's recurses for each until the stack, which Go cannot
// recover from, is full.
func jsonModule() starlark.Value {
	members := maps.Clone(json.Module.Members)
	decode := json.Module.Members["decode"].(*starlark.Builtin)
	members["decode"] = starlark.NewBuiltin(decode.Name(), func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		texts := valuesOf(kwargs)
		if len(args) > 0 {
			texts = append(texts, args[0])
		}
		for _, arg := range texts {
			if text, ok := starlark.AsString(arg); ok && jsonDepth(text) > maxJSONDepth {
				return nil, fmt.Errorf("%s: nested more than %d levels deep", b.Name(), maxJSONDepth)
			}
		}
		return decode.CallInternal(thread, args, kwargs)
	})
	m := &starlarkstruct.Module{Name: "json", Members: members}
	m.Freeze()
	return m
}

// valuesOf returns the values of named arguments.
func valuesOf(kwargs []starlark.Tuple) starlark.Tuple {
	var vals starlark.Tuple
	for _, kv := range kwargs {
		vals = append(vals, kv[1])
	}
	return vals
}

// jsonDepth returns how deep the arrays and objects of a JSON text are nested.
func jsonDepth(text string) int {
	depth, deepest := 0, 0
	inString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '[' || c == '{':
			depth++
			deepest = max(deepest, depth)
		case c == ']' || c == '}':
			depth--
		}
	}
	return deepest
}
