package metadata

import (
	"cmp"
	"slices"
)

// isRoot tells whether the task is the whole run.
func (t *apiTask) isRoot() bool { return t.Type == "ROOT" || t.ParentID == "" && t.Name == "ROOT" }

// task converts a task.
func (t *apiTask) task() *Task {
	round := t.Attributes.IterationIndex != nil && t.Attributes.IterationCount == nil
	task := &Task{
		ID:             t.ID,
		ParentID:       t.ParentID,
		Key:            t.Name,
		DisplayName:    t.DisplayName,
		Group:          t.isGroup(),
		Iteration:      t.Attributes.IterationIndex.pointer(),
		IterationCount: t.Attributes.IterationCount.pointer(),
		State:          t.state(),
		Message:        t.StatusDetail.Message,
		Started:        t.CreateTime,
		Inputs:         t.Inputs.parameters(round),
		Outputs:        t.Outputs.parameters(round),
		Artifacts:      t.Outputs.artifacts(),
	}
	if task.State.Terminal() {
		task.Ended = t.EndTime
	}
	for _, pod := range t.Pods {
		switch {
		case pod.Name == "":
		case pod.Type == "DRIVER":
			task.DriverPod = pod.Name
		case task.Pod == "":
			task.Pod = pod.Name
		default:
			task.EarlierPods = append(task.EarlierPods, task.Pod)
			task.Pod = pod.Name
		}
	}
	task.Attempts = 1 + len(task.EarlierPods)
	return task
}

// isGroup tells whether the task's type is that of a group; of one without a
// type the tree tells.
func (t *apiTask) isGroup() bool {
	switch t.Type {
	case "", "TASK_TYPE_UNSPECIFIED", "RUNTIME", "IMPORTER":
		return false
	}
	return true
}

// namespace is where the task's artifacts belong, which is where it ran.
func (t *apiTask) namespace() string {
	for _, o := range t.Outputs.Artifacts {
		for _, a := range o.Artifacts {
			if a.Namespace != "" {
				return a.Namespace
			}
		}
	}
	return ""
}

// state converts the task's state.
func (t *apiTask) state() State {
	switch t.State {
	case "RUNTIME_STATE_UNSPECIFIED":
		return ""
	case "SKIPPED":
		if n := t.Attributes.IterationCount; n != nil && *n == 0 {
			return Succeeded // it did all that there was
		}
	}
	return State(t.State)
}

// parameters returns the parameters by key. Those that the rounds of a loop
// gave are a list, be it of one: round tells that they are of a round itself,
// whose parameters have the same type and are values.
func (v *apiValues) parameters(round bool) map[string]any {
	params := slices.Clone(v.Parameters)
	slices.SortStableFunc(params, func(a, b apiParameter) int { return cmp.Compare(a.round(), b.round()) })
	out := make(map[string]any, len(params))
	lists := make(map[string][]any)
	for _, p := range params {
		lists[p.Key] = append(lists[p.Key], p.Value)
		if p.Type == "ITERATOR_OUTPUT" && !round || len(lists[p.Key]) > 1 {
			out[p.Key] = lists[p.Key]
		} else {
			out[p.Key] = p.Value
		}
	}
	return out
}

// round is which round of a loop gave the parameter.
func (p *apiParameter) round() int {
	if p.Producer.Iteration == nil {
		return -1
	}
	return int(*p.Producer.Iteration)
}

// artifacts returns the artifacts of all outputs.
func (v *apiValues) artifacts() (out []Artifact) {
	for _, o := range v.Artifacts {
		list := o.Artifacts
		if len(list) > 0 && !slices.ContainsFunc(list, func(a *apiArtifact) bool { return a.Type != "Metric" }) {
			list = []*apiArtifact{joinMetrics(o.Key, list)}
		}
		for _, a := range list {
			out = append(out, a.artifact(o.Key))
		}
	}
	slices.SortStableFunc(out, func(a, b Artifact) int { return cmp.Compare(a.Output, b.Output) })
	return out
}

// joinMetrics makes one artifact, as it is in the spec and in ML Metadata, of
// those that servers after 2.17 make of each number in it.
func joinMetrics(key string, list []*apiArtifact) *apiArtifact {
	all := &apiArtifact{ID: list[0].ID, Name: key, Type: "Metric", URI: list[0].URI, Metadata: make(map[string]any)}
	for _, a := range list {
		for k, v := range a.Metadata {
			all.Metadata[k] = v
		}
		if _, there := all.Metadata[a.Name]; !there && a.Number != nil {
			all.Metadata[a.Name] = a.Number
		}
	}
	return all
}

// customType is where an artifact keeps a type that the API has no word for.
const customType = "_kfp_schema_title"

// artifact converts an artifact.
func (a *apiArtifact) artifact(output string) Artifact {
	out := Artifact{Output: output, ID: a.ID, Name: a.Name, URI: a.URI, Type: a.schema(), Metadata: make(map[string]any, len(a.Metadata))}
	for k, v := range a.Metadata {
		if k != customType {
			out.Metadata[k] = v
		}
	}
	return out
}

// schema is the title of the schema that the artifact is of.
func (a *apiArtifact) schema() string {
	if title, ok := a.Metadata[customType].(string); ok && title != "" {
		return title
	}
	switch a.Type {
	case "", "TYPE_UNSPECIFIED":
		return ""
	case "Metric", "ClassificationMetric", "SlicedClassificationMetric":
		return "system." + a.Type + "s"
	}
	return "system." + a.Type
}
