package image

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// The modes that everything in an image has: readable by any user id, since
// pods may run as any.
const (
	modeFile       = 0o644
	modeExecutable = 0o755
	modeFolder     = 0o755
	modeTemporary  = 0o1777
)

// epoch is the time that everything in an image has.
func epoch() time.Time { return time.Unix(0, 0).UTC() }

// A tarWriter writes reproducible tar archives. The first error sticks.
type tarWriter struct {
	tw  *tar.Writer
	err error
}

func newTarWriter(w io.Writer) *tarWriter { return &tarWriter{tw: tar.NewWriter(w)} }

func (t *tarWriter) header(h *tar.Header) {
	if t.err == nil {
		h.ModTime = epoch()
		t.err = t.tw.WriteHeader(h)
	}
}

func (t *tarWriter) folder(name string, mode int64) {
	t.header(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: mode})
}

func (t *tarWriter) link(name, target string) {
	t.header(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target, Mode: 0o777})
}

// file writes a file of that size; content that is shorter or longer is an
// error.
func (t *tarWriter) file(name string, mode, size int64, content io.Reader) {
	t.header(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: size})
	if t.err != nil {
		return
	}
	// One byte more, to find out that there is more.
	n, err := io.Copy(t.tw, io.LimitReader(content, size+1))
	switch {
	case errors.Is(err, tar.ErrWriteTooLong) || err == nil && n != size:
		t.err = errSizeChanged
	case err != nil:
		t.err = err
	}
}

var errSizeChanged = errors.New("the file's size is not what it was")

// close ends the archive and returns the first error.
func (t *tarWriter) close() error {
	if t.err == nil {
		t.err = t.tw.Close()
	}
	return t.err
}

// writeTar writes the folder's entries that pick chooses, and the folders that
// they are in, under the path prefix.
func (f *folder) writeTar(ctx context.Context, w io.Writer, prefix string, pick func(*entry) bool) error {
	t := newTarWriter(w)
	t.folder(prefix, modeFolder)
	made := map[string]bool{".": true}
	for i := range f.entries {
		e := &f.entries[i]
		if !pick(e) {
			continue
		}
		f.parents(t, prefix, e.path, made)
		name := prefix + "/" + e.path
		switch {
		case e.mode.IsDir():
			if !made[e.path] {
				made[e.path] = true
				t.folder(name, modeFolder)
			}
		case e.mode&fs.ModeSymlink != 0:
			t.link(name, e.link)
		default:
			f.writeFile(ctx, t, name, e)
		}
		if t.err != nil {
			return t.err
		}
	}
	return t.close()
}

// parents writes the folders that a path is in and that are not written yet.
func (f *folder) parents(t *tarWriter, prefix, name string, made map[string]bool) {
	if dir := path.Dir(name); !made[dir] {
		f.parents(t, prefix, dir, made)
		made[dir] = true
		t.folder(prefix+"/"+dir, modeFolder)
	}
}

// writeFile writes one file, and sees to it that it is whole and the one that
// was listed.
func (f *folder) writeFile(ctx context.Context, t *tarWriter, name string, e *entry) {
	mode := int64(modeFile)
	if e.mode&0o100 != 0 {
		mode = modeExecutable
	}
	file, err := f.fsys.Open(e.path)
	if err != nil {
		t.err = f.unreadable(e.path, err)
		return
	}
	defer file.Close()
	if !f.same(file, e) {
		t.err = f.changed(e.path)
		return
	}
	in := &ctxReader{ctx: ctx, r: file}
	t.file(name, mode, e.size, f.guard.reader(f.display(e.path), f.content(e, in)))
	switch {
	case in.err != nil:
		t.err = f.unreadable(e.path, in.err)
	case errors.Is(t.err, errSizeChanged), t.err == nil && !f.same(file, e):
		t.err = f.changed(e.path)
	}
}

// content returns what the image has of a file that r reads: of one with
// passwords, the text without these.
func (f *folder) content(e *entry, r io.Reader) io.Reader {
	if text, ok := f.masked[e.path]; ok {
		return bytes.NewReader(text)
	}
	return r
}

// same tells whether an open file is still the one that was listed, as far as
// size and time tell.
func (f *folder) same(file fs.File, e *entry) bool {
	info, err := file.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == e.size && info.ModTime().Equal(e.mod)
}

// A ctxReader stops reading when its context ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
	err error // of r, if it failed: of all errors of a copy, those that are about what is read
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, fmt.Errorf("stopped: %w", context.Cause(c.ctx))
	}
	n, err := c.r.Read(p)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
