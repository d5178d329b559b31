package exec

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// executorOutputJSON is the executor output as this package writes it.
type executorOutputJSON struct {
	ParameterValues map[string]json.RawMessage  `json:"parameterValues,omitempty"`
	Artifacts       map[string]artifactListJSON `json:"artifacts,omitempty"`
}

type artifactListJSON struct {
	Artifacts []artifactJSON `json:"artifacts"`
}

type artifactJSON struct {
	Name     string            `json:"name"`
	URI      string            `json:"uri"`
	Metadata map[string]string `json:"metadata"`
}

// writeOutputs writes the result of a node to where the executor input says:
// the artifact or the parameter first, the executor output that tells of it
// last. When one cannot be written, the ones before are removed.
func writeOutputs(n *starlarkfuse.Node, res nodeResult, to *pipelinespec.ExecutorInput_Outputs) (err error) {
	var written []string
	defer func() {
		if err != nil {
			for _, path := range written {
				os.Remove(path)
			}
		}
	}()
	write := func(path string, data []byte) error {
		if err := replaceFile(path, data); err != nil {
			return err
		}
		written = append(written, path)
		return nil
	}
	name := n.Output().Name
	var out executorOutputJSON
	if res.param != nil {
		file := to.GetParameters()[name].GetOutputFile()
		if file == "" {
			return fmt.Errorf("node %q: the executor input has no place for its output parameter %q", n.Name(), name)
		}
		text, err := paramText(res.param)
		if err != nil {
			return err
		}
		if err := write(file, []byte(text)); err != nil {
			return err
		}
		v, err := appendValue(nil, res.param)
		if err != nil {
			return err
		}
		out.ParameterValues = map[string]json.RawMessage{name: v}
	} else {
		list := to.GetArtifacts()[name].GetArtifacts()
		if len(list) == 0 {
			return fmt.Errorf("node %q: the executor input has no place for its output artifact %q", n.Name(), name)
		}
		path, err := artifactPath(list[0].GetUri())
		if err != nil {
			return fmt.Errorf("node %q: output artifact %q: %w", n.Name(), name, err)
		}
		if err := write(path, res.data); err != nil {
			return err
		}
		out.Artifacts = map[string]artifactListJSON{name: {[]artifactJSON{{
			Name: list[0].GetName(), URI: list[0].GetUri(),
			Metadata: map[string]string{"type": res.valueType, "preview": res.preview},
		}}}}
	}
	if to.GetOutputFile() == "" {
		return nil
	}
	b, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write executor output: %w", err)
	}
	return write(to.GetOutputFile(), b)
}
