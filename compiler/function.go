package compiler

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
)

const (
	// NodeVariable is the environment variable that names the node, or the
	// nodes, that a container runs. See FormatNodes.
	NodeVariable = "FFFUNCTION"
	// Entrypoint is the path of the fuse binary in a workflow's image.
	Entrypoint = "/usr/local/bin/fuse"
	// ExecCommand is the subcommand that runs the nodes of one task.
	ExecCommand = "exec"

	// executorInput is what KFP replaces by the task's inputs and outputs.
	executorInput = "{{$}}"

	flagWorkflow      = "--workflow"
	flagDefine        = "--define"
	flagFingerprint   = "--fingerprint"
	flagExecutorInput = "--executor-input"
)

type containerSpec = pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec

// A FunctionTask is what the container of a task of function nodes is told.
// In a container spec it reads
//
//	command: [/usr/local/bin/fuse, exec]
//	args:    [--workflow, pipeline.star, --define, name=value, --fingerprint, sha256:…, --executor-input, "{{$}}"]
//	env:     FFFUNCTION=node1
type FunctionTask struct {
	// Nodes are the names of the nodes that the task runs, today one.
	Nodes []string
	// Workflow is the path of the .star file under its root, followed by
	// "#name" where the file declares several workflows.
	Workflow string
	// Defines are the overrides of compile-time constants, "name=value".
	Defines []string
	// Fingerprint is that of the node; it is an argument because KFP's cache
	// looks at arguments and not at the environment.
	Fingerprint string
}

// functionCommand is the command of every function task.
func functionCommand() []string { return []string{Entrypoint, ExecCommand} }

// args returns the arguments of the task's container.
func (t *FunctionTask) args() []string {
	args := make([]string, 0, 6+2*len(t.Defines))
	args = append(args, flagWorkflow, t.Workflow)
	for _, d := range t.Defines {
		args = append(args, flagDefine, d)
	}
	return append(args, flagFingerprint, t.Fingerprint, flagExecutorInput, executorInput)
}

// ParseFunctionTask reads back what the compiler wrote into a container. The
// bool tells whether the container is one of function nodes at all: its
// command is `fuse exec`, under any path, and FFFUNCTION is set. The error is
// for one that is, but whose arguments are none that fuse exec takes. A nil
// container is no function task.
func ParseFunctionTask(c *containerSpec) (FunctionTask, bool, error) {
	command := c.GetCommand()
	if len(command) != 2 || command[1] != ExecCommand || path.Base(command[0]) != path.Base(Entrypoint) {
		return FunctionTask{}, false, nil
	}
	var t FunctionTask
	found := false
	for _, e := range c.GetEnv() {
		if e.GetName() == NodeVariable {
			// Kubernetes lets the last of equal names win.
			t.Nodes, found = ParseNodes(e.GetValue()), true
		}
	}
	if !found {
		return FunctionTask{}, false, nil
	}
	parsed, input, err := ParseFunctionArgs(c.GetArgs())
	parsed.Nodes = t.Nodes
	if err == nil && input != executorInput && input != "" {
		err = fmt.Errorf("argument %s is %q, not %s", flagExecutorInput, input, executorInput)
	}
	return parsed, true, err
}

// ParseFunctionArgs reads the arguments of a container of function nodes, and
// the executor input among them: {{$}} in a spec, JSON in a container that
// runs. Nodes are not among the arguments.
func ParseFunctionArgs(args []string) (t FunctionTask, input string, err error) {
	for i := 0; i < len(args); i++ {
		flag, val, joined := strings.Cut(args[i], "=")
		if !joined {
			if i++; i == len(args) {
				return t, input, fmt.Errorf("argument %s has no value", flag)
			}
			val = args[i]
		}
		switch flag {
		case flagWorkflow:
			t.Workflow = val
		case flagDefine:
			t.Defines = append(t.Defines, val)
		case flagFingerprint:
			t.Fingerprint = val
		case flagExecutorInput:
			input = val
		default:
			return t, input, fmt.Errorf("fuse exec has no argument %q", flag)
		}
	}
	if t.Workflow == "" {
		return t, input, fmt.Errorf("argument %s is missing", flagWorkflow)
	}
	return t, input, nil
}

// FormatNodes returns the value of FFFUNCTION for the given nodes: the name
// itself for one node, else a JSON list of names. One name is a list too when
// it could be taken for one, or when it holds what Kubernetes or KFP might
// expand in an environment variable ("$$", "{{"): a JSON string can spell
// these without writing them.
func FormatNodes(names ...string) string {
	if len(names) == 1 && plainName(names[0]) {
		return names[0]
	}
	dst := []byte{'['}
	for i, n := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendHarmless(dst, n)
	}
	return string(append(dst, ']'))
}

// plainName tells whether a name can stand in an environment variable as it is.
func plainName(name string) bool {
	if name == "" || name[0] == '[' {
		return false
	}
	return harmless(name)
}

// ParseNodes returns the names in a value of FFFUNCTION; none for the empty
// value. It is the inverse of FormatNodes. Text that merely starts like a list
// is one name.
func ParseNodes(text string) []string {
	if text == "" {
		return nil
	}
	if text[0] == '[' {
		var names []string
		if err := json.Unmarshal([]byte(text), &names); err == nil {
			return names
		}
	}
	return []string{text}
}
