package kfptest_test

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/kfp"
	"github.com/starlarkfuse/fuse/kfp/kfptest"
)

// shells is a spec of containers in a nested dag: the first leaves a parameter
// and a folder, the second fails.
const shells = `
pipelineInfo: {name: shells}
schemaVersion: 2.1.0
root:
  dag:
    tasks:
      group: {taskInfo: {name: The group}, componentRef: {name: comp-group}}
components:
  comp-group:
    dag:
      tasks:
        make: {taskInfo: {name: make}, componentRef: {name: comp-make}}
        break: {taskInfo: {name: break}, componentRef: {name: comp-break}, dependentTasks: [make]}
  comp-make:
    executorLabel: exec-make
    outputDefinitions:
      parameters: {word: {parameterType: STRING}}
      artifacts: {folder: {artifactType: {schemaTitle: system.Dataset, schemaVersion: 0.0.1}}}
  comp-break: {executorLabel: exec-break}
deploymentSpec:
  executors:
    exec-make:
      container:
        image: none
        command: [sh, -ec, 'echo made; printf hello > "$1"; mkdir "$2"; echo content > "$2/file"', sh,
          "{{$.outputs.parameters['word'].output_file}}", "{{$.outputs.artifacts['folder'].path}}"]
    exec-break: {container: {image: none, command: [sh, -c, 'echo going; exit 3']}}
`

func TestContainers(t *testing.T) {
	s := kfptest.Start(t)
	c := client(t, s)
	spec := must(must(compiler.Read([]byte(shells)))(t).MarshalJSON())(t)
	run := finish(t, s, c, kfp.NewRun{Name: "shells", Spec: spec, PipelineRoot: "s3://bucket/here/"})
	equal(t, "state", run.State, kfp.StateFailed)
	for name, want := range map[string]kfp.State{
		"group": kfp.StateFailed, "group(0)": kfp.StateFailed, "make(0)": kfp.StateSucceeded, "break": kfp.StateFailed, "break-driver": kfp.StateSucceeded,
	} {
		equal(t, name, nodes(run)[name], want)
	}
	log := text(c.RunLog(t.Context(), run.ID, pod(t, run, kfp.StateFailed)))(t)
	if !strings.Contains(log, "\ngoing\n") || !strings.HasSuffix(log, "] failed to execute component: exit status 3\n") {
		t.Errorf("the log is %s", log)
	}
	facts := must(reader(t, s).Run(t.Context(), run.ID))(t)
	equal(t, "tasks", len(facts.Tasks), 3)
	equal(t, "first", facts.Tasks[0].Path, "group")
	equal(t, "its name", facts.Tasks[0].DisplayName, "The group")
	task := facts.Tasks[1]
	equal(t, "second", task.Path, "group/make")
	equal(t, "word", task.Outputs["word"], any("hello"))
	for _, a := range task.Artifacts {
		if a.Output != "folder" {
			continue
		}
		equal(t, "type", a.Type, "system.Dataset")
		equal(t, "root", strings.HasPrefix(a.URI, "s3://bucket/here/shells/"+run.ID+"/make/"), true)
		r := must(c.ReadArtifact(t.Context(), kfp.Artifact{URI: a.URI}))(t)
		defer r.Close()
		archive := tar.NewReader(must(gzip.NewReader(r))(t))
		equal(t, "file", must(archive.Next())(t).Name, "file")
		equal(t, "content", string(must(io.ReadAll(archive))(t)), "content\n")
	}
}

// TestNoFunctions has a server that was not told how to run functions.
func TestNoFunctions(t *testing.T) {
	s := kfptest.Start(t)
	c := client(t, s)
	run := finish(t, s, c, kfp.NewRun{Name: "sums", Spec: compile(t, load(t, sums))})
	equal(t, "state", run.State, kfp.StateFailed)
	log := text(c.RunLog(t.Context(), run.ID, pod(t, run, kfp.StateFailed)))(t)
	if !strings.Contains(log, "was not told how to run functions") {
		t.Errorf("the log is %s", log)
	}
}
