package kfp_test

import (
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

func TestBadRuns(t *testing.T) {
	c := must[*kfp.Client](t)(kfp.New(""))
	for want, r := range map[string]kfp.NewRun{
		"a run needs a name":                          {Spec: spec},
		"the run x needs either a spec or a pipeline": {Name: "x"},
		"the run x names no pipeline":                 {Name: "x", Pipeline: &kfp.PipelineRef{}},
		"the spec of the run x is no JSON object":     {Name: "x", Spec: []byte("pipelineInfo:\n")},
		"create the run x: json: unsupported type: func()": {
			Name: "x", Spec: spec, Parameters: map[string]any{"f": func() {}},
		},
	} {
		_, err := c.CreateRun(t.Context(), r)
		equal(t, "error", err.Error(), want)
	}
	for want, r := range map[string]kfp.NewRecurringRun{
		"a recurring run needs either a cron schedule or an interval": {},
		"the interval 1.5s is not one of whole seconds":               {Interval: 1500 * time.Millisecond},
		`the cron schedule "* * *" has 3 fields, not 5 or 6`:          {Cron: "* * *"},
		"the schedule ends at 1970-01-01T00:00:09Z, before it starts": {Cron: "@daily", Start: time.Unix(10, 0), End: time.Unix(9, 0)},
		"the run nightly needs either a spec or a pipeline":           {NewRun: kfp.NewRun{Name: "nightly"}, Cron: "0 0 1 * * *"},
	} {
		_, err := c.CreateRecurringRun(t.Context(), r)
		equal(t, "error", err.Error(), want)
	}
}
