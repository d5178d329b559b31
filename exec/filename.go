package exec

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Names in specs are anybody's; names of files and folders must be ones that
// every file system takes and tells apart, and must not lead out of the run's
// folder. A ~ stands in no name but where it is put here.

// maxFileName is the length of the longest name that is given to a file: most
// file systems take 255 bytes.
const maxFileName = 160

// safeKey tells whether a task's key can be the name of a folder, whatever the
// spec says: it must not lead out of the run's folder.
func safeKey(key string) bool {
	return key != "" && len(key) <= 200 && key[0] != '.' &&
		strings.IndexFunc(key, func(r rune) bool {
			return r < 0x20 || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r)
		}) < 0
}

// fileName returns a file's name for an output of any name: bytes that some
// file system could mind are written as %XX, and of a long name, the end as a
// digest.
func fileName(output string) string {
	plain := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
	}
	ok := output != "" && len(output) <= maxFileName
	for i := 0; ok && i < len(output); i++ {
		ok = plain(output[i])
	}
	if ok {
		return output
	}
	var b strings.Builder
	for i := 0; i < len(output) && b.Len() <= maxFileName; i++ {
		if c := output[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	switch name := b.String(); {
	case name == "":
		return "%"
	case len(name) > maxFileName:
		sum := sha256.Sum256([]byte(output))
		return fmt.Sprintf("%s~%x", name[:maxFileName/2], sum[:16])
	default:
		return name
	}
}

// fileNames returns the names of the files of outputs that stand in one folder.
// They differ in more than case, which some file systems do not look at.
func fileNames[V any](outputs map[string]V) map[string]string {
	keys := make([]string, 0, len(outputs))
	for name := range outputs {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	names, used := make(map[string]string, len(keys)), make(map[string]int, len(keys))
	for _, key := range keys {
		names[key] = apart(fileName(key), used)
	}
	return names
}

// apart returns name, with a number behind it where used has it in another
// case.
func apart(name string, used map[string]int) string {
	lower := strings.ToLower(name)
	used[lower]++
	if n := used[lower]; n > 1 {
		return name + "~" + strconv.Itoa(n)
	}
	return name
}
