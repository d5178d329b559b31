package image

import (
	"bytes"
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

	"github.com/starlarkfuse/fuse/internal/files"
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
	doing := "write OCI layout " + dir
	// Layers of the base may be in a registry; what is written is not written
	// again.
	_, err := retry(ctx, i.build.options, doing, func() (struct{}, error) {
		return struct{}{}, i.writeLayout(ctx, dir, ref)
	})
	return i.exported(ctx, doing, files.Cause(err))
}

// exported explains an error of writing the image to somewhere.
func (i *Image) exported(ctx context.Context, doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: stopped: %w", doing, context.Cause(ctx))
	case i.base != nil && i.base.ref != nil && isOfNetwork(err):
		return i.build.explain(ctx, doing, i.base.place(), err)
	}
	return fmt.Errorf("%s: %w", doing, err)
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
	l, old, err := readLayout(dir)
	if err != nil {
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("the folder holds something else: %v", files.Cause(err)),
			Hint: "name a folder that is an OCI layout, or is empty, or is not there",
			Err:  err,
		}
	}
	if err := i.dropTorn(dir); err != nil {
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
	return files.Replace(filepath.Join(dir, "index.json"), index)
}

// dropTorn removes what a write that failed left of manifests and
// configurations: the library takes a file that is there for whole. Layers it
// measures.
func (i *Image) dropTorn(dir string) error {
	texts := make(map[string]func() ([]byte, error)) // by digest
	if i.index != nil {
		texts[i.digest.Hex] = i.index.RawManifest
	}
	for _, m := range i.manifests {
		digest, err := m.image.Digest()
		if err != nil {
			return err
		}
		config, err := m.image.ConfigName()
		if err != nil {
			return err
		}
		texts[digest.Hex], texts[config.Hex] = m.image.RawManifest, m.image.RawConfigFile
	}
	for hex, text := range texts {
		path := filepath.Join(dir, "blobs", i.digest.Algorithm, hex)
		got, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		want, err := text()
		if err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// readLayout opens a folder that is an OCI layout.
func readLayout(dir string) (layout.Path, v1.ImageIndex, error) {
	if err := checkLayout(dir); err != nil {
		return "", nil, err
	}
	l, err := layout.FromPath(dir)
	if err != nil {
		return "", nil, err
	}
	index, err := l.ImageIndex()
	if err == nil {
		_, err = index.IndexManifest()
	}
	return l, index, err
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
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%q is not a name that an image can have", ref),
			Hint: `write it like "sums" or "registry.example.com/team/sums:1"`,
			Err:  err,
		}
	}
	if hasTag(ref) {
		if err := checkTag(tag.TagStr()); err != nil {
			return err
		}
	}
	m := i.manifests[0]
	return i.exported(ctx, "write the image as a tarball", tarball.Write(tag, m.image, &ctxWriter{ctx, w}))
}

// A ctxWriter stops writing when its context ends.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c *ctxWriter) Write(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.w.Write(p)
}
