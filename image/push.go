package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Pushed says what pushing an image did.
type Pushed struct {
	// Reference names the image by its digest, as a spec should have it:
	// "registry.example.com/team/sums@sha256:…".
	Reference string
	// Tags are those that now lead to the image, Fuse's own first.
	Tags []string
	// Uploaded is the number of bytes of layers, configurations and manifests
	// that were sent.
	Uploaded int64
	// Unchanged tells that the registry had the image already.
	Unchanged bool
}

// Push brings the image into a repository, like
// "registry.example.com/team/sums", and tags it there: with a tag made of its
// digest, which keeps it from being collected as garbage, and with those of
// WithTags, and of the repository's text if it has one.
//
// What the registry has is not sent. Layers of a base image from the same
// registry are mounted. Requests that fail for a reason that may go away are
// repeated; see WithTries. Manifests come last, so a push that ends half-way
// leaves no tag that leads to half an image, and what it sent need not be sent
// again.
//
// Options of Build that concern registries may be given here instead, or
// again.
func (i *Image) Push(ctx context.Context, repository string, opts ...Option) (*Pushed, error) {
	o, err := i.build.with(opts)
	if err != nil {
		return nil, err
	}
	repo, tags, err := o.destination(repository)
	if err != nil {
		return nil, err
	}
	digest := i.digest
	own := repo.Tag(TagOf(digest.String()))
	p, err := i.newPush(ctx, o, repo)
	if err != nil {
		return nil, err
	}
	res := &Pushed{Reference: referenceIn(repo, digest)}
	if res.Unchanged, err = p.exists(own, digest); err != nil {
		return nil, err
	}
	if !res.Unchanged {
		if err := p.contents(); err != nil {
			return nil, err
		}
		if err := p.put(own, p.whole()); err != nil {
			return nil, err
		}
	}
	res.Tags = tagNames(own, tags)
	for _, tag := range res.Tags[1:] {
		if err := p.putMissing(repo.Tag(tag), p.whole(), digest); err != nil {
			return nil, err
		}
	}
	res.Uploaded = o.wire.sent.Load()
	return res, nil
}

// tagNames returns the tags that an image gets, Fuse's own first, each once.
func tagNames(own name.Tag, others []name.Tag) []string {
	names := []string{own.TagStr()}
	for _, tag := range others {
		if !slices.Contains(names, tag.TagStr()) {
			names = append(names, tag.TagStr())
		}
	}
	return names
}

// Reference returns how the image is named in a repository: by its digest,
// whatever tag the repository's text has.
func (i *Image) Reference(repository string) (string, error) {
	repo, _, err := i.build.destination(repository)
	if err != nil {
		return "", err
	}
	return referenceIn(repo, i.digest), nil
}

func referenceIn(repo name.Repository, digest v1.Hash) string {
	return repo.Name() + "@" + digest.String()
}

// TagOf returns the tag that Fuse gives to an image of that digest.
func TagOf(digest string) string {
	h, err := v1.NewHash(digest)
	if err != nil {
		return ""
	}
	return "fuse-" + h.Hex[:16]
}

// destination reads the repository that an image is to be pushed to, which may
// have a tag behind it.
func (o *options) destination(text string) (name.Repository, []name.Tag, error) {
	fail := func(hint string, err error) (name.Repository, []name.Tag, error) {
		return name.Repository{}, nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("%q is not a repository that an image can be pushed to", text),
			Hint: hint, Err: err,
		}
	}
	ref, err := name.ParseReference(text, o.names()...)
	if err != nil {
		return fail(`write it like "registry.example.com/team/name"`, err)
	}
	repo := ref.Context()
	var tags []name.Tag
	switch ref := ref.(type) {
	case name.Digest:
		return fail("leave out the digest: it is not known before the image is built", nil)
	case name.Tag:
		if !hasTag(text) {
			break
		}
		if err := checkTag(ref.TagStr()); err != nil {
			return name.Repository{}, nil, err
		}
		tags = append(tags, ref)
	}
	for _, tag := range o.tags {
		tags = append(tags, repo.Tag(tag))
	}
	return repo, tags, nil
}

// A push is one call of Push, or of Plan.
type push struct {
	*Image
	ctx    context.Context
	o      *options
	repo   name.Repository
	puller *remote.Puller
	pusher *remote.Pusher
}

func (i *Image) newPush(ctx context.Context, o *options, repo name.Repository) (*push, error) {
	p := &push{Image: i, ctx: ctx, o: o, repo: repo}
	var err error
	if p.puller, err = remote.NewPuller(o.remote(ctx)...); err != nil {
		return nil, err
	}
	p.pusher, err = remote.NewPusher(o.remote(ctx)...)
	return p, err
}

// explain says what to do about an error.
func (p *push) explain(ctx context.Context, doing string, err error) error {
	return p.o.explain(ctx, doing, place{p.repo.RegistryStr(), p.repo.String()}, err)
}

// isPing tells whether an answer is that to the question what a registry is.
func isPing(answer *transport.Error) bool {
	return answer.Request != nil && answer.Request.URL.Path == "/v2/"
}

// exists tells whether a tag or a digest leads to a manifest already.
func (p *push) exists(ref name.Reference, digest v1.Hash) (bool, error) {
	doing := "push to " + p.repo.String()
	desc, err := retry(p.ctx, p.o, doing, func() (*v1.Descriptor, error) {
		return p.puller.Head(p.ctx, ref)
	})
	if answer := (*transport.Error)(nil); errors.As(err, &answer) && !isPing(answer) {
		switch answer.StatusCode {
		case http.StatusNotFound, http.StatusForbidden, http.StatusUnauthorized:
			// The last two from registries that do not tell what is not there,
			// and for who may push and not pull; the upload finds out.
			return false, nil
		}
	}
	if err != nil {
		return false, p.explain(p.ctx, doing, err)
	}
	return desc.Digest == digest, nil
}

// whole returns what is pushed: the image, or the index of images.
func (i *Image) whole() remote.Taggable {
	if i.index != nil {
		return i.index
	}
	return i.manifests[0].image
}

// putMissing puts a manifest, unless that is where the reference leads already.
func (p *push) putMissing(ref name.Reference, m remote.Taggable, digest v1.Hash) error {
	if there, err := p.exists(ref, digest); err != nil || there {
		return err
	}
	return p.put(ref, m)
}

// put puts a manifest. What it speaks of is there.
func (p *push) put(ref name.Reference, m remote.Taggable) error {
	doing := "push to " + ref.String()
	_, err := retry(p.ctx, p.o, doing, func() (struct{}, error) {
		return struct{}{}, p.pusher.Put(p.ctx, ref, m)
	})
	if err != nil {
		return p.explain(p.ctx, doing, err)
	}
	return nil
}
