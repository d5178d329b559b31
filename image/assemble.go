package image

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sync/errgroup"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/exec"
)

// The labels of an image. Those of the base stay, and these are added.
const (
	// LabelWorkflow holds the reference of the workflow, as fuse exec takes it.
	LabelWorkflow = "io.github.starlarkfuse.workflow"
	// LabelSource holds the digest of the workflow's folder: see Image.Source.
	LabelSource = "io.github.starlarkfuse.source"
	// LabelVersion holds the version of Fuse that built the image.
	LabelVersion = "io.github.starlarkfuse.version"

	labelTitle      = "org.opencontainers.image.title"
	labelBaseName   = "org.opencontainers.image.base.name"
	labelBaseDigest = "org.opencontainers.image.base.digest"
)

// assemble puts the parts together.
func (b *build) assemble(f *folder, p *parts) (*Image, error) {
	img := &Image{build: b, base: p.base, source: sourceDigest(p), files: f.files()}
	g := new(errgroup.Group)
	img.manifests = make([]*Manifest, len(b.platforms))
	for i, on := range b.platforms {
		g.Go(func() (err error) {
			img.manifests[i], err = b.manifest(img.source, p, on, p.binaries[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if len(img.manifests) == 1 {
		var err error
		img.digest, err = img.manifests[0].image.Digest()
		return img, err
	}
	adds := make([]mutate.IndexAddendum, len(img.manifests))
	for i, m := range img.manifests {
		adds[i] = mutate.IndexAddendum{Add: m.image, Descriptor: v1.Descriptor{Platform: &b.platforms[i]}}
	}
	img.index = mutate.AppendManifests(mutate.IndexMediaType(empty.Index, types.OCIImageIndex), adds...)
	var err error
	if img.digest, err = img.index.Digest(); err != nil {
		return nil, fmt.Errorf("write the index of the image: %w", err)
	}
	return img, nil
}

// sourceDigest is the digest of the digests of the layers of the folder.
func sourceDigest(p *parts) string {
	text := p.source.diffID.String() + "\n"
	if p.data != nil {
		text = p.data.diffID.String() + "\n" + text
	}
	return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))
}

// manifest makes the image for one platform.
func (b *build) manifest(source string, p *parts, on v1.Platform, binary *layer) (*Manifest, error) {
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	media := types.OCILayer
	var baseDigest v1.Hash
	if p.base != nil {
		var err error
		if image, err = p.base.on(on); err != nil {
			return nil, err
		}
		if baseDigest, err = image.Digest(); err != nil {
			return nil, p.base.broken(err)
		}
		if mt, err := image.MediaType(); err != nil {
			return nil, p.base.broken(err)
		} else if mt == types.DockerManifestSchema2 {
			media = types.DockerLayer // registries do not like a mixture
		}
	}
	m := &Manifest{Platform: platformText(on)}
	if err := m.baseLayers(p.base, image); err != nil {
		return nil, err
	}
	var adds []mutate.Addendum
	for _, l := range []*layer{p.rootfs, binary, p.data, p.source} {
		if l == nil {
			continue
		}
		digest, err := l.Digest()
		if err != nil {
			return nil, err
		}
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		blob := l.as(media)
		m.blobs = append(m.blobs, blob)
		m.Layers = append(m.Layers, Layer{
			Role: l.role, Digest: digest.String(), DiffID: l.diffID.String(),
			Size: size, Unpacked: l.bytes,
		})
		adds = append(adds, mutate.Addendum{Layer: blob, History: v1.History{
			Created: v1.Time{Time: epoch()}, CreatedBy: "fuse build", Comment: l.role,
		}})
	}
	image, err := mutate.Append(image, adds...)
	if err != nil {
		return nil, fmt.Errorf("add layers to the image: %w", err)
	}
	if m.image, err = b.configure(image, source, p.base, baseDigest, on); err != nil {
		return nil, fmt.Errorf("configure the image: %w", err)
	}
	return m, m.identify()
}

// baseLayers lists the layers of the base.
func (m *Manifest) baseLayers(bs *base, image v1.Image) error {
	if bs == nil {
		return nil
	}
	layers, err := image.Layers()
	if err != nil {
		return bs.broken(err)
	}
	for _, l := range layers {
		digest, err := l.Digest()
		if err != nil {
			return bs.broken(err)
		}
		size, err := l.Size()
		if err != nil {
			return bs.broken(err)
		}
		diffID, err := l.DiffID()
		if err != nil {
			return bs.broken(err)
		}
		m.blobs = append(m.blobs, l)
		m.Layers = append(m.Layers, Layer{Role: RoleBase, Digest: digest.String(), DiffID: diffID.String(), Size: size})
	}
	return nil
}

// identify sets the digests of the finished image.
func (m *Manifest) identify() error {
	digest, err := m.image.Digest()
	if err != nil {
		return fmt.Errorf("write the image's manifest: %w", err)
	}
	id, err := m.image.ConfigName()
	if err != nil {
		return fmt.Errorf("write the image's configuration: %w", err)
	}
	m.Digest, m.ID = digest.String(), id.String()
	return nil
}

// configure sets how the image's containers start, and its labels.
func (b *build) configure(image v1.Image, source string, bs *base, baseDigest v1.Hash, on v1.Platform) (v1.Image, error) {
	old, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	file := old.DeepCopy()
	file.OS, file.Architecture, file.Variant = on.OS, on.Architecture, cmp.Or(on.Variant, file.Variant)
	file.Created, file.Author, file.Container, file.DockerVersion = v1.Time{Time: epoch()}, "", "", ""
	c := &file.Config
	// KFP never uses the entrypoint; it is for people who try the image.
	c.Entrypoint, c.Cmd = []string{compiler.Entrypoint}, nil
	if bs == nil {
		c.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
		c.WorkingDir = exec.ImageRoot
	}
	c.Labels = maps.Clone(c.Labels)
	if c.Labels == nil {
		c.Labels = make(map[string]string)
	}
	c.Labels[labelTitle] = b.wf.Name()
	c.Labels[LabelWorkflow] = b.wf.Reference()
	c.Labels[LabelSource] = source
	c.Labels[LabelVersion] = compiler.Version
	delete(c.Labels, labelBaseName)
	delete(c.Labels, labelBaseDigest)
	if bs != nil {
		if kind, _ := baseKind(bs.name); kind == fromRegistry {
			c.Labels[labelBaseName] = bs.name
		}
		c.Labels[labelBaseDigest] = baseDigest.String()
	}
	return mutate.ConfigFile(image, file)
}

// files returns the paths of all that is no folder.
func (f *folder) files() []string {
	var names []string
	for i := range f.entries {
		if !f.entries[i].mode.IsDir() {
			names = append(names, path.Clean(f.entries[i].path))
		}
	}
	return slices.Clip(names)
}
