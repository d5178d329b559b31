package exec

import (
	"encoding/json"
	"path/filepath"
	"time"

	"github.com/starlarkfuse/fuse/value"
)

// A summary is the content of run.json: what became of a run, for people and
// programs that do not care for the journal.
type summary struct {
	RunID    string         `json:"run_id"`
	Workflow string         `json:"workflow"`
	State    State          `json:"state"`
	Started  time.Time      `json:"started"`
	Seconds  float64        `json:"seconds"`
	Tasks    map[State]int  `json:"tasks"` // leaves
	Results  []summaryValue `json:"results"`
}

type summaryValue struct {
	Name    string `json:"name"`
	Preview string `json:"preview,omitempty"`
	Error   string `json:"error,omitempty"`
}

// summarise writes run.json, whole or not at all.
func (r *run) summarise(res *Result) error {
	s := summary{
		RunID: res.RunID, Workflow: res.Workflow, State: res.State,
		Started: res.Started.UTC(), Seconds: res.Duration.Seconds(),
		Tasks: make(map[State]int), Results: make([]summaryValue, len(res.Results)),
	}
	for i := range res.Tasks {
		if !res.Tasks[i].Dag {
			s.Tasks[res.Tasks[i].State]++
		}
	}
	for i, nv := range res.Results {
		s.Results[i].Name = nv.Name
		switch {
		case nv.Err != nil:
			s.Results[i].Error = clipTo(nv.Err.Error(), maxErrorText)
		case nv.Value != nil:
			s.Results[i].Preview = value.Preview(nv.Value, maxPreview)
		}
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(r.dir, summaryFile), append(b, '\n'))
}

// outputValue returns the value of a root output of a spec without a workflow.
func (r *run) outputValue(o *Output) NodeValue {
	nv := NodeValue{Name: o.Name, Artifact: o.Artifact}
	if o.Parameter == nil {
		return nv
	}
	t := outputType(r.spec.Pipeline.GetRoot().GetOutputDefinitions().GetParameters()[o.Name])
	if !sameKind(o.Parameter, t) {
		t = value.Invalid // a program may give what it did not declare
	}
	if nv.Value, nv.Err = value.FromParameter(o.Parameter, t); nv.Err != nil {
		// 1.5 for an integer: it is what the program gave.
		nv.Value, nv.Err = value.FromParameter(o.Parameter, value.Invalid)
	}
	if nv.Value != nil {
		nv.Value.Freeze()
	}
	return nv
}
