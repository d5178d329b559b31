package image

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// maxInMemory is the size of an archive up to which its compressed form is
// held in memory.
const maxInMemory = 8 << 20

// A spool holds bytes that are written once and read many times: in memory,
// or in a temporary file. It must be closed.
type spool struct {
	mem  *bytes.Buffer // or
	file *os.File
	err  error // why there is no file
	size int64
}

// newSpool returns a spool for an archive of that size.
func (b *build) newSpool(size int64) *spool {
	s := &spool{}
	if size <= maxInMemory {
		s.mem = new(bytes.Buffer)
		return s
	}
	if s.file, s.err = os.CreateTemp("", "fuse-layer-*"); s.err != nil {
		s.err = fmt.Errorf("make a temporary file for a layer: %w", s.err)
		return s
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spools = append(b.spools, s)
	return s
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (n int, err error) {
	switch {
	case s.err != nil:
		return 0, s.err
	case s.mem != nil:
		n, err = s.mem.Write(p)
	default:
		if n, err = s.file.Write(p); err != nil {
			err = fmt.Errorf("write the temporary file of a layer: %w", err)
		}
	}
	s.size += int64(n)
	return n, err
}

// open returns a reader of all that was written. Several may be open.
func (s *spool) open() io.ReadCloser {
	if s.mem != nil {
		return io.NopCloser(bytes.NewReader(s.mem.Bytes()))
	}
	return io.NopCloser(io.NewSectionReader(s.file, 0, s.size))
}

// close removes the file. It may be called again.
func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
}
