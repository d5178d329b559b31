package exec_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// puppet plays the part of any program that takes the executor input as an
// argument: it leaves an output for everything that it is asked for.
type puppet struct{}

func (puppet) Run(_ context.Context, t *exec.Task) error {
	for _, arg := range t.Command {
		in := &pipelinespec.ExecutorInput{}
		if !strings.HasPrefix(arg, `{"inputs":`) || protojson.Unmarshal([]byte(arg), in) != nil {
			continue
		}
		for _, p := range in.GetOutputs().GetParameters() {
			if err := os.WriteFile(p.GetOutputFile(), []byte("1"), 0o644); err != nil {
				return err
			}
		}
		for _, list := range in.GetOutputs().GetArtifacts() {
			if err := os.WriteFile(list.GetArtifacts()[0].GetUri(), []byte("data"), 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	// A command that takes single placeholders: write to all that are ours.
	for _, arg := range t.Command[1:] {
		for _, word := range strings.Fields(arg) {
			if !strings.HasPrefix(word, t.RunDir) {
				continue
			}
			if err := os.WriteFile(word, []byte("1"), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// Specs that the KFP SDK compiled run from end to end, or are refused for
// their control flow.
func TestGoldens(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(truthDir), "goldens", "*.yaml"))
	if len(files) == 0 {
		t.Skip("the specs of the KFP SDK are not here")
	}
	ran := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			spec, err := compiler.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			params := map[string]any{}
			for name, p := range spec.Pipeline.GetRoot().GetInputDefinitions().GetParameters() {
				if p.GetDefaultValue() != nil || p.GetIsOptional() {
					continue
				}
				switch p.GetParameterType() {
				case pipelinespec.ParameterType_STRING:
					params[name] = "text"
				case pipelinespec.ParameterType_LIST:
					params[name] = []any{}
				case pipelinespec.ParameterType_STRUCT:
					params[name] = map[string]any{}
				case pipelinespec.ParameterType_BOOLEAN:
					params[name] = true
				default:
					params[name] = 1
				}
			}
			res, err := exec.Run(context.Background(), spec, exec.WithStorage(t.TempDir()), exec.WithRunner(puppet{}), exec.WithParameters(params))
			switch {
			case err != nil && strings.Contains(err.Error(), "cannot be run on this machine yet"):
				t.Skip(err)
			case err != nil:
				t.Fatal(err)
			case res.State != exec.Succeeded:
				for _, task := range res.Tasks {
					t.Logf("%s: %s: %v", task.Path, task.State, task.Err)
				}
				t.Error(res.State)
			}
			ran++
		})
	}
	if ran < 10 {
		t.Errorf("only %d of %d ran", ran, len(files))
	}
}
