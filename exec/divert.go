package exec

import (
	"context"
	"fmt"
	"os"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// Divert is for programs that embed Fuse, with modules of their own say: in the
// containers of their workflows they are the entrypoint, in the place of fuse.
// Called early in main with os.Args, it tells whether the process was started
// as one: with FFFUNCTION set, and "exec" as the first argument. Then it has
// run the node, and the program should end, with a status other than 0 if
// there was an error. What the node prints goes to print.
func Divert(ctx context.Context, args []string, print func(node, text string), load ...starlarkfuse.Option) (diverted bool, err error) {
	function := os.Getenv(compiler.NodeVariable)
	if function == "" || len(args) < 2 || args[1] != compiler.ExecCommand {
		return false, nil
	}
	t, input, err := compiler.ParseFunctionArgs(args[2:])
	if err != nil {
		return true, fmt.Errorf("reading the arguments of the container: %w", err)
	}
	_, err = Exec(ctx, ExecConfig{
		Workflow:      t.Workflow,
		Function:      function,
		Defines:       t.Defines,
		Fingerprint:   t.Fingerprint,
		ExecutorInput: input,
		Print:         print,
		Load:          load,
	})
	return true, err
}
