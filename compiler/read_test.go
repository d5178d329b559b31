package compiler

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const small = `pipelineInfo:
  name: p
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      y:
        componentRef:
          name: comp-y
components:
  comp-y:
    executorLabel: exec-y
deploymentSpec:
  executors:
    exec-y:
      container:
        image: i
`

// bomb is a YAML file of some hundred bytes that stands for 10⁹ values.
func bomb() string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 9; i++ {
		prev, next := string(rune('0'+i-1)), string(rune('0'+i))
		b.WriteString("a" + next + ": &a" + next + " [" + strings.Repeat("*a"+prev+",", 9) + "*a" + prev + "]\n")
	}
	return b.String()
}

func TestReadErrors(t *testing.T) {
	tests := []struct{ name, text, want, hint string }{
		{"empty", "", "not a pipeline spec: it has no pipelineInfo and no root", "fuse compile"},
		{"a text", "hello", "not a pipeline spec: it has no pipelineInfo and no root", ""},
		{"a list", "[1]", "not a pipeline spec: it has no pipelineInfo and no root", ""},
		{"no root", "pipelineInfo: {name: p}", "not a pipeline spec: it has no root", ""},
		{"root of no use", "pipelineInfo: {name: p}\nroot: 1", "not a pipeline spec: it has no root", ""},
		{"argo", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec: {}", "it has no pipelineInfo and no root", "Argo workflow"},
		{"kubernetes", "apiVersion: v1\nkind: Pod", "it has no pipelineInfo and no root", "Kubernetes object of v1"},
		{"component of KFP 1", "name: x\nimplementation: {}", "it has no pipelineInfo and no root", "single component"},
		{"platform alone", "platforms: {}", "it has no pipelineInfo and no root", "second document"},
		{"bad YAML", "a: b\nc: [", "not a pipeline spec: the file is neither YAML nor JSON: line ", ""},
		{"bad JSON", "{\n\"a\": 1,\n\"b\": ]", "not a pipeline spec: the file is not JSON: line 3: ", ""},
		{"two values", "{} {}", "not a pipeline spec: the file is not JSON: there is more text", ""},
		{"binary", "\x7fELF\xff\xfe", "not a pipeline spec: the file is not text", ""},
		{"key twice", "a: 1\na: 2", `line 2: key "a" stands twice in one mapping`, ""},
		{"key that is a list", "? [a]\n: 1", "line 1: a key must be a text", ""},
		{"merge key", "a: &a {b: 1}\nc:\n  <<: *a", "line 3: merge keys (<<) are not used in specs", ""},
		{"infinity", "a: .inf", "line 1: .inf is no number that JSON has", ""},
		{"alias bomb", bomb(), "the aliases stand for more than 100000 values", ""},
		{"alias in itself", "a: &a [*a]", "alias a stands for something that holds it", ""},
		{"version", strings.Replace(small, "2.1.0", "2.0.0", 1), "schemaVersion 2.0.0, and only 2.1.0 can be run", "compile it again"},
		{"wrong type", strings.Replace(small, "executorLabel: exec-y", "executorLabel: [1]", 1), "read pipeline spec: ", ""},
		{"wrong type in the deployment", strings.Replace(small, "image: i", "image: [1]", 1), "read deploymentSpec of the pipeline spec: ", ""},
		{"wrong name", strings.Replace(small, "name: p", "name: {a: b}", 1), "read pipeline spec: ", ""},
		{"two specs", small + "---\n" + small, "more than one pipeline spec", ""},
		{"wrapped, with more", `{"pipeline_spec": {}, "run": {}}`, "a field run beside its pipeline spec", ""},
		{"wrapped, no object", `{"pipeline_spec": 1}`, "field pipeline_spec of the file is not an object", ""},
		{"wrapped, no spec", `{"pipeline_spec": {"a": 1}}`, "it has no pipelineInfo and no root", ""},
		{"wrapped platform, no platforms", `{"pipeline_spec": {"pipelineInfo": {}, "root": {}}, "platform_spec": {"platform": {}}}`, "the platform_spec of the file has no field platforms", ""},
		{"deep", "a: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "the file nests values more than 200 deep", ""},
		{"field twice", strings.Replace(small, "pipelineInfo:", "pipeline_info: {name: q}\npipelineInfo:", 1), "read pipeline spec: ", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := Read([]byte(tt.text))
			if err == nil {
				t.Fatalf("read as %v", s)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %q, want one with %q", err, tt.want)
			}
			if strings.ContainsRune(err.Error(), '\u00a0') || strings.Contains(err.Error(), "proto:") {
				t.Errorf("error %q is protojson's own", err)
			}
			if tt.hint != "" {
				var e *starlarkfuse.Error
				if !errors.As(err, &e) || !strings.Contains(e.Hint, tt.hint) {
					t.Errorf("error %#v, want a hint with %q", err, tt.hint)
				}
			}
		})
	}
}

func TestReadSize(t *testing.T) {
	if _, err := Read([]byte(small), WithMaxSize(len(small))); err != nil {
		t.Error(err)
	}
	_, err := Read([]byte(small), WithMaxSize(100))
	if err == nil || !strings.Contains(err.Error(), "too large for a pipeline spec: 246 bytes, the limit is 100 bytes") {
		t.Errorf("error %v", err)
	}
	if _, err := Read([]byte(small), WithMaxSize(0)); err == nil {
		t.Error("a limit of 0 bytes was accepted")
	}
	if _, err := Read([]byte(strings.Repeat("[", 1<<20))); err == nil {
		t.Error("a million brackets were read as a spec")
	}
	if _, err := Read([]byte(`{"a":` + strings.Repeat("[", 1<<20))); err == nil {
		t.Error("a million brackets were read as a spec")
	}
}

// TestReadForms reads one spec in each form that it may have.
func TestReadForms(t *testing.T) {
	const platform = "platforms:\n  kubernetes:\n    deploymentSpec: {executors: {exec-y: {nodeSelector: {labels: {a: b}}}}}\n"
	want := mustRead(t, []byte(small+"---\n"+platform))
	js, err := want.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(js, []byte(`{"pipeline_spec":{"pipelineInfo":{"name":"p"},"deploymentSpec":{"executors":{"exec-y":{"container":{"image":"i"}}}},"schemaVersion":"2.1.0",`)) ||
		!bytes.HasSuffix(js, []byte(`,"platform_spec":{"platforms":{"kubernetes":{"deploymentSpec":{"executors":{"exec-y":{"nodeSelector":{"labels":{"a":"b"}}}}}}}}}`)) {
		t.Errorf("written as %s", js)
	}
	indent := strings.ReplaceAll("\n"+small, "\n", "\n  ")
	forms := map[string]string{
		"JSON":               string(js),
		"documents":          "---\n" + small + "---\n" + platform + "---\n",
		"platform first":     platform + "---\n" + small,
		"byte order mark":    "\ufeff" + small + "---\n" + platform,
		"Windows lines":      strings.ReplaceAll(small+"---\n"+platform, "\n", "\r\n"),
		"wrapped YAML":       "pipeline_spec:" + indent + "\nplatform_spec: {" + strings.ReplaceAll(strings.TrimSpace(strings.Replace(platform, "platforms:\n  kubernetes:\n    ", "platforms: {kubernetes: {", 1)), "\n", " ") + "}}}",
		"names of the proto": strings.NewReplacer("pipelineInfo", "pipeline_info", "schemaVersion", "schema_version", "componentRef", "component_ref", "executorLabel", "executor_label", "deploymentSpec", "deployment_spec").Replace(small) + "---\n" + platform,
	}
	for name, text := range forms {
		got, err := mustRead(t, []byte(text)).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, js) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, js)
		}
	}
	if want.Container(want.Component("comp-y")).GetImage() != "i" {
		t.Error("the input named y was lost: it is no boolean")
	}
}

