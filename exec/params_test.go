package exec_test

import (
	"context"
	"testing"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// paramSpec echoes parameters of all types, and says what a nested dag was
// given.
const paramSpec = `
pipelineInfo: {name: params}
schemaVersion: 2.1.0
root:
  inputDefinitions:
    parameters:
      count: {parameterType: NUMBER_INTEGER}
      rate: {parameterType: NUMBER_DOUBLE, defaultValue: 0.5}
      name: {parameterType: STRING, isOptional: true}
      flags: {parameterType: LIST, defaultValue: [true]}
  dag:
    tasks:
      echo:
        taskInfo: {name: echo}
        componentRef: {name: c}
        inputs: {parameters: {count: {componentInputParameter: count}, rate: {componentInputParameter: rate}, name: {componentInputParameter: name}, flags: {componentInputParameter: flags}}}
      inner:
        taskInfo: {name: inner}
        componentRef: {name: d}
        inputs: {parameters: {name: {componentInputParameter: name}, count: {componentInputParameter: count}}}
    outputs: {parameters: {text: {valueFromParameter: {producerSubtask: echo, outputParameterKey: out}}, deep: {valueFromParameter: {producerSubtask: inner, outputParameterKey: up}}}}
  outputDefinitions: {parameters: {text: {parameterType: STRING}, deep: {parameterType: STRING}}}
components:
  c:
    executorLabel: e
    inputDefinitions:
      parameters:
        count: {parameterType: STRING}
        rate: {parameterType: NUMBER_DOUBLE}
        name: {parameterType: STRING, isOptional: true, defaultValue: nobody}
        flags: {parameterType: LIST, isOptional: true}
    outputDefinitions: {parameters: {out: {parameterType: STRING}}}
  d:
    inputDefinitions:
      parameters:
        count: {parameterType: NUMBER_INTEGER}
        name: {parameterType: STRING, isOptional: true}
        rate: {parameterType: NUMBER_DOUBLE, isOptional: true, defaultValue: 9}
    outputDefinitions: {parameters: {up: {parameterType: STRING}}}
    dag:
      tasks:
        leaf:
          taskInfo: {name: leaf}
          componentRef: {name: c}
          inputs: {parameters: {count: {componentInputParameter: count}, rate: {componentInputParameter: rate}, name: {componentInputParameter: name}}}
      outputs: {parameters: {up: {valueFromParameter: {producerSubtask: leaf, outputParameterKey: out}}}}
deploymentSpec:
  executors:
    e:
      container:
        image: none
        command: [sh, -ec, 'printf "%s" "$1" | cut -d" " -f2- | tr -d "\n" > "$0"', "{{$.outputs.parameters['out'].output_file}}"]
        args: ["{{$.outputs.parameters['out'].output_file}} {{$.inputs.parameters['count']}} {{$.inputs.parameters['rate']}} {{$.inputs.parameters['name']}} {{$.inputs.parameters['flags']}}"]
`

func TestParameters(t *testing.T) {
	for _, tt := range []struct {
		name string
		opt  exec.Option
		want string
	}{
		{"Go values", exec.WithParameters(map[string]any{"count": 3, "name": "x"}),
			`deep="3 9 x {{$.inputs.parameters['flags']}}" text="3 0.5 x [true]"`},
		{"Starlark values", exec.WithParameters(map[string]any{"count": starlark.MakeInt(4), "flags": starlark.Tuple{starlark.False}}),
			`deep="4 9 nobody {{$.inputs.parameters['flags']}}" text="4 0.5 nobody [false]"`},
		{"protobuf values", exec.WithParameters(map[string]any{"count": structpb.NewNumberValue(5)}),
			`deep="5 9 nobody {{$.inputs.parameters['flags']}}" text="5 0.5 nobody [true]"`},
		{"arguments", exec.WithParameterArgs([]string{"count=6", "rate=1e3", "name=a=b", "flags=[]"}),
			`deep="6 9 a=b {{$.inputs.parameters['flags']}}" text="6 1000 a=b []"`},
		{"a fraction for an integer of others", exec.WithParameterArgs([]string{"count=1.5"}),
			`deep="1.5 9 nobody {{$.inputs.parameters['flags']}}" text="1.5 0.5 nobody [true]"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, readSpec(t, paramSpec), tt.opt)
			if got := values(res); got != tt.want {
				t.Errorf("got %s\nwant %s\n%v", got, tt.want, res.Tasks[0].Err)
			}
		})
	}
}

func TestBadParameters(t *testing.T) {
	own := compile(t, `
def f(n):
    return n
KFPWorkflow(workflow(f)(param("n", type = "NUMBER_INTEGER")), workflow_name = "w")
`)
	foreign := readSpec(t, paramSpec)
	for _, tt := range []struct {
		name       string
		spec       *compiler.Spec
		opt        exec.Option
		want, hint string
	}{
		{"missing", foreign, exec.WithParameters(nil), `parameter "count" (NUMBER_INTEGER) is required`, "-p count=VALUE"},
		{"unknown", foreign, exec.WithParameters(map[string]any{"conut": 1}), `there is no parameter "conut"`, `"count"`},
		{"unknown in arguments", foreign, exec.WithParameterArgs([]string{"nam=1"}), `there is no parameter "nam"`, `takes "name", "count"`},
		{"no value", foreign, exec.WithParameterArgs([]string{"count"}), `parameter "count" has no value`, "-p count=VALUE"},
		{"wrong type", foreign, exec.WithParameters(map[string]any{"count": "x"}), `parameter "count": wants NUMBER_INTEGER, got STRING "x"`, ""},
		{"wrong type in arguments", foreign, exec.WithParameterArgs([]string{"count=x"}), `parameter "count": `, ""},
		{"null", foreign, exec.WithParameters(map[string]any{"count": 1, "name": nil}), `parameter "name": wants STRING, got null`, ""},
		{"text for a list", foreign, exec.WithParameters(map[string]any{"count": 1, "flags": "[]"}), `parameter "flags": wants LIST`, ""},
		{"no parameter at all", foreign, exec.WithParameters(map[string]any{"count": struct{}{}}), `parameter "count": `, ""},
		{"too exact", foreign, exec.WithParameters(map[string]any{"count": int64(1) << 60}), "2^53", ""},
		{"a fraction for an integer of ours", own, exec.WithParameters(map[string]any{"n": 1.5}), `parameter "n": wants NUMBER_INTEGER`, ""},
		{"the same in arguments", own, exec.WithParameterArgs([]string{"n=1.5"}), `parameter "n": `, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res, err := exec.Run(context.Background(), tt.spec, exec.WithStorage(t.TempDir()), tt.opt)
			if err == nil || res != nil {
				t.Fatalf("it ran: %+v", res)
			}
			mustContain(t, err.Error(), tt.want)
			mustContain(t, hint(err), tt.hint)
		})
	}
}

func TestBadOptions(t *testing.T) {
	spec := readSpec(t, flat(shTask{key: "a", script: "true"}))
	for name, opt := range map[string]exec.Option{
		"runner": exec.WithRunnerName("lxc"), "parallelism": exec.WithParallelism(0), "storage": exec.WithStorage(""),
	} {
		if res, err := exec.Run(context.Background(), spec, exec.WithStorage(t.TempDir()), opt); err == nil || res != nil {
			t.Errorf("%s: %v, %v", name, res, err)
		}
	}
	for _, name := range []string{"", "in-process", "process"} {
		if res := run(t, spec, exec.WithRunnerName(name)); res.State != exec.Succeeded {
			t.Errorf("runner %q: %s", name, res.State)
		}
	}
}
