package compiler

import (
	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/value"
)

// shared holds the messages that are equal in every task, so that a spec of
// thousands of nodes holds each once. Nobody may change them: see Spec.
type shared struct {
	command        []string
	inputs         map[value.ParamType]*pipelinespec.ComponentInputsSpec_ParameterSpec
	optional       map[value.ParamType]*pipelinespec.ComponentInputsSpec_ParameterSpec
	definitions    map[string]*pipelinespec.ComponentInputsSpec // by definition.key
	outputs        map[outputKey]*pipelinespec.ComponentOutputsSpec
	required       *pipelinespec.ComponentInputsSpec_ArtifactSpec
	omissible      *pipelinespec.ComponentInputsSpec_ArtifactSpec
	outputArtifact *pipelinespec.ComponentOutputsSpec_ArtifactSpec
	cached         *pipelinespec.PipelineTaskSpec_CachingOptions
	uncached       *pipelinespec.PipelineTaskSpec_CachingOptions
	completed      *pipelinespec.PipelineTaskSpec_TriggerPolicy
}

// outputKey tells outputs apart: their name, and the type of a parameter.
type outputKey struct {
	name string
	typ  value.ParamType
}

func newShared() shared {
	artifact := &pipelinespec.ArtifactTypeSchema{
		Kind:          &pipelinespec.ArtifactTypeSchema_SchemaTitle{SchemaTitle: "system.Artifact"},
		SchemaVersion: "0.0.1",
	}
	return shared{
		command:        functionCommand(),
		inputs:         make(map[value.ParamType]*pipelinespec.ComponentInputsSpec_ParameterSpec),
		optional:       make(map[value.ParamType]*pipelinespec.ComponentInputsSpec_ParameterSpec),
		definitions:    make(map[string]*pipelinespec.ComponentInputsSpec),
		outputs:        make(map[outputKey]*pipelinespec.ComponentOutputsSpec),
		required:       &pipelinespec.ComponentInputsSpec_ArtifactSpec{ArtifactType: artifact},
		omissible:      &pipelinespec.ComponentInputsSpec_ArtifactSpec{ArtifactType: artifact, IsOptional: true},
		outputArtifact: &pipelinespec.ComponentOutputsSpec_ArtifactSpec{ArtifactType: artifact},
		cached:         &pipelinespec.PipelineTaskSpec_CachingOptions{EnableCache: true},
		uncached:       &pipelinespec.PipelineTaskSpec_CachingOptions{},
		completed: &pipelinespec.PipelineTaskSpec_TriggerPolicy{
			Strategy: pipelinespec.PipelineTaskSpec_TriggerPolicy_ALL_UPSTREAM_TASKS_COMPLETED,
		},
	}
}

// typeOf returns KFP's name of a parameter type.
func typeOf(t value.ParamType) pipelinespec.ParameterType_ParameterTypeEnum {
	switch t {
	case value.Integer:
		return pipelinespec.ParameterType_NUMBER_INTEGER
	case value.Double:
		return pipelinespec.ParameterType_NUMBER_DOUBLE
	case value.String:
		return pipelinespec.ParameterType_STRING
	case value.Boolean:
		return pipelinespec.ParameterType_BOOLEAN
	case value.List:
		return pipelinespec.ParameterType_LIST
	case value.Struct:
		return pipelinespec.ParameterType_STRUCT
	}
	return pipelinespec.ParameterType_PARAMETER_TYPE_ENUM_UNSPECIFIED
}

// inputArtifact returns the definition of an input artifact.
func (s *shared) inputArtifact(optional bool) *pipelinespec.ComponentInputsSpec_ArtifactSpec {
	if optional {
		return s.omissible
	}
	return s.required
}

// input returns the definition of an input parameter.
func (s *shared) input(t value.ParamType, optional bool) *pipelinespec.ComponentInputsSpec_ParameterSpec {
	m := s.inputs
	if optional {
		m = s.optional
	}
	if m[t] == nil {
		m[t] = &pipelinespec.ComponentInputsSpec_ParameterSpec{ParameterType: typeOf(t), IsOptional: optional}
	}
	return m[t]
}

// outputParameter returns the definition of an output parameter.
func (s *shared) outputParameter(t value.ParamType) *pipelinespec.ComponentOutputsSpec_ParameterSpec {
	return &pipelinespec.ComponentOutputsSpec_ParameterSpec{ParameterType: typeOf(t)}
}

// output returns the definition of a component with one output parameter.
func (s *shared) output(name string, t value.ParamType) *pipelinespec.ComponentOutputsSpec {
	k := outputKey{name, t}
	if s.outputs[k] == nil {
		s.outputs[k] = &pipelinespec.ComponentOutputsSpec{
			Parameters: map[string]*pipelinespec.ComponentOutputsSpec_ParameterSpec{name: s.outputParameter(t)},
		}
	}
	return s.outputs[k]
}

// artifact returns the definition of a component with one output artifact.
func (s *shared) artifact(name string) *pipelinespec.ComponentOutputsSpec {
	k := outputKey{name: name}
	if s.outputs[k] == nil {
		s.outputs[k] = &pipelinespec.ComponentOutputsSpec{
			Artifacts: map[string]*pipelinespec.ComponentOutputsSpec_ArtifactSpec{name: s.outputArtifact},
		}
	}
	return s.outputs[k]
}
