package image_test

import (
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A memoryMeter knows the most memory that was in use when it was asked to look.
type memoryMeter struct{ most atomic.Uint64 }

func inUse() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse + s.StackInuse
}

func (m *memoryMeter) look() {
	now := inUse()
	for old := m.most.Load(); now > old && !m.most.CompareAndSwap(old, now); old = m.most.Load() {
	}
}

// A largeFile is one of so many bytes that exist only while they are read.
type largeFile struct {
	size  int64
	meter *memoryMeter
}

// open returns the file, which begins with bytes that do not compress.
func (l largeFile) open() *openFile {
	left, noise := l.size, random(mebibyte)
	read := func(p []byte) (int, error) {
		if left == 0 {
			return 0, io.EOF
		}
		done := l.size - left
		n := int(min(int64(len(p)), left, mebibyte-done%mebibyte))
		if done < 4*mebibyte {
			copy(p[:n], noise[done%mebibyte:])
		} else {
			clear(p[:n])
		}
		if done%(8*mebibyte) == 0 {
			l.meter.look()
		}
		left -= int64(n)
		return n, nil
	}
	return &openFile{Reader: readerFunc(read), name: "large.bin", size: func() int64 { return l.size }}
}

// sizedEntry says of a file in a listing that it is large.
type sizedEntry struct {
	fs.DirEntry
	file *openFile
}

func (s sizedEntry) Info() (fs.FileInfo, error) { return s.file, nil }

// A largeFS has a large.bin.
type largeFS struct {
	fs.FS
	large largeFile
}

func (l largeFS) Open(name string) (fs.File, error) {
	if name == "large.bin" {
		return l.large.open(), nil
	}
	return l.FS.Open(name)
}

func (l largeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(l.FS, name)
	for i, e := range list {
		if e.Name() == "large.bin" {
			list[i] = sizedEntry{e, l.large.open()}
		}
	}
	return list, err
}

// The memory of a build does not depend on the size of the folder, nor do the
// temporary files stay.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2)) // each core that compresses has blocks of its own
	check := emptyTemporary(t)
	meter := new(memoryMeter)
	files := fstest.MapFS{"pipeline.star": {Data: []byte(pipeline)}, "large.bin": {}}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(files))
	if err != nil {
		t.Fatal(err)
	}
	const size = 80 * mebibyte
	opts := defaults(t, image.WithFolder(largeFS{files, largeFile{size, meter}}), image.WithCache(""),
		image.WithProgress(func(image.Progress) { meter.look() }))
	runtime.GC()
	before := inUse()
	img, err := image.Build(context.Background(), wf, opts...)
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "layout")
	if err := img.WriteLayout(context.Background(), out, "sums"); err != nil {
		t.Fatal(err)
	}
	if l := layer(t, img, image.RoleData); l.Unpacked < size || l.Size > 8*mebibyte || l.Size < 4*mebibyte {
		t.Errorf("the data layer has %d bytes, %d unpacked", l.Size, l.Unpacked)
	}
	used := int64(meter.most.Load()) - int64(before)
	if meter.most.Load() == 0 || used > 56*mebibyte {
		t.Errorf("the build took %d MiB of memory", used/mebibyte)
	}
	if err := img.Close(); err != nil {
		t.Error(err)
	}
	check()
}
