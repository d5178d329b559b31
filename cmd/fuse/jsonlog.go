package main

import (
	"encoding/json"
	"io"
	"math"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/exec"
)

// A jsonLog reports in one JSON object a line.
type jsonLog struct {
	w       io.Writer
	now     func() time.Time
	verbose bool
	view    *runView
}

// A jsonLine is one line of a jsonLog. Fields that say nothing are left out.
type jsonLine struct {
	Time      string     `json:"time"`
	Event     string     `json:"event"`
	Node      string     `json:"node,omitempty"`
	Task      string     `json:"task,omitempty"`
	State     exec.State `json:"state,omitempty"`
	Seconds   *float64   `json:"seconds,omitempty"`
	Attempt   int        `json:"attempt,omitempty"`
	Line      *string    `json:"line,omitempty"`
	Text      string     `json:"text,omitempty"`
	Pos       string     `json:"pos,omitempty"`
	Folder    string     `json:"folder,omitempty"`
	Error     string     `json:"error,omitempty"`
	Backtrace []string   `json:"backtrace,omitempty"`
	Hint      string     `json:"hint,omitempty"`
	Workflow  string     `json:"workflow,omitempty"`
	RunID     string     `json:"run_id,omitempty"`
	Layer     string     `json:"layer,omitempty"`
	Stage     string     `json:"stage,omitempty"`
	Bytes     int64      `json:"bytes,omitempty"`
}

func (l *jsonLog) write(at time.Time, line jsonLine) {
	line.Time = at.UTC().Format(time.RFC3339Nano)
	enc := json.NewEncoder(l.w)
	enc.SetEscapeHTML(false)
	enc.Encode(line) // there is nobody left to tell that stderr is gone
}

func (l *jsonLog) note(text string) { l.write(l.now(), jsonLine{Event: "note", Text: text}) }
func (l *jsonLog) warn(text string, hints ...string) {
	l.write(l.now(), jsonLine{Event: "warning", Text: text, Hint: strings.Join(hints, "\n")})
}
func (l *jsonLog) detail(text string) {
	if l.verbose {
		l.write(l.now(), jsonLine{Event: "detail", Text: text})
	}
}
func (l *jsonLog) printed(pos, text string) {
	l.write(l.now(), jsonLine{Event: "print", Pos: pos, Text: text})
}

func (l *jsonLog) fail(err error) {
	for _, r := range reports(err) {
		line := jsonLine{Event: "error"}
		line.explain(r)
		l.write(l.now(), line)
	}
}

func (line *jsonLine) explain(r report) {
	line.Error, line.Backtrace, line.Hint = r.text, r.backtrace, strings.Join(r.hints, "\n")
}

func (l *jsonLog) begin(v *runView) { l.view = v }

func (l *jsonLog) event(e exec.Event) {
	line := jsonLine{Task: e.Task, State: e.State, Attempt: e.Attempt}
	if e.Task != "" {
		line.Node = l.view.label(e.Task)
	}
	switch e.Kind {
	case exec.RunStarted:
		line.Event, line.Workflow, line.Folder = "run_started", l.view.name, showPath(e.Line)
	case exec.RunEnded:
		line.Event, line.Workflow = "run_ended", l.view.name
	case exec.TaskStarted:
		line.Event = "started"
	case exec.TaskOutput:
		line.Event, line.Line = "output", &e.Line
	case exec.TaskRetried:
		line.Event = "retried"
	case exec.TaskEnded:
		line.Event = "ended"
		l.view.ended(e)
		if e.State == exec.NotRun {
			line.Error = l.view.whyNot(e.Task)
		}
	}
	if e.Kind == exec.TaskEnded && e.State != exec.NotRun || e.Kind == exec.RunEnded {
		s := seconds(e.Duration)
		line.Seconds = &s
	}
	if e.Err != nil {
		line.explain(reports(e.Err)[0])
	}
	l.write(e.Time, line)
}

// end has nothing to add to the event that ended the run.
func (l *jsonLog) end(*exec.Result) {}

// seconds returns a duration in seconds, to the microsecond.
func seconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }
