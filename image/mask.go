package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A masker takes passwords out of a workflow's files. The masked files must
// make the same workflow: what a node, or the spec, has of a password would be
// in the spec, and the container would not find the node that the spec speaks
// of.
type masker struct {
	*folder
	wf     *starlarkfuse.Workflow
	places []starlarkfuse.PasswordLiteral // of the passwords that the workflow's file gives
	spec   []byte
}

// newMasker finds the passwords that the workflow's file gives for registries.
func newMasker(wf *starlarkfuse.Workflow, f *folder) (m *masker, err error) {
	m = &masker{folder: f, wf: wf}
	m.places, err = wf.File().PasswordLiterals()
	return m, err
}

// CheckPasswords makes sure that passwords that are written in a workflow's
// files can be masked in its image, and that nothing of them is in its spec. It
// returns where they are written; nothing for most workflows, for which it
// costs nothing.
func CheckPasswords(ctx context.Context, wf *starlarkfuse.Workflow, opts ...Option) ([]starlarkfuse.PasswordLiteral, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	m, err := newMasker(wf, &folder{dir: wf.File().Root()})
	if err != nil || len(m.places) == 0 {
		return nil, err
	}
	b := &build{options: o, ctx: ctx, wf: wf}
	defer b.close()
	if m.fsys, err = b.folderFS(); err != nil {
		return nil, err
	}
	_, err = m.given(ctx)
	return m.places, err
}

// texts are what files hold in the place of what they do, by their paths.
type texts map[string][]byte

// given masks the passwords that the workflow's file gives, and has the guard
// look for them elsewhere as they are written.
func (m *masker) given(ctx context.Context) (texts, error) {
	if len(m.places) == 0 {
		return nil, nil
	}
	for _, p := range m.places {
		text, err := m.text(nil, p.Path)
		if err != nil {
			return nil, err
		}
		m.guard.add("", string(text[min(p.Start, len(text)):min(p.End, len(text))]))
	}
	masked, err := m.mask(nil, m.places)
	if err != nil {
		return nil, err
	}
	unfit, err := m.check(ctx, masked)
	if unfit == nil {
		return masked, err
	}
	if changed, err := m.changed(ctx); err != nil || changed {
		if err == nil {
			err = &starlarkfuse.Error{
				Msg:  fmt.Sprintf("%s: a file of the workflow changed after it was loaded", m.display(m.wf.File().Path())),
				Hint: "build again when nothing writes to its files",
			}
		}
		return nil, err
	}
	if !unfit.Pos.IsValid() {
		unfit.Pos = m.places[0].Pos
	}
	unfit.Hint = `write "password": secret_env("REGISTRY_PASSWORD"), and set this variable where the image is pushed`
	return nil, unfit
}

// others masks, beside those of given, the passwords in what looks like
// credentials: those of other workflows, mostly. One that a node of this
// workflow has a use for stays: it is for something else than a registry.
func (m *masker) others(ctx context.Context, given texts) (texts, error) {
	var places []starlarkfuse.PasswordLiteral
	for _, e := range m.entries {
		if !e.mode.IsRegular() || path.Ext(e.path) != ".star" {
			continue
		}
		text, err := m.text(given, e.path)
		if err != nil {
			return nil, err
		}
		places = append(places, starlarkfuse.CredentialLiterals(e.path, text)...)
	}
	if len(places) == 0 {
		return given, nil
	}
	masked, err := m.mask(given, places)
	if err != nil {
		return nil, err
	}
	if unfit, err := m.check(ctx, masked); unfit == nil {
		return masked, err
	}
	masked = given
	for _, p := range places {
		more, err := m.mask(masked, []starlarkfuse.PasswordLiteral{p})
		if err != nil {
			return nil, err
		}
		unfit, err := m.check(ctx, more)
		if err != nil {
			return nil, err
		}
		if unfit == nil {
			masked = more
		}
	}
	return masked, nil
}

// mask returns these texts, masked in those places.
func (m *masker) mask(of texts, places []starlarkfuse.PasswordLiteral) (texts, error) {
	byPath := make(map[string][]starlarkfuse.PasswordLiteral)
	for _, p := range places {
		byPath[p.Path] = append(byPath[p.Path], p)
	}
	masked := make(texts)
	maps.Copy(masked, of)
	for name, places := range byPath {
		text, err := m.text(of, name)
		if err != nil {
			return nil, err
		}
		masked[name] = starlarkfuse.Mask(text, places)
	}
	return masked, nil
}

// text returns what a file holds.
func (m *masker) text(of texts, name string) ([]byte, error) {
	if text, ok := of[name]; ok {
		return text, nil
	}
	text, err := fs.ReadFile(m.fsys, name)
	if err != nil {
		return nil, m.unreadable(name, err)
	}
	return text, nil
}

// check tells why the files with those texts will not do; nil: they make the
// same workflow, and none of the passwords is in them.
func (m *masker) check(ctx context.Context, masked texts) (unfit *starlarkfuse.Error, err error) {
	if m.spec == nil {
		if m.spec, err = specOf(m.wf); err != nil {
			return nil, err
		}
	}
	depends := &starlarkfuse.Error{
		Msg: "the password cannot be masked in the workflow's image: more than the login to the registry depends on it",
	}
	file, spec, err := m.reload(ctx, masked)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(spec, m.spec) {
		return depends, nil
	}
	places, err := file.PasswordLiterals()
	if err != nil {
		made := &starlarkfuse.Error{
			Msg: "registry_credentials: the password cannot be masked in the workflow's image, because it does not come from the literal that is equal to it",
		}
		if e := (*starlarkfuse.Error)(nil); errors.As(err, &e) {
			made.Pos = e.Pos
		}
		return made, nil
	}
	// What is masked stays what it is when it is masked again.
	again, err := m.mask(masked, places)
	if err != nil {
		return nil, err
	}
	for name := range again {
		if text, err := m.text(masked, name); err != nil {
			return nil, err
		} else if !bytes.Equal(text, again[name]) {
			return depends, nil
		}
	}
	return nil, nil
}

// reload loads the workflow's file with those texts. The spec is nil where
// these make no such workflow: why is not told, for it may quote them.
func (m *masker) reload(ctx context.Context, with texts) (file *starlarkfuse.File, spec []byte, err error) {
	file, err = m.wf.File().Reload(ctx, starlarkfuse.WithOverlay(with))
	if ctx.Err() != nil || err != nil {
		return nil, nil, ctx.Err()
	}
	if wf, err := file.Workflow(m.wf.Name()); err == nil {
		spec, _ = specOf(wf)
	}
	return file, spec, nil
}

// changed tells whether the workflow's files are other ones than those that
// were loaded.
func (m *masker) changed(ctx context.Context) (bool, error) {
	file, spec, err := m.reload(ctx, nil)
	if err != nil || !bytes.Equal(spec, m.spec) {
		return true, err
	}
	places, err := file.PasswordLiterals()
	return err != nil || !slices.EqualFunc(places, m.places, func(a, b starlarkfuse.PasswordLiteral) bool {
		return a.Path == b.Path && a.Start == b.Start && a.End == b.End
	}), nil
}

func specOf(wf *starlarkfuse.Workflow) ([]byte, error) {
	spec, err := compiler.Compile(wf)
	if err != nil {
		return nil, err
	}
	return spec.MarshalJSON()
}
