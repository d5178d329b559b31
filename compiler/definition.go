package compiler

import (
	"encoding/binary"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/value"
)

// A definition collects the inputs of a component. Nodes of one function tend
// to have the same ones, and then share the message.
type definition struct {
	inputs []definedInput
	key    []byte // all inputs, in a form that no others have
}

type definedInput struct {
	name     string
	artifact bool
	typ      value.ParamType
	optional bool
}

func (d *definition) reset() { d.inputs, d.key = d.inputs[:0], d.key[:0] }

func (d *definition) parameter(name string, t value.ParamType, optional bool) {
	d.add(definedInput{name: name, typ: t, optional: optional})
}

func (d *definition) artifact(name string, optional bool) {
	d.add(definedInput{name: name, artifact: true, optional: optional})
}

func (d *definition) add(in definedInput) {
	d.inputs = append(d.inputs, in)
	d.key = binary.AppendUvarint(d.key, uint64(len(in.name)))
	d.key = append(d.key, in.name...)
	d.key = append(d.key, byte(in.typ), boolByte(in.artifact), boolByte(in.optional))
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// spec returns the message, which nobody may change; nil for no inputs.
func (d *definition) spec(shared *shared) *pipelinespec.ComponentInputsSpec {
	if len(d.inputs) == 0 {
		return nil
	}
	if spec, ok := shared.definitions[string(d.key)]; ok {
		return spec
	}
	spec := &pipelinespec.ComponentInputsSpec{}
	for _, in := range d.inputs {
		if in.artifact {
			if spec.Artifacts == nil {
				spec.Artifacts = make(map[string]*pipelinespec.ComponentInputsSpec_ArtifactSpec)
			}
			spec.Artifacts[in.name] = shared.inputArtifact(in.optional)
			continue
		}
		if spec.Parameters == nil {
			spec.Parameters = make(map[string]*pipelinespec.ComponentInputsSpec_ParameterSpec)
		}
		spec.Parameters[in.name] = shared.input(in.typ, in.optional)
	}
	shared.definitions[string(d.key)] = spec
	return spec
}
