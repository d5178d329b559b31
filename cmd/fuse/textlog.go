package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// A textLog reports in plain lines.
type textLog struct {
	w       io.Writer // gets whole lines
	verbose bool
	quiet   bool // no lines for tasks that start: a status line shows them
	view    *runView
}

func newTextLog(w io.Writer) *textLog { return &textLog{w: w} }

func (l *textLog) line(format string, args ...any) { fmt.Fprintf(l.w, format+"\n", args...) }

func (l *textLog) note(text string) { l.line("note: %s", showText(text, "  ")) }

func (l *textLog) warn(text string, hints ...string) {
	l.line("warning: %s", showText(text, "  "))
	l.details(report{hints: hints}, "hint: ")
}

func (l *textLog) detail(text string) {
	if l.verbose {
		l.line("%s", showText(text, "  "))
	}
}

func (l *textLog) printed(pos, text string) { l.line("%s: %s", showLine(pos), showText(text, "  ")) }

func (l *textLog) fail(err error) {
	for _, r := range reports(err) {
		l.line("error: %s", showText(r.text, "  "))
		l.details(r, "hint: ")
	}
}

// details writes what follows the first line of an error.
func (l *textLog) details(r report, hint string) {
	for _, call := range r.backtrace {
		l.line("  %s", showLine(call))
	}
	for _, h := range r.hints {
		l.line("%s%s", hint, showText(h, "  "))
	}
}

func (l *textLog) begin(v *runView) { l.view = v }

func (l *textLog) event(e exec.Event) {
	switch e.Kind {
	case exec.RunStarted:
		l.detail("run folder " + showPath(e.Line))
		return
	case exec.RunEnded:
		return
	}
	name := showName(l.view.label(e.Task))
	switch e.Kind {
	case exec.TaskStarted:
		if (!l.quiet && !e.Dag) || l.verbose {
			l.line("%s  started%s", name, l.about(e))
		}
	case exec.TaskOutput:
		l.line("[%s] %s", name, showLine(e.Line))
	case exec.TaskRetried:
		all := reports(e.Err)
		l.line("%s  attempt %d failed, and is repeated: %s", name, e.Attempt, showText(all[0].text, "  "))
		l.details(all[0], "  hint: ")
	case exec.TaskEnded:
		l.view.ended(e)
		l.ended(name, e)
	}
}

// about returns what -v tells of a task.
func (l *textLog) about(e exec.Event) string {
	if !l.verbose {
		return ""
	}
	about := " as task " + showName(e.Task)
	task, ok, err := compiler.ParseFunctionTask(l.view.spec.Container(l.view.spec.ComponentOf(taskAt(l.view.spec, e.Task))))
	if ok && err == nil {
		about += ", " + task.Fingerprint
	}
	return about
}

func (l *textLog) ended(name string, e exec.Event) {
	took := showSeconds(e.Duration)
	switch e.State {
	case exec.Succeeded:
		if !e.Dag || l.verbose {
			l.line("%s  succeeded in %s", name, took)
		}
	case exec.Cached:
		l.line("%s  taken from the cache", name)
	case exec.Failed:
		attempts := ""
		if e.Attempt > 1 {
			attempts = fmt.Sprintf(" and %d attempts", e.Attempt)
		}
		if e.Err == nil { // a dag, whose tasks told why
			l.line("%s  failed after %s", name, took)
			return
		}
		for i, r := range reports(e.Err) {
			if i == 0 {
				l.line("%s  failed after %s%s: %s", name, took, attempts, showText(withoutTail(r.text, e.Err), "  "))
			} else {
				l.line("  %s", showText(r.text, "  "))
			}
			l.details(r, "  hint: ")
		}
	case exec.NotRun:
		l.line("%s  not run: %s", name, l.view.whyNot(e.Task))
	case exec.Skipped:
		l.line("%s  skipped", name)
	case exec.Canceled:
		l.line("%s  stopped after %s", name, took)
	}
}

// withoutTail takes the last lines of a command's output off the text of its
// error: they have been shown.
func withoutTail(text string, err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		short := *exit
		short.Tail = nil
		text = strings.Replace(text, exit.Error(), short.Error(), 1)
	}
	return text
}

func (l *textLog) end(res *exec.Result) {
	text := fmt.Sprintf("%s  %s", showName(res.Workflow), outcome(res))
	if res.State != exec.Succeeded {
		text += "; its folder is " + showPath(res.Dir)
	}
	l.line("%s", text)
}

// outcome says how a run ended, and how many of its tasks ended how.
func outcome(res *exec.Result) string {
	took := showSeconds(res.Duration)
	text := ""
	switch res.State {
	case exec.Succeeded:
		text = "succeeded in " + took
	case exec.Canceled:
		text = "stopped after " + took
	default:
		text = "failed after " + took
	}
	var parts []string
	for _, s := range []struct {
		state exec.State
		text  string
	}{
		{exec.Failed, "failed"}, {exec.Canceled, "stopped"}, {exec.NotRun, "not run"}, {exec.Skipped, "skipped"},
		{exec.Cached, "from the cache"}, {exec.Succeeded, "succeeded"},
	} {
		n := 0
		for i := range res.Tasks {
			if res.Tasks[i].State == s.state && !res.Tasks[i].Dag {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s.text))
		}
	}
	if len(parts) == 0 {
		return text
	}
	return text + ": " + strings.Join(parts, ", ")
}
