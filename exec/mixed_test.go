package exec_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// A spec that was read and holds functions runs with the file it came from.
func TestReadSpecWithFunctions(t *testing.T) {
	path := starFile(t, everything)
	compiled := compileFile(t, path)
	data, err := compiled.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := compiler.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	want := run(t, compiled)
	if want.State != exec.Succeeded {
		t.Fatal(states(want))
	}
	if res := run(t, spec, exec.WithWorkflow(compiled.Workflow())); values(res) != values(want) {
		t.Errorf("with the workflow: %s %s", states(res), values(res))
	}
	asProcess(t)
	root := strings.TrimSuffix(path, "/pipeline.star")
	if res := run(t, spec, exec.WithRoot(root)); res.State != exec.Succeeded || sortWords(outputs(res)) != sortWords(outputs(want)) {
		t.Errorf("with the folder: %s %v", states(res), res.Tasks[0].Err)
	}
	t.Setenv(exec.RootVariable, root)
	if res := run(t, spec); res.State != exec.Succeeded {
		t.Errorf("with the variable: %s %v", states(res), res.Tasks[0].Err)
	}
}

// A value of a function node that lives in the journal becomes a file for a
// container that wants one; and a container's file is no value.
func TestMixedTasks(t *testing.T) {
	spec := compile(t, `
def make():
    return "x" * 10
def use(x):
    return x
m = workflow(make)().set_name("make")
KFPWorkflow(workflow(use)(m).set_name("use"), workflow_name = "w")
`)
	data, err := spec.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	// Put a container between the two.
	var tree map[string]any
	if err := json.Unmarshal(data, &tree); err != nil {
		t.Fatal(err)
	}
	at := func(path ...string) map[string]any {
		m := tree
		for _, key := range path {
			m = m[key].(map[string]any)
		}
		return m
	}
	put := func(m map[string]any, key, text string) {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		m[key] = v
	}
	const typ = `{"artifactType": {"schemaTitle": "system.Artifact", "schemaVersion": "0.0.1"}}`
	put(at("root", "dag", "tasks"), "between", `{"taskInfo": {"name": "between"}, "componentRef": {"name": "c"}, "inputs": {"artifacts": {"a": {"taskOutputArtifact": {"producerTask": "make", "outputArtifactKey": "result"}}}}}`)
	put(at("components"), "c", `{"executorLabel": "e", "inputDefinitions": {"artifacts": {"a": `+typ+`}}, "outputDefinitions": {"artifacts": {"result": `+typ+`}}}`)
	put(at("deploymentSpec", "executors"), "e", `{"container": {"image": "none", "command": ["COMMAND", "{{$.inputs.artifacts['a'].path}}", "{{$.outputs.artifacts['result'].path}}"]}}`)
	use := at("root", "dag", "tasks", "use")
	put(use, "dependentTasks", `["between"]`)
	at("root", "dag", "tasks", "use", "inputs", "artifacts", "x", "taskOutputArtifact")["producerTask"] = "between"
	changed, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{"cp": `use="xxxxxxxxxx"`, "touch": "use!"} {
		mixed, err := compiler.Read([]byte(strings.Replace(string(changed), "COMMAND", command, 1)))
		if err != nil {
			t.Fatal(err)
		}
		res := run(t, mixed, exec.WithWorkflow(spec.Workflow()))
		mustContain(t, values(res), want)
		if command == "touch" {
			mustContain(t, values(res), `result of "between" in `)
			mustContain(t, values(res), "is damaged")
		} else if _, err := os.Stat(res.Dir + "/make.result"); err != nil {
			t.Error(err)
		}
	}
}
