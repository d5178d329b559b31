package exec_test

import (
	"context"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/exec"
)

// consumerSpec has a producer, p, of a parameter and an artifact, and a
// consumer, c, that echoes its input x; what varies is in capitals.
const consumerSpec = `
pipelineInfo: {name: resolve}
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      p: {taskInfo: {name: p}, componentRef: {name: cp}}
      c: {taskInfo: {name: c}, componentRef: {name: cc}, dependentTasks: [p], triggerPolicy: {strategy: TRIGGER}, inputs: {GIVEN}}
components:
  cp: {executorLabel: ep, outputDefinitions: {parameters: {o: {parameterType: STRUCT}}, artifacts: {a: {artifactType: {schemaTitle: system.Artifact, schemaVersion: 0.0.1}}}}}
  cc: {executorLabel: ec, inputDefinitions: {DECLARED}, outputDefinitions: {parameters: {out: {parameterType: STRING}}}}
deploymentSpec:
  executors:
    ep: {container: {image: none, command: [sh, -ec, 'PRODUCE', "{{$.outputs.parameters['o'].output_file}}", "{{$.outputs.artifacts['a'].path}}"]}}
    ec: {container: {image: none, command: [sh, -ec, 'printf "%s" "${1#* }" > "$0"', "{{$.outputs.parameters['out'].output_file}}", "{{$.outputs.parameters['out'].output_file}} {{$.inputs.parameters['x']}}"]}}
`

func TestResolve(t *testing.T) {
	const (
		produce = `printf "{\"k\": [1, \"<\"]}" > "$0"; printf x > "$1"`
		output  = "parameters: {x: {taskOutputParameter: {producerTask: p, outputParameterKey: o}}}"
		unknown = "parameters: {x: {taskOutputParameter: {producerTask: p, outputParameterKey: none}}}"
		art     = "artifacts: {a: {taskOutputArtifact: {producerTask: p, outputArtifactKey: KEY}}}"
	)
	for _, tt := range []struct {
		name, given, declared, produce string
		completed                      bool
		want                           string // the consumer's output, or a part of its error
	}{
		{"a struct as text", output, "parameters: {x: {parameterType: STRING}}", produce, false, `{"k":[1,"\u003c"]}`},
		{"a struct as itself", output, "parameters: {x: {parameterType: STRUCT}}", produce, false, `{"k":[1,"\u003c"]}`},
		{"a struct for a list", output, "parameters: {x: {parameterType: LIST}}", produce, false, `!input "x" wants LIST, got a STRUCT`},
		{"an undeclared input", output, "", produce, false, `{"k":[1,"\u003c"]}`},
		{"an unknown output as text", unknown, "parameters: {x: {parameterType: STRING}}", produce, false, ""},
		{"an unknown output as number", unknown, "parameters: {x: {parameterType: NUMBER_DOUBLE}}", produce, false, `!input "x": task "p" has no output "none"`},
		{"a failed producer, optional", output, "parameters: {x: {parameterType: STRING, isOptional: true, defaultValue: d}}", "exit 1", true, "d"},
		{"a failed producer, as text", output, "parameters: {x: {parameterType: STRING}}", "exit 1", true, ""},
		{"a failed producer, as struct", output, "parameters: {x: {parameterType: STRUCT}}", "exit 1", true, `!input "x": task "p" has no output "o"`},
		{"a default that is not applied", "", "parameters: {x: {parameterType: STRING, defaultValue: d}}", produce, false, ""},
		{"a constant", "parameters: {x: {runtimeValue: {constant: 1.5e300}}}", "parameters: {x: {parameterType: NUMBER_DOUBLE}}", produce, false, "15" + strings.Repeat("0", 299)},
		{"constants and types of old", "parameters: {x: {runtimeValue: {constantValue: {intValue: 7}}}}", "parameters: {x: {type: INT}}", produce, false, "7"},
		{"a double of old", "parameters: {x: {runtimeValue: {constantValue: {doubleValue: 0.5}}}}", "parameters: {x: {type: DOUBLE}}", produce, false, "0.5"},
		{"a string of old", "parameters: {x: {runtimeValue: {constantValue: {stringValue: s}}}}", "parameters: {x: {type: STRING}}", produce, false, "s"},
		{"an unknown artifact", strings.Replace(art, "KEY", "b", 1), "artifacts: {a: {artifactType: {schemaTitle: system.Artifact}}}", produce, false, `!input "a": task "p" has no output artifact "b"`},
		{"an artifact of a failure", strings.Replace(art, "KEY", "a", 1), "artifacts: {a: {artifactType: {schemaTitle: system.Artifact}}}", "exit 1", true, `!input "a": task "p" left no "a": it is FAILED`},
		{"an optional artifact of a failure", strings.Replace(art, "KEY", "a", 1), "artifacts: {a: {artifactType: {schemaTitle: system.Artifact}, isOptional: true}}", "exit 1", true, "{{$.inputs.parameters['x']}}"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			trigger := "ALL_UPSTREAM_TASKS_SUCCEEDED"
			if tt.completed {
				trigger = "ALL_UPSTREAM_TASKS_COMPLETED"
			}
			text := strings.NewReplacer("TRIGGER", trigger, "GIVEN", tt.given, "DECLARED", tt.declared, "PRODUCE", tt.produce).Replace(consumerSpec)
			res, err := exec.Run(context.Background(), readSpec(t, text), exec.WithStorage(t.TempDir()))
			if err != nil {
				t.Fatal(err)
			}
			c := res.Task("c")
			if want, fails := strings.CutPrefix(tt.want, "!"); fails {
				if c.Err == nil {
					t.Fatalf("%s: it ran", states(res))
				}
				mustContain(t, c.Err.Error(), want)
			} else if out := c.Output("out"); out == nil || out.Parameter.GetStringValue() != want {
				t.Errorf("got %v (%s, %v), want %q", out, states(res), c.Err, want)
			}
		})
	}
}

