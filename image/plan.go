package image

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Plan says what Push would do.
type Plan struct {
	// Reference, Tags and Unchanged are as in Pushed.
	Reference string
	Tags      []string
	Unchanged bool
	// Present tells of the layers that the repository has, by their digest.
	Present map[string]bool
}

// Plan asks a registry what pushing the image to it would do, and changes
// nothing there. A repository that does not exist yet has no layers.
func (i *Image) Plan(ctx context.Context, repository string, opts ...Option) (*Plan, error) {
	o, err := i.build.with(opts)
	if err != nil {
		return nil, err
	}
	repo, tags, err := o.destination(repository)
	if err != nil {
		return nil, err
	}
	own := repo.Tag(TagOf(i.Digest()))
	plan := &Plan{Reference: referenceIn(repo, i.digest), Tags: tagNames(own, tags), Present: make(map[string]bool)}
	p, err := i.newPush(ctx, o, repo)
	if err != nil {
		return nil, err
	}
	if plan.Unchanged, err = p.exists(own, i.digest); err != nil {
		return nil, err
	}
	for _, m := range i.manifests {
		for _, l := range m.Layers {
			if _, asked := plan.Present[l.Digest]; asked {
				continue
			}
			if plan.Present[l.Digest], err = p.has(l.Digest); err != nil {
				return nil, err
			}
		}
	}
	return plan, nil
}

// has tells whether the repository has a blob.
func (p *push) has(digest string) (bool, error) {
	doing := "ask " + p.repo.String() + " for a layer"
	ok, err := retry(p.ctx, p.o, doing, func() (bool, error) {
		l, err := p.puller.Layer(p.ctx, p.repo.Digest(digest))
		if err != nil {
			return false, err
		}
		return partial.Exists(l)
	})
	if answer := (*transport.Error)(nil); errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, p.explain(p.ctx, doing, err)
	}
	return ok, nil
}
