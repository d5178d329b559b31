package image

import (
	"sync"
	"time"
)

// A Stage is a part of the work on an image.
type Stage string

// The stages, in their order, and Retrying, which may happen to all that speak
// with a registry.
const (
	Compressing Stage = "compressing"
	Uploading   Stage = "uploading"
	Uploaded    Stage = "uploaded"
	Mounted     Stage = "mounted"
	Exists      Stage = "exists"
	Retrying    Stage = "retrying"
)

// A Progress says how far the work on an image is.
type Progress struct {
	Stage Stage
	// What is being worked on: the role of a layer, or what is being retried.
	What string
	// Layer tells layers of one role apart: the digest of what is compressed, or
	// of what is uploaded.
	Layer string
	// Bytes of Total bytes are done, of this layer in this stage.
	Bytes, Total int64
	// Err is why something is tried again after a wait.
	Err  error
	Wait time.Duration
}

// reportEvery is how many bytes are done between two reports.
const reportEvery = 1 << 20

// event tells the observer.
func (o *options) event(p Progress) {
	o.observing.Lock()
	defer o.observing.Unlock()
	o.observer(p)
}

// note tells something worth knowing.
func (o *options) note(text string) {
	o.observing.Lock()
	defer o.observing.Unlock()
	o.notes(text)
}

// progress returns a writer that reports how many bytes of a layer were written
// to it.
func (o *options) progress(stage Stage, what, layer string, total int64) *meter {
	return &meter{o: o, p: Progress{Stage: stage, What: what, Layer: layer, Total: total}}
}

// A meter counts bytes, and reports them.
type meter struct {
	o    *options
	mu   sync.Mutex
	p    Progress
	told int64
}

// Write implements io.Writer.
func (m *meter) Write(b []byte) (int, error) {
	m.add(int64(len(b)))
	return len(b), nil
}

// add counts n bytes more; or less, if n is negative.
func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.p.Bytes += n
	if m.p.Bytes-m.told >= reportEvery || m.p.Bytes >= m.p.Total || n < 0 {
		m.told = m.p.Bytes
		m.o.event(m.p)
	}
}

// count returns the bytes so far.
func (m *meter) count() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.p.Bytes
}
