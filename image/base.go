package image

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A base is the image that the workflow's own is built upon.
type base struct {
	*build
	name string // as the user wrote it
	// One of the two: an image, or an index of images for several platforms.
	image v1.Image
	index v1.ImageIndex

	// Of one in a registry:
	ref name.Reference // else nil
	ctx context.Context
}

// openBase finds the base image; nil for none.
func (b *build) openBase(ctx context.Context) (*base, error) {
	if b.base == "" {
		return nil, nil
	}
	bs := &base{build: b, name: b.base, ctx: ctx}
	kind, path := baseKind(b.base)
	if kind != fromRegistry && !filepath.IsAbs(path) {
		path = filepath.Join(b.baseDir, path)
	}
	var err error
	switch kind {
	case fromLayout:
		bs.index, err = openLayout(path)
	case fromTarball:
		bs.image, err = openTarball(path)
	default:
		err = bs.pull()
	}
	return bs, err
}

type baseSource int

const (
	fromRegistry baseSource = iota
	fromLayout
	fromTarball
)

// baseKind tells where a base image comes from, and takes off what is before a
// path.
func baseKind(base string) (baseSource, string) {
	if path, ok := strings.CutPrefix(base, "oci:"); ok {
		return fromLayout, path
	}
	if path, ok := strings.CutPrefix(base, "docker-archive:"); ok {
		return fromTarball, path
	}
	for _, end := range []string{".tar", ".tar.gz", ".tgz"} {
		if strings.HasSuffix(base, end) {
			return fromTarball, base
		}
	}
	if filepath.IsAbs(base) || strings.HasPrefix(base, "./") || strings.HasPrefix(base, "../") || base == "." || base == ".." {
		return fromLayout, base
	}
	return fromRegistry, base
}

func openLayout(path string) (v1.ImageIndex, error) {
	_, err := os.ReadDir(path)
	if err == nil {
		err = checkLayout(path)
	}
	var index v1.ImageIndex
	if err == nil {
		index, err = layout.ImageIndexFromPath(path)
	}
	if err != nil {
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("base image %s: %v", path, files.Cause(err)),
			Hint: "a folder is taken for an OCI layout: it holds oci-layout, index.json and blobs",
			Err:  err,
		}
	}
	return index, nil
}

// checkLayout tells whether a folder is an OCI layout.
func checkLayout(dir string) error {
	for _, name := range []string{"oci-layout", "index.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no %s in it", name)
		} else if err != nil {
			return err
		}
	}
	return nil
}

// openTarball opens what docker save wrote, compressed or not.
func openTarball(path string) (v1.Image, error) {
	img, err := tarball.Image(func() (io.ReadCloser, error) { return openMaybeGzip(path) }, nil)
	if err != nil {
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("base image %s: %v", path, files.Cause(err)),
			Hint: "a file is taken for a tarball with one image, as docker save IMAGE writes it",
			Err:  err,
		}
	}
	return img, nil
}

// A gzipFile is a file that is read through gzip.
type gzipFile struct {
	io.Reader
	io.Closer
}

func openMaybeGzip(path string) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReaderSize(f, 64<<10)
	if magic, err := r.Peek(2); err != nil || string(magic) != "\x1f\x8b" {
		return gzipFile{r, f}, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		f.Close()
		return nil, err
	}
	return gzipFile{z, f}, nil
}

// pull finds the image in a registry. Its layers stay there until somebody
// reads them.
func (bs *base) pull() (err error) {
	bs.ref, err = name.ParseReference(bs.name, bs.names()...)
	if err != nil {
		return &starlarkfuse.Error{
			Msg:  fmt.Sprintf("base image %q: not a reference of an image", bs.name),
			Hint: `write it like "python:3.12-slim" or "registry.example.com/team/base:1"; a path starts with "./"`,
			Err:  err,
		}
	}
	// What is read later is read under the context that is given here: one that
	// ends with this part of the build, should it fail, but not after it.
	ctx, stop := context.WithCancelCause(bs.build.ctx)
	part := bs.ctx
	goOn := context.AfterFunc(part, func() { stop(context.Cause(part)) })
	defer goOn()
	bs.ctx = ctx
	desc, err := read(bs, func() (*remote.Descriptor, error) { return remote.Get(bs.ref, bs.remote(ctx)...) })
	if err != nil {
		return err
	}
	if desc.MediaType.IsIndex() {
		bs.index, err = desc.ImageIndex()
	} else {
		bs.image, err = desc.Image()
	}
	if err != nil {
		return bs.broken(err)
	}
	return nil
}

