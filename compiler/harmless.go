package compiler

import (
	"strings"
	"unicode/utf8"
)

// On its way into a container a text passes through programs that expand
// parts of it: KFP and Argo replace {{…}}, the kubelet $(NAME) and $$. What
// must arrive as it was is checked, and written in another way, here.

// harmless tells whether nothing on the way expands s, and s can be an
// argument or a variable of a process at all (no NUL, no control characters).
func harmless(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c == '$', c < ' ':
			return false
		case c == '{' && i+1 < len(s) && s[i+1] == '{':
			return false
		}
	}
	return true
}

// expandable tells whether s holds something that KFP, Argo or the kubelet
// would try to replace.
func expandable(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "$(")
}

// appendHarmless appends s as a JSON string that is harmless itself.
func appendHarmless(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r < ' ' || r == '$' || r == '{':
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		default:
			dst = utf8.AppendRune(dst, r)
		}
		i += n
	}
	return append(dst, '"')
}
