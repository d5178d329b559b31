package kfp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// SpecDigest returns the digest of a spec: "sha256:" and 64 hexadecimal digits,
// of its bytes.
func SpecDigest(spec []byte) string {
	sum := sha256.Sum256(spec)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// An Uploaded is what UploadOnce found or made.
type Uploaded struct {
	Pipeline *Pipeline
	Version  *Version
	// New tells whether the version was not there before.
	New bool
}

// UploadOnce sees to it that the spec is a version of the pipeline that has the
// upload's name. It creates the pipeline if there is none; it uploads nothing
// if one of the versions was uploaded from the same bytes, by this client. The
// display name and the description are those of what it creates.
//
// The digest of the spec is in the description of each version. All but the
// first, which the API names like the pipeline, have it as their name, too, so
// that the server itself keeps two who upload the same at the same time apart.
func (c *Client) UploadOnce(ctx context.Context, u Upload) (*Uploaded, error) {
	digest := SpecDigest(u.Spec)
	isNew := false
	p, err := c.GetPipelineByName(ctx, u.Name)
	if IsNotFound(err) {
		isNew = true
		if p, err = c.UploadPipeline(ctx, u); IsAlreadyExists(err) {
			isNew = false
			p, err = c.GetPipelineByName(ctx, u.Name) // somebody was faster
		}
	}
	if err != nil {
		return nil, err
	}
	version := u
	version.Name = versionName(digest)
	if version.DisplayName == "" {
		version.DisplayName = digest[:len("sha256:")+12]
	}
	for _, name := range []string{p.Name, version.Name} {
		v, err := c.versionOf(ctx, p.ID, name, digest)
		if err != nil {
			return nil, err
		}
		if v != nil {
			return &Uploaded{Pipeline: p, Version: v, New: isNew}, nil
		}
	}
	v, err := c.UploadVersion(ctx, p.ID, version)
	if IsAlreadyExists(err) { // somebody was faster
		if v, err := c.versionOf(ctx, p.ID, version.Name, digest); err == nil && v != nil {
			return &Uploaded{Pipeline: p, Version: v}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return &Uploaded{Pipeline: p, Version: v, New: true}, nil
}

// versionName is the name of a version that has the digest in it: a colon is
// not allowed everywhere.
func versionName(digest string) string { return strings.Replace(digest, ":", "-", 1) }
