package exec

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/types/known/structpb"
)

// A source says where an input comes from.
type source int

const (
	// absent is an input that the component declares and the task does not
	// give.
	absent source = iota
	// constant is a value written in the spec.
	constant
	// fromDag is an input of the dag that the task is in.
	fromDag
	// fromTask is an output of another task of the same dag.
	fromTask
)

// A paramBinding says how a task comes by an input parameter.
type paramBinding struct {
	name string
	kind source
	// spec is nil for an input that the component does not declare; KFP takes
	// these.
	spec     *pipelinespec.ComponentInputsSpec_ParameterSpec
	constant *structpb.Value
	producer string // key of the task, for fromTask
	from     int    // and its position in the dag
	key      string // name of the dag's input, or of the task's output
}

// An artifactBinding says how a task comes by an input artifact.
type artifactBinding struct {
	name     string
	kind     source
	optional bool
	producer string
	from     int
	key      string
}

// bind reads the inputs of a task.
func (p *planner) bind(path string, t *taskPlan) error {
	if err := bindParams(path, t); err != nil {
		return err
	}
	given := t.spec.GetInputs().GetArtifacts()
	declared := t.component.GetInputDefinitions().GetArtifacts()
	if len(given)+len(declared) == 0 {
		return nil
	}
	t.artifacts = make([]artifactBinding, 0, len(given))
	for name, in := range given {
		b := artifactBinding{name: name, optional: declared[name].GetIsOptional()}
		switch k := in.GetKind().(type) {
		case *pipelinespec.TaskInputsSpec_InputArtifactSpec_ComponentInputArtifact:
			b.kind, b.key = fromDag, k.ComponentInputArtifact
		case *pipelinespec.TaskInputsSpec_InputArtifactSpec_TaskOutputArtifact:
			b.kind, b.producer, b.key = fromTask, k.TaskOutputArtifact.GetProducerTask(), k.TaskOutputArtifact.GetOutputArtifactKey()
		default:
			return fmt.Errorf("task %q: the spec does not say where its input artifact %q comes from", path, name)
		}
		t.artifacts = append(t.artifacts, b)
	}
	slices.SortFunc(t.artifacts, func(a, b artifactBinding) int { return cmp.Compare(a.name, b.name) })
	for name, spec := range declared {
		if given[name] == nil && !spec.GetIsOptional() {
			return fmt.Errorf("task %q is not given its input artifact %q", path, name)
		}
	}
	return nil
}

func bindParams(path string, t *taskPlan) error {
	given := t.spec.GetInputs().GetParameters()
	declared := t.component.GetInputDefinitions().GetParameters()
	if len(given)+len(declared) == 0 {
		return nil
	}
	t.params = make([]paramBinding, 0, max(len(given), len(declared)))
	for name, in := range given {
		b := paramBinding{name: name, spec: declared[name]}
		if in.GetParameterExpressionSelector() != "" {
			return unsupported(path, fmt.Sprintf("a parameterExpressionSelector on its input %q", name))
		}
		switch k := in.GetKind().(type) {
		case *pipelinespec.TaskInputsSpec_InputParameterSpec_ComponentInputParameter:
			b.kind, b.key = fromDag, k.ComponentInputParameter
		case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskOutputParameter:
			b.kind, b.producer, b.key = fromTask, k.TaskOutputParameter.GetProducerTask(), k.TaskOutputParameter.GetOutputParameterKey()
		case *pipelinespec.TaskInputsSpec_InputParameterSpec_RuntimeValue:
			b.kind = constant
			if b.constant = constantOf(k.RuntimeValue); b.constant == nil {
				return unsupported(path, fmt.Sprintf("a runtimeParameter for its input %q", name))
			}
		case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskFinalStatus_:
			return unsupported(path, "the final status of a task, which exit handlers take")
		default:
			return fmt.Errorf("task %q: the spec does not say where its input %q comes from", path, name)
		}
		t.params = append(t.params, b)
	}
	for name, spec := range declared {
		if given[name] == nil {
			t.params = append(t.params, paramBinding{name: name, spec: spec})
		}
	}
	if len(t.params) > 1 {
		slices.SortFunc(t.params, func(a, b paramBinding) int { return cmp.Compare(a.name, b.name) })
	}
	return nil
}

// constantOf returns the value written in the spec, in its present or its
// older form; nil when there is none.
func constantOf(v *pipelinespec.ValueOrRuntimeParameter) *structpb.Value {
	switch k := v.GetValue().(type) {
	case *pipelinespec.ValueOrRuntimeParameter_Constant:
		return k.Constant
	case *pipelinespec.ValueOrRuntimeParameter_ConstantValue:
		switch old := k.ConstantValue.GetValue().(type) {
		case *pipelinespec.Value_IntValue:
			return structpb.NewNumberValue(float64(old.IntValue))
		case *pipelinespec.Value_DoubleValue:
			return structpb.NewNumberValue(old.DoubleValue)
		case *pipelinespec.Value_StringValue:
			return structpb.NewStringValue(old.StringValue)
		}
	}
	return nil
}

// A dagOutput says which output of which task is an output of a dag.
type dagOutput struct {
	name     string
	artifact bool
	from     int
	key      string
}

// dagOutputs reads the outputs of a dag.
func (p *planner) dagOutputs(path string, d *dagPlan, index map[string]int) error {
	outs := d.component.GetDag().GetOutputs()
	add := func(name string, artifact bool, producer, key string) error {
		from, ok := index[producer]
		if !ok {
			return fmt.Errorf("output %q of %s is one of a task %q, which is not in the dag", name, describeDag(path), producer)
		}
		d.tasks[from].result = true
		d.outputs = append(d.outputs, dagOutput{name: name, artifact: artifact, from: from, key: key})
		return nil
	}
	for name, o := range outs.GetParameters() {
		sel := o.GetValueFromParameter()
		if sel == nil {
			return unsupportedIn(describeDag(path), fmt.Sprintf("an output, %q, that one of several tasks gives (OneOf)", name))
		}
		if err := add(name, false, sel.GetProducerSubtask(), sel.GetOutputParameterKey()); err != nil {
			return err
		}
	}
	for name, o := range outs.GetArtifacts() {
		sel := o.GetArtifactSelectors()
		if len(sel) != 1 {
			return unsupportedIn(describeDag(path), fmt.Sprintf("an output, %q, that one of several tasks gives (OneOf)", name))
		}
		if err := add(name, true, sel[0].GetProducerSubtask(), sel[0].GetOutputArtifactKey()); err != nil {
			return err
		}
	}
	// Parameters are there already, and stay before artifacts of their name.
	slices.SortStableFunc(d.outputs, func(a, b dagOutput) int { return cmp.Compare(a.name, b.name) })
	return nil
}

func describeDag(path string) string {
	if path == "" {
		return "the pipeline"
	}
	return fmt.Sprintf("task %q", path)
}
