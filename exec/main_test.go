package exec_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
)

// entrypointVariable turns the test binary into a fuse binary, as far as
// `fuse exec` goes: it is what function tasks run as processes in tests.
const entrypointVariable = "FUSE_TEST_ENTRYPOINT"

func TestMain(m *testing.M) {
	if os.Getenv(entrypointVariable) == "" {
		os.Exit(m.Run())
	}
	diverted, err := exec.Divert(context.Background(), os.Args, func(_, text string) { fmt.Println(text) })
	if !diverted {
		err = errors.New("it was not started as a container's entrypoint")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(0)
}
