package image_test

import (
	"io/fs"
)

// A fakeFS is a file system that fails, or that is not what it was a moment
// ago, where its functions say so. Each may be nil.
type fakeFS struct {
	fs.FS
	open    func(name string) (fs.File, error) // nil, nil: as it is
	readDir func(name string) error
}

// Open implements fs.FS.
func (f *fakeFS) Open(name string) (fs.File, error) {
	if f.open != nil {
		if file, err := f.open(name); file != nil || err != nil {
			return file, err
		}
	}
	return f.FS.Open(name)
}

// ReadDir implements fs.ReadDirFS.
func (f *fakeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if f.readDir != nil {
		if err := f.readDir(name); err != nil {
			return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
		}
	}
	return fs.ReadDir(f.FS, name)
}

// ReadLink implements fs.ReadLinkFS.
func (f *fakeFS) ReadLink(name string) (string, error) { return fs.ReadLink(f.FS, name) }

// Lstat implements fs.ReadLinkFS.
func (f *fakeFS) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(f.FS, name) }
