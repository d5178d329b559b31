package exec

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// A Record is what the folder of a run tells about it, while it runs and
// after.
type Record struct {
	Dir      string    `json:"-"`
	RunID    string    `json:"run"`
	Workflow string    `json:"workflow"`
	Pipeline string    `json:"pipeline"`
	Started  time.Time `json:"started"`
	// Parameters are the pipeline's, defaults included.
	Parameters map[string]any `json:"parameters"`
	// State is RUNNING for a run that did not come to its end: one that
	// still runs, or that was killed.
	State   State        `json:"-"`
	Seconds float64      `json:"-"`
	Tasks   []TaskRecord `json:"-"` // in the order in which they ended
}

// A TaskRecord is what is known of a task that ended.
type TaskRecord struct {
	Path        string           `json:"task"`
	Node        string           `json:"node"`
	State       State            `json:"state"`
	Seconds     float64          `json:"seconds"`
	Attempts    int              `json:"attempts"`
	Fingerprint string           `json:"fingerprint"`
	Error       string           `json:"error"`
	Parameters  map[string]any   `json:"parameters"`
	Artifacts   []ArtifactRecord `json:"artifacts"`
}

// An ArtifactRecord is what is known of an output artifact.
type ArtifactRecord struct {
	Name string `json:"name"`
	Type string `json:"type"`
	// Path is under the run's folder, with slashes; "" for an artifact that
	// is elsewhere, at URI.
	Path string `json:"path"`
	URI  string `json:"uri"`
	// Size and SHA256 are those of the content; SHA256 is "" for an artifact
	// that the task left out.
	Size     int64          `json:"size"`
	SHA256   string         `json:"sha256"`
	Metadata map[string]any `json:"metadata"`
	// Data is the content itself when it is small; there need be no file.
	Data []byte `json:"data"`

	what string
	file string
}

// maxJournal bounds the journals that are read: 2 GiB.
const maxJournal = 1 << 31

// OpenRun reads the folder of a run.
//
// What it returns can be trusted, however the run ended: a task is in the
// journal only if everything that it left was complete before, and a line that
// was not written whole counts as not written. Whether files are still as they
// were is checked when they are read: see ArtifactRecord.Read.
func OpenRun(dir string) (*Record, error) {
	path := filepath.Join(dir, journalFile)
	b, err := readFile(path, maxJournal, "a journal that Fuse wrote is never so large")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &starlarkfuse.Error{Msg: fmt.Sprintf("%s is no folder of a run: it has no %s", dir, journalFile), Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("read journal of a run: %w", err)
	}
	r, err := readJournal(b)
	if err != nil {
		return nil, fmt.Errorf("read journal %s: %w", path, err)
	}
	if r.Dir, err = filepath.Abs(dir); err != nil {
		return nil, fmt.Errorf("find folder of a run: %w", err)
	}
	for i := range r.Tasks {
		t := &r.Tasks[i]
		for k := range t.Artifacts {
			a := &t.Artifacts[k]
			a.what = fmt.Sprintf("%s of task %q", a.Name, t.Path)
			if rel := filepath.FromSlash(a.Path); filepath.IsLocal(rel) {
				a.file = filepath.Join(r.Dir, rel)
			}
		}
	}
	return r, nil
}

// readJournal decodes a journal. Any bytes may be given.
func readJournal(b []byte) (*Record, error) {
	r := &Record{State: Running}
	for n := 1; len(b) > 0; n++ {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			break // the last line was cut off: what it tells did not happen
		}
		b = rest
		if err := r.line(n, line); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if r.RunID == "" {
		return nil, errors.New("it does not say which run it is of")
	}
	return r, nil
}

func (r *Record) line(n int, line []byte) error {
	if n == 1 {
		var head struct {
			Fuse int `json:"fuse"`
			*Record
		}
		head.Record = r
		if err := json.Unmarshal(line, &head); err != nil {
			return err
		}
		if head.Fuse != journalVersion {
			return fmt.Errorf("it has version %d, and only %d can be read", head.Fuse, journalVersion)
		}
		return nil
	}
	var l struct {
		TaskRecord
		End State `json:"end"`
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	switch {
	case l.End.ended() && l.Path == "":
		r.State, r.Seconds = l.End, l.Seconds
	case l.End != "" || l.Path == "" || !l.State.ended():
		return errors.New("it tells neither of a task that ended nor of the run's end")
	default:
		r.Tasks = append(r.Tasks, l.TaskRecord)
	}
	return nil
}

// Task returns what is known of the task of that path; nil when it has not
// ended.
func (r *Record) Task(path string) *TaskRecord {
	for i := range r.Tasks {
		if r.Tasks[i].Path == path {
			return &r.Tasks[i]
		}
	}
	return nil
}

// Artifact returns the output artifact of that name; nil when there is none.
func (t *TaskRecord) Artifact(name string) *ArtifactRecord {
	for i := range t.Artifacts {
		if t.Artifacts[i].Name == name {
			return &t.Artifacts[i]
		}
	}
	return nil
}

// Check tells whether the artifact is still what the task left: the error says
// what is wrong with it.
func (a *ArtifactRecord) Check() error {
	if a.SHA256 == "" {
		return &starlarkfuse.Error{Msg: a.what + " was never written"}
	}
	if a.Data != nil {
		sum := sha256.Sum256(a.Data)
		return a.compare("the journal", int64(len(a.Data)), sum)
	}
	if a.file == "" {
		return &starlarkfuse.Error{Msg: fmt.Sprintf("%s is not in the run's folder", a.what)}
	}
	size, sum, exists, err := digestPath(a.file)
	if err != nil {
		return fmt.Errorf("read %s: %w", a.what, err)
	}
	if !exists {
		return &starlarkfuse.Error{Msg: fmt.Sprintf("%s is missing: there is no file %s", a.what, a.file), Hint: "run the workflow again"}
	}
	return a.compare(a.file, size, sum)
}

func (a *ArtifactRecord) compare(where string, size int64, sum [sha256.Size]byte) error {
	msg := ""
	switch {
	case size < a.Size:
		msg = fmt.Sprintf("%s in %s is truncated: %d of %d bytes are there", a.what, where, size, a.Size)
	case size > a.Size || hex.EncodeToString(sum[:]) != a.SHA256:
		msg = fmt.Sprintf("%s in %s is damaged: it is not what the task wrote", a.what, where)
	default:
		return nil
	}
	return &starlarkfuse.Error{Msg: msg, Hint: "run the workflow again"}
}

// Read returns the content of an artifact that is a file, after Check.
func (a *ArtifactRecord) Read() ([]byte, error) {
	if err := a.Check(); err != nil {
		return nil, err
	}
	if a.Data != nil {
		return a.Data, nil
	}
	b, err := os.ReadFile(a.file)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", a.what, err)
	}
	return b, nil
}

// Value returns the frozen value of an artifact that Fuse wrote, after Check.
func (a *ArtifactRecord) Value() (starlark.Value, error) {
	if a.Size > value.MaxSize {
		return nil, fmt.Errorf("%s is no value that Fuse wrote: it has %d bytes, and values have at most %d", a.what, a.Size, value.MaxSize)
	}
	b, err := a.Read()
	if err != nil {
		return nil, err
	}
	v, err := value.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s is no value that Fuse wrote: %w", a.what, err)
	}
	v.Freeze()
	return v, nil
}
