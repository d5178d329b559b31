package exec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

type (
	taskSpec      = pipelinespec.PipelineTaskSpec
	componentSpec = pipelinespec.ComponentSpec
	containerSpec = pipelinespec.PipelineDeploymentConfig_PipelineContainerSpec
)

// A dagPlan is what is known of a dag before it runs: its tasks in an order
// in which each stands after those it depends on. It is immutable, and shared
// by all tasks that run the same component.
type dagPlan struct {
	component *componentSpec
	tasks     []*taskPlan
	outputs   []dagOutput
	size      int // tasks, with those of the dags in it
	height    int // how deep dags nest in it, itself included
}

// A taskPlan is a task of a dagPlan.
type taskPlan struct {
	key       string
	name      string // what the user calls it
	folder    string // under that of its dag; the key, most often
	spec      *taskSpec
	component *componentSpec

	dag       *dagPlan               // for a dag
	container *containerSpec         // for a leaf
	function  *compiler.FunctionTask // for a leaf of function nodes
	node      *starlarkfuse.Node     // and its node, when the workflow is known

	params     []paramBinding // sorted by name
	artifacts  []artifactBinding
	nodeInputs []int // for a node: see nodeInputs

	deps       []int // positions in dagPlan.tasks, without repetition
	dependents []int
	// completed tells that the task waits for its dependencies to end, not to
	// succeed.
	completed bool
	// result tells that outputs of the task are outputs of its dag.
	result bool
	// target tells that no other task waits for this one: see dagState.
	target bool
}

// leaf tells whether a worker runs the task.
func (t *taskPlan) leaf() bool { return t.dag == nil }

// A planner turns a spec into plans, and refuses what cannot run before
// anything does.
type planner struct {
	spec     *compiler.Spec
	workflow *starlarkfuse.Workflow
	dags     map[string]*dagPlan // by component; nil while one is being planned
	depth    int                 // of the dag being planned
}

const (
	// maxTasks bounds the tasks of a run: since a component can be run many
	// times, a short spec can stand for more than there is memory for.
	maxTasks = 1 << 20
	// maxNesting bounds how deep dags may nest: the folders of their tasks do.
	maxNesting = 100
)

// plan checks all of the spec that a run could come by, and plans it.
func plan(spec *compiler.Spec, wf *starlarkfuse.Workflow) (*dagPlan, error) {
	root := spec.Pipeline.GetRoot()
	if root.GetDag() == nil {
		return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("pipeline %q has no tasks: its root is not a dag", spec.Name())}
	}
	for name, a := range root.GetInputDefinitions().GetArtifacts() {
		if !a.GetIsOptional() {
			return nil, &starlarkfuse.Error{
				Msg:  fmt.Sprintf("pipeline %q takes an artifact, %q, as input, and a run can be given parameters only", spec.Name(), name),
				Hint: "let an importer task bring in the artifact",
			}
		}
	}
	p := &planner{spec: spec, workflow: wf, dags: make(map[string]*dagPlan)}
	return p.dag("", root)
}

// dag plans the dag of a component; path is that of the task that first runs
// it, for errors.
func (p *planner) dag(path string, c *componentSpec) (*dagPlan, error) {
	specs := c.GetDag().GetTasks()
	d := &dagPlan{component: c, tasks: make([]*taskPlan, 0, len(specs)), height: 1}
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maxNesting {
		return nil, errNesting()
	}
	index := make(map[string]int, len(specs))
	for _, key := range p.order(path, specs) {
		t, err := p.task(joinPath(path, key), key, specs[key])
		if err != nil {
			return nil, err
		}
		index[key] = len(d.tasks)
		d.tasks = append(d.tasks, t)
		d.size++
		if t.dag != nil {
			d.size += t.dag.size
			d.height = max(d.height, 1+t.dag.height)
		}
		if d.size > maxTasks {
			return nil, fmt.Errorf("%s has more than %d tasks, with those of the dags in it", describeDag(path), maxTasks)
		}
	}
	if d.height > maxNesting {
		return nil, errNesting()
	}
	d.folders()
	if err := p.link(path, d, index); err != nil {
		return nil, err
	}
	return d, p.dagOutputs(path, d, index)
}

