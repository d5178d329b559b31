package exec

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"

	"go.starlark.net/starlark"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/value"
)

// An Artifact is an output that is data, not a parameter: a file or a folder.
//
// The value of a function node may exist in memory and in the journal only;
// it becomes a file when somebody asks for its Path. An Artifact is safe for
// concurrent use.
type Artifact struct {
	// Name is the name of the output.
	Name string
	// Type is the title of the artifact's schema, like "system.Model".
	Type string

	node string // name of the producer, for errors
	uri  string // an address elsewhere that the producer gave; else ""
	// The file is, or would be, at dir/rel, where dir is the run's folder;
	// rel has slashes. Where rel is "", it is at dir.
	dir, rel string

	digested bool // size and digest are known
	size     int64
	digest   [sha256.Size]byte

	metadata  *structpb.Struct // as a program gave it
	valueType string           // type and preview of a value of ours
	preview   string

	inline  []byte         // encoded value that is in the journal; no file yet
	written sync.Once      // guards the write of inline to its file
	failed  error          // what became of it
	mu      sync.Mutex     // guards what follows
	value   starlark.Value // frozen; nil until decoded, and when released
	broken  error          // why it cannot be decoded
}

// URI returns the address of the artifact as its consumers are told: an
// absolute path, unless its producer said otherwise.
func (a *Artifact) URI() string {
	if a.uri != "" {
		return a.uri
	}
	return a.location()
}

func (a *Artifact) location() string { return filepath.Join(a.dir, filepath.FromSlash(a.rel)) }

// Metadata returns what is said of the artifact beside its content; nil when
// that is nothing. It must not be changed.
func (a *Artifact) Metadata() *structpb.Struct {
	if a.valueType == "" {
		return a.metadata
	}
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"type":    structpb.NewStringValue(a.valueType),
		"preview": structpb.NewStringValue(a.preview),
	}}
}

// Path returns the absolute path of the artifact's file or folder; "" when all
// that is known of it is an address that is on no file system of this machine.
// Nothing need be there: a program may leave out an artifact that it declares.
// The error is for a value that could not be written.
func (a *Artifact) Path() (string, error) {
	path := a.location()
	if a.inline != nil {
		a.written.Do(func() { a.failed = writeFile(path, a.inline) })
	}
	return path, a.failed
}

// Value returns the frozen value of an artifact that Fuse wrote.
func (a *Artifact) Value() (starlark.Value, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.value == nil && a.broken == nil {
		a.value, a.broken = a.decode()
	}
	return a.value, a.broken
}

// release lets go of the value in memory. Value decodes it again from the
// bytes that were kept, should anybody still ask.
func (a *Artifact) release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.value = nil
}

func (a *Artifact) decode() (starlark.Value, error) {
	b, path := a.inline, a.location()
	if b == nil && path == "" {
		return nil, fmt.Errorf("%s of %q is at %s, which is not on this machine", a.Name, a.node, a.uri)
	}
	if b == nil {
		var err error
		if b, err = readValue(path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s of %q is missing: there is no file %s", a.Name, a.node, path)
		} else if err != nil {
			return nil, fmt.Errorf("read %s of %q: %w", a.Name, a.node, err)
		}
	}
	v, err := value.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("%s of %q in %s is damaged: %w", a.Name, a.node, path, err)
	}
	v.Freeze()
	return v, nil
}
