package kfptest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// logs are the files with what the tasks of a run write. They belong to the
// run's observer.
type logs struct {
	dir  string
	run  *keptRun // only names of it, which do not change
	open map[string]*os.File
	err  error
}

func (s *Server) newLogs(r *keptRun) *logs {
	return &logs{dir: s.logDir(r), run: r, open: make(map[string]*os.File)}
}

// logDir is where the logs of a run's attempt are.
func (s *Server) logDir(r *keptRun) string {
	return filepath.Join(s.storage, "server", "logs", r.engineID())
}

// logFile is where the log of a task is.
func logFile(dir string, r *keptRun, t *keptTask) string {
	return filepath.Join(dir, nodeHash(r.executor(t))+".log")
}

// event writes what a task wrote.
func (l *logs) event(e exec.Event) {
	switch {
	case e.Dag || e.Task == "":
	case e.Kind == exec.TaskStarted:
		err := os.MkdirAll(l.dir, 0o755)
		if err == nil {
			l.open[e.Task], err = os.Create(logFile(l.dir, l.run, &keptTask{Path: e.Task}))
		}
		l.err = errors.Join(l.err, err)
	case e.Kind == exec.TaskOutput:
		l.line(e.Task, e.Line)
	case e.Kind == exec.TaskRetried:
		l.line(e.Task, fmt.Sprintf("attempt %d failed: %v", e.Attempt, e.Err))
	case e.Kind == exec.TaskEnded && l.open[e.Task] != nil:
		if exit := (*exec.ExitError)(nil); e.Err != nil && !errors.As(e.Err, &exit) {
			l.line(e.Task, "error: "+e.Err.Error()) // as fuse exec would have written it
		}
		l.err = errors.Join(l.err, l.open[e.Task].Close())
		delete(l.open, e.Task)
	}
}

func (l *logs) line(task, line string) {
	if f := l.open[task]; f != nil {
		_, err := fmt.Fprintln(f, line)
		l.err = errors.Join(l.err, err)
	}
}

// close closes what a run that broke off left open.
func (l *logs) close() error {
	for _, f := range l.open {
		l.err = errors.Join(l.err, f.Close())
	}
	return l.err
}

// logText returns the log of a task: what it wrote, between the lines of KFP's
// launcher. mu is held.
func (s *Server) logText(r *keptRun, t *keptTask, rec *exec.Record) ([]byte, error) {
	wrote, err := os.ReadFile(logFile(s.logDir(r), r, t))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	klog(&b, 'I', t.Started, "cacert.go:49", "CA cert file not found")
	klog(&b, 'I', t.Started, "launcher_v2.go:135", "input ComponentSpec:"+indented(object{"executorLabel": "exec-" + t.key()}))
	b.Write(wrote)
	switch t.State {
	case exec.Succeeded:
		if ended := taskRecord(rec, t); ended != nil && ended.Fingerprint != "" {
			klog(&b, 'I', t.Ended, "launcher_v2.go:1230", "ExecutorOutput: "+indented(r.executorOutput(t, ended)))
		} else {
			klog(&b, 'I', t.Ended, "launcher_v2.go:1218", "output metadata file does not exist in "+r.folder(t)+"/output_metadata.json")
		}
		klog(&b, 'I', t.Ended, "launcher_v2.go:867", "Executing uploadOutputArtifacts attempt: 1")
		klog(&b, 'I', t.Ended, "launcher_v2.go:206", "publish success.")
	case exec.Failed, exec.Canceled:
		klog(&b, 'I', t.Ended, "launcher_v2.go:206", "publish success.")
		klog(&b, 'F', t.Ended, "main.go:59", "failed to execute component: "+t.Error)
	}
	return b.Bytes(), nil
}

// klog writes a line as KFP's programs do: I1122 08:47:44.214582      22 main.go:59] text.
func klog(w io.Writer, level byte, at time.Time, where, text string) {
	fmt.Fprintf(w, "%c%s      22 %s] %s\n", level, at.UTC().Format("0102 15:04:05.000000"), where, text)
}

// launcherError is what the launcher says of a task that failed.
func launcherError(err error) string {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		if exit.Signal != "" {
			return "signal: " + exit.Signal
		}
		return fmt.Sprintf("exit status %d", exit.Code)
	}
	return "exit status 1"
}

// taskLog finds the log of the task of a run for which is holds.
func (s *Server) taskLog(rows []*row[keptRun], is func(*keptRun, *keptTask) bool) ([]byte, error) {
	for _, row := range rows {
		r := &row.Value
		for i := range r.Tasks {
			if t := &r.Tasks[i]; t.ran() && !t.Dag && is(r, t) {
				return s.logText(r, t, s.record(r))
			}
		}
	}
	return nil, os.ErrNotExist
}

// runLog answers the log of a node, from where it was archived when its pod had
// ended. The server says that all is well before it looks for it.
func (s *Server) runLog(w http.ResponseWriter, req *http.Request) {
	id, node := req.PathValue("id"), req.PathValue("node")
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.kept.runs.get(id)
	if found == nil {
		answerUploadError(w, http.StatusNotFound, fmt.Sprintf("Failed to read logs: Run %s not found", id), errors.New("ResourceNotFoundError"))
		return
	}
	text, err := s.taskLog([]*row[keptRun]{found}, func(r *keptRun, t *keptTask) bool {
		return !t.Ended.IsZero() && r.nodeID(r.executor(t)) == node
	})
	if err != nil {
		answerUploadError(w, http.StatusOK, fmt.Sprintf("Failed to read logs for run %s: pods %q not found", id, node), err)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(text)
}

// podLog answers what Kubernetes has of a pod's log, while it runs or after.
func (s *Server) podLog(w http.ResponseWriter, req *http.Request) {
	pod := req.URL.Query().Get("podname")
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := s.taskLog(s.kept.runs.rows, func(r *keptRun, t *keptTask) bool { return r.pod(t) == pod })
	if err != nil {
		http.Error(w, "Could not get main container logs: Error: Unable to find pod log archive information", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(text)
}
