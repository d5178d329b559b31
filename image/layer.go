package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// The roles of layers, in their order.
const (
	RoleBase   = "base"
	RoleBinary = "binary"
	RoleData   = "data"
	RoleSource = "source"
)

// A layer is one that Fuse makes. Its archive is not kept anywhere: write makes
// it again, the same each time, whenever somebody needs the bytes.
type layer struct {
	role  string
	write func(ctx context.Context, w io.Writer) error
	build *build
	media types.MediaType

	diffID v1.Hash
	bytes  int64 // of the archive

	mu   sync.Mutex
	desc *descriptor // of the compressed archive; nil until somebody asks
	blob *spool      // the compressed archive; nil until somebody asks
}

var _ v1.Layer = (*layer)(nil)

// newLayer makes a layer and finds the digest of its archive.
func (b *build) newLayer(role string, write func(context.Context, io.Writer) error) (*layer, error) {
	l := &layer{role: role, write: write, build: b, media: types.OCILayer}
	h, n, err := l.hashed(io.Discard)
	if err != nil {
		return nil, err
	}
	l.diffID, l.bytes = h, n
	return l, nil
}

// hashed writes the archive to w, and returns its digest and length.
func (l *layer) hashed(w io.Writer) (v1.Hash, int64, error) {
	sum := newHashWriter(w)
	if err := l.write(l.build.ctx, sum); err != nil {
		return v1.Hash{}, 0, err
	}
	return sum.hash(), sum.n, nil
}

// as returns the same layer under another media type.
func (l *layer) as(media types.MediaType) v1.Layer {
	if media == l.media {
		return l
	}
	return &retyped{l, media}
}

type retyped struct {
	*layer
	media types.MediaType
}

func (r *retyped) MediaType() (types.MediaType, error) { return r.media, nil }

// DiffID implements v1.Layer.
func (l *layer) DiffID() (v1.Hash, error) { return l.diffID, nil }

// MediaType implements v1.Layer.
func (l *layer) MediaType() (types.MediaType, error) { return l.media, nil }

// Digest implements v1.Layer.
func (l *layer) Digest() (v1.Hash, error) {
	d, err := l.descriptor()
	return d.Digest, err
}

// Size implements v1.Layer.
func (l *layer) Size() (int64, error) {
	d, err := l.descriptor()
	return d.Size, err
}

// Uncompressed implements v1.Layer.
func (l *layer) Uncompressed() (io.ReadCloser, error) {
	r, w := io.Pipe()
	go func() { w.CloseWithError(l.write(l.build.ctx, w)) }()
	return r, nil
}

// Compressed implements v1.Layer.
func (l *layer) Compressed() (io.ReadCloser, error) {
	if l.build.closed.Load() {
		return nil, errors.New("the image was closed")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.compress(); err != nil {
		return nil, err
	}
	return l.blob.open(), nil
}

// descriptor returns digest and size of the compressed archive. They are
// remembered from build to build, so that what has not changed is not
// compressed again to find out that it is in the registry.
func (l *layer) descriptor() (descriptor, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.desc == nil {
		if d, ok := l.build.cache.descriptor(l.diffID); ok {
			l.desc = &d
		} else if err := l.compress(); err != nil {
			return descriptor{}, err
		}
	}
	return *l.desc, nil
}

// compress makes the compressed archive, once.
func (l *layer) compress() (err error) {
	if l.blob != nil {
		return nil
	}
	blob := l.build.newSpool(l.bytes)
	defer func() {
		if err != nil {
			blob.close()
		}
	}()
	out := newHashWriter(blob)
	gz, err := newCompressor(out)
	if err != nil {
		return fmt.Errorf("compress the %s layer: %w", l.role, err)
	}
	progress := l.build.progress(Compressing, l.role, l.diffID.String(), l.bytes)
	h, _, err := l.hashed(io.MultiWriter(gz, progress))
	if closeErr := gz.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("compress the %s layer: %w", l.role, closeErr)
	}
	if err != nil {
		return err
	}
	if h != l.diffID {
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("the files of the %s layer changed while the image was being built", l.role),
			Hint: "build again when nothing writes to them",
		}
	}
	d := descriptor{Digest: out.hash(), Size: out.n}
	if l.desc != nil && *l.desc != d {
		l.build.cache.forget(l.diffID)
		return errors.New("what was remembered of the layers of earlier builds is wrong, and is forgotten now: build again")
	}
	l.desc, l.blob = &d, blob
	l.build.cache.remember(l.diffID, d)
	return nil
}

// A hashWriter counts and hashes what it passes on.
type hashWriter struct {
	w   io.Writer
	sum hash.Hash
	n   int64
}

func newHashWriter(w io.Writer) *hashWriter { return &hashWriter{w: w, sum: sha256.New()} }

func (h *hashWriter) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	h.sum.Write(p[:n])
	h.n += int64(n)
	return n, err
}

func (h *hashWriter) hash() v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: hex.EncodeToString(h.sum.Sum(nil))}
}
