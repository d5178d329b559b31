package compiler

import (
	"fmt"
	"slices"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// nodeParts are the messages that every node has, allocated as one.
type nodeParts struct {
	comp  pipelinespec.ComponentSpec
	label pipelinespec.ComponentSpec_ExecutorLabel
	task  pipelinespec.PipelineTaskSpec
	info  pipelinespec.PipelineTaskInfo
	ref   pipelinespec.ComponentRef
	exec  pipelinespec.PipelineDeploymentConfig_ExecutorSpec
	cont  pipelinespec.PipelineDeploymentConfig_ExecutorSpec_Container
	spec  pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec
	env   pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec_EnvVar
}

// node adds the task, the component and the executor of a node.
func (c *compilation) node(n *starlarkfuse.Node) error {
	key := c.keys[n]
	compName, execName := "comp-"+key, "exec-"+key
	p := new(nodeParts)

	p.label.ExecutorLabel = execName
	p.comp.Implementation = &p.label
	if out := n.Output(); out.Parameter {
		p.comp.OutputDefinitions = c.shared.output(out.Name, out.Type)
	} else {
		p.comp.OutputDefinitions = c.shared.artifact(out.Name)
	}

	p.info.Name = n.DisplayName()
	p.ref.Name = compName
	p.task.TaskInfo, p.task.ComponentRef = &p.info, &p.ref
	if err := c.inputs(n, p); err != nil {
		return err
	}
	p.task.DependentTasks = c.dependencies(n)

	if err := c.container(n, p); err != nil {
		return err
	}
	c.taskSettings(n, key, p)
	p.cont.Container = &p.spec
	p.exec.Spec = &p.cont

	c.comps[compName] = &p.comp
	c.execs[execName] = &p.exec
	c.dag.Tasks[key] = &p.task
	return nil
}

// dependencies returns the keys of the tasks that a node waits for, sorted,
// each once: the producers of its inputs, as the KFP SDK lists them too, and
// those given with after.
func (c *compilation) dependencies(n *starlarkfuse.Node) []string {
	var keys []string
	inputs := n.Inputs()
	for i := range inputs {
		if inputs[i].Kind == starlarkfuse.FromNode {
			keys = append(keys, c.keys[inputs[i].Node])
		}
	}
	for _, d := range n.After() {
		keys = append(keys, c.keys[d])
	}
	if len(keys) < 2 {
		return keys
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// inputs declares the inputs of a node's component and says where its task
// takes them from.
func (c *compilation) inputs(n *starlarkfuse.Node, p *nodeParts) error {
	inputs := n.Inputs()
	if len(inputs) == 0 {
		return nil
	}
	in := &pipelinespec.TaskInputsSpec{}
	def := &c.def
	def.reset()
	left := maxShownInTask
	param := func(name string, t value.ParamType, optional bool, s *pipelinespec.TaskInputsSpec_InputParameterSpec) {
		def.parameter(name, t, optional)
		if s == nil {
			return
		}
		if in.Parameters == nil {
			in.Parameters = make(map[string]*pipelinespec.TaskInputsSpec_InputParameterSpec, len(inputs))
		}
		in.Parameters[name] = s
	}
	for i := range inputs {
		switch input := &inputs[i]; input.Kind {
		case starlarkfuse.Constant:
			shown := c.show(input.Name, input.Value, &left)
			switch {
			case shown.absent:
				param(input.Name, shown.typ, true, nil)
			case shown.value != nil:
				param(input.Name, shown.typ, false, constant(shown.value))
			}
		case starlarkfuse.FromParam:
			param(input.Name, input.Param.Type, false, fromParam(input.Param.Name))
		case starlarkfuse.FromNode:
			key, out := c.keys[input.Node], input.Node.Output()
			if key == "" {
				return fail(n.Pos(), "", "node %q takes the result of %q, which is not in the workflow", n.Name(), input.Node.Name())
			}
			// One that runs whatever happened before may find nothing there; its
			// function gets None then.
			optional := n.Settings().IgnoreUpstreamFailure
			if out.Parameter {
				param(input.Name, out.Type, optional, fromParameter(key, out.Name))
				continue
			}
			def.artifact(input.Name, optional)
			if in.Artifacts == nil {
				in.Artifacts = make(map[string]*pipelinespec.TaskInputsSpec_InputArtifactSpec)
			}
			in.Artifacts[input.Name] = fromArtifact(key, out.Name)
		default:
			return fmt.Errorf("input %s of node %q has kind %d", input.Name, n.Name(), input.Kind)
		}
	}
	p.comp.InputDefinitions = def.spec(&c.shared)
	if in.Parameters != nil || in.Artifacts != nil {
		p.task.Inputs = in
	}
	return nil
}

func fromParam(name string) *pipelinespec.TaskInputsSpec_InputParameterSpec {
	return &pipelinespec.TaskInputsSpec_InputParameterSpec{
		Kind: &pipelinespec.TaskInputsSpec_InputParameterSpec_ComponentInputParameter{ComponentInputParameter: name},
	}
}

func fromParameter(task, output string) *pipelinespec.TaskInputsSpec_InputParameterSpec {
	return &pipelinespec.TaskInputsSpec_InputParameterSpec{
		Kind: &pipelinespec.TaskInputsSpec_InputParameterSpec_TaskOutputParameter{
			TaskOutputParameter: &pipelinespec.TaskInputsSpec_InputParameterSpec_TaskOutputParameterSpec{
				ProducerTask: task, OutputParameterKey: output,
			},
		},
	}
}

func fromArtifact(task, output string) *pipelinespec.TaskInputsSpec_InputArtifactSpec {
	return &pipelinespec.TaskInputsSpec_InputArtifactSpec{
		Kind: &pipelinespec.TaskInputsSpec_InputArtifactSpec_TaskOutputArtifact{
			TaskOutputArtifact: &pipelinespec.TaskInputsSpec_InputArtifactSpec_TaskOutputArtifactSpec{
				ProducerTask: task, OutputArtifactKey: output,
			},
		},
	}
}
