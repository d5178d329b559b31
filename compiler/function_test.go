package compiler

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func TestFormatNodes(t *testing.T) {
	tests := []struct {
		names []string
		want  string
	}{
		{[]string{"node1"}, "node1"},
		{[]string{"circles_dataset, Nearest Neighbors-model"}, "circles_dataset, Nearest Neighbors-model"},
		{[]string{"żółć \"q\" 'x'"}, "żółć \"q\" 'x'"},
		{[]string{"a", "b"}, `["a","b"]`},
		{[]string{""}, `[""]`},
		{[]string{`["a","b"]`}, `["[\"a\",\"b\"]"]`},
		{[]string{"[x] y"}, `["[x] y"]`},
		{[]string{"cost $$ $(HOME)"}, `["cost \u0024\u0024 \u0024(HOME)"]`},
		{[]string{"{{$}}"}, `["\u007b\u007b\u0024}}"]`},
		{[]string{"{ok}"}, "{ok}"},
		{[]string{"a\nb\x00"}, `["a\u000ab\u0000"]`},
	}
	for _, tt := range tests {
		got := FormatNodes(tt.names...)
		if got != tt.want {
			t.Errorf("FormatNodes(%q) = %s, want %s", tt.names, got, tt.want)
		}
		if back := ParseNodes(got); !slices.Equal(back, tt.names) {
			t.Errorf("ParseNodes(%s) = %q, want %q", got, back, tt.names)
		}
	}
	for text, want := range map[string][]string{"": nil, "[broken": {"[broken"}, `[1]`: {`[1]`}} {
		if got := ParseNodes(text); !slices.Equal(got, want) {
			t.Errorf("ParseNodes(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzFormatNodes(f *testing.F) {
	f.Add("a", "b")
	f.Add("[\"a\"]", "$")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, names := range [][]string{{a}, {a, b}} {
			text := FormatNodes(names...)
			if expandable(text) || strings.Contains(text, "$$") || strings.Contains(text, "\x00") {
				t.Errorf("FormatNodes(%q) = %q would be expanded", names, text)
			}
			if !isUTF8(names...) {
				continue
			}
			if back := ParseNodes(text); !slices.Equal(back, names) {
				t.Errorf("FormatNodes(%q) = %q, read back as %q", names, text, back)
			}
		}
	})
}

func isUTF8(list ...string) bool {
	for _, s := range list {
		if _, err := appendString(nil, s); err != nil {
			return false
		}
	}
	return true
}

func TestParseFunctionTask(t *testing.T) {
	task := FunctionTask{
		Nodes: []string{"node1"}, Workflow: "a/pipeline.star#sums",
		Defines: []string{"x=1", "y=a=b"}, Fingerprint: "sha256:00",
	}
	c := &containerSpec{Command: functionCommand(), Args: task.args(), Env: []*envVar{{Name: NodeVariable, Value: FormatNodes(task.Nodes...)}, {Name: "A", Value: "b"}}}
	want := []string{"--workflow", "a/pipeline.star#sums", "--define", "x=1", "--define", "y=a=b", "--fingerprint", "sha256:00", "--executor-input", "{{$}}"}
	if d := cmp.Diff(want, c.Args); d != "" {
		t.Errorf("arguments, -want +got:\n%s", d)
	}
	got, ok, err := ParseFunctionTask(c)
	if d := cmp.Diff(task, got); d != "" || !ok || err != nil {
		t.Errorf("%v %v, -written +read:\n%s", ok, err, d)
	}

	ffEnv := []*envVar{{Name: NodeVariable, Value: "n"}}
	others := []*containerSpec{
		nil, {}, {Command: []string{"sh", "-c"}, Env: ffEnv}, {Command: functionCommand()}, {Command: []string{"/usr/local/bin/fuse", "run"}, Env: ffEnv},
		{Command: []string{"exec"}, Env: ffEnv}, {Command: []string{"/bin/diffuse", "exec"}, Env: ffEnv},
	}
	for _, c := range others {
		if got, ok, err := ParseFunctionTask(c); ok || err != nil {
			t.Errorf("%v is no function task, and was read as %v, %v", c, got, err)
		}
	}
	for text, args := range map[string][]string{
		"argument --workflow is missing":               {},
		"argument --workflow has no value":             {"--workflow"},
		`fuse exec has no argument "--verbose"`:        {"--verbose", "1"},
		`argument --executor-input is "x", not {{$}}`:  {"--workflow", "a.star", "--executor-input=x"},
		`fuse exec has no argument "-workflow"`:        {"-workflow", "x"},
		"argument --fingerprint has no value":          {"--workflow=w", "--fingerprint"},
		`argument --executor-input is "{}", not {{$}}`: {"--workflow=w", "--executor-input", "{}"},
	} {
		_, ok, err := ParseFunctionTask(&containerSpec{Command: []string{"./fuse", "exec"}, Args: args, Env: ffEnv})
		if !ok || err == nil || err.Error() != text {
			t.Errorf("arguments %q: %v, %v; want %s", args, ok, err, text)
		}
	}
}

func TestHarmlessText(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                      "plain",
		"1":                          "1",
		`{"a": [1, {"b": 2}]}`:       `{"a": [1, {"b": 2}]}`,
		"a $(HOME)":                  `"a \u0024(HOME)"`,
		"$$":                         `"\u0024\u0024"`,
		`{"a": "$x", "b": "{{\"$"}`:  `{"a": "\u0024x", "b": "\u007b\u007b\"\u0024"}`,
		"[1,\n 2]":                   "[1,  2]",
		`"\u0041\\$"`:                `"\u0041\\\u0024"`,
		"two\nlines":                 `"two\u000alines"`,
		`{"{{": 1}`:                  `{"\u007b\u007b": 1}`,
		`{"x": {"y": {"z": "{$}"}}}`: `{"x": {"y": {"z": "\u007b\u0024}"}}}`,
	} {
		got, ok := harmlessText(text)
		if !ok || got != want || !harmless(got) {
			t.Errorf("harmlessText(%q) = %q, %v, want %q", text, got, ok, want)
		}
		if json.Valid([]byte(text)) {
			if d := cmp.Diff(mustTree(t, []byte(text)), mustTree(t, []byte(got))); d != "" {
				t.Errorf("%s means something else: %s", text, d)
			}
		}
	}
	if got, ok := harmlessText("\xff"); ok {
		t.Errorf("text that is not UTF-8 became %q", got)
	}
}
