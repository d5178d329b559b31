package kfptest

import (
	"net/http"
	"strconv"

	"github.com/starlarkfuse/fuse/exec"
	"github.com/starlarkfuse/fuse/kfp/metadata"
	"github.com/starlarkfuse/fuse/kfp/metadata/metadatatest"
)

// sessionInfo tells the dashboard how to reach the store of artifacts.
const sessionInfo = `{"Provider":"minio","Params":{"accessKeyKey":"accesskey","disableSSL":"true","endpoint":"seaweedfs.kubeflow:9000",` +
	`"forcePathStyle":"true","fromEnv":"false","maxRetries":"5","region":"us-east-1","secretKeyKey":"secretkey","secretName":"mlpipeline-minio-artifact"}}`

// newMetadata returns the store of metadata of a generation.
func newMetadata(g Generation) *metadatatest.Server {
	if g == GenNext {
		return &metadatatest.Server{Generation: metadatatest.API}
	}
	return &metadatatest.Server{Generation: metadatatest.Store}
}

// metadata answers from the store of metadata, after it was told the news.
func (s *Server) metadata(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	if id := req.PathValue("id"); s.generation == GenNext && id != "" {
		if _, err := s.visibleRun(id); err != nil {
			s.mu.Unlock()
			answerError(w, err)
			return
		}
	}
	for _, row := range s.kept.runs.rows {
		version := row.Value.engineID()
		if s.told[row.ID] == version {
			continue
		}
		s.meta.Put(s.describe(row))
		if row.Value.ended() {
			s.told[row.ID] = version // and nothing will change
		}
	}
	s.mu.Unlock()
	s.meta.ServeHTTP(w, req)
}

// describe tells of a run as the metadata has it.
func (s *Server) describe(row *row[keptRun]) *metadata.Run {
	r := &row.Value
	run := &metadata.Run{ID: row.ID, Namespace: s.namespace}
	if r.Run.State == pending {
		return run
	}
	id := func(i int) string { return strconv.FormatInt(row.executionID(i), 10) }
	run.Root = &metadata.Task{
		ID: id(-1), Group: true, State: metadata.Running, Started: r.Run.History[0].Time.Time, Ended: r.Run.FinishedAt.Time,
	}
	if r.Run.State == succeeded { // of others nobody tells the store
		run.Root.State = metadata.Succeeded
	}
	if r.Run.Config != nil {
		run.Root.Inputs = r.Run.Config.Parameters
	}
	parents := map[string]string{"": run.Root.ID}
	for i := range r.Tasks {
		parents[r.Tasks[i].Path] = id(i)
	}
	rec := s.record(r)
	for i := range r.Tasks {
		t := &r.Tasks[i]
		if !t.ran() {
			continue
		}
		task := &metadata.Task{
			ID: id(i), ParentID: parents[t.parent()], Key: t.key(), DisplayName: t.Name, Group: t.Dag,
			State: metadata.Running, Started: t.Started, Inputs: t.Inputs,
		}
		run.Tasks = append(run.Tasks, task)
		if !t.Dag {
			task.Pod = r.pod(t)
			if s.generation == GenNext {
				task.DriverPod = r.Workflow + "-system-container-driver-" + nodeHash(r.node(t.Path, "-driver(0)"))
			}
		}
		// What a task gave out is told with its end, not after it.
		ended := taskRecord(rec, t)
		if t.Ended.IsZero() || ended == nil && t.State == exec.Succeeded {
			continue
		}
		task.State, task.Ended, task.Message = metadataState(t.State), t.Ended, t.Error
		if !t.Dag {
			r.addOutputs(task, t, ended, row.executionID(i))
		}
	}
	return run
}

// addOutputs adds what a task gave out, and its log.
func (r *keptRun) addOutputs(task *metadata.Task, t *keptTask, ended *exec.TaskRecord, id int64) {
	add := func(name, uri, kind string, meta map[string]any) {
		id++
		task.Artifacts = append(task.Artifacts, metadata.Artifact{
			Output: name, ID: strconv.FormatInt(id, 10), Name: name, URI: uri, Type: kind, Metadata: meta, Session: sessionInfo,
		})
	}
	add(logName, r.logURI(t), "system.Artifact", nil)
	if ended == nil {
		return
	}
	task.Outputs = ended.Parameters
	for i := range ended.Artifacts {
		a := &ended.Artifacts[i]
		add(a.Name, r.uri(t, a), a.Type, a.Metadata)
	}
}

func metadataState(s exec.State) metadata.State {
	switch s {
	case exec.Succeeded:
		return metadata.Succeeded
	case exec.Cached:
		return metadata.Cached
	case exec.Canceled:
		return metadata.Canceled
	}
	return metadata.Failed
}
