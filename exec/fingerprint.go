package exec

import (
	"fmt"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// checkFingerprint tells whether the node at hand is the one that a spec was
// compiled from. No fingerprint is no demand.
func checkFingerprint(n *starlarkfuse.Node, want string) error {
	if want == "" || want == n.Fingerprint() {
		return nil
	}
	return &starlarkfuse.Error{
		Pos: n.Pos(),
		Msg: fmt.Sprintf("node %q: the workflow file is another version than the spec was compiled from: the file's fingerprint is %s, the spec's is %s",
			n.Name(), n.Fingerprint(), want),
		Hint: "compile the spec again, and build the image again if there is one",
	}
}
