package compiler

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
)

// corpus returns specs that other tools wrote, and recorded outcomes of a real
// server. They lie beside the repository, and are not always there.
func corpus(t testing.TB) []string {
	t.Helper()
	var files []string
	for _, pattern := range []string{"goldens/*.yaml", "truth/*.yaml"} {
		found, err := filepath.Glob(filepath.Join("..", "..", "shared", "kfp", filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		t.Skip("the collection of other tools' specs is not beside the repository")
	}
	return files
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustRead(t testing.TB, data []byte) *Spec {
	t.Helper()
	s, err := Read(data)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return s
}

func mustTree(t testing.TB, data []byte) tree {
	t.Helper()
	v, err := decodeJSON(data)
	if err != nil {
		t.Fatalf("%v in %.200s", err, data)
	}
	return v
}

// sameJSON compares trees, numbers by value.
var sameJSON = cmp.Comparer(func(a, b json.Number) bool { return sameScalar(a, b) })

// asTrees returns what a file holds: pipeline spec and platform spec.
func asTrees(t testing.TB, data []byte) []tree {
	t.Helper()
	docs, err := decodeDocuments(data)
	if err != nil {
		t.Fatal(err)
	}
	if m, ok := docs[0].(map[string]any); ok && m["pipeline_spec"] != nil {
		docs = []tree{m["pipeline_spec"]}
		if m["platform_spec"] != nil {
			docs = append(docs, m["platform_spec"])
		}
	}
	return docs
}

func TestRoundTripCorpus(t *testing.T) {
	for _, file := range corpus(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data := readFile(t, file)
			s := mustRead(t, data)
			want := asTrees(t, data)

			js, err := s.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, asTrees(t, js), sameJSON); d != "" {
				t.Errorf("JSON, -file +written:\n%s", d)
			}
			ya, err := s.MarshalYAML()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, asTrees(t, ya), sameJSON); d != "" {
				t.Errorf("YAML, -file +written:\n%s\n%s", d, ya)
			}
			indented, err := s.MarshalIndentJSON()
			if err != nil {
				t.Fatal(err)
			}
			again, err := mustRead(t, indented).MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(js, again) {
				t.Errorf("read and written again, it differs:\n%s\n%s", js, again)
			}
		})
	}
}

// protojsonBytes is what protojson makes of a spec, spaces removed.
func protojsonBytes(t testing.TB, s *Spec) []byte {
	t.Helper()
	p := withStruct(t, s)
	b, err := protojson.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, b); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// withStruct returns the pipeline spec with deploymentSpec as the generic
// Struct that the Go module has there.
func withStruct(t testing.TB, s *Spec) *pipelinespec.PipelineSpec {
	t.Helper()
	p := proto.Clone(s.Pipeline).(*pipelinespec.PipelineSpec)
	if s.Deployment != nil {
		d, err := protojson.Marshal(s.Deployment)
		if err != nil {
			t.Fatal(err)
		}
		p.DeploymentSpec = new(structpb.Struct)
		if err := protojson.Unmarshal(d, p.DeploymentSpec); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestMarshalEqualsProtojsonOnCorpus(t *testing.T) {
	for _, file := range corpus(t) {
		s := mustRead(t, readFile(t, file))
		bare := &Spec{Pipeline: s.Pipeline, Deployment: s.Deployment}
		got, err := bare.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if want := protojsonBytes(t, bare); !bytes.Equal(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", file, got, want)
		}
	}
}

// TestValidateAsRecorded compares Validate with what a real server did.
func TestValidateAsRecorded(t *testing.T) {
	seen := 0
	for _, file := range corpus(t) {
		truth, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".truth.json")
		if err != nil {
			if err := mustRead(t, readFile(t, file)).Validate(); err != nil {
				t.Errorf("%s, of the KFP SDK: %v", file, err)
			}
			continue
		}
		seen++
		var outcome struct{ State, Message string }
		if err := json.Unmarshal(truth, &outcome); err != nil {
			t.Fatal(err)
		}
		// Some are refused for the run's parameters, not for the spec; one
		// is taken and then hangs.
		refused := outcome.State == "REFUSED" && !strings.Contains(outcome.Message, "invalid pipeline job inputs")
		hangs := strings.Contains(file, "ir-no-image")
		s, err := Read(readFile(t, file))
		if err == nil {
			err = s.Validate()
		}
		if (err != nil) != (refused || hangs) {
			t.Errorf("%s: the server said %s %s; Validate says %v", file, outcome.State, outcome.Message, err)
		}
	}
	if seen == 0 {
		t.Error("no recorded outcome was found")
	}
}
