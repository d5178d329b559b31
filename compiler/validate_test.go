package compiler

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// vary returns a small valid spec with some text replaced.
func vary(old, new string) string {
	const base = `{"pipelineInfo": {"name": "p"}, "schemaVersion": "2.1.0",
"root": {"dag": {"tasks": {
  "a": {"componentRef": {"name": "comp-a"}},
  "b": {"componentRef": {"name": "comp-a"}, "dependentTasks": ["a"], "inputs": {
     "parameters": {"x": {"taskOutputParameter": {"producerTask": "a", "outputParameterKey": "out"}}, "y": {"componentInputParameter": "in"}},
     "artifacts": {"z": {"taskOutputArtifact": {"producerTask": "a", "outputArtifactKey": "art"}}}}},
  "sub": {"componentRef": {"name": "comp-sub"}}},
  "outputs": {"parameters": {"o": {"valueFromParameter": {"producerSubtask": "b", "outputParameterKey": "out"}}}}},
  "inputDefinitions": {"parameters": {"in": {"parameterType": "STRING"}}}},
"components": {
  "comp-a": {"executorLabel": "exec-a", "outputDefinitions": {"parameters": {"out": {"parameterType": "STRING"}}, "artifacts": {"art": {}}}},
  "comp-sub": {"dag": {"tasks": {"inner": {"componentRef": {"name": "comp-a"}}}}}},
"deploymentSpec": {"executors": {"exec-a": {"container": {"image": "i"}}}}}`
	if old == "" {
		return base
	}
	if !strings.Contains(base, old) {
		panic(fmt.Sprintf("%q is not in the spec", old))
	}
	return strings.Replace(base, old, new, 1)
}

func TestValidate(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"valid", "", "", ""},
		{"no version", `"schemaVersion": "2.1.0",`, "", `schemaVersion: is "", and must be 2.1.0`},
		{"pipeline name", `"name": "p"`, `"name": "P p"`, `pipelineInfo/name: "P p" is no name for a pipeline`},
		{"long pipeline name", `"name": "p"`, `"name": "` + strings.Repeat("p", 129) + `"`, "is no name for a pipeline"},
		{"key with an underscore", `"inner"`, `"in_ner"`, `components/comp-sub/dag/tasks/in_ner: "in_ner" is no key for a task`},
		{"key with a digit in front", `"inner"`, `"1"`, `components/comp-sub/dag/tasks/1: "1" is no key for a task`},
		{"long key", `"inner"`, `"` + strings.Repeat("k", 129) + `"`, "has at most 128 characters, and this 129"},
		{"driver", `"sub":`, `"a-driver":`, `root/dag/tasks/a-driver: KFP makes a task of this name itself, to start "a"`},
		{"component named root", `"comp-sub": {"dag"`, `"root": {}, "comp-sub": {"dag"`, `components/root: "root" is the name of the pipeline itself`},
		{"no component", `"name": "comp-sub"`, `"name": "nope"`, `root/dag/tasks/sub: there is no component "nope"`},
		{"no component name", `"componentRef": {"name": "comp-sub"}`, `"taskInfo": {}`, `root/dag/tasks/sub: there is no component ""`},
		{"no executor", `"executorLabel": "exec-a"`, `"executorLabel": "nope"`, `components/comp-a: there is no executor "nope"`},
		{"no implementation", `"executorLabel": "exec-a", `, "", "components/comp-a: has neither a dag nor an executor"},
		{"no image", `"image": "i"`, "", "deploymentSpec/executors/exec-a: the container has no image"},
		{"resolver", `"container": {"image": "i"}`, `"resolver": {}`, "a resolver runs on no open-source server"},
		{"custom job", `"container": {"image": "i"}`, `"customJob": {}`, "a customJob runs on no open-source server"},
		{"empty executor", `"container": {"image": "i"}`, ``, "has neither a container nor an importer"},
		{"importer", `"container": {"image": "i"}`, `"importer": {}`, ""},
		{"artifact iterator", `{"componentRef": {"name": "comp-sub"}}`, `{"componentRef": {"name": "comp-sub"}, "artifactIterator": {}}`, "root/dag/tasks/sub: an artifactIterator runs on no open-source server"},
		{"dependent task", `"dependentTasks": ["a"]`, `"dependentTasks": ["nope"]`, `root/dag/tasks/b/dependentTasks: there is no task "nope" in this dag`},
		{"producer of a parameter", `"producerTask": "a", "outputParameterKey"`, `"producerTask": "inner", "outputParameterKey"`, `root/dag/tasks/b/inputs/parameters/x: there is no task "inner" in this dag`},
		{"producer of an artifact", `"producerTask": "a", "outputArtifactKey"`, `"producerTask": "nope", "outputArtifactKey"`, `root/dag/tasks/b/inputs/artifacts/z: there is no task "nope" in this dag`},
		{"cycle", `"a": {"componentRef"`, `"a": {"dependentTasks": ["b"], "componentRef"`, "root/dag/tasks/a: waits for itself: a waits for b waits for a"},
		{"cycle of one", `"dependentTasks": ["a"]`, `"dependentTasks": ["b"]`, "root/dag/tasks/b: waits for itself: b waits for b"},
		{"component in itself", `"inner": {"componentRef": {"name": "comp-a"}}`, `"inner": {"componentRef": {"name": "comp-sub"}}`, `components/comp-sub/dag/tasks/inner: component "comp-sub" is made of itself`},
		{"no tasks", `{"inner": {"componentRef": {"name": "comp-a"}}}`, `{}`, "components/comp-sub/dag/tasks: there are no tasks"},
		{"only exit tasks", `"inner": {`, `"inner": {"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}, `, "components/comp-sub/dag/tasks: there is no task that does not wait"},
		{"unknown field", `"dependentTasks": ["a"]`, `"dependentTask": ["a"]`, "root/dag/tasks/b/dependentTask: KFP has no such field"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := vary(tt.old, tt.new)
			err := mustRead(t, []byte(text)).Validate()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want %q", err, tt.want)
			}
			var p Problem
			var e *starlarkfuse.Error
			if !errors.As(err, &p) || !p.Refused || !errors.As(err, &e) {
				t.Errorf("error %#v holds no Problem", err)
			}
		})
	}
}

