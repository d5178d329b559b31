package compiler

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	yaml1 "sigs.k8s.io/yaml"
)

// words are texts that some reader of YAML takes for something else.
var words = []string{
	"", " ", "a", "y", "n", "Yes", "no", "on", "OFF", "true", "False", "null", "Null", "~", "nan", ".nan", ".inf", "-.inf",
	"1", "-1", "+1", "1.0", "1.", ".5", "1e3", "1e+3", "0x1F", "0o17", "017", "1_000", "12:30:45", "190:20:30.15", "2001-01-01", "2.1.0", "1.2", "0.0.1",
	"- a", "-", "--", "---", "...", "--flag", "-c", "-1x", "a: b", "a:", ":a", "a #b", "#a", "a#b", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a`", "?", "? a",
	"{{$}}", "{a: b}", "[a]", "a, b", "'", "\"", "it's", "back\\slash", "<<", "=", " leading", "trailing ", "two  spaces",
	"line\n", "line\nline", "line\n\nline\n", "\nline", " line\n line", "line\n\n", "line \nline", "tab\tx", "\tx\ny", "line\r\nline", "\x00", "\x07", "\x7f", "\u0085", "\u00a0", "\u2028", "\ufeff", "\ufffe", "\ufffd", "\U0001F600", "é",
	strings.Repeat("long ", 500) + "x", strings.Repeat("k", 200), "/usr/local/bin/fuse", "sha256:abc", "python:3.11", "a.b/c-d_e", "http://x/y",
}

func wordTree() map[string]any {
	keys, list := map[string]any{}, []any{}
	for _, w := range words {
		keys[w] = w
		list = append(list, w, map[string]any{"k": w, "l": []any{w, []any{w}}})
	}
	return map[string]any{
		"keys": keys, "list": list, "empty": map[string]any{}, "none": []any{}, "null": nil, "t": true, "f": false,
		"numbers": []any{json.Number("1"), json.Number("-2.5"), json.Number("1e21"), json.Number("1E-7"), json.Number("9007199254740993"), json.Number("2.0")},
		"long":    map[string]any{strings.Repeat("k", 200): []any{"a"}, strings.Repeat("l ", 200): map[string]any{"a": "b"}},
		"nested":  []any{[]any{[]any{}, map[string]any{}}, map[string]any{"a": []any{map[string]any{"b": []any{"c"}}}}},
	}
}

func TestYAMLReadsBack(t *testing.T) {
	want := wordTree()
	var w yamlWriter
	w.block(want, 0)

	docs, err := decodeYAML(w.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Bytes())
	}
	if d := cmp.Diff([]tree{want}, docs, sameJSON); d != "" {
		t.Errorf("-written +read:\n%s", d)
	}

	// Readers of YAML 1.1, such as Python's and Kubernetes' own, agree.
	js, err := yaml1.YAMLToJSON(w.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(tree(want), mustTree(t, js), sameJSON); d != "" {
		t.Errorf("-written +read as YAML 1.1:\n%s", d)
	}
}

func TestYAMLStyle(t *testing.T) {
	const want = `args:
- --workflow
- '{{$}}'
- -c
- |
  set -e

  run
- |-
  a
    b
env:
- name: A
  value: ''
image: python:3.11
list:
- - a
  - b
- k: v
  l: {}
schemaVersion: 2.1.0
y: 1
`
	t1 := mustTree(t, []byte(`{"schemaVersion":"2.1.0","args":["--workflow","{{$}}","-c","set -e\n\nrun\n","a\n  b"],
		"env":[{"value":"","name":"A"}],"image":"python:3.11","list":[["a","b"],{"l":{},"k":"v"}],"y":1}`))
	var w yamlWriter
	w.block(t1, 0)
	got := w.String()
	if d := cmp.Diff(strings.Replace(want, "\ny:", "\n'y':", 1), got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func FuzzYAMLText(f *testing.F) {
	for _, w := range words {
		f.Add(w)
	}
	f.Fuzz(func(t *testing.T, s string) {
		js, err := appendString(nil, s)
		if err != nil {
			t.Skip("not UTF-8")
		}
		want := mustTree(t, js)
		var w yamlWriter
		w.block(map[string]any{"a": []any{want}, s: want}, 0)
		docs, err := decodeYAML(w.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, w.Bytes())
		}
		if d := cmp.Diff([]tree{map[string]any{"a": []any{want}, s: want}}, docs); s != "a" && d != "" {
			t.Errorf("-written +read:\n%s\n%s", d, bytes.TrimSpace(w.Bytes()))
		}
	})
}
