package compiler

import (
	"fmt"
	"unicode/utf8"

	"github.com/kubeflow/pipelines/api/v2alpha1/go/pipelinespec"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// Compile makes the spec of a workflow. The same workflow gives the same spec,
// byte for byte when it is written, on any machine.
//
// Errors that the workflow's author can mend are *starlarkfuse.Error, with
// the position of the node or parameter.
func Compile(wf *starlarkfuse.Workflow, opts ...Option) (*Spec, error) {
	var o options
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if o.image == "" {
		o.image = defaultImage(wf)
	}
	c := newCompilation(wf, o.image)
	if err := c.reference(); err != nil {
		return nil, err
	}
	if err := c.params(); err != nil {
		return nil, err
	}
	for _, n := range wf.Nodes() {
		if err := c.node(n); err != nil {
			return nil, err
		}
	}
	c.outputs()
	return c.spec, nil
}

// A compilation is the state of one call of Compile.
type compilation struct {
	wf    *starlarkfuse.Workflow
	image string
	spec  *Spec
	task  FunctionTask // what all tasks have in common
	keys  map[*starlarkfuse.Node]string
	dag   *pipelinespec.DagSpec
	root  *pipelinespec.ComponentSpec
	comps map[string]*pipelinespec.ComponentSpec
	execs map[string]*pipelinespec.PipelineDeploymentConfig_ExecutorSpec

	shared  shared
	def     definition                // of the node at hand
	digests map[starlark.Value]string // of large constants, see showDigest
}

func newCompilation(wf *starlarkfuse.Workflow, image string) *compilation {
	nodes := wf.Nodes()
	c := &compilation{
		wf: wf, image: image,
		keys:    make(map[*starlarkfuse.Node]string, len(nodes)),
		dag:     &pipelinespec.DagSpec{Tasks: make(map[string]*pipelinespec.PipelineTaskSpec, len(nodes))},
		comps:   make(map[string]*pipelinespec.ComponentSpec, len(nodes)),
		execs:   make(map[string]*pipelinespec.PipelineDeploymentConfig_ExecutorSpec, len(nodes)),
		shared:  newShared(),
		digests: make(map[starlark.Value]string),
	}
	c.root = &pipelinespec.ComponentSpec{Implementation: &pipelinespec.ComponentSpec_Dag{Dag: c.dag}}
	info := &pipelinespec.PipelineInfo{Name: PipelineName(wf.Name())}
	if info.Name != wf.Name() {
		info.DisplayName = wf.Name()
	}
	c.spec = &Spec{
		Pipeline: &pipelinespec.PipelineSpec{
			PipelineInfo:  info,
			SdkVersion:    "fuse-" + Version,
			SchemaVersion: SchemaVersion,
			Components:    c.comps,
			Root:          c.root,
		},
		Deployment: &pipelinespec.PipelineDeploymentConfig{Executors: c.execs},
		workflow:   wf,
		keys:       make(map[string]string, len(nodes)),
		nodes:      make(map[string]string, len(nodes)),
	}
	maker := newKeyMaker(len(nodes))
	for _, n := range nodes {
		key := maker.key(n.Name())
		c.keys[n] = key
		c.spec.keys[n.Name()] = key
		c.spec.nodes[key] = n.Name()
	}
	return c
}

// fail makes an error at the place of a node or parameter.
func fail(pos syntax.Position, hint, format string, args ...any) error {
	return &starlarkfuse.Error{Pos: pos, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// reference sets what tells a container which graph to load.
func (c *compilation) reference() error {
	var nowhere syntax.Position
	if !utf8.ValidString(c.wf.Name()) {
		return fail(nowhere, "", "the workflow's name %q is not valid UTF-8", c.wf.Name())
	}
	c.task.Workflow = c.wf.Reference()
	if !utf8.ValidString(c.task.Workflow) || !harmless(c.task.Workflow) {
		return fail(nowhere, "rename the file or the workflow",
			"the container cannot be told to load %q: KFP expands what follows $ and {{ in an argument", c.task.Workflow)
	}
	for _, d := range c.wf.Defines() {
		text, ok := harmlessText(d.Text)
		if !ok || !utf8.ValidString(d.Name) || !harmless(d.Name) {
			return fail(nowhere, "", "the container cannot be given the define %q: its text is not valid UTF-8, or its name holds $ or {{", d.Name)
		}
		c.task.Defines = append(c.task.Defines, d.Name+"="+text)
	}
	return nil
}

// params declares the workflow's parameters as inputs of the root dag.
func (c *compilation) params() error {
	params := c.wf.Params()
	if len(params) == 0 {
		return nil
	}
	specs := make(map[string]*pipelinespec.ComponentInputsSpec_ParameterSpec, len(params))
	for _, p := range params {
		spec := &pipelinespec.ComponentInputsSpec_ParameterSpec{
			ParameterType: typeOf(p.Type),
			Description:   p.Description,
			IsOptional:    p.Default != nil,
		}
		if p.Default != nil && p.Default != starlark.None {
			v, err := value.ToParameter(p.Default)
			if err != nil {
				return &starlarkfuse.Error{
					Pos: p.Pos, Err: err,
					Msg:  fmt.Sprintf("the default of parameter %q cannot be passed to KFP: %v", p.Name, err),
					Hint: "parameters hold what JSON holds; give a constant of other types as an argument of the node",
				}
			}
			if tooDeep(v, maxDefaultDepth) {
				return fail(p.Pos, "pass data that nests so deep as an artifact: let a node return it",
					"the default of parameter %q nests values more than %d deep, which readers of specs do not take", p.Name, maxDefaultDepth)
			}
			spec.DefaultValue = v
		}
		specs[p.Name] = spec
	}
	c.root.InputDefinitions = &pipelinespec.ComponentInputsSpec{Parameters: specs}
	return nil
}

// outputs declares the results of the given nodes as outputs of the root dag,
// under the keys of their tasks, which are unique as output names must be.
func (c *compilation) outputs() {
	results := c.wf.Results()
	if len(results) == 0 {
		return
	}
	sel, def := &pipelinespec.DagOutputsSpec{}, &pipelinespec.ComponentOutputsSpec{}
	for _, n := range results {
		key, out := c.keys[n], n.Output()
		if out.Parameter {
			if sel.Parameters == nil {
				sel.Parameters = make(map[string]*pipelinespec.DagOutputsSpec_DagOutputParameterSpec)
				def.Parameters = make(map[string]*pipelinespec.ComponentOutputsSpec_ParameterSpec)
			}
			sel.Parameters[key] = &pipelinespec.DagOutputsSpec_DagOutputParameterSpec{
				Kind: &pipelinespec.DagOutputsSpec_DagOutputParameterSpec_ValueFromParameter{
					ValueFromParameter: &pipelinespec.DagOutputsSpec_ParameterSelectorSpec{
						ProducerSubtask: key, OutputParameterKey: out.Name,
					},
				},
			}
			def.Parameters[key] = c.shared.outputParameter(out.Type)
			continue
		}
		if sel.Artifacts == nil {
			sel.Artifacts = make(map[string]*pipelinespec.DagOutputsSpec_DagOutputArtifactSpec)
			def.Artifacts = make(map[string]*pipelinespec.ComponentOutputsSpec_ArtifactSpec)
		}
		sel.Artifacts[key] = &pipelinespec.DagOutputsSpec_DagOutputArtifactSpec{
			ArtifactSelectors: []*pipelinespec.DagOutputsSpec_ArtifactSelectorSpec{{
				ProducerSubtask: key, OutputArtifactKey: out.Name,
			}},
		}
		def.Artifacts[key] = c.shared.outputArtifact
	}
	c.dag.Outputs, c.root.OutputDefinitions = sel, def
}