func TestValidateImporter(t *testing.T) {
	text := strings.NewReplacer(
		`"a": {`, `"a": {"triggerPolicy": {"condition": "true"}, `,
		`"container": {"image": "i"}`, `"importer": {}`,
	).Replace(vary("", ""))
	const want = "root/dag/tasks/a: KFP takes no condition on an importer"
	if err := mustRead(t, []byte(text)).Validate(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestValidateRoot(t *testing.T) {
	const text = `{"pipelineInfo": {"name": "p"}, "schemaVersion": "2.1.0", "root": {"executorLabel": "e"}}`
	if err := mustRead(t, []byte(text)).Validate(); err == nil || !strings.Contains(err.Error(), "root: is not a dag") {
		t.Errorf("error %v", err)
	}
}

func TestValidateListsAll(t *testing.T) {
	text := strings.NewReplacer(`"name": "p"`, `"name": "P"`, `"name": "comp-sub"`, `"name": "nope"`, `"image": "i"`, "").Replace(vary("", ""))
	err := mustRead(t, []byte(text)).Validate()
	for _, want := range []string{"pipelineInfo/name: ", "root/dag/tasks/sub: ", "deploymentSpec/executors/exec-a: "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q too", err, want)
		}
	}

	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, `"t%d": {"componentRef": {"name": "nope"}},`, i)
	}
	err = mustRead(t, []byte(vary(`"sub": `, many.String()+`"sub": `))).Validate()
	if err == nil || strings.Count(err.Error(), "\n") != maxListed || !strings.HasSuffix(err.Error(), "and 80 more") {
		t.Errorf("error of 100 problems: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"none", "", "", ""},
		{"output parameter", `"outputParameterKey": "out"}}, "y"`, `"outputParameterKey": "nope"}}, "y"`, `root/dag/tasks/b/inputs/parameters/x: task "a" has no output parameter "nope": the value will be empty`},
		{"output artifact", `"outputArtifactKey": "art"`, `"outputArtifactKey": "nope"`, `root/dag/tasks/b/inputs/artifacts/z: task "a" has no output artifact "nope"`},
		{"input of the dag", `"componentInputParameter": "in"`, `"componentInputParameter": "nope"`, `root/dag/tasks/b/inputs/parameters/y: the dag has no input parameter "nope": the task will fail`},
		{"artifact of the dag", `"taskOutputArtifact": {"producerTask": "a", "outputArtifactKey": "art"}`, `"componentInputArtifact": "nope"`, `the dag has no input artifact "nope"`},
		{"output of the dag", `"producerSubtask": "b"`, `"producerSubtask": "nope"`, `root/dag/outputs/parameters/o: there is no task "nope" in this dag`},
		{"output of the dag's task", `"producerSubtask": "b", "outputParameterKey": "out"`, `"producerSubtask": "b", "outputParameterKey": "nope"`, `root/dag/outputs/parameters/o: task "b" has no output "nope"`},
		{"newer field", `"dependentTasks": ["a"]`, `"cachingOptions": {"enableCache": true, "cacheKey": "k"}`, "root/dag/tasks/b/cachingOptions/cacheKey: only servers after KFP 2.17 know this field"},
		{"runs twice", `"dependentTasks": ["a"]`, `"dependentTasks": ["a", "sub"], "triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}`, "root/dag/tasks/b: runs after 2 tasks whether or not they succeed: KFP 2.17 runs it once for each"},
		{"arguments of fuse exec", `"image": "i"`, `"image": "i", "command": ["fuse", "exec"], "env": [{"name": "FFFUNCTION", "value": "n"}]`, "deploymentSpec/executors/exec-a: argument --workflow is missing"},
		{"size", `"image": "i"`, `"image": "` + strings.Repeat("i", ArgoLimit) + `"`, "the spec has 1.5 MiB: KFP makes one Argo workflow of it, which must stay under about 1.5 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := mustRead(t, []byte(vary(tt.old, tt.new)))
			if err := s.Validate(); err != nil {
				t.Errorf("KFP takes it, and Validate does not: %v", err)
			}
			got := strings.Join(s.Warnings(), "\n")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("warnings %q, want %q", got, tt.want)
			}
		})
	}
}

