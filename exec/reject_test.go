package exec_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
)

// Whatever cannot be run is refused before anything is: the marker of the
// first task must not be there.
func TestRefused(t *testing.T) {
	const base = `
pipelineInfo: {name: refused}
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      first: {taskInfo: {name: first}, componentRef: {name: c}}
      second: {taskInfo: {name: second}, componentRef: {name: c}, dependentTasks: [first]}
components:
  c: {executorLabel: e, inputDefinitions: {parameters: {x: {parameterType: STRING, isOptional: true}}}}
deploymentSpec: {executors: {e: {container: {image: none, command: [touch, MARKER]}}}}
`
	for _, tt := range []struct{ name, old, new, want string }{
		{"condition", "dependentTasks: [first]}", "triggerPolicy: {condition: 'true'}}", `task "second" has a condition`},
		{"loop", "dependentTasks: [first]}", "parameterIterator: {itemInput: x, items: {raw: '[1]'}}}", `task "second" has a loop`},
		{"artifact loop", "dependentTasks: [first]}", "artifactIterator: {itemInput: x, items: {inputArtifact: y}}}", "second"},
		{"final status", "dependentTasks: [first]}", "dependentTasks: [first], triggerPolicy: {strategy: ALL_UPSTREAM_TASKS_COMPLETED}, inputs: {parameters: {x: {taskFinalStatus: {producerTask: first}}}}}", `task "second" has the final status of a task`},
		{"selector", "dependentTasks: [first]}", "inputs: {parameters: {x: {runtimeValue: {constant: a}, parameterExpressionSelector: 'string_value'}}}}", `task "second" has a parameterExpressionSelector on its input "x"`},
		{"importer", "e: {container: {image: none, command: [touch, MARKER]}}", "e: {importer: {artifactUri: {constant: 'gs://b/x'}, typeSchema: {schemaTitle: system.Artifact, schemaVersion: 0.0.1}}}", `task "first" has an importer`},
		{"oneof", "    tasks:\n", "    outputs: {parameters: {o: {valueFromOneof: {parameterSelectors: [{producerSubtask: first, outputParameterKey: x}, {producerSubtask: second, outputParameterKey: x}]}}}}\n    tasks:\n", `the pipeline has an output, "o", that one of several tasks gives`},
		{"cycle", "first: {taskInfo: {name: first}, componentRef: {name: c}}", "first: {taskInfo: {name: first}, componentRef: {name: c}, dependentTasks: [second]}", "first"},
		{"dag in itself", "components:\n", "components:\n  d: {dag: {tasks: {t: {taskInfo: {name: t}, componentRef: {name: d}}}}}\n", ""},
		{"unknown component", "componentRef: {name: c}, dependentTasks", "componentRef: {name: z}, dependentTasks", "z"},
		{"path as a key", "      second: ", "      ../second: ", "second"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			marker := t.TempDir() + "/marker"
			text := strings.Replace(base, tt.old, tt.new, 1)
			if text == base {
				t.Fatal("nothing was changed")
			}
			if tt.name == "dag in itself" {
				text = strings.Replace(text, "componentRef: {name: c}, dependentTasks", "componentRef: {name: d}, dependentTasks", 1)
			}
			res, err := exec.Run(context.Background(), readSpec(t, strings.ReplaceAll(text, "MARKER", marker)), exec.WithStorage(t.TempDir()))
			if err == nil || res != nil {
				t.Fatalf("it ran: %+v", res)
			}
			mustContain(t, err.Error(), tt.want)
			if _, err := os.Stat(marker); err == nil {
				t.Error("something was run")
			}
		})
	}
}

// A short spec must not stand for more tasks than there is memory for.
func TestBoundsOfNestedDags(t *testing.T) {
	spec := func(levels, tasks int) string {
		var b strings.Builder
		dag := func(indent, component string) {
			for i := range tasks {
				fmt.Fprintf(&b, "%st%d: {taskInfo: {name: t}, componentRef: {name: %s}}\n", indent, i, component)
			}
		}
		b.WriteString("pipelineInfo: {name: nested}\nschemaVersion: 2.1.0\nroot:\n  dag:\n    tasks:\n")
		dag("      ", "c1")
		b.WriteString("components:\n")
		for i := 1; i < levels; i++ {
			fmt.Fprintf(&b, "  c%d:\n    dag:\n      tasks:\n", i)
			dag("        ", fmt.Sprintf("c%d", i+1))
		}
		fmt.Fprintf(&b, "  c%d: {executorLabel: e}\ndeploymentSpec: {executors: {e: {container: {image: none, command: ['true']}}}}\n", levels)
		return b.String()
	}
	for _, tt := range []struct {
		levels, tasks int
		want          string
	}{
		{3, 4, ""}, {100, 1, ""}, {101, 1, "dags nest more than 100 deep"}, {5000, 1, "dags nest more than 100 deep"}, {60, 10, "has more than 1048576 tasks"},
	} {
		res, err := exec.Run(context.Background(), readSpec(t, spec(tt.levels, tt.tasks)), exec.WithStorage(t.TempDir()))
		switch {
		case tt.want == "" && (err != nil || res.State != exec.Succeeded):
			t.Errorf("%d levels of %d tasks: %v", tt.levels, tt.tasks, err)
		case tt.want != "" && err == nil:
			t.Errorf("%d levels of %d tasks were run", tt.levels, tt.tasks)
		case tt.want != "":
			mustContain(t, err.Error(), tt.want)
		}
	}
}
