package exec

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// runArgs are the program's arguments for running a task in a container of that
// name. uid and gid are those of this process.
func (c *Containers) runArgs(t *Task, name, image string, uid, gid int) []string {
	user := fmt.Sprintf("%d:%d", uid, gid)
	podman := strings.HasPrefix(filepath.Base(c.Program), "podman")
	if podman {
		user = "0:0"
	}
	args := []string{
		"run", // without --rm: see ran
		"--name=" + name,
		"--entrypoint=", // none; naming the command here would be plain for docker, but JSON for podman
		"--user=" + user,
		"--userns=host", // whatever is configured, or the user would be another outside
		"--cap-drop=all",
		"--security-opt=no-new-privileges",
		"--security-opt=label=disable", // SELinux lets containers write to no folder of ours
		"--log-driver=none",            // we keep the output
		fmt.Sprintf("--stop-timeout=%d", (graceOr(c.Grace)+time.Second-1)/time.Second),
		"--mount=" + bindMount(t.RunDir),
	}
	// The image knows no home folder of a user that it does not know: HOME would
	// be /, and pip, for one, fails when it cannot write there.
	home := func(v string) bool { return strings.HasPrefix(v, "HOME=") }
	if !podman && uid != 0 && !slices.ContainsFunc(t.Env, home) {
		args = append(args, "--env=HOME=/tmp")
	}
	for _, v := range t.Env {
		args = append(args, "--env="+v)
	}
	args = append(args, c.Args...)
	args = append(args, "--", image) // whatever its name looks like
	return append(args, t.Command...)
}

// bindMount is the value of --mount that shows a folder under its own path. It
// is CSV, so the path may hold any character.
func bindMount(dir string) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write([]string{"type=bind", "source=" + dir, "target=" + dir})
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