// A dag fails with its inputs, and is cut short with its tasks.
func TestDagStates(t *testing.T) {
	const spec = `
pipelineInfo: {name: dags}
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      d: {taskInfo: {name: d}, componentRef: {name: dag}, inputs: {parameters: {n: {runtimeValue: {constant: CONSTANT}}}}}
      empty: {taskInfo: {name: empty}, componentRef: {name: dag2}}
      after: {taskInfo: {name: after}, componentRef: {name: c}, dependentTasks: [d]}
components:
  dag:
    inputDefinitions: {parameters: {n: {parameterType: NUMBER_INTEGER}}}
    dag:
      tasks:
        one: {taskInfo: {name: one}, componentRef: {name: c}}
        two: {taskInfo: {name: two}, componentRef: {name: c}, dependentTasks: [one]}
  dag2: {dag: {tasks: {one: {taskInfo: {name: one}, componentRef: {name: ok}}}}}
  c: {executorLabel: e}
  ok: {executorLabel: ok}
deploymentSpec: {executors: {e: {container: {image: none, command: [sh, -ec, 'SCRIPT']}}, ok: {container: {image: none, command: ["true"]}}}}
`
	with := func(constant, script string) string {
		return strings.NewReplacer("CONSTANT", constant, "SCRIPT", script).Replace(spec)
	}
	res := run(t, readSpec(t, with("x", "true")))
	if got := sortWords(states(res)); got != "after=NOT_RUN d=FAILED empty/one=SUCCEEDED empty=SUCCEEDED" || res.State != exec.Failed {
		t.Errorf("wrong input: %s %s", res.State, got)
	}
	mustContain(t, res.Task("d").Err.Error(), `input "n" wants NUMBER_INTEGER`)

	res = run(t, readSpec(t, with("1", "exit 1")))
	if got := sortWords(states(res)); got != "after=NOT_RUN d/one=FAILED d/two=NOT_RUN d=FAILED empty/one=SUCCEEDED empty=SUCCEEDED" || res.State != exec.Failed {
		t.Errorf("a task fails: %s %s", res.State, got)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	res, err := exec.Run(ctx, readSpec(t, with("1", "echo on; sleep 1000")), exec.WithStorage(t.TempDir()), exec.WithParallelism(1), exec.WithObserver(func(e exec.Event) {
		if e.Line == "on" {
			cancel()
		}
	}))
	if err == nil {
		t.Fatal("no error")
	}
	if got := states(res); !strings.HasPrefix(got, "d=CANCELED d/one=CANCELED d/two=NOT_RUN") || !strings.Contains(got, "after=NOT_RUN") || res.State != exec.Canceled {
		t.Errorf("cancelled: %s %s", res.State, got)
	}
}
