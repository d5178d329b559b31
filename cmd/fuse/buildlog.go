package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/starlarkfuse/fuse/image"
)

// building tells how far an image is: in plain lines only what has happened.
func (l *textLog) building(p image.Progress) {
	what := p.What + " layer"
	if p.What == "config" {
		what = "configuration"
	}
	switch p.Stage {
	case image.Uploaded:
		l.line("%s  uploaded: %s", what, showBytes(p.Bytes))
	case image.Mounted:
		l.detail(what + "  taken over from the base image's repository")
	case image.Exists:
		l.detail(what + "  is in the registry already")
	case image.Retrying:
		l.line("%s: is repeated in %s: %s", showText(p.What, "  "), showSeconds(p.Wait), showText(p.Err.Error(), "  "))
	}
}

// done has nothing to put away.
func (l *textLog) done() {}

// building reports on the status line what the plain lines do not.
func (l *liveLog) building(p image.Progress) {
	l.textLog.building(p)
	if l.build == nil {
		l.build = &buildView{now: l.screen.now, bytes: make(map[string]int64), totals: make(map[string]int64)}
		l.screen.openWith(l.build.status)
	}
	l.screen.change(func() { l.build.add(p) })
}

// done takes the status line away.
func (l *liveLog) done() {
	if l.build != nil {
		l.build = nil
		l.screen.close()
	}
}

// A buildView is what the status line shows of an image that is being built or
// pushed: the stage, its bytes, and their speed.
type buildView struct {
	now           func() time.Time
	stage         image.Stage
	started       time.Time
	bytes, totals map[string]int64 // of the stage, by layer
}

func (v *buildView) add(p image.Progress) {
	switch p.Stage {
	case image.Compressing, image.Uploading:
	default:
		return
	}
	if p.Stage != v.stage {
		v.stage, v.started = p.Stage, v.now()
		clear(v.bytes)
		clear(v.totals)
	}
	layer := p.What + p.Layer
	v.bytes[layer], v.totals[layer] = p.Bytes, p.Total
}

func (v *buildView) status() string {
	if v.stage == "" {
		return ""
	}
	var bytes, total int64
	for what, n := range v.bytes {
		bytes += n
		total += v.totals[what]
	}
	var b strings.Builder
	took := v.now().Sub(v.started)
	fmt.Fprintf(&b, "%.1fs  %s %s of %s", took.Seconds(), v.stage, showBytes(bytes), showBytes(total))
	if s := took.Seconds(); s >= 0.1 {
		fmt.Fprintf(&b, ", %s/s", showBytes(int64(float64(bytes)/s)))
	}
	return b.String()
}

func (l *jsonLog) building(p image.Progress) {
	switch p.Stage {
	case image.Compressing, image.Uploading:
		return
	}
	line := jsonLine{Event: "image", Layer: p.What, Stage: string(p.Stage), Bytes: p.Bytes}
	if p.Err != nil {
		line.explain(reports(p.Err)[0])
	}
	l.write(l.now(), line)
}

func (l *jsonLog) done() {}
