package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/starlarkfuse/fuse/internal/files"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// An Image is the image of a workflow, for one platform or several. It is safe
// for concurrent use until it is closed.
type Image struct {
	build     *build
	base      *base // nil for none
	manifests []*Manifest
	index     v1.ImageIndex // nil where there is one platform
	digest    v1.Hash
	source    string
	files     []string
}

// Digest returns "sha256:…", the digest of the image's manifest, or of the
// index of several.
func (i *Image) Digest() string { return i.digest.String() }

// Source returns the digest of the workflow's folder as it is in the image:
// "sha256:…". It depends on nothing else.
func (i *Image) Source() string { return i.source }

// Manifests returns the image for each platform, in the order in which these
// were given.
func (i *Image) Manifests() []*Manifest { return i.manifests }

// Files returns the paths of the files and links of the workflow's folder that
// are in the image, sorted.
func (i *Image) Files() []string { return i.files }

// Close removes the temporary files of the image, which cannot be used any
// more.
func (i *Image) Close() error { i.build.close(); return nil }

// A Manifest is the image for one platform.
type Manifest struct {
	// Platform is like "linux/amd64".
	Platform string
	// Digest is that of the manifest, ID that of the configuration, by which
	// docker and podman know the image.
	Digest, ID string
	// Layers are those of the image, lowest first.
	Layers []Layer

	image v1.Image
	blobs []v1.Layer // as many as Layers
}

// A Layer is one layer of an image.
type Layer struct {
	// Role tells what the layer is for: one of the constants RoleBase to
	// RoleSource.
	Role string
	// Digest is that of the compressed archive, DiffID that of the archive.
	Digest, DiffID string
	// Size is the number of bytes of the compressed archive, Unpacked that of
	// the archive; 0 where it is not known, as of a base from a registry.
	Size, Unpacked int64
}

// A build is what making an image needs, and what the image holds on to.
type build struct {
	*options
	ctx context.Context
	wf  *starlarkfuse.Workflow

	closed  atomic.Bool
	root    *os.Root // of the folder, where the build opened it
	mu      sync.Mutex
	spools  []*spool // temporary files
	folders []string // temporary folders
}

func (b *build) close() {
	b.closed.Store(true)
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.spools {
		s.close()
	}
	for _, dir := range b.folders {
		os.RemoveAll(dir)
	}
	if b.root != nil {
		b.root.Close()
	}
}

