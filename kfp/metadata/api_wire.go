package metadata

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// What is below are the API's resources, in its own words. Fields that are not
// here are ignored.

type apiTasks struct {
	Tasks         apiItems[apiTask] `json:"tasks"`
	NextPageToken string            `json:"next_page_token"`
}

func (p apiTasks) items() ([]*apiTask, string) { return p.Tasks, p.NextPageToken }

type apiTask struct {
	ID           string    `json:"task_id"`
	ParentID     string    `json:"parent_task_id"`
	Name         string    `json:"name"`
	DisplayName  string    `json:"display_name"`
	Type         string    `json:"type"`
	State        string    `json:"state"`
	CreateTime   time.Time `json:"create_time"`
	EndTime      time.Time `json:"end_time"`
	Pods         []apiPod  `json:"pods"`
	StatusDetail struct {
		Message string `json:"message"`
	} `json:"status_metadata"`
	Attributes struct {
		IterationIndex *apiInt `json:"iteration_index"`
		IterationCount *apiInt `json:"iteration_count"`
	} `json:"type_attributes"`
	Inputs  apiValues `json:"inputs"`
	Outputs apiValues `json:"outputs"`
}

type apiPod struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// apiValues are what a task was given, or gave out.
type apiValues struct {
	Parameters []apiParameter `json:"parameters"`
	Artifacts  []apiOutput    `json:"artifacts"`
}

type apiParameter struct {
	Key      string `json:"parameter_key"`
	Value    any    `json:"value"`
	Type     string `json:"type"`
	Producer struct {
		Iteration *apiInt `json:"iteration"`
	} `json:"producer"`
}

// An apiOutput is an output with its artifacts.
type apiOutput struct {
	Key       string                `json:"artifact_key"`
	Artifacts apiItems[apiArtifact] `json:"artifacts"`
}

type apiArtifact struct {
	ID        string         `json:"artifact_id"`
	Name      string         `json:"name"`
	Type      string         `json:"type"`
	URI       string         `json:"uri"`
	Metadata  map[string]any `json:"metadata"`
	Number    any            `json:"number_value"`
	Namespace string         `json:"namespace"`
}

type apiLinks struct {
	Links         apiItems[apiLink] `json:"artifact_tasks"`
	NextPageToken string            `json:"next_page_token"`
}

func (p apiLinks) items() ([]*apiLink, string) { return p.Links, p.NextPageToken }

// An apiLink says that an artifact belongs to a task.
type apiLink struct {
	ArtifactID string `json:"artifact_id"`
	TaskID     string `json:"task_id"`
	Type       string `json:"type"`
	Key        string `json:"key"`
}

// apiItems are things in a list: no nulls, and not more than maxTasks.
type apiItems[T any] []*T

// UnmarshalJSON implements json.Unmarshaler.
func (l *apiItems[T]) UnmarshalJSON(text []byte) error {
	*l = nil
	dec := json.NewDecoder(bytes.NewReader(text))
	switch start, err := dec.Token(); {
	case err != nil:
		return err
	case start == nil: // null
		return nil
	case start != json.Delim('['):
		return errors.New("a list is missing")
	}
	for dec.More() {
		var item *T
		if err := dec.Decode(&item); err != nil {
			return err
		}
		if item == nil {
			continue
		}
		if len(*l) == maxTasks {
			return errors.New("a list is too long")
		}
		*l = append(*l, item)
	}
	return nil
}

// An apiInt is an integer, which the API writes as text where it has 64 bits.
type apiInt int

// UnmarshalJSON implements json.Unmarshaler.
func (n *apiInt) UnmarshalJSON(text []byte) error {
	var number json.Number // which may be text, too
	if err := json.Unmarshal(text, &number); err != nil {
		return err
	}
	i, err := strconv.ParseInt(number.String(), 10, 32)
	if err != nil {
		return err
	}
	*n = apiInt(i)
	return nil
}

// pointer is the integer as tasks have it; nil where it is no index or count.
func (n *apiInt) pointer() *int {
	if n == nil || *n < 0 {
		return nil
	}
	i := int(*n)
	return &i
}
