package compiler

import (
	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	// Version is Fuse's own; specs name it as their sdkVersion.
	Version = "0.1.0"
	// SchemaVersion is the version of the spec format, the only one that
	// KFP 2 takes.
	SchemaVersion = "2.1.0"
)

// A Spec is a pipeline in the form that runs: what KFP is sent and what the
// local engine interprets. It was either compiled from a workflow or read from
// a file of any SDK.
//
// The exported fields may be read by anyone at any time, but not changed:
// compiled specs share messages between tasks, and a spec that was read
// keeps, beside them, what its file holds beyond the Go types.
type Spec struct {
	// Pipeline is the pipeline spec. Its DeploymentSpec is always nil: see
	// Deployment.
	Pipeline *pipelinespec.PipelineSpec
	// Deployment is the pipeline spec's "deploymentSpec", typed; nil when
	// there is none.
	Deployment *pipelinespec.PipelineDeploymentConfig
	// Platform is the platform spec as JSON (nil, bool, json.Number, string,
	// []any, map[string]any); nil when there is none. It stays generic
	// because platforms add fields faster than Go modules follow.
	Platform map[string]any

	extra    *patch   // what Pipeline and Deployment cannot hold
	unknown  []string // paths of fields that no known version of the format has
	newer    []string // paths of fields that not every server knows
	workflow *starlarkfuse.Workflow
	keys     map[string]string // node name → key of its task in the root dag
	nodes    map[string]string // and back, the first node where a task runs several
}

// Workflow returns the workflow that the spec was compiled from; nil for a
// spec that was read.
func (s *Spec) Workflow() *starlarkfuse.Workflow { return s.workflow }

// Name returns the pipeline's name, for a spec that was compiled the
// workflow's name made fit for KFP.
func (s *Spec) Name() string { return s.Pipeline.GetPipelineInfo().GetName() }

// DisplayName returns the pipeline's name as people know it.
func (s *Spec) DisplayName() string {
	if d := s.Pipeline.GetPipelineInfo().GetDisplayName(); d != "" {
		return d
	}
	return s.Name()
}

// Component returns a component by its name; nil when there is none.
func (s *Spec) Component(name string) *pipelinespec.ComponentSpec {
	return s.Pipeline.GetComponents()[name]
}

// ComponentOf returns the component that a task runs; nil when the spec has
// none of that name.
func (s *Spec) ComponentOf(t *pipelinespec.PipelineTaskSpec) *pipelinespec.ComponentSpec {
	return s.Component(t.GetComponentRef().GetName())
}

// Executor returns an executor by its label; nil when there is none.
func (s *Spec) Executor(label string) *pipelinespec.PipelineDeploymentConfig_ExecutorSpec {
	return s.Deployment.GetExecutors()[label]
}

// Container returns the container that a component runs; nil for one that is
// a dag, an importer, or misses its executor.
func (s *Spec) Container(c *pipelinespec.ComponentSpec) *pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec {
	return s.Executor(c.GetExecutorLabel()).GetContainer()
}

// TaskKey returns the key of the task of the root dag that runs the node of
// that name; "" when there is none.
func (s *Spec) TaskKey(node string) string { return s.keys[node] }

// NodeOf returns the name of the node that a task of the root dag runs, the
// first where it runs several; "" for a task that runs none.
func (s *Spec) NodeOf(taskKey string) string { return s.nodes[taskKey] }

// OutputNode returns the name of the node whose result is an output of the
// root dag; "" for any other output.
func (s *Spec) OutputNode(output string) string {
	outs := s.Pipeline.GetRoot().GetDag().GetOutputs()
	if p := outs.GetParameters()[output].GetValueFromParameter(); p != nil {
		return s.nodes[p.GetProducerSubtask()]
	}
	if sel := outs.GetArtifacts()[output].GetArtifactSelectors(); len(sel) == 1 {
		return s.nodes[sel[0].GetProducerSubtask()]
	}
	return ""
}

// findNodes fills keys and nodes from the containers of a spec that was read.
func (s *Spec) findNodes() {
	s.keys, s.nodes = make(map[string]string), make(map[string]string)
	tasks := s.Pipeline.GetRoot().GetDag().GetTasks()
	for _, key := range sortedKeys(tasks) {
		f, ok, err := ParseFunctionTask(s.Container(s.ComponentOf(tasks[key])))
		if !ok || err != nil {
			continue
		}
		for i, node := range f.Nodes {
			if i == 0 {
				s.nodes[key] = node
			}
			if _, taken := s.keys[node]; !taken {
				s.keys[node] = key
			}
		}
	}
}
