package image

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"slices"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A secret is a text that must not get into an image.
type secret struct {
	text []byte
	// word says that the text is so short that it may well be a part of other
	// words: only a whole word is taken for it.
	word bool
}

// minSecret is the length from which on a secret is looked for inside words.
const minSecret = 8

// A guard looks for secrets in what goes into an image.
type guard struct {
	secrets []secret
	longest int
}

// add makes the guard look for a password.
func (g *guard) add(username, password string) {
	for _, text := range secretForms(username, password) {
		if !slices.ContainsFunc(g.secrets, func(s secret) bool { return string(s.text) == text }) {
			g.secrets = append(g.secrets, secret{text: []byte(text), word: len(text) < minSecret})
			g.longest = max(g.longest, len(text))
		}
	}
}

// secretForms returns the texts that tell a password, none for none: itself,
// in base64 as Kubernetes keeps it, and with the user name as docker does.
func secretForms(username, password string) []string {
	if password == "" {
		return nil
	}
	// A form that padding ends may stand somewhere without it.
	encoded := func(text string) string { return base64.RawStdEncoding.EncodeToString([]byte(text)) }
	forms := []string{password, encoded(password)}
	if username != "" {
		forms = append(forms, encoded(username+":"+password))
	}
	return forms
}

// reader returns a reader of the same content, which fails when a secret goes
// by. Its error names the file and the line.
func (g *guard) reader(name string, r io.Reader) io.Reader {
	if len(g.secrets) == 0 {
		return r
	}
	return &guardReader{guard: g, name: name, r: r, line: 1}
}

// holds tells whether a secret stands in a text.
func (g *guard) holds(text string) bool {
	return (&guardReader{guard: g}).look([]byte(text), true) != nil
}

type guardReader struct {
	*guard
	name  string
	r     io.Reader
	text  []byte // the end of what went by
	begun bool   // text is not the beginning of the file
	line  int    // of text's first byte
}

func (g *guardReader) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if n > 0 || err == io.EOF {
		if found := g.look(p[:n], err == io.EOF); found != nil {
			return 0, found
		}
	}
	return n, err
}

// look searches what went by, together with the end of what went by before.
func (g *guardReader) look(p []byte, last bool) error {
	g.text = append(g.text, p...)
	first := len(g.text)
	for _, s := range g.secrets {
		if i := g.find(s, last); i >= 0 {
			first = min(first, i)
		}
	}
	if first < len(g.text) {
		return &starlarkfuse.Error{
			Msg: fmt.Sprintf("%s:%d: the password of the registry stands here, and would be in the image",
				g.name, g.line+bytes.Count(g.text[:first], []byte("\n"))),
			Hint: fmt.Sprintf(`take it out of the file, or list the file in %s; secret_env("NAME") takes the password from an environment variable`, IgnoreFile),
		}
	}
	// What stays may begin with a whole secret, but not end with one that was
	// judged: the character behind it was seen too.
	if cut := len(g.text) - g.longest - 1; cut > 0 {
		g.line += bytes.Count(g.text[:cut], []byte("\n"))
		g.text = g.text[:copy(g.text, g.text[cut:])]
		g.begun = true
	}
	return nil
}

// find returns where in the text a secret stands; -1 for nowhere, or for not
// yet known.
func (g *guardReader) find(s secret, last bool) int {
	for from := 0; ; from++ {
		i := bytes.Index(g.text[from:], s.text)
		if i < 0 {
			return -1
		}
		from += i
		end := from + len(s.text)
		switch {
		case !s.word:
			return from
		case from == 0 && g.begun: // judged before, when the character before it was there
		case from > 0 && isWord(g.text[from-1]):
		case end == len(g.text) && !last, end < len(g.text) && isWord(g.text[end]):
		default:
			return from
		}
	}
}

// isWord tells whether a byte is of a word: a letter, a digit or "_", or of a
// character that is not ASCII.
func isWord(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
