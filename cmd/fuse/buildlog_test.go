package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// TestLiveBuild compares all bytes that a terminal gets while an image is
// built and pushed, one write a line.
func TestLiveBuild(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var writes quotedWrites
	log := newLiveLog(&writes, func() (int, bool) { return 60, true }, func() time.Time { return now }, true)
	log.screen.every = 0
	step := func(p image.Progress) {
		log.building(p)
		now = now.Add(time.Second)
	}

	writes.mark("compressing")
	step(image.Progress{Stage: image.Compressing, What: image.RoleData, Bytes: 0, Total: 500e6})
	step(image.Progress{Stage: image.Compressing, What: image.RoleData, Bytes: 80e6, Total: 500e6})
	step(image.Progress{Stage: image.Compressing, What: image.RoleSource, Bytes: 812, Total: 812})
	writes.mark("uploading two layers; the speed starts anew")
	step(image.Progress{Stage: image.Uploading, What: image.RoleData, Bytes: 1e6, Total: 170e6})
	step(image.Progress{Stage: image.Uploading, What: image.RoleBinary, Bytes: 5.9e6, Total: 5.9e6})
	step(image.Progress{Stage: image.Uploaded, What: image.RoleBinary, Bytes: 5.9e6, Total: 5.9e6})
	writes.mark("trouble")
	step(image.Progress{Stage: image.Retrying, What: "push the data layer to r.example.com/x", Err: errors.New("502 Bad Gateway\x1b[2J"), Wait: 500 * time.Millisecond})
	step(image.Progress{Stage: image.Uploading, What: image.RoleData, Bytes: 0, Total: 170e6})
	step(image.Progress{Stage: image.Mounted, What: image.RoleBase})
	step(image.Progress{Stage: image.Exists, What: "config"})
	writes.mark("the end")
	log.done()
	log.note("pushed")
	log.done()

	golden(t, "testdata/livebuild.golden", []byte(writes.text.String()))
}

func TestShowBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 5_912_345: "5.9 MB",
		1 << 30: "1.1 GB", 1e15: "1000.0 TB",
	} {
		if got := showBytes(n); got != want {
			t.Errorf("showBytes(%d) = %q, want %q", n, got, want)
		}
	}
	if strings.Contains(showBytes(1<<62), "%") {
		t.Error(showBytes(1 << 62))
	}
}
