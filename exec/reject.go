package exec

import (
	"fmt"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// rejectControlFlow refuses a task with control flow that the engine does not
// interpret. A feature that is added is planned in planner.task, started in
// scheduler.start, and loses its line here.
func rejectControlFlow(path string, t *taskSpec) error {
	switch {
	case t.GetTriggerPolicy().GetCondition() != "":
		return unsupported(path, "a condition (triggerPolicy.condition)")
	case t.GetParameterIterator() != nil:
		return unsupported(path, "a loop (parameterIterator)")
	case t.GetArtifactIterator() != nil:
		return unsupported(path, "a loop (artifactIterator)")
	}
	return nil
}

// rejectContainer refuses a container that is none: KFP makes and deletes
// volumes of Kubernetes where one has these names for an image.
func rejectContainer(path string, c *containerSpec) error {
	switch image := c.GetImage(); image {
	case "argostub/createpvc", "argostub/deletepvc":
		return unsupported(path, "a volume of Kubernetes to make or to delete ("+image+")")
	}
	return nil
}

// rejectExecutor refuses a leaf that is not a container.
func rejectExecutor(path string, e *pipelinespec.PipelineDeploymentConfig_ExecutorSpec) error {
	switch {
	case e.GetImporter() != nil:
		return unsupported(path, "an importer")
	case e.GetResolver() != nil:
		return unsupported(path, "a resolver")
	case e.GetCustomJob() != nil:
		return unsupported(path, "a custom job")
	}
	return fmt.Errorf("task %q: its executor says nothing of what to run", path)
}

func unsupported(path, feature string) error {
	return unsupportedIn(fmt.Sprintf("task %q", path), feature)
}

func unsupportedIn(what, feature string) error {
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%s has %s, which cannot be run on this machine yet", what, feature),
		Hint: "run the pipeline on a KFP cluster",
	}
}

// safeKey tells whether a task's key can be the name of a folder, whatever the
// spec says: it must not lead out of the run's folder.
func safeKey(key string) bool {
	return key != "" && len(key) <= 200 && key[0] != '.' &&
		strings.IndexFunc(key, func(r rune) bool {
			return r < 0x20 || r == 0x7f || strings.ContainsRune(`/\:*?"<>|`, r)
		}) < 0
}

// fileName returns a file's name for an output of any name: bytes that some
// file system could mind are written as %XX.
func fileName(output string) string {
	plain := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c >= 0x80
	}
	ok := output != ""
	for i := 0; i < len(output); i++ {
		ok = ok && plain(output[i])
	}
	if ok {
		return output
	}
	var b strings.Builder
	for i := 0; i < len(output); i++ {
		if c := output[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() == 0 {
		return "%"
	}
	return b.String()
}
