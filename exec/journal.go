package exec

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/compiler"
)

const (
	// journalVersion is the version of the journal's format.
	journalVersion = 1
	// maxErrorText bounds the text of an error in the run's record: a program
	// may fail with all of its data in the message.
	maxErrorText = 64 << 10
)

// A journal is the record of a run: JSON, one line for the run, one for each
// task that ended, and one for the run's end. A line is written when what it
// tells of is complete, so a line that is whole can be trusted.
type journal struct {
	path string
	w    io.WriteCloser
	buf  []byte
	err  error // of a write; nothing is written after it
}

// flush writes the lines that have gathered. After a failure, which may have
// cut a line in two, it fails for ever: further lines would stand behind half
// a one.
func (j *journal) flush() error {
	if j.err != nil || len(j.buf) == 0 {
		return j.err
	}
	if _, err := j.w.Write(j.buf); err != nil {
		j.err = diskError("write", j.path, err)
	}
	j.buf = j.buf[:0]
	return j.err
}

func (j *journal) close() error {
	err := j.flush()
	if e := j.w.Close(); err == nil && e != nil {
		err = diskError("write", j.path, e)
	}
	return err
}

// header starts the journal.
func (j *journal) header(id string, spec *compiler.Spec, started time.Time, params map[string]*structpb.Value) error {
	b := append(j.buf, `{"fuse":`...)
	b = strconv.AppendInt(b, journalVersion, 10)
	b = appendField(b, "run", id)
	b = appendField(b, "workflow", spec.DisplayName())
	b = appendField(b, "pipeline", spec.Name())
	b = appendField(b, "started", started.UTC().Format(time.RFC3339Nano))
	b, err := appendParams(b, params)
	if err != nil {
		return err
	}
	j.buf = append(b, "}\n"...)
	return j.flush()
}

// end closes the record.
func (j *journal) end(state State, d time.Duration) {
	b := append(j.buf, `{"end":`...)
	b = appendString(b, string(state))
	b = appendSeconds(b, d)
	j.buf = append(b, "}\n"...)
}

// appendTask appends the line of a task that ended.
func (r *taskRun) appendTask(b []byte) ([]byte, error) {
	start := len(b)
	b = append(b, `{"task":`...)
	b = appendString(b, r.path)
	b = appendField(b, "node", r.plan.name)
	b = appendField(b, "state", string(r.state))
	if r.state.ran() || r.state == Canceled {
		b = appendSeconds(b, r.duration)
		b = append(b, `,"attempts":`...)
		b = strconv.AppendInt(b, int64(r.attempts), 10)
	}
	if f := r.plan.function; f != nil && f.Fingerprint != "" {
		b = appendField(b, "fingerprint", f.Fingerprint)
	}
	if r.err != nil {
		b = appendField(b, "error", clipTo(r.err.Error(), maxErrorText))
	}
	b, err := appendOutputs(b, r.outputs)
	if err != nil {
		return b[:start], err
	}
	return append(b, "}\n"...), nil
}

func appendOutputs(b []byte, outputs []Output) ([]byte, error) {
	open := ""
	for i := range outputs {
		o := &outputs[i]
		if o.Parameter == nil {
			continue
		}
		if open == "" {
			b, open = append(b, `,"parameters":{`...), "}"
		} else {
			b = append(b, ',')
		}
		b = append(appendString(b, o.Name), ':')
		var err error
		if b, err = appendValue(b, o.Parameter); err != nil {
			return b, err
		}
	}
	b, open = append(b, open...), ""
	for i := range outputs {
		if a := outputs[i].Artifact; a != nil {
			if open == "" {
				b, open = append(b, `,"artifacts":[`...), "]"
			} else {
				b = append(b, ',')
			}
			var err error
			if b, err = a.appendRecord(b); err != nil {
				return b, err
			}
		}
	}
	return append(b, open...), nil
}

// appendRecord appends what the journal holds of an artifact: the data itself
// when that is small, else the file's path, size and digest.
func (a *Artifact) appendRecord(b []byte) ([]byte, error) {
	b = append(b, `{"name":`...)
	b = appendString(b, a.Name)
	if a.Type != "" {
		b = appendField(b, "type", a.Type)
	}
	if a.rel != "" && a.inline == nil {
		b = appendField(b, "path", a.rel)
	}
	if a.uri != "" {
		b = appendField(b, "uri", a.uri)
	}
	if a.digested {
		b = append(b, `,"size":`...)
		b = strconv.AppendInt(b, a.size, 10)
		b = append(b, `,"sha256":"`...)
		b = hex.AppendEncode(b, a.digest[:])
		b = append(b, '"')
	}
	if a.inline != nil {
		b = append(b, `,"data":"`...)
		b = base64.StdEncoding.AppendEncode(b, a.inline)
		b = append(b, '"')
	}
	switch {
	case a.valueType != "":
		b = append(b, `,"metadata":{"type":`...)
		b = appendString(b, a.valueType)
		b = append(appendField(b, "preview", a.preview), '}')
	case a.metadata != nil:
		m, err := json.Marshal(a.metadata.AsMap())
		if err != nil {
			return b, fmt.Errorf("write metadata of %s: %w", a.Name, err)
		}
		b = append(append(b, `,"metadata":`...), m...)
	}
	return append(b, '}'), nil
}

func appendParams(b []byte, params map[string]*structpb.Value) ([]byte, error) {
	if len(params) == 0 {
		return b, nil
	}
	m, err := json.Marshal((&structpb.Struct{Fields: params}).AsMap())
	if err != nil {
		return b, fmt.Errorf("write parameters: %w", err)
	}
	return append(append(b, `,"parameters":`...), m...), nil
}

// appendValue appends a parameter as JSON.
func appendValue(b []byte, v *structpb.Value) ([]byte, error) {
	switch k := v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		if f := k.NumberValue; f == float64(int64(f)) && f > -1e15 && f < 1e15 {
			return strconv.AppendInt(b, int64(f), 10), nil
		}
	case *structpb.Value_StringValue:
		return appendString(b, k.StringValue), nil
	case *structpb.Value_BoolValue:
		return strconv.AppendBool(b, k.BoolValue), nil
	}
	j, err := json.Marshal(v.AsInterface())
	if err != nil {
		return b, fmt.Errorf("write parameter: %w", err)
	}
	return append(b, j...), nil
}

func appendField(b []byte, name, text string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendString(b, text)
}

func appendSeconds(b []byte, d time.Duration) []byte {
	b = append(b, `,"seconds":`...)
	return strconv.AppendFloat(b, d.Seconds(), 'f', 6, 64)
}

// appendString appends text as JSON. Bytes that are no UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			j, _ := json.Marshal(strings.ToValidUTF8(s, "\uFFFD")) // text always can be
			return append(b, j...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
