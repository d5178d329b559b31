package metadata

import (
	"context"
	"net/url"
	"slices"
)

// addArtifacts gives the tasks of a server that lists them without their
// artifacts what they gave out. Every task that has run gave out its log at
// least, so a run that has none at all is of such a server, or has just begun.
func (s *tasksAPI) addArtifacts(ctx context.Context, r *reading, tasks []*apiTask) error {
	byID := make(map[string]*apiTask, len(tasks))
	ran := false
	for _, t := range tasks {
		if len(t.Outputs.Artifacts) > 0 {
			return nil
		}
		byID[t.ID] = t
		ran = ran || !t.isGroup() && (t.state() == Succeeded || t.state() == Failed || t.state() == Cached)
	}
	if !ran {
		return nil
	}
	links, err := apiList(ctx, s, r, "list the artifacts", "/artifact_tasks", url.Values{"run_ids": {r.runID}}, apiLinks.items)
	if isAbsent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	artifacts := make(map[string]*apiArtifact)
	for _, link := range links {
		task := byID[link.TaskID]
		if task == nil || !link.isOutput() {
			continue
		}
		a := artifacts[link.ArtifactID]
		if a == nil {
			a, err = apiGet[apiArtifact](ctx, s, r, "get an artifact", "/artifacts/"+url.PathEscape(link.ArtifactID))
			if isMissing(err) {
				continue
			}
			if err != nil {
				return err
			}
			artifacts[link.ArtifactID] = a
		}
		task.Outputs.add(link.Key, a)
	}
	return nil
}

// isOutput tells whether the task gave the artifact out.
func (l *apiLink) isOutput() bool {
	switch l.Type {
	case "OUTPUT", "ITERATOR_OUTPUT", "ONE_OF_OUTPUT":
		return true
	}
	return false
}

// add adds an artifact of an output; metrics of the same one are kept together.
func (v *apiValues) add(key string, a *apiArtifact) {
	i := slices.IndexFunc(v.Artifacts, func(o apiOutput) bool {
		return o.Key == key && a.Type == "Metric" && o.Artifacts[0].Type == "Metric"
	})
	if i < 0 {
		v.Artifacts = append(v.Artifacts, apiOutput{Key: key, Artifacts: []*apiArtifact{a}})
		return
	}
	v.Artifacts[i].Artifacts = append(v.Artifacts[i].Artifacts, a)
}
