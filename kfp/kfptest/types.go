package kfptest

import (
	"encoding/json"
	"time"

	"github.com/starlarkfuse/fuse/kfp"
)

// A stamp is a time as the API has it: in whole seconds, and the beginning of
// 1970 for "not yet".
type stamp struct{ time.Time }

func now() stamp { return stamp{time.Now()} }

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	t := s.Time
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return []byte(t.UTC().Format(`"` + time.RFC3339 + `"`)), nil
}

// What follows are the API's resources, with all fields that it knows, since
// requests may have them: what is not here is refused.

type run struct {
	ExperimentID   string          `json:"experiment_id,omitempty"`
	ID             string          `json:"run_id,omitempty"`
	Name           string          `json:"display_name,omitempty"`
	StorageState   string          `json:"storage_state,omitempty"`
	Description    string          `json:"description,omitempty"`
	VersionID      string          `json:"pipeline_version_id,omitempty"`
	Spec           json.RawMessage `json:"pipeline_spec,omitempty"`
	Pipeline       *versionRef     `json:"pipeline_version_reference,omitempty"`
	Config         *runtimeConfig  `json:"runtime_config,omitempty"`
	ServiceAccount string          `json:"service_account,omitempty"`
	CreatedAt      stamp           `json:"created_at"`
	ScheduledAt    stamp           `json:"scheduled_at"`
	FinishedAt     stamp           `json:"finished_at"`
	State          string          `json:"state,omitempty"`
	Error          json.RawMessage `json:"error,omitempty"`
	Details        *runDetails     `json:"run_details,omitempty"`
	RecurringRunID string          `json:"recurring_run_id,omitempty"`
	History        []stateChange   `json:"state_history,omitempty"`
	PluginsInput   json.RawMessage `json:"plugins_input,omitempty"`
	PluginsOutput  json.RawMessage `json:"plugins_output,omitempty"`
}

type versionRef struct {
	PipelineID string `json:"pipeline_id,omitempty"`
	VersionID  string `json:"pipeline_version_id,omitempty"`
}

type runtimeConfig struct {
	Parameters map[string]any `json:"parameters,omitempty"`
	Root       string         `json:"pipeline_root,omitempty"`
}

type runDetails struct {
	ContextID    string       `json:"pipeline_context_id,omitempty"`
	RunContextID string       `json:"pipeline_run_context_id,omitempty"`
	Tasks        []taskDetail `json:"task_details,omitempty"`
}

type stateChange struct {
	Time  stamp           `json:"update_time"`
	State string          `json:"state,omitempty"`
	Error json.RawMessage `json:"error,omitempty"`
}

// A taskDetail is a node of an Argo workflow.
type taskDetail struct {
	RunID       string        `json:"run_id"`
	ID          string        `json:"task_id"`
	Name        string        `json:"display_name,omitempty"`
	CreatedAt   stamp         `json:"create_time"`
	StartedAt   stamp         `json:"start_time"`
	EndedAt     stamp         `json:"end_time"`
	State       string        `json:"state,omitempty"`
	ExecutionID string        `json:"execution_id,omitempty"`
	History     []stateChange `json:"state_history,omitempty"`
	Children    []childTask   `json:"child_tasks,omitempty"`
}

type childTask struct {
	Node string `json:"pod_name"`
}

type experiment struct {
	ID           string `json:"experiment_id,omitempty"`
	Name         string `json:"display_name,omitempty"`
	Description  string `json:"description,omitempty"`
	CreatedAt    stamp  `json:"created_at"`
	Namespace    string `json:"namespace,omitempty"`
	StorageState string `json:"storage_state,omitempty"`
	LastRunAt    stamp  `json:"last_run_created_at"`
}

type pipeline struct {
	ID          string          `json:"pipeline_id,omitempty"`
	DisplayName string          `json:"display_name,omitempty"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	CreatedAt   stamp           `json:"created_at"`
	Namespace   string          `json:"namespace,omitempty"`
	Error       json.RawMessage `json:"error,omitempty"`
	Tags        json.RawMessage `json:"tags,omitempty"`
}

type version struct {
	PipelineID  string          `json:"pipeline_id,omitempty"`
	ID          string          `json:"pipeline_version_id,omitempty"`
	DisplayName string          `json:"display_name,omitempty"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	CreatedAt   stamp           `json:"created_at"`
	Spec        json.RawMessage `json:"pipeline_spec,omitempty"`
}

type recurringRun struct {
	ID             string          `json:"recurring_run_id,omitempty"`
	Name           string          `json:"display_name,omitempty"`
	Description    string          `json:"description,omitempty"`
	VersionID      string          `json:"pipeline_version_id,omitempty"`
	Spec           json.RawMessage `json:"pipeline_spec,omitempty"`
	Pipeline       *versionRef     `json:"pipeline_version_reference,omitempty"`
	Config         *runtimeConfig  `json:"runtime_config,omitempty"`
	ServiceAccount string          `json:"service_account,omitempty"`
	MaxConcurrency kfp.Int64       `json:"max_concurrency,omitempty"`
	Trigger        *trigger        `json:"trigger,omitempty"`
	Mode           string          `json:"mode,omitempty"`
	CreatedAt      stamp           `json:"created_at"`
	UpdatedAt      stamp           `json:"updated_at"`
	Status         string          `json:"status,omitempty"`
	Error          json.RawMessage `json:"error,omitempty"`
	NoCatchup      bool            `json:"no_catchup,omitempty"`
	Namespace      string          `json:"namespace,omitempty"`
	ExperimentID   string          `json:"experiment_id,omitempty"`
	PluginsInput   json.RawMessage `json:"plugins_input,omitempty"`
}

type trigger struct {
	Cron     *cronSchedule     `json:"cron_schedule,omitempty"`
	Periodic *periodicSchedule `json:"periodic_schedule,omitempty"`
}

type cronSchedule struct {
	Start *stamp `json:"start_time,omitempty"`
	End   *stamp `json:"end_time,omitempty"`
	Cron  string `json:"cron"`
}

type periodicSchedule struct {
	Start   *stamp    `json:"start_time,omitempty"`
	End     *stamp    `json:"end_time,omitempty"`
	Seconds kfp.Int64 `json:"interval_second"`
}
