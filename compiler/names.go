package compiler

import (
	"strconv"
	"strings"
)

const (
	// maxKey is the length of the longest task key that the compiler makes.
	// KFP takes 128 characters, of which its own suffixes ("-driver") and
	// ours ("-2") take some.
	maxKey = 100
	// maxPipelineName is the length of the longest pipeline name KFP takes.
	maxPipelineName = 128
	// driverSuffix is what KFP appends to a task's key to name the task that
	// starts it. Argo refuses a dag in which the user's task has that name.
	driverSuffix = "-driver"
)

// sanitise makes a name of KFP from any text, in the KFP SDK's style: lower
// case, with a dash for each run of characters other than ASCII letters and
// digits. The result is at most max bytes long and may be empty.
func sanitise(text string, max int) string {
	if kept(text) && len(text) <= max {
		return text
	}
	b := make([]byte, 0, min(len(text), max))
	for i := 0; i < len(text) && len(b) < max; i++ {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case len(b) == 0 || b[len(b)-1] == '-':
			continue
		default:
			c = '-'
		}
		b = append(b, c)
	}
	return strings.TrimRight(string(b), "-")
}

// kept tells whether sanitise leaves text as it is.
func kept(text string) bool {
	for i := range len(text) {
		c := text[i]
		dash := c == '-' && i > 0 && i < len(text)-1 && text[i-1] != '-'
		if !dash && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// PipelineName returns the name under which KFP knows a workflow.
func PipelineName(workflow string) string {
	if name := sanitise(workflow, maxPipelineName); name != "" {
		return name
	}
	return "pipeline"
}

// A keyMaker makes the keys of the tasks of one dag. The same names in the
// same order give the same keys.
type keyMaker struct {
	used map[string]bool
	last map[string]int // highest suffix tried for a key
}

func newKeyMaker(n int) keyMaker {
	return keyMaker{make(map[string]bool, n), make(map[string]int)}
}

// key returns a new key for the task of a node.
func (m *keyMaker) key(node string) string {
	key := sanitise(node, maxKey)
	switch {
	case key == "":
		key = "node"
	case key[0] <= '9':
		// Argo refuses names that start with a digit.
		key = "node-" + key
	}
	if strings.HasSuffix(key, driverSuffix) {
		key += "-task"
	}
	unique := key
	for m.used[unique] {
		n := max(m.last[key], 1) + 1
		m.last[key] = n
		unique = key + "-" + strconv.Itoa(n)
	}
	m.used[unique] = true
	return unique
}
