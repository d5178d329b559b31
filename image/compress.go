package image

import (
	"io"
	"runtime"

	"github.com/klauspost/pgzip"
)

const (
	// codec names the way in which layers are compressed. It changes whenever
	// the same archive is compressed to other bytes: with another library,
	// another version of it, level or block size.
	codec = "pgzip-1.3.0-compress-1.20-6"

	gzipLevel = 6
	gzipBlock = 1 << 20
	// maxCompressors bounds the blocks that are compressed at the same time:
	// each takes some 3 MiB.
	maxCompressors = 16
)

// newCompressor returns a writer of gzip that uses all cores. The blocks that
// it compresses in parallel are cut at fixed places, so the bytes are the same
// whatever the number of cores.
func newCompressor(w io.Writer) (io.WriteCloser, error) {
	z, err := pgzip.NewWriterLevel(w, gzipLevel)
	if err != nil {
		return nil, err
	}
	return z, z.SetConcurrency(gzipBlock, min(runtime.GOMAXPROCS(0), maxCompressors))
}
