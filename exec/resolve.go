package exec

import (
	"fmt"
	"maps"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/value"
)

// inputs are what a task, or a dag, was given.
type inputs struct {
	params    map[string]*structpb.Value
	artifacts map[string][]*Artifact
}

// resolve finds the values of all inputs of a task, as KFP's driver does. It
// is called when all that the task depends on has ended.
func (r *taskRun) resolve() (inputs, error) {
	var in inputs
	if n := len(r.plan.params); n > 0 {
		in.params = make(map[string]*structpb.Value, n)
	}
	for i := range r.plan.params {
		b := &r.plan.params[i]
		v, err := r.param(b)
		if err != nil {
			return in, err
		}
		if v != nil {
			in.params[b.name] = v
		}
	}
	if n := len(r.plan.artifacts); n > 0 {
		in.artifacts = make(map[string][]*Artifact, n)
	}
	for i := range r.plan.artifacts {
		b := &r.plan.artifacts[i]
		a, err := r.artifact(b)
		if err != nil {
			return in, err
		}
		if a != nil {
			in.artifacts[b.name] = a
		}
	}
	return in, nil
}

// param returns the value of an input parameter; nil for one that is left
// out, which for a leaf means that its default, if any, is applied later:
// see withDefaults.
func (r *taskRun) param(b *paramBinding) (*structpb.Value, error) {
	v, given, err := r.lookup(b)
	if err != nil {
		return nil, err
	}
	if b.spec == nil {
		return v, nil
	}
	optional := b.spec.GetIsOptional()
	switch {
	case given && v != nil && !isNull(v):
		return convertInput(b.name, v, paramType(b.spec))
	case given && b.kind == fromTask && paramType(b.spec) != value.String:
		return nil, fmt.Errorf("input %q: task %q has no output %q", b.name, r.parent.tasks[b.from].path, b.key)
	case given && b.kind == fromTask:
		return structpb.NewStringValue(""), nil // as KFP has it
	case optional && r.plan.leaf():
		return nil, nil
	case optional:
		if def := b.spec.GetDefaultValue(); def != nil {
			return convertInput(b.name, def, paramType(b.spec))
		}
		return structpb.NewNullValue(), nil
	case !given && b.spec.GetDefaultValue() == nil:
		return nil, fmt.Errorf("input %q is not given, not optional, and has no default", b.name)
	case paramType(b.spec) == value.String:
		// Not optional, and nothing there: KFP makes it an empty text, even
		// where there is a default.
		return structpb.NewStringValue(""), nil
	case !given:
		return nil, fmt.Errorf("input %q is not given; KFP applies the default of an input only when it is optional", b.name)
	default:
		return nil, fmt.Errorf("input %q is null, and not optional", b.name)
	}
}

// lookup follows a binding. given is false for an input that nobody gives.
func (r *taskRun) lookup(b *paramBinding) (v *structpb.Value, given bool, err error) {
	switch b.kind {
	case constant:
		return r.placeholder(b.constant), true, nil
	case fromDag:
		v, ok := r.parent.inputs.params[b.key]
		if !ok {
			return nil, false, fmt.Errorf("input %q: %s has no input %q", b.name, describeDag(r.parent.path), b.key)
		}
		return v, true, nil
	case fromTask:
		producer := &r.parent.tasks[b.from]
		if o := producer.output(b.key, false); o != nil {
			return o.Parameter, true, nil
		}
		if !producer.state.hasOutputs() && b.spec.GetIsOptional() {
			return nil, false, nil
		}
		return nil, true, nil
	}
	return nil, false, nil
}

// convertInput fits a value to the type that its component declares: KFP turns
// everything into a STRING that wants one, and converts nothing else.
func convertInput(name string, v *structpb.Value, t value.ParamType) (*structpb.Value, error) {
	if t == 0 || sameKind(v, t) {
		return v, nil
	}
	if t != value.String {
		return nil, fmt.Errorf("input %q wants %v, got %s", name, t, describe(v))
	}
	text, err := paramText(v)
	if err != nil {
		return nil, fmt.Errorf("input %q: %w", name, err)
	}
	return structpb.NewStringValue(text), nil
}

// artifact follows a binding.
func (r *taskRun) artifact(b *artifactBinding) ([]*Artifact, error) {
	if b.kind == fromDag {
		list, ok := r.parent.inputs.artifacts[b.key]
		if !ok && !b.optional {
			return nil, fmt.Errorf("input %q: %s was not given its input artifact %q", b.name, describeDag(r.parent.path), b.key)
		}
		return list, nil
	}
	producer := &r.parent.tasks[b.from]
	if o := producer.output(b.key, true); o != nil {
		return []*Artifact{o.Artifact}, nil
	}
	switch {
	case b.optional:
		return nil, nil
	case !producer.state.hasOutputs():
		return nil, fmt.Errorf("input %q: task %q left no %q: it is %s", b.name, producer.path, b.key, producer.state)
	}
	return nil, fmt.Errorf("input %q: task %q has no output artifact %q", b.name, producer.path, b.key)
}

// withDefaults adds the defaults of the inputs that were left out, as KFP's
// launcher does.
func (t *taskPlan) withDefaults(params map[string]*structpb.Value) map[string]*structpb.Value {
	full := maps.Clone(params)
	for i := range t.params {
		b := &t.params[i]
		if _, given := params[b.name]; given || b.spec.GetDefaultValue() == nil {
			continue
		}
		if full == nil {
			full = make(map[string]*structpb.Value)
		}
		full[b.name] = b.spec.GetDefaultValue()
	}
	return full
}

// placeholder replaces a constant that is one of KFP's words for the run; they
// work as a whole constant only.
func (r *taskRun) placeholder(v *structpb.Value) *structpb.Value {
	k, ok := v.GetKind().(*structpb.Value_StringValue)
	if !ok || !strings.HasPrefix(k.StringValue, "{{$.pipeline_") {
		return v
	}
	run := r.parent.run
	var text string
	switch k.StringValue {
	case "{{$.pipeline_job_name}}", "{{$.pipeline_job_uuid}}":
		text = run.id
	case "{{$.pipeline_job_resource_name}}":
		text = run.spec.Name() + "-" + run.id
	case "{{$.pipeline_task_name}}":
		text = r.plan.key
	case "{{$.pipeline_task_uuid}}":
		text = run.id + "/" + r.path
	case "{{$.pipeline_job_create_time_utc}}", "{{$.pipeline_job_schedule_time_utc}}":
		text = run.started.UTC().Format("2006-01-02T15:04:05Z")
	default:
		return v
	}
	return structpb.NewStringValue(text)
}
