package exec

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestLines(t *testing.T) {
	long := strings.Repeat("ü", maxLine) // no character may be cut in two
	for _, tt := range []struct{ name, text string }{
		{"one", "one\n"}, {"no end", "one\ntwo"}, {"nothing", ""}, {"long", "x" + long + "\nend"}, {"long, no end", "xy" + long},
	} {
		for _, size := range []int{1, 7, 32 << 10, 1 << 20} {
			if size == 1 && len(tt.text) > 1000 {
				continue
			}
			var got []string
			w := &lineWriter{log: io.Discard, emit: func(line string) { got = append(got, line) }}
			for text := tt.text; text != ""; {
				n := min(size, len(text))
				w.Write([]byte(text[:n]))
				text = text[n:]
			}
			w.end()
			if strings.Join(got, "") != strings.ReplaceAll(tt.text, "\n", "") {
				t.Errorf("%s by %d: it has changed", tt.name, size)
			}
			for _, line := range got {
				if len(line) > maxLine || !utf8.ValidString(line) {
					t.Errorf("%s by %d: a line of %d bytes", tt.name, size, len(line))
				}
			}
			for _, line := range w.tail {
				if len(line) > maxTail+len("…") {
					t.Errorf("%s by %d: %d bytes in the tail", tt.name, size, len(line))
				}
			}
		}
	}
}

func TestClip(t *testing.T) {
	for _, tt := range []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "abc…"}, {"aüb", 2, "a…"}, {"aüb", 3, "aü…"}, {"\x80\x80\x80\x80\x80", 4, "\x80\x80\x80\x80…"},
	} {
		if got := clipTo(tt.text, tt.n); got != tt.want {
			t.Errorf("%q to %d: %q, want %q", tt.text, tt.n, got, tt.want)
		}
	}
}

// The record has the start of an error's text, however long it is.
func TestErrorTextIsBounded(t *testing.T) {
	r := &taskRun{plan: &taskPlan{}, state: Failed, err: errors.New(strings.Repeat("x", 10*maxErrorText))}
	b, err := r.appendTask(nil)
	if err != nil || len(b) > 2*maxErrorText {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}