func TestWarnsOfPlatform(t *testing.T) {
	s := mustRead(t, []byte(small+"---\nplatforms: {}\nplatform: x\n"))
	const want = "platform: KFP has no such field in a platform spec, and ignores the whole of it for that"
	if got := strings.Join(s.Warnings(), "\n"); got != want {
		t.Errorf("warnings %q, want %q", got, want)
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ text, pipeline string }{
		{"sums", "sums"}, {"My work", "my-work"}, {"", "pipeline"}, {"żółć", "pipeline"}, {"1st", "1st"}, {"--a--b--", "a-b"},
		{strings.Repeat("ab-", 100), strings.Repeat("ab-", 42) + "ab"}, {strings.Repeat("A", 300), strings.Repeat("a", 128)},
	}
	for _, tt := range tests {
		if got := PipelineName(tt.text); got != tt.pipeline || len(got) > maxPipelineName || !pipelineNames.MatchString(got) {
			t.Errorf("PipelineName(%q) = %q, want %q", tt.text, got, tt.pipeline)
		}
	}
}

func FuzzTaskKeys(f *testing.F) {
	f.Add("a", "a-driver", "A")
	f.Add("1", "node-1", "")
	f.Add("x", "x-2", "X")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		m := newKeyMaker(9)
		keys := make(map[string]bool)
		for _, name := range []string{a, b, c, a, b, c, a, a + "-driver", b + "-2"} {
			key := m.key(name)
			if !taskKeys.MatchString(key) || len(key) > 120 || keys[key] || strings.HasSuffix(key, driverSuffix) {
				t.Errorf("key %q for %q, beside %v", key, name, keys)
			}
			keys[key] = true
		}
	})
}

func TestSizeText(t *testing.T) {
	for n, want := range map[int]string{0: "0 bytes", 1023: "1023 bytes", 1024: "1.0 KiB", 12595: "12.3 KiB", 1<<20 - 1: "1.0 MiB", 3 << 19: "1.5 MiB", 5 << 30: "5.0 GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("sizeText(%d) = %q, want %q", n, got, want)
		}
	}
}