// read reads a part of the base image, which may take requests to a registry.
func read[T any](bs *base, do func() (T, error)) (T, error) {
	if bs.ref == nil {
		v, err := do()
		if err != nil {
			err = bs.broken(err)
		}
		return v, err
	}
	doing := "get base image " + bs.name
	v, err := retry(bs.ctx, bs.options, doing, do)
	if err != nil {
		err = bs.explain(bs.ctx, doing, bs.place(), err)
	}
	return v, err
}

// place is where the base image is, in a registry.
func (bs *base) place() place { return place{bs.ref.Context().RegistryStr(), bs.ref.String()} }

// broken is the error of a base image that is there, and makes no sense.
func (bs *base) broken(err error) error {
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("read base image %s: %v", bs.name, err),
		Hint: "it is not whole, or no image: copy it again, or choose another",
		Err:  err,
	}
}

// on returns the image for a platform.
func (bs *base) on(p v1.Platform) (v1.Image, error) {
	var have []string
	images := []v1.Image{bs.image}
	if bs.index != nil {
		var err error
		if images, have, err = bs.candidates(bs.index, p, 0); err != nil {
			return nil, err
		}
	}
	var fit []v1.Image
	var texts []string
	for _, img := range images {
		config, err := read(bs, img.ConfigFile)
		if err != nil {
			return nil, err
		}
		on := config.Platform()
		switch {
		case on == nil: // it is something else that registries keep
		case on.Satisfies(p):
			fit, texts = append(fit, img), append(texts, platformText(*on))
		default:
			have = append(have, platformText(*on))
		}
	}
	switch {
	case len(fit) == 1:
		return fit[0], nil
	case len(fit) > 1:
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("base image %s: there are several images for %s: %s", bs.name, platformText(p), strings.Join(texts, ", ")),
			Hint: "choose one with --platform, or name an image that is one",
		}
	case len(have) == 0:
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("base image %s: there is no image in it that is for a platform", bs.name),
			Hint: "choose another base image",
		}
	}
	return nil, &starlarkfuse.Error{
		Msg:  fmt.Sprintf("base image %s: there is none for %s, only for %s", bs.name, platformText(p), strings.Join(have, ", ")),
		Hint: "choose another base image, or other platforms with --platform",
	}
}

// maxIndexDepth bounds indices in indices.
const maxIndexDepth = 4

// candidates returns the images of an index that may be for a platform, and
// the platforms of the others.
func (bs *base) candidates(index v1.ImageIndex, p v1.Platform, depth int) (images []v1.Image, others []string, err error) {
	manifest, err := index.IndexManifest()
	if err != nil {
		return nil, nil, bs.broken(err)
	}
	for _, desc := range manifest.Manifests {
		switch {
		case desc.MediaType.IsIndex() && depth < maxIndexDepth:
			inner, err := read(bs, func() (v1.ImageIndex, error) { return index.ImageIndex(desc.Digest) })
			if err != nil {
				return nil, nil, err
			}
			in, out, err := bs.candidates(inner, p, depth+1)
			if err != nil {
				return nil, nil, err
			}
			images, others = append(images, in...), append(others, out...)
		case !desc.MediaType.IsImage():
		case desc.Platform != nil && desc.Platform.OS == "unknown": // an attestation
		case desc.Platform != nil && !desc.Platform.Satisfies(p):
			others = append(others, platformText(*desc.Platform))
		default:
			img, err := read(bs, func() (v1.Image, error) { return index.Image(desc.Digest) })
			if err != nil {
				return nil, nil, err
			}
			images = append(images, img)
		}
	}
	return images, others, nil
}
