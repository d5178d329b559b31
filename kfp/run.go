package kfp

import (
	"encoding/json"
	"time"
)

// A Run is one run of a pipeline. In a list, a run that the server could not
// read has nothing but its id and Error.
type Run struct {
	ID             string          `json:"run_id"`
	Name           string          `json:"display_name,omitempty"`
	Description    string          `json:"description,omitempty"`
	ExperimentID   string          `json:"experiment_id,omitempty"`
	RecurringRunID string          `json:"recurring_run_id,omitempty"`
	State          State           `json:"state,omitempty"`
	StorageState   StorageState    `json:"storage_state,omitempty"`
	CreatedAt      time.Time       `json:"created_at,omitzero"`
	ScheduledAt    time.Time       `json:"scheduled_at,omitzero"`
	FinishedAt     time.Time       `json:"finished_at,omitzero"`
	StateHistory   []StateChange   `json:"state_history,omitempty"`
	ServiceAccount string          `json:"service_account,omitempty"`
	Config         *RuntimeConfig  `json:"runtime_config,omitempty"`
	Pipeline       *PipelineRef    `json:"pipeline_version_reference,omitempty"`
	Spec           json.RawMessage `json:"pipeline_spec,omitempty"`
	Details        *RunDetails     `json:"run_details,omitempty"`
	Error          *Status         `json:"error,omitempty"`
}

// RuntimeConfig is what a run is given.
type RuntimeConfig struct {
	// Parameters are the pipeline's, by name: what encoding/json makes of them.
	Parameters map[string]any `json:"parameters,omitempty"`
	// PipelineRoot is where artifacts are kept; "" is the server's default.
	PipelineRoot string `json:"pipeline_root,omitempty"`
}

// A PipelineRef names a version of a pipeline that the server keeps; without a
// VersionID the latest.
type PipelineRef struct {
	PipelineID string `json:"pipeline_id"`
	VersionID  string `json:"pipeline_version_id,omitempty"`
}

// RunDetails are the parts of a run.
type RunDetails struct {
	Tasks []Task `json:"task_details,omitempty"`
}

// A Task is one node of the Argo workflow that a run becomes, in no order. For
// a task with the key "boom" there are "boom", "boom-driver", "boom(0)", and an
// "executor" of its own; tasks in loops are there several times. One that never
// ran has no state, and some have no name either.
type Task struct {
	ID           string        `json:"task_id"`
	Name         string        `json:"display_name,omitempty"`
	State        State         `json:"state,omitempty"`
	CreatedAt    time.Time     `json:"create_time,omitzero"`
	StartedAt    time.Time     `json:"start_time,omitzero"`
	FinishedAt   time.Time     `json:"end_time,omitzero"`
	StateHistory []StateChange `json:"state_history,omitempty"`
	// ParentID is mostly "", whatever the task belongs to: Children tell.
	ParentID string      `json:"parent_task_id,omitempty"`
	Children []ChildTask `json:"child_tasks,omitempty"`
	// PodName is mostly "": the pod of an executor is the child of the task
	// "executor".
	PodName string `json:"pod_name,omitempty"`
	// ExecutionID is that of ML Metadata; mostly "".
	ExecutionID string  `json:"execution_id,omitempty"`
	Error       *Status `json:"error,omitempty"`
}

// A ChildTask is a task that waits for another: of either it has the id, or the
// name of the node, which is mostly that of the pod.
type ChildTask struct {
	TaskID  string `json:"task_id,omitempty"`
	PodName string `json:"pod_name,omitempty"`
}

// Tasks returns the nodes of the run; none in a run from a list.
func (r *Run) Tasks() []Task {
	if r.Details == nil {
		return nil
	}
	return r.Details.Tasks
}

// SubmissionID returns the id that CreateRun gave to the run; "" for a run that
// it did not make.
func (r *Run) SubmissionID() string { return labelIn(r.Description, submissionLabel) }

func (r *Run) identity() string { return r.ID }

func (r *Run) tidy() {
	clearEpoch(&r.CreatedAt, &r.ScheduledAt, &r.FinishedAt)
	for i := range r.Tasks() {
		t := &r.Details.Tasks[i]
		clearEpoch(&t.CreatedAt, &t.StartedAt, &t.FinishedAt)
	}
}
