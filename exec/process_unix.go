//go:build unix

package exec

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// group makes a command the leader of a process group, which is asked to end,
// as a whole, when the command's context ends.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// killGroup ends what is left of the group.
func killGroup(cmd *exec.Cmd) {
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // most often there is nobody left
}

// signalName names the signal that ended a process; "" for none.
func signalName(s *os.ProcessState) string {
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return ws.Signal().String()
	}
	return ""
}

func isTooLong(err error) bool { return errors.Is(err, syscall.E2BIG) }
