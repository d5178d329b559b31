package compiler

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// MarshalYAML returns the spec as YAML in the style of the KFP SDK: keys
// sorted, the platform part as a second document. Texts of several lines are
// blocks, so that embedded programs can be read.
func (s *Spec) MarshalYAML() ([]byte, error) {
	bare := Spec{Pipeline: s.Pipeline, Deployment: s.Deployment, extra: s.extra}
	b, err := bare.MarshalJSON()
	if err != nil {
		return nil, err
	}
	t, err := decodeJSON(b)
	if err != nil {
		return nil, fmt.Errorf("write pipeline spec: %w", err)
	}
	var w yamlWriter
	w.block(t, 0)
	if len(s.Platform) > 0 {
		// Going through JSON refuses what is no tree, and copies.
		if b, err = appendTree(nil, s.Platform); err != nil {
			return nil, fmt.Errorf("write platform spec: %w", err)
		}
		if t, err = decodeJSON(b); err != nil {
			return nil, fmt.Errorf("write platform spec: %w", err)
		}
		w.WriteString("---\n")
		w.block(t, 0)
	}
	return w.Bytes(), nil
}

// A yamlWriter writes trees as block YAML that YAML 1.1 and 1.2 readers read
// alike.
type yamlWriter struct{ bytes.Buffer }

const spaces = "                                                                "

func (w *yamlWriter) indent(n int) {
	for ; n > len(spaces); n -= len(spaces) {
		w.WriteString(spaces)
	}
	w.WriteString(spaces[:n])
}

// block writes t from the current place on, its further lines indented by n.
// It ends with a newline.
func (w *yamlWriter) block(t tree, n int) {
	switch t := t.(type) {
	case map[string]any:
		if len(t) == 0 {
			w.WriteString("{}\n")
			return
		}
		for i, k := range sortedKeys(t) {
			if i > 0 {
				w.indent(n)
			}
			w.key(k, n)
			switch v := t[k].(type) {
			case map[string]any:
				if len(v) > 0 {
					w.WriteByte('\n')
					w.indent(n + 2)
					w.block(v, n+2)
					continue
				}
			case []any:
				// The dashes stand under the key, as PyYAML writes them.
				if len(v) > 0 {
					w.WriteByte('\n')
					w.indent(n)
					w.block(v, n)
					continue
				}
			}
			w.WriteByte(' ')
			w.block(t[k], n)
		}
	case []any:
		if len(t) == 0 {
			w.WriteString("[]\n")
			return
		}
		for i, e := range t {
			if i > 0 {
				w.indent(n)
			}
			w.WriteString("- ")
			if text, ok := e.(string); ok {
				w.text(text, n)
				continue
			}
			w.block(e, n+2)
		}
	case string:
		w.text(t, n)
	case nil:
		w.WriteString("null\n")
	case bool:
		fmt.Fprintf(w, "%t\n", t)
	case json.Number:
		w.WriteString(yamlNumber(string(t)))
		w.WriteByte('\n')
	}
}

// yamlNumber makes YAML 1.1 readers, which want a point before an exponent,
// see a number.
func yamlNumber(s string) string {
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		mantissa, exp := s[:i], s[i+1:]
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		if exp[0] != '-' && exp[0] != '+' {
			exp = "+" + exp
		}
		return mantissa + "e" + exp
	}
	return s
}

// key writes a mapping's key and its colon. Keys of more than 128 bytes are
// no implicit ones for every reader: they take the explicit form.
func (w *yamlWriter) key(k string, n int) {
	if len(k) > 128 {
		w.WriteString("? ")
	}
	if plain(k) {
		w.WriteString(k)
	} else {
		w.quoted(k)
	}
	if len(k) > 128 {
		w.WriteByte('\n')
		w.indent(n)
	}
	w.WriteByte(':')
}

// text writes a string value: as it is, as a literal block, in single quotes,
// or escaped in double ones; the first that holds it exactly.
func (w *yamlWriter) text(s string, n int) {
	switch {
	case plain(s):
		w.WriteString(s)
	case literal(s):
		w.literal(s, n)
		return
	default:
		w.quoted(s)
	}
	w.WriteByte('\n')
}

// version is a version of three numbers, which looks like a number and is none.
var version = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`)

// plain tells whether no YAML reader takes s for anything but a text.
func plain(s string) bool {
	if s == "" || len(s) > 1024 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '/':
		case i > 0 && (c >= '0' && c <= '9' || c == '-' || c == '.' || c == '+' || c == '='):
		case i > 0 && c == ' ' && s[i-1] != ' ' && i < len(s)-1:
		case i > 0 && c == ':' && i < len(s)-1 && s[i+1] != ' ':
		case i == 0 && c == '-' && option(s):
		default:
			return version.MatchString(s)
		}
	}
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf":
		return false
	}
	return true
}

// option tells whether s starts like an option of a command, -x or --x: no
// number and no marker of YAML does.
func option(s string) bool {
	s = strings.TrimPrefix(s[1:], "-")
	return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}

// printable tells whether every rune of s may stand in YAML unescaped.
func printable(s string) bool {
	for _, r := range s {
		ok := r == '\n' || r >= ' ' && r < 0x7f || r >= 0xa0 && r < 0xd800 && r != 0x2028 && r != 0x2029 ||
			r >= 0xe000 && r < 0xfffe && r != 0xfeff && r != utf8.RuneError || r >= 0x10000
		if !ok {
			return false
		}
	}
	return true
}

// literal tells whether s reads well, and back, as a literal block.
func literal(s string) bool {
	if !strings.Contains(s, "\n") || !printable(s) || s[0] == '\n' || s[0] == ' ' || strings.HasSuffix(s, "\n\n") {
		return false
	}
	// Readers differ about lines of nothing but spaces, and people do not see
	// spaces before an end of line.
	return !strings.Contains(s, " \n") && !strings.HasSuffix(s, " ")
}

func (w *yamlWriter) literal(s string, n int) {
	body, ends := strings.CutSuffix(s, "\n")
	w.WriteByte('|')
	if !ends {
		w.WriteByte('-')
	}
	w.WriteByte('\n')
	for line := range strings.SplitSeq(body, "\n") {
		if line != "" {
			w.indent(n + 2)
			w.WriteString(line)
		}
		w.WriteByte('\n')
	}
}

func (w *yamlWriter) quoted(s string) {
	if printable(s) && !strings.Contains(s, "\n") {
		w.WriteByte('\'')
		w.WriteString(strings.ReplaceAll(s, "'", "''"))
		w.WriteByte('\'')
		return
	}
	w.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			w.WriteByte('\\')
			w.WriteRune(r)
		case r == '\n':
			w.WriteString(`\n`)
		case r == '\t':
			w.WriteString(`\t`)
		case r < 0x100 && !printable(string(r)):
			fmt.Fprintf(w, `\x%02x`, r)
		case !printable(string(r)) && r < 0x10000:
			fmt.Fprintf(w, `\u%04x`, r)
		case !printable(string(r)):
			fmt.Fprintf(w, `\U%08x`, r)
		default:
			w.WriteRune(r)
		}
	}
	w.WriteByte('"')
}
