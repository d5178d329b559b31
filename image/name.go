package image

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// maxTag is the length of the longest tag that a registry takes.
const maxTag = 128

// checkTag refuses what no registry takes as a tag.
func checkTag(tag string) error {
	odd := func(r rune) bool {
		return r >= utf8.RuneSelf || !isWord(byte(r)) && r != '.' && r != '-'
	}
	if tag != "" && len(tag) <= maxTag && tag[0] != '.' && tag[0] != '-' && !strings.ContainsFunc(tag, odd) {
		return nil
	}
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%q is not a tag that an image can have", tag),
		Hint: `it has letters, digits, "_", "." and "-", at most 128, and does not begin with "." or "-"`,
	}
}

// hasTag tells whether the text of a reference has a tag behind it.
func hasTag(ref string) bool {
	return strings.Contains(ref[strings.LastIndexByte(ref, '/')+1:], ":")
}
