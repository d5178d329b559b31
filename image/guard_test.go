package image

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// guarded returns what the guard lets by, and its error.
func guarded(g *guard, r io.Reader) (string, error) {
	text, err := io.ReadAll(g.reader("x.txt", r))
	return string(text), err
}

func TestGuard(t *testing.T) {
	encode := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, test := range []struct {
		name, username, password, text string
		line                           int // 0: none
	}{
		{"no password", "me", "", "me and you", 0},
		{"an empty file", "me", "hunter2", "", 0},
		{"alone", "me", "hunter2hunter2", "hunter2hunter2", 1},
		{"at the end", "me", "hunter2hunter2", "a\nb\nis hunter2hunter2", 3},
		{"inside a word", "me", "hunter2hunter2", "a\nxhunter2hunter2x", 2},
		{"the first of several", "me", "hunter2hunter2", "a\nhunter2hunter2\n\nhunter2hunter2", 2},
		{"not whole", "me", "hunter2hunter2", "hunter2hunter hunter2 hunter2", 0},
		{"other case", "me", "hunter2hunter2", "Hunter2Hunter2", 0},
		{"over lines", "me", "hunter2\nhunter2", "a\nhunter2\nhunter2\n", 2},
		{"overlapping itself", "", "aabaabaab", "x\naabaabaabaab", 2},
		{"a whole word", "me", "hunter", "the hunter, the", 1},
		{"a word alone", "me", "hunter", "hunter", 1},
		{"in quotes", "me", "hunter", "\n\nPASSWORD='hunter'\n", 3},
		{"a part of a word", "me", "hunter", "hunters ahunter hunter2 hunter_ hunterö öhunter", 0},
		{"a part of a word, then alone", "me", "hunter", "hunters\nhunter", 2},
		{"of marks only", "me", "!?", "a\nb!?\n!?", 3},
		{"one character", "me", "a", "banana\n(a)", 2},
		{"in base64", "me", "hunter2hunter2", "password: " + encode("hunter2hunter2") + "\n", 1},
		{"in base64, with the user", "me", "hunter2hunter2", "{\n\"auth\": \"" + encode("me:hunter2hunter2") + "\"}", 2},
		{"in base64, without padding", "me", "hunter2hunter2", strings.TrimRight(encode("me:hunter2hunter2"), "="), 1},
		{"in base64, with another user", "me", "hunter2hunter2", encode("you:hunter2hunter2"), 0},
		{"short, in base64 with the user", "me", "hunter", "x" + encode("me:hunter") + "x", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var g guard
			g.add(test.username, test.password)
			for name, r := range map[string]io.Reader{
				"whole":     strings.NewReader(test.text),
				"one byte":  iotest.OneByteReader(strings.NewReader(test.text)),
				"half":      iotest.HalfReader(strings.NewReader(test.text)),
				"data, EOF": iotest.DataErrReader(strings.NewReader(test.text)),
			} {
				got, err := guarded(&g, r)
				if test.line == 0 {
					if err != nil || got != test.text {
						t.Errorf("%s: got %q, %v", name, got, err)
					}
					continue
				}
				want := fmt.Sprintf("x.txt:%d: the password of the registry stands here, and would be in the image", test.line)
				if err == nil || err.Error() != want {
					t.Errorf("%s: error: %v\nwant: %s", name, err, want)
				}
				e := (*starlarkfuse.Error)(nil)
				const hint = `take it out of the file, or list the file in .fuseignore; secret_env("NAME") takes the password from an environment variable`
				if !errors.As(err, &e) || e.Hint != hint {
					t.Errorf("%s: %+v", name, e)
				}
			}
			if g.holds(test.text) != (test.line > 0) {
				t.Errorf("as a name: %t", g.holds(test.text))
			}
		})
	}
}

func TestGuardPassesErrorsOn(t *testing.T) {
	var g guard
	g.add("me", "hunter2hunter2")
	broken := errors.New("broken")
	got, err := guarded(&g, io.MultiReader(strings.NewReader("text"), iotest.ErrReader(broken)))
	if got != "text" || err != broken {
		t.Errorf("got %q, %v", got, err)
	}
}

// FuzzGuard compares the search in a stream with one in the whole text.
func FuzzGuard(f *testing.F) {
	for _, seed := range []struct{ text, username, password, other, sizes string }{
		{"a\nhunter2\nb", "me", "hunter2", "correct horse", "\x01\x02"},
		{"aab aabaab aaab\naab", "", "aab", "ab", "\x03"},
		{"longlonglong short\n", "", "longlonglong", "short", "\x01\x00\x07"},
		{"xshort short", "", "longlonglong", "short", "\x05\x01"},
		{"bWU6aHVudGVyMg==", "me", "hunter2", "", ""},
		{"\n\n\nö!ö!\n!", "", "!", "ö!", "\x02"},
	} {
		f.Add([]byte(seed.text), seed.username, seed.password, seed.other, []byte(seed.sizes))
	}
	f.Fuzz(func(t *testing.T, text []byte, username, password, other string, sizes []byte) {
		var g guard
		g.add(username, password)
		g.add("", other)
		lines := naiveSearch(&g, text)
		got, err := guarded(&g, &chunkReader{text: text, sizes: sizes})
		if len(lines) == 0 {
			if err != nil || got != string(text) {
				t.Fatalf("got %q, %v from %q", got, err, text)
			}
			return
		}
		if err == nil {
			t.Fatalf("nothing was found in %q, where the secrets %v stand in the lines %d", text, g.secrets, lines)
		}
		is := func(line int) bool { return strings.HasPrefix(err.Error(), fmt.Sprintf("x.txt:%d: ", line)) }
		if !slices.ContainsFunc(lines, is) {
			t.Fatalf("%v, in %q, where the secrets %v stand in the lines %d", err, text, g.secrets, lines)
		}
	})
}

// naiveSearch returns the lines in which secrets stand.
func naiveSearch(g *guard, text []byte) (lines []int) {
	for _, s := range g.secrets {
		for i := range text {
			end := i + len(s.text)
			if !bytes.HasPrefix(text[i:], s.text) || s.word && (i > 0 && isWord(text[i-1]) || end < len(text) && isWord(text[end])) {
				continue
			}
			lines = append(lines, 1+bytes.Count(text[:i], []byte("\n")))
		}
	}
	return lines
}

// A chunkReader reads a text in pieces of those sizes, over and over.
type chunkReader struct {
	text, sizes []byte
	n           int
}

func (c *chunkReader) Read(p []byte) (int, error) {
	if len(c.text) == 0 {
		return 0, io.EOF
	}
	size := len(c.text)
	if len(c.sizes) > 0 {
		size = int(c.sizes[c.n%len(c.sizes)])
		if c.n++; c.n%5 == 0 {
			size++ // or it would never end
		}
	}
	n := copy(p[:min(len(p), size)], c.text)
	c.text = c.text[n:]
	if len(c.text) == 0 && size%2 == 1 {
		return n, io.EOF // together with the last bytes, as a Reader may
	}
	return n, nil
}
