package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// refName is the annotation by which tools find an image in an OCI layout.
const refName = "org.opencontainers.image.ref.name"

// WriteLayout writes the image into a folder that is an OCI layout, which is
// made where it is missing. In one that is there, the image takes the place of
// the one with the same name, and the others stay. The name is that of a
// reference in the layout, like "sums" or "registry.example.com/sums:1".
//
// The layout speaks of the image only when all of it is there.
func (i *Image) WriteLayout(ctx context.Context, dir, ref string) error {
	if err := i.writeLayout(ctx, dir, ref); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("stopped: %w", context.Cause(ctx))
		}
		return fmt.Errorf("write OCI layout %s: %w", dir, plainCause(err))
	}
	return nil
}

func (i *Image) writeLayout(ctx context.Context, dir, ref string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		if _, err := layout.Write(dir, mutate.IndexMediaType(empty.Index, types.OCIImageIndex)); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	l, err := layout.FromPath(dir)
	if err != nil {
		return &starlarkfuse.Error{
			Msg:  "the folder holds something else",
			Hint: "name a folder that is an OCI layout, or is empty, or is not there",
			Err:  err,
		}
	}
	old, err := l.ImageIndex()
	if err != nil {
		return err
	}
	add := mutate.IndexAddendum{Descriptor: v1.Descriptor{Annotations: map[string]string{refName: ref}}}
	if i.index != nil {
		add.Add = i.index
		err = l.WriteIndex(i.index)
	} else {
		add.Add = i.manifests[0].image
		add.Descriptor.Platform = &i.build.platforms[0]
		err = l.WriteImage(i.manifests[0].image)
	}
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	index, err := mutate.AppendManifests(mutate.RemoveManifests(old, match.Name(ref)), add).RawManifest()
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, "index.json"), index)
}

// WriteTarball writes the image as docker save does, for docker load and
// podman load. A tarball holds the image for one platform.
func (i *Image) WriteTarball(ctx context.Context, w io.Writer, ref string) error {
	if i.index != nil {
		return &starlarkfuse.Error{
			Msg:  "a tarball holds the image for one platform, and this one is for several",
			Hint: "write an OCI layout, or choose one with --platform",
		}
	}
	tag, err := name.NewTag(ref, name.WithDefaultRegistry(""), name.WithDefaultTag("latest"))
	if err != nil {
		return &starlarkfuse.Error{Msg: fmt.Sprintf("%q is not a name that an image can have: %v", ref, err), Err: err}
	}
	m := i.manifests[0]
	if err := tarball.Write(tag, m.image, &ctxWriter{ctx, w}); err != nil {
		return fmt.Errorf("write the image as a tarball: %w", err)
	}
	return nil
}

// A ctxWriter stops writing when its context ends.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *ctxWriter) Write(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, fmt.Errorf("stopped: %w", context.Cause(c.ctx))
	}
	return c.w.Write(p)
}
