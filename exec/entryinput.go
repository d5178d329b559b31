package exec

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"go.starlark.net/starlark"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// decodeExecutorInput decodes what KFP put in the place of {{$}}; nil for "".
// Fields that a newer KFP may add are left alone. Any text may be given.
func decodeExecutorInput(text string) (*pipelinespec.ExecutorInput, error) {
	if text == "" {
		return nil, nil
	}
	if text == "{{$}}" {
		return nil, &starlarkfuse.Error{
			Msg:  "the executor input is {{$}} itself: nobody has replaced it",
			Hint: "leave out --executor-input to run the node alone",
		}
	}
	in := &pipelinespec.ExecutorInput{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal([]byte(text), in); err != nil {
		return nil, &starlarkfuse.Error{
			Msg:  "the executor input is none: " + strings.ReplaceAll(err.Error(), "\u00a0", " "),
			Hint: "it is the JSON that KFP puts in the place of {{$}}",
			Err:  err,
		}
	}
	return in, nil
}

// entryInputs returns the values of the node's inputs that are born at run
// time; those of constants stay nil.
func entryInputs(n *starlarkfuse.Node, input *pipelinespec.ExecutorInput) ([]starlark.Value, error) {
	ins := n.Inputs()
	vals := make([]starlark.Value, len(ins))
	for i := range ins {
		in := &ins[i]
		if in.Kind == starlarkfuse.Constant {
			continue
		}
		var err error
		if takesParameter(in) {
			vals[i], err = inputParam(n, in, input.GetInputs().GetParameterValues()[in.Name])
		} else {
			vals[i], err = inputArtifact(n, in, input.GetInputs().GetArtifacts()[in.Name])
		}
		if err != nil {
			return nil, err
		}
	}
	return vals, nil
}

// inputArtifact reads the value of another node from its file.
func inputArtifact(n *starlarkfuse.Node, in *starlarkfuse.Input, list *pipelinespec.ArtifactList) (starlark.Value, error) {
	if len(list.GetArtifacts()) == 0 {
		return missingInput(n, in)
	}
	wrong := func(path string, err error) error {
		return fmt.Errorf("input %q (%s) in %s: %w", in.Name, origin(in), path, err)
	}
	uri := list.GetArtifacts()[0].GetUri()
	path, err := artifactPath(uri)
	if err != nil {
		return nil, wrong(uri, err)
	}
	b, err := readValue(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, wrong(path, err)
	}
	v, err := value.Decode(b)
	if err != nil {
		return nil, wrong(path, fmt.Errorf("not a whole value: %w", err))
	}
	v.Freeze()
	return v, nil
}
