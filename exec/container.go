package exec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"google.golang.org/protobuf/types/known/structpb"
)

// logArtifact is the output that KFP adds to every container: what it wrote.
const logArtifact = "executor-logs"

// A launch is one attempt to run the container of a task, done as KFP's driver
// and launcher would.
type launch struct {
	worker *worker
	task   *taskRun
	params map[string]*structpb.Value // defaults included
	dir    string                     // the task's folder
	argv   []string                   // after the driver
	env    []string
	input  *executorInput
}

// container runs a task as a container.
func (w *worker) container(ctx context.Context, t *taskRun) error {
	var err error
	if t.inputs, err = t.resolve(); err != nil {
		return err
	}
	// A container without a command runs its first argument: the entrypoint
	// of the image is never used.
	c := t.plan.container
	argv, err := driverArgs(slices.Concat(c.GetCommand(), c.GetArgs()), t.inputs.params)
	if err != nil {
		return err
	}
	if len(argv) == 0 || argv[0] == "" {
		return errors.New("its container has no command")
	}
	l := &launch{
		worker: w, task: t,
		params: t.plan.withDefaults(t.inputs.params),
		dir:    filepath.Join(w.run.dir, filepath.FromSlash(t.folder())),
		argv:   argv,
	}
	if t.plan.function != nil {
		// fuse exec sees to a node's retries itself.
		return l.once(ctx, 1)
	}
	r := taskRetrying(t.plan.spec, t.started, time.Now, func(attempt int, err error) { w.retried(t, attempt, err) })
	t.attempts, err = r.try(ctx, func(attempt int) error { return l.once(ctx, attempt) })
	return err
}

// once is one attempt.
func (l *launch) once(ctx context.Context, attempt int) error {
	t := l.task
	if attempt > 1 {
		// Each attempt finds what a new container would: nothing.
		if err := os.RemoveAll(l.dir); err != nil {
			return diskError("clear folder", l.dir, err)
		}
	}
	env := l.environment(attempt)
	var err error
	if l.input, err = l.prepare(); err != nil {
		return err
	}
	logPath := l.input.artifacts[logArtifact].location()
	log, err := os.Create(logPath)
	if err != nil {
		return diskError("write", logPath, err)
	}
	defer log.Close()
	out := &lineWriter{log: log, emit: func(line string) { l.worker.line(t, line) }}
	argv := make([]string, len(l.argv))
	for i, arg := range l.argv {
		argv[i] = expand(arg, env)
	}
	text, err := l.input.json()
	if err != nil {
		return err
	}
	words, err := l.words()
	if err != nil {
		return err
	}
	err = l.worker.run.runner.Run(ctx, &Task{
		Path: t.path, Node: t.plan.name,
		Image:    t.plan.container.GetImage(),
		Command:  launcherArgs(argv, text, words),
		Env:      l.env,
		Function: t.plan.function,
		Root:     l.worker.run.folder,
		RunDir:   l.worker.run.dir,
		Output:   out,
	})
	out.end()
	if exit, ok := err.(*ExitError); ok {
		exit.Tail = out.tail
	}
	if err != nil {
		return err
	}
	t.outputs, err = l.collect()
	return err
}

// environment sets the container's variables, and returns them by name.
func (l *launch) environment(attempt int) map[string]string {
	byName := make(map[string]string)
	l.env = l.env[:0]
	set := func(name, val string) {
		byName[name] = val
		l.env = append(l.env, name+"="+val)
	}
	if l.task.plan.spec.GetRetryPolicy() != nil {
		set("KFP_RETRY_INDEX", strconv.Itoa(attempt-1))
	}
	for _, e := range l.task.plan.container.GetEnv() {
		set(e.GetName(), expand(e.GetValue(), byName))
	}
	return byName
}

// prepare makes the folders that a container finds, and says in the executor
// input where everything is.
func (l *launch) prepare() (*executorInput, error) {
	t := l.task
	in := &executorInput{
		params:     l.params,
		inputs:     t.inputs.artifacts,
		outputs:    make(map[string]string),
		artifacts:  make(map[string]*Artifact),
		outputFile: filepath.Join(l.dir, "executor_output", "executor_output.json"),
	}
	defs := t.plan.component.GetOutputDefinitions()
	for name, file := range fileNames(defs.GetParameters()) {
		in.outputs[name] = filepath.Join(l.dir, "parameters", file)
	}
	in.types = make(map[string]*artifactType, len(defs.GetArtifacts())+1)
	add := func(name, rel, title string, typ *artifactType, metadata *structpb.Struct) {
		in.types[name] = typ
		in.artifacts[name] = &Artifact{
			Name: name, Type: title, metadata: metadata,
			node: t.plan.name, dir: l.worker.run.dir, rel: t.folder() + rel,
		}
	}
	files := fileNames(defs.GetArtifacts())
	for name, spec := range defs.GetArtifacts() {
		add(name, "/artifacts/"+files[name], spec.GetArtifactType().GetSchemaTitle(), spec.GetArtifactType(), spec.GetMetadata())
	}
	add(logArtifact, "/"+logArtifact+"-0", "system.Artifact", logType, nil)
	folders := []string{l.dir}
	if len(defs.GetParameters()) > 0 {
		folders = append(folders, filepath.Join(l.dir, "parameters"))
	}
	if len(defs.GetArtifacts()) > 0 {
		folders = append(folders, filepath.Join(l.dir, "artifacts"))
	}
	for _, dir := range folders {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, diskError("make folder", dir, err)
		}
	}
	// The values of function nodes become files for those who want files.
	for _, list := range t.inputs.artifacts {
		for _, a := range list {
			if _, err := a.Path(); err != nil {
				return nil, err
			}
		}
	}
	return in, nil
}

// words returns the launcher's placeholders with their values.
func (l *launch) words() (map[string]string, error) {
	words := make(map[string]string)
	for name, list := range l.input.inputs {
		if len(list) == 0 {
			continue
		}
		words["{{$.inputs.artifacts['"+name+"'].uri}}"] = list[0].URI()
		if path, err := list[0].Path(); err == nil && path != "" {
			words["{{$.inputs.artifacts['"+name+"'].path}}"] = path
		}
	}
	for name, a := range l.input.artifacts {
		words["{{$.outputs.artifacts['"+name+"'].uri}}"] = a.URI()
		words["{{$.outputs.artifacts['"+name+"'].path}}"] = a.location()
	}
	for name, v := range l.params {
		if isNull(v) {
			continue
		}
		text, err := paramText(v)
		if err != nil {
			return nil, err
		}
		words["{{$.inputs.parameters['"+name+"']}}"] = text
	}
	for name, path := range l.input.outputs {
		words["{{$.outputs.parameters['"+name+"'].output_file}}"] = path
	}
	return words, nil
}
