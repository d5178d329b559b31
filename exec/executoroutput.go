package exec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/structpb"
)

// collect reads what a container that ended well has left, as KFP's launcher
// does: the executor output first, which wins; then the files of the output
// parameters that it does not give; then the artifacts.
func (l *launch) collect() ([]Output, error) {
	given, err := readExecutorOutput(l.input.outputFile)
	if err != nil {
		return nil, err
	}
	params := given.GetParameterValues()
	if params == nil {
		params = make(map[string]*structpb.Value)
	}
	defs := l.task.plan.component.GetOutputDefinitions()
	for name, path := range l.input.outputs {
		if _, ok := params[name]; ok {
			continue
		}
		t := outputType(defs.GetParameters()[name])
		text, err := readFile(path, maxLeft, "pass large values as artifacts, not as parameters")
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("it did not write its output parameter %q: there is no file %s", name, path)
		}
		if err != nil {
			return nil, fmt.Errorf("read output parameter %q: %w", name, err)
		}
		if params[name], err = parseOutput(string(text), t); err != nil {
			return nil, fmt.Errorf("output parameter %q in %s: %w", name, path, err)
		}
	}
	outs := make([]Output, 0, len(params)+len(defs.GetArtifacts()))
	for name, v := range params {
		outs = append(outs, Output{Name: name, Parameter: v})
	}
	for name := range defs.GetArtifacts() {
		a := l.input.artifacts[name]
		if list := given.GetArtifacts()[name].GetArtifacts(); len(list) > 0 {
			a.merge(list[0])
		}
		if err := a.takeStock(); err != nil {
			return nil, err
		}
		outs = append(outs, Output{Name: name, Artifact: a})
	}
	slices.SortFunc(outs, compareOutputs)
	return outs, nil
}

// merge takes over what a program says of its artifact.
func (a *Artifact) merge(said *pipelinespec.RuntimeArtifact) {
	if uri := said.GetUri(); uri != "" && uri != a.location() {
		a.uri, a.rel, a.dir = uri, "", ""
		if path, err := artifactPath(uri); err == nil {
			a.dir = path
		}
	}
	if said.GetMetadata() != nil {
		m := &structpb.Struct{Fields: make(map[string]*structpb.Value)}
		for k, v := range a.metadata.GetFields() {
			m.Fields[k] = v
		}
		for k, v := range said.GetMetadata().GetFields() {
			m.Fields[k] = v
		}
		a.metadata = m
	}
}

// takeStock notes size and digest of what a program left. Nothing need be
// there, and what is elsewhere is left alone.
func (a *Artifact) takeStock() (err error) {
	if a.rel == "" {
		return nil
	}
	a.size, a.digest, a.digested, err = digestPath(a.location())
	if err != nil {
		return fmt.Errorf("read output artifact %q: %w", a.Name, err)
	}
	return nil
}

// readExecutorOutput reads the file that a program may leave; nil when it did
// not.
func readExecutorOutput(path string) (*pipelinespec.ExecutorOutput, error) {
	b, err := readFile(path, maxLeft, "pass large values as artifacts, not as parameters")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read executor output: %w", err)
	}
	out, err := decodeExecutorOutput(b)
	if err != nil {
		return nil, fmt.Errorf("executor output %s: %w", path, err)
	}
	return out, nil
}

// maxLeft bounds the files that hold parameters: 64 MiB. Larger data is an
// artifact's, of which only the digest is taken.
const maxLeft = 1 << 26

// decodeExecutorOutput decodes the JSON of an executor output, strictly: a
// field that KFP does not know is an error. Any bytes may be given.
func decodeExecutorOutput(b []byte) (*pipelinespec.ExecutorOutput, error) {
	out := &pipelinespec.ExecutorOutput{}
	err := protojson.Unmarshal(b, out)
	if err != nil {
		// The Go module of the spec is older than KFP, which knows one field
		// more.
		if without, ok := withoutCustomPath(b); ok {
			out = &pipelinespec.ExecutorOutput{}
			err = protojson.Unmarshal(without, out)
		}
	}
	if err != nil {
		// protojson puts a space of random width into its messages.
		return nil, errors.New(strings.ReplaceAll(err.Error(), "\u00a0", " "))
	}
	return out, nil
}

// withoutCustomPath removes customPath from all artifacts, where it says for a
// container where its own copy is.
func withoutCustomPath(b []byte) ([]byte, bool) {
	if !bytes.Contains(b, []byte("ustom")) {
		return nil, false
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil || d.More() {
		return nil, false
	}
	found := false
	lists, _ := m["artifacts"].(map[string]any)
	for _, l := range lists {
		list, _ := l.(map[string]any)
		items, _ := list["artifacts"].([]any)
		for _, item := range items {
			if a, _ := item.(map[string]any); a != nil {
				for _, key := range []string{"customPath", "custom_path"} {
					if _, is := a[key].(string); is {
						delete(a, key)
						found = true
					}
				}
			}
		}
	}
	if !found {
		return nil, false
	}
	out, err := json.Marshal(m)
	return out, err == nil
}