// Build makes the image of a workflow. It writes nowhere but into temporary
// files and the cache, and it asks registries about the base image only. The
// image must be closed; it reads the workflow's folder again when layers are
// asked for that were not compressed before, under ctx too.
//
// Errors that the user can mend are *starlarkfuse.Error.
func Build(ctx context.Context, wf *starlarkfuse.Workflow, opts ...Option) (img *Image, err error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	b := &build{options: o, ctx: ctx, wf: wf}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if err := b.settings(); err != nil {
		return nil, err
	}
	f, err := b.openFolder(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.collect(ctx, f)
	if err != nil {
		return nil, err
	}
	return b.assemble(f, p)
}

// settings takes what the workflow says of its image.
func (b *build) settings() error {
	set := b.wf.Settings()
	if b.base == "" && set.BaseImage != "" {
		b.base, b.baseDir = set.BaseImage, b.wf.File().Root()
	}
	if b.base == Scratch {
		b.base = ""
	}
	if c := set.Credentials; c.Server != "" {
		l := login{host: registryHost(c.Server)}
		l.username, l.password, l.err = c.Login(b.lookup)
		b.logins = append(b.logins, l)
	}
	return nil
}

// folderFS opens the workflow's folder.
func (b *build) folderFS() (fs.FS, error) {
	if b.fsys != nil {
		return b.fsys, nil
	}
	dir := b.wf.File().Root()
	if dir == "" {
		return nil, errors.New("the workflow was loaded from a file system: give that with WithFolder")
	}
	var err error
	if b.root, err = os.OpenRoot(dir); err != nil {
		return nil, fmt.Errorf("open the workflow's folder %s: %w", dir, files.Cause(err))
	}
	return b.root.FS(), nil
}

// openFolder lists the workflow's folder.
func (b *build) openFolder(ctx context.Context) (*folder, error) {
	fsys, err := b.folderFS()
	if err != nil {
		return nil, err
	}
	f := &folder{fsys: fsys, dir: b.wf.File().Root()}
	m, err := newMasker(b.wf, f)
	if err != nil {
		return nil, err
	}
	for _, l := range b.logins {
		f.guard.add(l.username, l.password)
	}
	for _, w := range b.wf.File().Workflows() {
		c := w.Settings().Credentials
		f.guard.add(c.Username, c.Password())
	}
	if f.masked, err = m.given(ctx); err != nil {
		return nil, err
	}
	var exclude []string
	if b.root != nil {
		exclude = inside(f.dir, b.exclude)
	}
	if err := f.scan(ctx, exclude, b.maxSize); err != nil {
		return nil, err
	}
	for _, name := range b.wf.File().Files() {
		if !f.has(name) {
			return nil, &starlarkfuse.Error{
				Msg:  fmt.Sprintf("%s: the workflow reads this file, and it is left out of its image", f.display(name)),
				Hint: "take it back in " + IgnoreFile + ", with !" + name,
			}
		}
	}
	f.masked, err = m.others(ctx, f.masked)
	return f, err
}

// inside returns those of the absolute paths that are in a folder, as slash
// paths under it.
func inside(dir string, paths []string) []string {
	var rel []string
	for _, p := range paths {
		// What does not exist yet is in a folder that does.
		if parent, err := filepath.EvalSymlinks(filepath.Dir(p)); err == nil {
			p = filepath.Join(parent, filepath.Base(p))
		}
		real := dir
		if d, err := filepath.EvalSymlinks(dir); err == nil {
			real = d
		}
		r, err := filepath.Rel(real, p)
		if err == nil && r != "." && r != ".." && !strings.HasPrefix(r, ".."+string(filepath.Separator)) {
			rel = append(rel, filepath.ToSlash(r))
		}
	}
	return rel
}

// The parts of images that are made before any is put together.
type parts struct {
	base     *base  // nil: rootfs stands for it
	rootfs   *layer // nil with a base
	data     *layer // nil where there are no large files
	source   *layer
	binaries []*layer // for each platform
}

// collect makes the parts, several at a time.
func (b *build) collect(ctx context.Context, f *folder) (*parts, error) {
	p := &parts{binaries: make([]*layer, len(b.platforms))}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		if p.base, err = b.openBase(ctx); err == nil && p.base == nil {
			p.rootfs, err = b.newLayer(RoleBase, writeRootFS)
		}
		return err
	})
	g.Go(func() (err error) {
		for i, on := range b.platforms {
			path, err := b.binary(ctx, on)
			if err != nil {
				return err
			}
			if p.binaries[i], err = b.binaryLayer(path); err != nil {
				return err
			}
		}
		return nil
	})
	g.Go(func() error { return b.collectFolder(f, p) })
	return p, g.Wait()
}

// collectFolder makes the layers of the workflow's folder.
func (b *build) collectFolder(f *folder, p *parts) (err error) {
	if f.hasData() {
		if p.data, err = b.newLayer(RoleData, f.data); err != nil {
			return err
		}
	}
	p.source, err = b.newLayer(RoleSource, f.source)
	return err
}

// Source returns the digest that the workflow's folder would have in an image
// built with the same options: see Image.Source. It builds nothing.
func Source(ctx context.Context, wf *starlarkfuse.Workflow, opts ...Option) (string, error) {
	o, err := newOptions(opts)
	if err != nil {
		return "", err
	}
	b := &build{options: o, ctx: ctx, wf: wf}
	defer b.close()
	f, err := b.openFolder(ctx)
	if err != nil {
		return "", err
	}
	p := &parts{}
	if err := b.collectFolder(f, p); err != nil {
		return "", err
	}
	return sourceDigest(p), nil
}
