package exec

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

type artifactType = pipelinespec.ArtifactTypeSchema

// logType is the type of the executor's log.
var logType = &artifactType{Kind: &pipelinespec.ArtifactTypeSchema_SchemaTitle{SchemaTitle: "system.Artifact"}}

// An executorInput tells a container what it is given and where to leave what
// it makes. See "Between the launcher and a user container" in KFP's contract.
type executorInput struct {
	params     map[string]*structpb.Value
	inputs     map[string][]*Artifact
	outputs    map[string]string    // files of the output parameters
	artifacts  map[string]*Artifact // output artifacts
	types      map[string]*artifactType
	outputFile string
}

// json returns the text that {{$}} stands for.
func (in *executorInput) json() (string, error) {
	m := &pipelinespec.ExecutorInput{
		Inputs: &pipelinespec.ExecutorInput_Inputs{ParameterValues: make(map[string]*structpb.Value, len(in.params))},
		Outputs: &pipelinespec.ExecutorInput_Outputs{
			Parameters: make(map[string]*pipelinespec.ExecutorInput_OutputParameter, len(in.outputs)),
			Artifacts:  make(map[string]*pipelinespec.ArtifactList, len(in.artifacts)),
			OutputFile: in.outputFile,
		},
	}
	for name, v := range in.params {
		m.Inputs.ParameterValues[name] = v
	}
	if len(in.inputs) > 0 {
		m.Inputs.Artifacts = make(map[string]*pipelinespec.ArtifactList, len(in.inputs))
	}
	for name, list := range in.inputs {
		al := &pipelinespec.ArtifactList{}
		for _, a := range list {
			al.Artifacts = append(al.Artifacts, &pipelinespec.RuntimeArtifact{
				Name: a.Name,
				Uri:  a.URI(),
				// KFP's driver does not pass on the type.
				Type:     &artifactType{Kind: &pipelinespec.ArtifactTypeSchema_InstanceSchema{}},
				Metadata: a.inputMetadata(),
			})
		}
		m.Inputs.Artifacts[name] = al
	}
	for name, path := range in.outputs {
		m.Outputs.Parameters[name] = &pipelinespec.ExecutorInput_OutputParameter{OutputFile: path}
	}
	for name, a := range in.artifacts {
		m.Outputs.Artifacts[name] = &pipelinespec.ArtifactList{Artifacts: []*pipelinespec.RuntimeArtifact{{
			Name: name, Uri: a.URI(), Type: in.types[name], Metadata: a.metadata,
		}}}
	}
	b, err := protojson.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("write executor input: %w", err)
	}
	var out bytes.Buffer // protojson spaces its output at random
	if err := json.Compact(&out, b); err != nil {
		return "", fmt.Errorf("write executor input: %w", err)
	}
	return out.String(), nil
}

// inputMetadata is the metadata that a consumer is told, which has the
// artifact's name in it.
func (a *Artifact) inputMetadata() *structpb.Struct {
	m := &structpb.Struct{Fields: map[string]*structpb.Value{"display_name": structpb.NewStringValue(a.Name)}}
	for k, v := range a.Metadata().GetFields() {
		m.Fields[k] = v
	}
	return m
}
