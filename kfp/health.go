package kfp

import (
	"context"
	"encoding/json"
	"net/http"
)

// A Health is what a server says of itself.
type Health struct {
	// Version is the server's, like "2.17.0".
	Version string `json:"tag_name,omitempty"`
	Commit  string `json:"commit_sha,omitempty"`
	// MultiUser tells whether it keeps users apart, by namespaces.
	MultiUser bool `json:"multi_user"`
	// PipelineStore is "database" or "kubernetes"; "" in older servers.
	PipelineStore string `json:"pipeline_store,omitempty"`
	// Dashboard tells whether it was the dashboard that answered, which serves
	// artifacts and logs of pods, too; else it was an API server alone.
	Dashboard bool `json:"dashboard"`

	down bool // the API server, behind the dashboard
}

// UnmarshalJSON implements json.Unmarshaler. The dashboard puts its own words in
// the place of the API server's.
func (h *Health) UnmarshalJSON(text []byte) error {
	var v struct {
		TagName       string  `json:"tag_name"`
		Commit        string  `json:"commit_sha"`
		MultiUser     bool    `json:"multi_user"`
		PipelineStore string  `json:"pipeline_store"`
		UITagName     *string `json:"frontendTagName"`
		Dashboard     bool    `json:"dashboard"` // ours, if we wrote it
		APITagName    string  `json:"apiServerTagName"`
		APICommit     string  `json:"apiServerCommitHash"`
		APIMultiUser  bool    `json:"apiServerMultiUser"`
		APIStore      string  `json:"pipelineStore"`
		APIReady      *bool   `json:"apiServerReady"`
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	*h = Health{
		Version: v.TagName, Commit: v.Commit, MultiUser: v.MultiUser || v.APIMultiUser, PipelineStore: v.PipelineStore,
		Dashboard: v.Dashboard || v.APIReady != nil || v.UITagName != nil,
		down:      v.APIReady != nil && !*v.APIReady,
	}
	if h.Version == "" {
		h.Version = v.APITagName
	}
	if h.Commit == "" {
		h.Commit = v.APICommit
	}
	if h.PipelineStore == "" {
		h.PipelineStore = v.APIStore
	}
	return nil
}

// Health asks the server how it is. A dashboard whose API server does not
// answer is an error.
func (c *Client) Health(ctx context.Context) (*Health, error) {
	q := call{op: "ask the KFP server how it is", path: api + "/healthz"}
	h, err := get[Health](ctx, c, q)
	if err == nil && h.down {
		err = explain(&Error{
			Op: q.op, Status: http.StatusOK, Message: "the dashboard answers, but not the API server behind it",
			hint: "kubectl get pods -n kubeflow shows what is wrong with it",
		})
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}
