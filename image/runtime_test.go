package image_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A pod runs the tasks of a spec as a cluster does, one after the other, and
// gives each what KFP's launcher would: see the contract.
type pod struct {
	t    *testing.T
	spec *compiler.Spec
	*container
	store string // of artifacts, what is minio:// to the containers
	mount string // where these have it
}

// run runs the container of a task, and returns what it wrote.
func (p *pod) run(key string) (string, error) {
	p.t.Helper()
	task := p.spec.Pipeline.GetRoot().GetDag().GetTasks()[key]
	c := p.spec.Container(p.spec.ComponentOf(task))
	if task == nil || c == nil {
		p.t.Fatalf("no task %q with a container", key)
	}
	at := *p.container
	at.args = slices.Concat(c.GetCommand(), c.GetArgs())
	input := p.executorInput(key)
	for i, arg := range at.args {
		at.args[i] = strings.ReplaceAll(arg, "{{$}}", input)
	}
	at.env = slices.Clone(at.env)
	for _, e := range c.GetEnv() {
		at.env = append(at.env, e.GetName()+"="+e.GetValue())
	}
	// What a pod may write to: its emptyDirs, which all may write to, and a
	// /tmp. The launcher, which is the same user, makes the artifacts' folders.
	at.mounts = map[string]string{p.mount: p.store}
	for _, dir := range []string{"/tmp", "/gcs", "/s3", "/.local", "/.cache", "/.config"} {
		at.mounts[dir] = writable(p.t)
	}
	outputs := filepath.Dir(p.path(p.uri(key, "x")))
	check(p.t, os.MkdirAll(outputs, 0o755))
	check(p.t, os.Chown(outputs, containerUser, 0))
	return at.runc()
}

// writable is a folder that everybody may write to.
func writable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Chmod(dir, 0o777))
	return dir
}

// uri is where an output of a task is, path the file of it on this machine.
func (p *pod) uri(key, output string) string {
	return "minio://mlpipeline/v2/artifacts/sums/f7c1d1d2/" + key + "/9d8a/" + output
}

func (p *pod) path(uri string) string {
	return filepath.Join(p.store, filepath.FromSlash(strings.TrimPrefix(uri, "minio://")))
}

// executorInput is what the launcher replaces {{$}} by.
func (p *pod) executorInput(key string) string {
	p.t.Helper()
	type m = map[string]any
	list := func(name, uri string, kind m) m {
		return m{"artifacts": []m{{"name": name, "uri": uri, "type": kind, "metadata": m{}}}}
	}
	task := p.spec.Pipeline.GetRoot().GetDag().GetTasks()[key]
	params, inputs, outputs := m{}, m{}, m{}
	for name, in := range task.GetInputs().GetParameters() {
		params[name] = in.GetRuntimeValue().GetConstant().AsInterface()
	}
	for name, in := range task.GetInputs().GetArtifacts() {
		from := in.GetTaskOutputArtifact()
		inputs[name] = list(name, p.uri(from.GetProducerTask(), from.GetOutputArtifactKey()), m{"instanceSchema": ""})
	}
	for name, out := range p.spec.ComponentOf(task).GetOutputDefinitions().GetArtifacts() {
		outputs[name] = list(name, p.uri(key, name), m{"schemaTitle": out.GetArtifactType().GetSchemaTitle(), "schemaVersion": "0.0.1"})
	}
	// Nobody makes the folder of the output file.
	file := "/minio/" + strings.TrimPrefix(p.uri(key, "output/executor_output.json"), "minio://")
	text, err := json.Marshal(m{
		"inputs":  m{"parameterValues": params, "artifacts": inputs},
		"outputs": m{"parameters": m{}, "artifacts": outputs, "outputFile": file},
	})
	check(p.t, err)
	return string(text)
}

