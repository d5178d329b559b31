package image

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Record keeps, beside a workflow, which image was built of it last.
type Record struct {
	// Workflow is the workflow's reference, as fuse exec takes it.
	Workflow string `json:"workflow"`
	// Image is the reference of the image, with its digest.
	Image string `json:"image"`
	// Source is the digest of the workflow's folder: see Image.Source.
	Source string `json:"source"`
	// Built is when.
	Built time.Time `json:"built"`
}

// recordPath returns where the record of a workflow is kept; "" for one that
// is in no folder of this machine.
func recordPath(wf *starlarkfuse.Workflow) string {
	root := wf.File().Root()
	if root == "" {
		return ""
	}
	return filepath.Join(root, ".fuse", "images", compiler.PipelineName(wf.Name())+".json")
}

// Remember keeps the image, under that reference, as the one that was built
// last of the workflow: see Remembered.
func (i *Image) Remember(ref string, now time.Time) error {
	wf := i.build.wf
	path := recordPath(wf)
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(Record{
		Workflow: wf.Reference(), Image: ref, Source: i.source, Built: now.UTC().Truncate(time.Second),
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := files.Replace(path, append(text, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", path, files.Cause(err))
	}
	return nil
}

// Remembered returns the record of the image that was built last of a
// workflow; nil where there is none.
func Remembered(wf *starlarkfuse.Workflow) (*Record, error) {
	path := recordPath(wf)
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var r Record
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err == nil && (r.Image == "" || r.Source == "") {
		err = errors.New("it names no image")
	}
	if err != nil {
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("read %s: %v", path, files.Cause(err)),
			Hint: "fuse build writes it anew",
			Err:  err,
		}
	}
	if r.Workflow != wf.Reference() {
		return nil, nil // of another file with a workflow of that name
	}
	return &r, nil
}
