package exec

import (
	"bytes"
	"io"
	"strings"
)

const (
	// maxLine bounds a line of output: a longer one is broken.
	maxLine = 64 << 10
	// tailLines is how many of the last lines of a failed command are told,
	// and maxTail how much of each.
	tailLines = 10
	maxTail   = 1 << 10
)

// A lineWriter breaks what a command writes into lines.
type lineWriter struct {
	log  io.Writer // gets everything as it is
	emit func(line string)
	part []byte // of a line that has not ended
	tail []string
}

// Write implements io.Writer. It never fails: a log that cannot be written is
// no reason to kill the command.
func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	w.log.Write(p)
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			w.part = append(w.part, p...)
			for len(w.part) > maxLine {
				n := wholeRunes(w.part, maxLine)
				w.line(w.part[:n])
				w.part = append(w.part[:0], w.part[n:]...)
			}
			break
		}
		if len(w.part) == 0 {
			w.line(p[:i])
		} else {
			w.part = append(w.part, p[:i]...)
			w.line(w.part)
			w.part = w.part[:0]
		}
		p = p[i+1:]
	}
	return n, nil
}

// end passes on a last line that had no end.
func (w *lineWriter) end() {
	if len(w.part) > 0 {
		w.line(w.part)
		w.part = nil
	}
}

func (w *lineWriter) line(b []byte) {
	for len(b) > maxLine {
		n := wholeRunes(b, maxLine)
		w.line(b[:n])
		b = b[n:]
	}
	text := strings.ToValidUTF8(string(bytes.TrimRight(b, "\r")), "\uFFFD")
	if len(w.tail) == tailLines {
		w.tail = append(w.tail[:0], w.tail[1:]...)
	}
	w.tail = append(w.tail, clipTo(text, maxTail))
	w.emit(text)
}