// TestReadKeeps reads what the Go types of the spec cannot hold.
func TestReadKeeps(t *testing.T) {
	const text = `{
		"pipelineInfo": {"name": "p", "description": "", "futureThing": {"a": [1, null]}},
		"schemaVersion": "2.1.0",
		"future": true,
		"components": {
			"c": {"executorLabel": "e", "inputDefinitions": {"parameters": {
				"n": {"parameterType": "FUTURE_TYPE", "isOptional": false, "defaultValue": null},
				"big": {"parameterType": "NUMBER_INTEGER", "defaultValue": 9007199254740993},
				"deep": {"parameterType": "STRUCT", "defaultValue": {"a": [9007199254740993, {"b": 1e300}], "c": 1}}}},
				"futureList": [{}]},
			"empty": {}
		},
		"root": {"dag": {"outputs": {}, "tasks": {
			"t": {"cachingOptions": {"enableCache": false, "cacheKey": "k"}, "componentRef": {"name": "c"}, "dependentTasks": [], "inputs": null,
				"retryPolicy": {"backoffDuration": "0s", "maxRetryCount": 0, "backoffFactor": 2.0}},
			"u": {"cachingOptions": {}, "componentRef": {"name": "c"}, "triggerPolicy": {"strategy": "FUTURE"}}}}},
		"deploymentSpec": {"executors": {"e": {"container": {"image": "", "env": [{"name": "A", "value": ""}, {"name": "B", "valueFrom": 1}],
			"resources": {"accelerator": {"count": 1, "resourceCount": "1"}}}}, "f": {"future": {}}}, "futureDeployment": 0}
	}`
	s := mustRead(t, []byte(text))
	js, err := s.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(mustTree(t, []byte(text)), mustTree(t, js), sameJSON); d != "" {
		t.Errorf("-read +written:\n%s", d)
	}
	want := []string{
		"components/c/futureList", "deploymentSpec/executors/e/container/env/valueFrom", "deploymentSpec/executors/f/future",
		"deploymentSpec/futureDeployment", "future", "pipelineInfo/futureThing",
	}
	got := append([]string{}, s.unknown...)
	if d := cmp.Diff(want, sorted(got)); d != "" {
		t.Errorf("unknown fields, -want +got:\n%s", d)
	}
	if d := cmp.Diff([]string{"root/dag/tasks/t/cachingOptions/cacheKey"}, s.newer); d != "" {
		t.Errorf("newer fields, -want +got:\n%s", d)
	}
	if n := s.Deployment.Executors["e"].GetContainer().Resources.Accelerator.Count; n != 1 {
		t.Errorf("accelerator count %d, want 1", n)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte(bomb()))
	f.Add([]byte(`{"pipeline_spec": {"pipelineInfo": {}, "root": {}, "x": 1e9}, "platform_spec": {"platforms": {}}}`))
	f.Add([]byte("pipelineInfo: {name: p}\nroot: {dag: {tasks: {t: {retryPolicy: {backoffDuration: 1.5s}}}}}\ndeploymentSpec: null"))
	f.Add([]byte(vary("", "")))
	f.Add(readFile(f, "testdata/settings.json"))
	f.Add([]byte("pipelineInfo: {name: p, x: [&a {b: 0x1F, c: 1e3, d: !!str 1}, *a]}\nroot: {inputDefinitions: {parameters: {p: {defaultValue: 12345678901234567890}}}}\n---\nplatforms: {k: {}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Read(data, WithMaxSize(1<<20))
		if err != nil {
			return
		}
		_ = s.Validate()
		js, err := s.MarshalJSON()
		if err != nil {
			t.Fatalf("it was read, and cannot be written: %v", err)
		}
		again, err := Read(js)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, js)
		}
		js2, err := again.MarshalJSON()
		if err != nil || !bytes.Equal(js, js2) {
			t.Fatalf("written again, it differs (%v):\n%s\n%s", err, js, js2)
		}
		ya, err := s.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err = Read(ya)
		if err != nil {
			t.Fatalf("the YAML written cannot be read: %v\n%s", err, ya)
		}
		if js2, err = again.MarshalJSON(); err != nil || !cmp.Equal(mustTree(t, js), mustTree(t, js2), sameJSON) {
			t.Fatalf("read from YAML, it differs (%v):\n%s\n%s", err, js, js2)
		}
	})
}
