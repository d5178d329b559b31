package exec

import (
	"slices"
	"testing"
	"time"
)

func TestRunArgs(t *testing.T) {
	common := func(user string, grace string, more ...string) []string {
		return append([]string{
			"run", "--name=fuse-x", "--entrypoint=", "--user=" + user, "--userns=host",
			"--cap-drop=all", "--security-opt=no-new-privileges", "--security-opt=label=disable", "--log-driver=none",
			"--stop-timeout=" + grace, "--mount=type=bind,source=/runs/1,target=/runs/1",
		}, more...)
	}
	task := &Task{RunDir: "/runs/1", Command: []string{"[sh", "-c", "--", ""}}
	named := *task
	named.Env = []string{"A=x y\n,z", "HOME=/here"}
	for _, tt := range []struct {
		name string
		c    Containers
		task *Task
		uid  int
		want []string
	}{
		{"docker", Containers{Program: "docker"}, task, 1000, common("1000:100", "5", "--env=HOME=/tmp", "--", "-image", "[sh", "-c", "--", "")},
		{"docker as root", Containers{Program: "/usr/bin/docker"}, task, 0, common("0:100", "5", "--", "-image", "[sh", "-c", "--", "")},
		{"podman", Containers{Program: "/usr/bin/podman-remote"}, task, 1000, common("0:0", "5", "--", "-image", "[sh", "-c", "--", "")},
		{"variables, HOME too", Containers{Program: "docker"}, &named, 1000, common("1000:100", "5",
			"--env=A=x y\n,z", "--env=HOME=/here", "--", "-image", "[sh", "-c", "--", "")},
		{"arguments, and a short grace", Containers{Program: "podman", Args: []string{"--gpus=all", "--user=1"}, Grace: time.Millisecond}, task, 0,
			common("0:0", "1", "--gpus=all", "--user=1", "--", "-image", "[sh", "-c", "--", "")},
		{"a long grace", Containers{Program: "podman", Grace: time.Hour + 1}, task, 0, common("0:0", "3601", "--", "-image", "[sh", "-c", "--", "")},
	} {
		if got := tt.c.runArgs(tt.task, "fuse-x", "-image", tt.uid, 100); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestBindMount(t *testing.T) {
	for path, want := range map[string]string{
		"/a b:c": "type=bind,source=/a b:c,target=/a b:c",
		"/a,b":   `type=bind,"source=/a,b","target=/a,b"`,
		`/a"b=c`: `type=bind,"source=/a""b=c","target=/a""b=c"`,
		"/a\nb":  "type=bind,\"source=/a\nb\",\"target=/a\nb\"",
	} {
		if got := bindMount(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}