func errNesting() error { return fmt.Errorf("dags nest more than %d deep", maxNesting) }

// folders names the folders of the tasks.
func (d *dagPlan) folders() {
	cased := false
	for _, t := range d.tasks {
		t.folder = t.key
		cased = cased || strings.ToLower(t.key) != t.key
	}
	if !cased {
		return // as in all that Fuse compiles
	}
	used := make(map[string]int, len(d.tasks))
	for _, t := range d.tasks {
		t.folder = apart(t.key, used)
	}
}

// order returns the keys of a dag's tasks as they are first listed: those of a
// workflow as its nodes are, all others by name.
func (p *planner) order(path string, specs map[string]*taskSpec) []string {
	keys := make([]string, 0, len(specs))
	if path == "" && p.workflow != nil {
		for _, n := range p.workflow.Nodes() {
			if key := p.spec.TaskKey(n.Name()); specs[key] != nil {
				keys = append(keys, key)
			}
		}
		if len(keys) == len(specs) {
			return keys
		}
		keys = keys[:0]
	}
	for key := range specs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// task plans one task, and its dag if it is one.
func (p *planner) task(path, key string, spec *taskSpec) (*taskPlan, error) {
	t := &taskPlan{key: key, name: spec.GetTaskInfo().GetName(), spec: spec, target: true}
	if t.name == "" {
		t.name = key
	}
	if !safeKey(key) {
		return nil, fmt.Errorf("task %q: its key can be no folder's name", path)
	}
	if err := rejectControlFlow(path, spec); err != nil {
		return nil, err
	}
	ref := spec.GetComponentRef().GetName()
	if t.component = p.spec.Component(ref); t.component == nil {
		return nil, fmt.Errorf("task %q: the spec has no component %q", path, ref)
	}
	t.completed = spec.GetTriggerPolicy().GetStrategy() == pipelinespec.PipelineTaskSpec_TriggerPolicy_ALL_UPSTREAM_TASKS_COMPLETED
	if err := p.bind(path, t); err != nil {
		return nil, err
	}
	if t.component.GetDag() == nil {
		return t, p.leaf(path, t)
	}
	d, seen := p.dags[ref]
	if !seen {
		p.dags[ref] = nil
		var err error
		if d, err = p.dag(path, t.component); err != nil {
			return nil, err
		}
		p.dags[ref] = d
	}
	if d == nil {
		return nil, fmt.Errorf("task %q: component %q contains itself", path, ref)
	}
	t.dag = d
	return t, nil
}

// leaf finds the container of a task, and the node that it runs.
func (p *planner) leaf(path string, t *taskPlan) error {
	label := t.component.GetExecutorLabel()
	executor := p.spec.Executor(label)
	if executor == nil {
		return fmt.Errorf("task %q: the spec has no executor %q", path, label)
	}
	if t.container = executor.GetContainer(); t.container == nil {
		return rejectExecutor(path, executor)
	}
	if err := rejectContainer(path, t.container); err != nil {
		return err
	}
	f, ok, err := compiler.ParseFunctionTask(t.container)
	if err != nil {
		return fmt.Errorf("task %q: %w", path, err)
	}
	if !ok {
		return nil
	}
	if len(f.Nodes) != 1 {
		return fmt.Errorf("task %q runs %d nodes, and only tasks of one node can be run yet", path, len(f.Nodes))
	}
	t.function, t.name = &f, f.Nodes[0]
	if p.workflow == nil {
		return nil
	}
	if t.node, err = p.workflow.Node(t.name); err != nil {
		return err
	}
	if err := checkFingerprint(t.node, f.Fingerprint); err != nil {
		return err
	}
	t.nodeInputs, err = nodeInputs(path, t)
	return err
}

func joinPath(dag, key string) string {
	if dag == "" {
		return key
	}
	return dag + "/" + key
}
