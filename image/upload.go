package image

import (
	"context"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"
)

// uploads is how many layers are uploaded at the same time.
const uploads = 4

// contents uploads all that the image's manifest speaks of: layers, each once,
// then configurations, then the manifests of an index.
func (p *push) contents() error {
	seen := make(map[string]bool)
	g, ctx := errgroup.WithContext(p.ctx)
	g.SetLimit(uploads)
	for _, m := range p.manifests {
		for i, l := range m.blobs {
			info := &m.Layers[i]
			if seen[info.Digest] {
				continue
			}
			seen[info.Digest] = true
			g.Go(func() error {
				mt, err := l.MediaType()
				if err != nil {
					return fmt.Errorf("read the %s layer: %w", info.Role, err)
				}
				if !mt.IsDistributable() {
					return nil // whoever pulls the image gets it elsewhere
				}
				return p.upload(ctx, info.Role, info.Size, l)
			})
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, m := range p.manifests {
		config, err := partial.ConfigLayer(m.image)
		if err != nil {
			return fmt.Errorf("read the image's configuration: %w", err)
		}
		size, err := config.Size()
		if err != nil {
			return fmt.Errorf("read the image's configuration: %w", err)
		}
		if err := p.upload(p.ctx, "config", size, config); err != nil {
			return err
		}
	}
	if p.index == nil {
		return nil
	}
	for _, m := range p.manifests {
		digest, err := m.image.Digest()
		if err != nil {
			return fmt.Errorf("write the image's manifest: %w", err)
		}
		if err := p.putMissing(p.repo.Digest(m.Digest), m.image, digest); err != nil {
			return err
		}
	}
	return nil
}

// upload sees to it that the registry has a blob.
func (p *push) upload(ctx context.Context, what string, size int64, l v1.Layer) error {
	doing := fmt.Sprintf("push the %s layer to %s", what, p.repo)
	if what == "config" {
		doing = fmt.Sprintf("push the configuration to %s", p.repo)
	}
	digest, err := l.Digest()
	if err != nil {
		return fmt.Errorf("read the %s layer: %w", what, err)
	}
	m := p.o.progress(Uploading, what, digest.String(), size)
	_, err = retry(ctx, p.o, doing, func() (struct{}, error) {
		m.add(-m.count())
		return struct{}{}, p.pusher.Upload(ctx, p.repo, p.metered(l, m))
	})
	if err != nil {
		return p.explain(ctx, doing, err)
	}
	done := Progress{Stage: Uploaded, What: what, Layer: digest.String(), Bytes: size, Total: size}
	if m.count() == 0 {
		done.Stage = Exists
		if p.o.wire.mounted(digest.String()) {
			done.Stage = Mounted
		}
	}
	p.o.event(done)
	return nil
}

// metered returns the layer, with its compressed bytes counted while they are
// read. It stays one that can be mounted, where it is in the same registry.
func (p *push) metered(l v1.Layer, m *meter) v1.Layer {
	ml, ok := l.(*remote.MountableLayer)
	if !ok {
		return &meteredLayer{l, m}
	}
	counted := &meteredLayer{ml.Layer, m}
	if ml.Reference.Context().RegistryStr() != p.repo.RegistryStr() {
		return counted
	}
	return &remote.MountableLayer{Layer: counted, Reference: ml.Reference}
}

type meteredLayer struct {
	v1.Layer
	meter *meter
}

func (l *meteredLayer) Compressed() (io.ReadCloser, error) {
	rc, err := l.Layer.Compressed()
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.TeeReader(rc, l.meter), rc}, nil
}
