package exec_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// entrypointVariable turns the test binary into a fuse binary, as far as
// `fuse exec` goes: it is what function tasks run as processes in tests.
const entrypointVariable = "FUSE_TEST_ENTRYPOINT"

func TestMain(m *testing.M) {
	if os.Getenv(entrypointVariable) == "" {
		os.Exit(m.Run())
	}
	c := exec.ExecConfig{Function: os.Getenv(compiler.NodeVariable), Print: func(_, text string) { fmt.Println(text) }}
	for i := 2; i+1 < len(os.Args); i += 2 {
		switch val := os.Args[i+1]; os.Args[i] {
		case "--workflow":
			c.Workflow = val
		case "--define":
			c.Defines = append(c.Defines, val)
		case "--fingerprint":
			c.Fingerprint = val
		case "--executor-input":
			c.ExecutorInput = val
		}
	}
	if _, err := exec.Exec(context.Background(), c); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
