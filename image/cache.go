package image

import (
	"encoding/json"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/starlarkfuse/fuse/internal/files"
)

// A cache remembers, from build to build, what an archive is compressed to. It
// is a folder of small files, which may be removed at any time; where the
// folder cannot be used, nothing is remembered. Several builds may use it at
// the same time.
type cache struct{ dir string }

// DefaultCache returns the folder in which builds remember things unless
// WithCache says otherwise; "" where the system has none.
func DefaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "fuse")
}

// A descriptor is what a manifest says of a layer.
type descriptor struct {
	Digest v1.Hash `json:"digest"`
	Size   int64   `json:"size"`
}

func (c cache) path(diffID v1.Hash) string {
	return filepath.Join(c.dir, "layers", codec, diffID.Hex)
}

// descriptor returns what an archive is compressed to.
func (c cache) descriptor(diffID v1.Hash) (d descriptor, ok bool) {
	if c.dir == "" {
		return d, false
	}
	text, err := os.ReadFile(c.path(diffID))
	if err != nil {
		return d, false
	}
	return d, json.Unmarshal(text, &d) == nil && d.Digest.Hex != "" && d.Size > 0
}

// remember keeps a descriptor. It is not worth failing for.
func (c cache) remember(diffID v1.Hash, d descriptor) {
	if c.dir == "" {
		return
	}
	text, err := json.Marshal(d)
	if err != nil {
		return
	}
	_ = files.Replace(c.path(diffID), text)
}

func (c cache) forget(diffID v1.Hash) {
	if c.dir != "" {
		os.Remove(c.path(diffID))
	}
}
