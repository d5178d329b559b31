package exec

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	runsFolder  = "runs"
	journalFile = "journal.jsonl"
	summaryFile = "run.json"
)

// newRunFolder makes the folder of a new run, which is nobody else's: the
// file system decides between two runs that choose the same id.
func newRunFolder(storage, id string, now time.Time) (string, string, error) {
	storage, err := filepath.Abs(storage)
	if err != nil {
		return "", "", fmt.Errorf("find storage folder: %w", err)
	}
	runs := filepath.Join(storage, runsFolder)
	if err := os.MkdirAll(runs, 0o755); err != nil {
		return "", "", diskError("make folder", runs, err)
	}
	for try := 0; ; try++ {
		name := id
		if name == "" {
			name = newRunID(now)
		}
		dir := filepath.Join(runs, name)
		err := os.Mkdir(dir, 0o755)
		switch {
		case err == nil:
			return dir, name, nil
		case !errors.Is(err, fs.ErrExist):
			return "", "", diskError("make folder", dir, err)
		case id != "":
			return "", "", &starlarkfuse.Error{
				Msg:  fmt.Sprintf("there is a run %q already: %s", id, dir),
				Hint: "choose another id",
			}
		case try == 100:
			return "", "", fmt.Errorf("make folder %s: every id that was tried is taken", dir)
		}
	}
}

// newRunID returns an id like 20261122-134501-x7f3: ids sort by time (UTC) and
// runs of the same second differ.
func newRunID(now time.Time) string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz" // 32, none like another
	var b [4]byte
	rand.Read(b[:])
	for i := range b {
		b[i] = letters[b[i]%32]
	}
	return now.UTC().Format("20060102-150405-") + string(b[:])
}

// openJournal makes the journal of a new run.
func openJournal(path string) (io.WriteCloser, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
}