// The image of an example runs all its nodes, in containers that have and may as
// little as can be, and they make what the engine of this machine makes.
func TestNodesInContainers(t *testing.T) {
	needRunc(t)
	wf, err := starlarkfuse.Load(context.Background(), "../examples/sums.star")
	check(t, err)
	img, err := image.Build(context.Background(), wf, image.WithBinaries(fuse(t)), image.WithCache(""))
	check(t, err)
	defer img.Close()
	ref, err := img.Reference("registry.example.com/team/sums")
	check(t, err)
	spec, err := compiler.Compile(wf, compiler.WithImage(ref))
	check(t, err)
	local, err := exec.Run(context.Background(), spec, exec.WithStorage(t.TempDir()))
	check(t, err)
	p := &pod{t: t, spec: spec, container: bundle(t, img), store: writable(t), mount: "/minio"}

	if text, err := p.with("/usr/local/bin/fuse", "version").runc(); err != nil || !strings.HasPrefix(text, "fuse "+compiler.Version+"\n") {
		t.Errorf("fuse version: %q, %v", text, err)
	}
	if got := p.spec.Container(p.spec.ComponentOf(spec.Pipeline.GetRoot().GetDag().GetTasks()["node1"])).GetImage(); got != ref {
		t.Errorf("the spec's image is %s, not %s", got, ref)
	}
	want := map[string]string{"node1": "2", "node2": "3"}
	for _, node := range wf.Nodes() {
		key := spec.TaskKey(node.Name())
		if text, err := p.run(key); err != nil {
			t.Fatalf("%s: %v\n%s", key, err, text)
		}
		var output struct {
			ParameterValues map[string]any
			Artifacts       map[string]struct {
				Artifacts []struct {
					Name, URI string
					Metadata  map[string]any
				}
			}
		}
		text, err := os.ReadFile(p.path(p.uri(key, "output/executor_output.json")))
		check(t, err)
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&output); err != nil {
			t.Errorf("%s: %v in %s", key, err, text)
		}
		result := output.Artifacts["result"].Artifacts
		if len(result) != 1 || len(output.Artifacts) != 1 || len(output.ParameterValues) != 0 {
			t.Fatalf("%s: the outputs are %s", key, text)
		}
		if diff := cmp.Diff(map[string]any{"type": "int", "preview": want[key]}, result[0].Metadata); diff != "" {
			t.Errorf("%s: metadata (-want +got):\n%s", key, diff)
		}

		// The same bytes as on this machine, and what they stand for.
		artifact := local.Task(key).Output("result").Artifact
		path, err := artifact.Path()
		check(t, err)
		wantBytes, err := os.ReadFile(path)
		check(t, err)
		gotBytes, err := os.ReadFile(p.path(p.uri(key, "result")))
		check(t, err)
		if v, err := artifact.Value(); err != nil || v.String() != want[key] || !bytes.Equal(gotBytes, wantBytes) {
			t.Errorf("%s: the result is % x, on this machine % x, which is %v, %v", key, gotBytes, wantBytes, v, err)
		}
		if info, err := os.Stat(p.path(p.uri(key, "result"))); err != nil || info.Sys().(*syscall.Stat_t).Uid != containerUser {
			t.Errorf("%s: the result is another user's: %+v, %v", key, info, err)
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("these did not run: %v", want)
	}

	t.Run("nothing else can be written to", func(t *testing.T) {
		p := *p
		p.t, p.mount = t, "/elsewhere"
		if out, err := p.run("node1"); err == nil || !strings.Contains(out, "/result: read-only file system") {
			t.Errorf("%v\n%s", err, out)
		}
	})
	t.Run("another version of the code", func(t *testing.T) {
		p := *p
		p.t, p.store = t, writable(t)
		script := filepath.Join(p.bundle, "rootfs", "ffrun", "sums.star")
		text, err := os.ReadFile(script)
		check(t, err)
		check(t, os.WriteFile(script, bytes.Replace(text, []byte("a + b"), []byte("a - b"), 1), 0o644))
		out, err := p.run("node1")
		const want = `error: /ffrun/sums.star:10:15: node "node1": the workflow file is another version than the spec was compiled from: the file's fingerprint is sha256:`
		if err == nil || !strings.HasPrefix(out, want) {
			t.Errorf("%v\n%s", err, out)
		}
		if _, err := os.Stat(p.path(p.uri("node1", "result"))); !os.IsNotExist(err) {
			t.Errorf("it left a result: %v", err)
		}
	})
}

// with is the container with another command.
func (c *container) with(args ...string) *container {
	changed := *c
	changed.args = args
	return &changed
}

// Everything in the image is there for any user, and changed by none.
func TestEverybodyReadsTheImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root gives files to others")
	}
	dir := folder(t, map[string]string{"pipeline.star": pipeline, "secret/key": "x", "run.sh": "#!/bin/sh\n"})
	check(t, os.Chmod(filepath.Join(dir, "secret"), 0o700))
	check(t, os.Chmod(filepath.Join(dir, "secret/key"), 0o400))
	root := filepath.Join(bundle(t, build(t, load(t, dir))).bundle, "rootfs")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == root {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		need := fs.FileMode(0o444)
		if d.IsDir() {
			need = 0o555
		}
		mayWrite := info.Mode().Perm()&0o022 != 0 && name != filepath.Join(root, "tmp")
		if info.Mode()&need != need || mayWrite || info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
		return nil
	})
	check(t, err)
	info, err := os.Stat(filepath.Join(root, "tmp"))
	if err != nil || info.Mode() != fs.ModeDir|fs.ModeSticky|0o777 {
		t.Errorf("/tmp: %v, %v", info, err)
	}
}
