//go:build !unix

package exec

import (
	"os"
	"os/exec"
)

// group does nothing where there are no process groups: the process alone is
// killed when its context ends.
func group(*exec.Cmd) {}

func killGroup(*exec.Cmd) {}

func signalName(*os.ProcessState) string { return "" }

func isTooLong(error) bool { return false }
