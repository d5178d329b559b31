package compiler

import (
	"slices"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
)

// dag checks the dag of a component and, through its tasks, the components
// that it runs.
func (c *checker) dag(path string, comp *pipelinespec.ComponentSpec) {
	dag := comp.GetDag()
	tasks := dag.GetTasks()
	at := path + "/dag/tasks"
	keys := sortedKeys(tasks)
	deps := make(map[string][]string, len(keys))
	starts := false
	for _, key := range keys {
		here := join(at, key)
		c.key(here, key, tasks)
		d := dagCheck{checker: c, comp: comp, tasks: tasks, here: here}
		deps[key] = d.task(tasks[key])
		if tasks[key].GetTriggerPolicy().GetStrategy() != allCompleted {
			starts = true
		} else if len(deps[key]) > 1 {
			c.warn(here, "runs after %d tasks whether or not they succeed: KFP 2.17 runs it once for each of them", len(deps[key]))
		}
	}
	switch {
	case len(keys) == 0:
		c.refuse(at, "there are no tasks")
	case !starts:
		c.refuse(at, "there is no task that does not wait for the end of another one")
	}
	c.cycles(at, keys, deps)
	c.outputs(path, comp)
}

const allCompleted = pipelinespec.PipelineTaskSpec_TriggerPolicy_ALL_UPSTREAM_TASKS_COMPLETED

// key checks the key of a task against Argo's rules and its siblings.
func (c *checker) key(here, key string, tasks map[string]*pipelinespec.PipelineTaskSpec) {
	if !taskKeys.MatchString(key) {
		c.refuse(here, "%q is no key for a task: letters, digits and dashes, the first a letter", key)
	} else if len(key) > 128 {
		c.refuse(here, "the key of a task has at most 128 characters, and this %d", len(key))
	}
	if tasks[key+driverSuffix] != nil {
		c.refuse(here+driverSuffix, "KFP makes a task of this name itself, to start %q", key)
	}
}

// A dagCheck checks one task of a dag.
type dagCheck struct {
	*checker
	comp  *pipelinespec.ComponentSpec // that the dag is of
	tasks map[string]*pipelinespec.PipelineTaskSpec
	here  string
	deps  []string
}

// task returns the tasks of the same dag that t waits for, sorted.
func (d *dagCheck) task(t *pipelinespec.PipelineTaskSpec) []string {
	d.component(d.here, t.GetComponentRef().GetName())
	if t.GetArtifactIterator() != nil {
		d.refuse(d.here, "an artifactIterator runs on no open-source server")
	}
	if t.GetTriggerPolicy().GetCondition() != "" && d.spec.Executor(d.spec.ComponentOf(t).GetExecutorLabel()).GetImporter() != nil {
		d.refuse(d.here, "KFP takes no condition on an importer")
	}
	for _, key := range t.GetDependentTasks() {
		d.wait(key, "dependentTasks")
	}
	params := t.GetInputs().GetParameters()
	for _, name := range sortedKeys(params) {
		d.parameter("inputs/parameters/"+name, params[name])
	}
	artifacts := t.GetInputs().GetArtifacts()
	for _, name := range sortedKeys(artifacts) {
		d.artifact("inputs/artifacts/"+name, artifacts[name])
	}
	if len(d.deps) < 2 {
		return d.deps
	}
	slices.Sort(d.deps)
	return slices.Compact(d.deps)
}

// wait notes that the task waits for another, and returns that one's
// component; nil when there is no such task or component.
func (d *dagCheck) wait(key, field string) *pipelinespec.ComponentSpec {
	t := d.tasks[key]
	if t == nil {
		d.refuse(join(d.here, field), "there is no task %q in this dag", key)
		return nil
	}
	d.deps = append(d.deps, key)
	return d.spec.ComponentOf(t)
}

func (d *dagCheck) parameter(field string, p *pipelinespec.TaskInputsSpec_InputParameterSpec) {
	switch k := p.GetKind().(type) {
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskOutputParameter:
		out := k.TaskOutputParameter
		from := d.wait(out.GetProducerTask(), field)
		if from != nil && from.GetOutputDefinitions().GetParameters()[out.GetOutputParameterKey()] == nil {
			d.warn(join(d.here, field), "task %q has no output parameter %q: the value will be empty", out.GetProducerTask(), out.GetOutputParameterKey())
		}
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_TaskFinalStatus_:
		d.wait(k.TaskFinalStatus.GetProducerTask(), field)
	case *pipelinespec.TaskInputsSpec_InputParameterSpec_ComponentInputParameter:
		if d.comp.GetInputDefinitions().GetParameters()[k.ComponentInputParameter] == nil && !d.item(k.ComponentInputParameter) {
			d.warn(join(d.here, field), "the dag has no input parameter %q: the task will fail", k.ComponentInputParameter)
		}
	}
}

// item tells whether an input of the dag is the item of a loop, which the
// task that runs the dag declares.
func (d *dagCheck) item(name string) bool {
	for _, t := range d.tasks {
		if t.GetParameterIterator().GetItemInput() == name {
			return true
		}
	}
	return false
}

func (d *dagCheck) artifact(field string, a *pipelinespec.TaskInputsSpec_InputArtifactSpec) {
	switch k := a.GetKind().(type) {
	case *pipelinespec.TaskInputsSpec_InputArtifactSpec_TaskOutputArtifact:
		out := k.TaskOutputArtifact
		from := d.wait(out.GetProducerTask(), field)
		if from != nil && from.GetOutputDefinitions().GetArtifacts()[out.GetOutputArtifactKey()] == nil {
			d.warn(join(d.here, field), "task %q has no output artifact %q", out.GetProducerTask(), out.GetOutputArtifactKey())
		}
	case *pipelinespec.TaskInputsSpec_InputArtifactSpec_ComponentInputArtifact:
		if d.comp.GetInputDefinitions().GetArtifacts()[k.ComponentInputArtifact] == nil {
			d.warn(join(d.here, field), "the dag has no input artifact %q: the task will fail", k.ComponentInputArtifact)
		}
	}
}

// outputs warns of outputs of a dag that nothing makes. KFP looks at them
// when they are used, if ever.
func (c *checker) outputs(path string, comp *pipelinespec.ComponentSpec) {
	dag := comp.GetDag()
	check := func(field, task, key string, artifact bool) {
		t := dag.GetTasks()[task]
		if t == nil {
			c.warn(path+"/dag/outputs/"+field, "there is no task %q in this dag", task)
			return
		}
		outs := c.spec.ComponentOf(t).GetOutputDefinitions()
		if artifact && outs.GetArtifacts()[key] == nil || !artifact && outs.GetParameters()[key] == nil {
			c.warn(path+"/dag/outputs/"+field, "task %q has no output %q", task, key)
		}
	}
	params := dag.GetOutputs().GetParameters()
	for _, name := range sortedKeys(params) {
		if p := params[name].GetValueFromParameter(); p != nil {
			check("parameters/"+name, p.GetProducerSubtask(), p.GetOutputParameterKey(), false)
		}
		for _, p := range params[name].GetValueFromOneof().GetParameterSelectors() {
			check("parameters/"+name, p.GetProducerSubtask(), p.GetOutputParameterKey(), false)
		}
	}
	artifacts := dag.GetOutputs().GetArtifacts()
	for _, name := range sortedKeys(artifacts) {
		for _, a := range artifacts[name].GetArtifactSelectors() {
			check("artifacts/"+name, a.GetProducerSubtask(), a.GetOutputArtifactKey(), true)
		}
	}
}
