package exec

import (
	"fmt"

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
