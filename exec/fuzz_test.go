package exec

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// entryNode is a node with an artifact and a parameter as inputs.
func entryNode(t testing.TB) *starlarkfuse.Node {
	path := filepath.Join(t.TempDir(), "pipeline.star")
	if err := os.WriteFile(path, []byte("def f(a, k):\n    return a\nf = workflow(f)\nKFPWorkflow(f(f(1, 2), param('k', default = 1)).set_name('n'), workflow_name = 'w')"), 0o644); err != nil {
		t.Fatal(err)
	}
	wf, err := starlarkfuse.Load(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wf.Node("n")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func FuzzExecutorInput(f *testing.F) {
	for _, s := range []string{
		"", "{}", "{{$}}", "[1]", `{"inputs": null}`,
		`{"inputs": {"parameterValues": {"k": 1, "z": [1, {"a": null}]}, "artifacts": {"a": {"artifacts": [{"uri": "gs://b/c", "type": {"instanceSchema": ""}}]}}}}`,
		`{"inputs": {"artifacts": {"a": {"artifacts": [null]}}}, "outputs": {"outputFile": "/x"}, "more": 1}`,
		`{"inputs": {"artifacts": {"a": {"artifacts": []}}, "parameterValues": {"k": "1"}}}`,
	} {
		f.Add(s)
	}
	node := entryNode(f)
	f.Fuzz(func(t *testing.T, text string) {
		in, err := decodeExecutorInput(text)
		if err != nil {
			return
		}
		if (in == nil) != (text == "") {
			t.Fatalf("%q gives %v", text, in)
		}
		// No real file may be opened, whatever the text names.
		for _, list := range in.GetInputs().GetArtifacts() {
			for _, a := range list.GetArtifacts() {
				if a != nil {
					a.Uri = "none://" + a.Uri
				}
			}
		}
		if vals, err := entryInputs(node, in); err == nil && len(vals) != len(node.Inputs()) {
			t.Fatalf("%d values", len(vals))
		}
	})
}

func FuzzExecutorOutput(f *testing.F) {
	for _, s := range []string{
		"{}", "", "null", `{"parameterValues": {"a": 5, "n": null}}`, `{"parameter_values": {"a": 1}}`, `{"unknown": 1}`,
		`{"artifacts": {"art": {"artifacts": [{"name": "n", "uri": "s3://b/x", "metadata": {"ok": true}}]}}}`,
		`{"artifacts": {"art": {"artifacts": [{"customPath": "/x", "custom_path": "/y"}]}}}`,
		`{"artifacts": {"art": {"artifacts": [{"customPath": 1}]}}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := decodeExecutorOutput(b)
		if err != nil {
			return
		}
		for name, list := range out.GetArtifacts() {
			if items := list.GetArtifacts(); len(items) > 0 {
				a := &Artifact{Name: name, dir: "/run", rel: "a"}
				a.merge(items[0])
				a.URI()
				if _, err := a.appendRecord(nil); err != nil {
					t.Logf("not recorded: %v", err)
				}
			}
		}
		for _, v := range out.GetParameterValues() {
			if b, err := appendValue(nil, v); err == nil && !json.Valid(b) {
				t.Fatalf("%v is recorded as %s", v, b)
			}
		}
	})
}

func FuzzOutputParameter(f *testing.F) {
	for _, s := range []string{"", "1", " +5\n", "0x1p-2", "True", "yes", "42.0", "1_000", `[1, "x"]`, `{"a": {"b": null}}`, "{'a': 1}", "nan", "1e999", "\xff", "9223372036854775808"} {
		for typ := value.Integer; typ <= value.Struct; typ++ {
			f.Add(s, int(typ))
		}
	}
	f.Fuzz(func(t *testing.T, text string, typ int) {
		v, err := parseOutput(text, value.ParamType(typ))
		if err != nil {
			if strings.Contains(err.Error(), "\u00a0") {
				t.Fatalf("the message varies: %q", err)
			}
			return
		}
		if !sameKind(v, value.ParamType(typ)) {
			t.Fatalf("%q as %v gives %v", text, value.ParamType(typ), v)
		}
		if s, ok := v.GetKind().(*structpb.Value_StringValue); ok && utf8.ValidString(text) && s.StringValue != text {
			t.Fatalf("%q gives %q", text, s.StringValue)
		}
	})
}

func FuzzJournal(f *testing.F) {
	const head = `{"fuse":1,"run":"r","workflow":"w","pipeline":"w","started":"2026-11-22T13:45:01Z","parameters":{"a":1}}` + "\n"
	for _, s := range []string{
		"", "\n", head, head + head, head + `{"end":"SUCCEEDED","seconds":1}` + "\n", `{"fuse":2}` + "\n",
		head + `{"task":"a","node":"a","state":"SUCCEEDED","seconds":0.1,"attempts":1,"artifacts":[{"name":"r","path":"../x","size":1,"sha256":"00"}]}` + "\n",
		head + `{"task":"a","state":"FAILED","error":"x"}` + "\n" + `{"task":`,
		head + `{"task":"a","state":"SUCCEEDED","artifacts":[{"name":"r","size":-1,"sha256":"zz","data":"AAAA"}]}` + "\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := readJournal(b)
		if err != nil {
			return
		}
		if r.RunID == "" || r.State == "" {
			t.Fatalf("%q gives %+v", b, r)
		}
		for i := range r.Tasks {
			if !r.Tasks[i].State.ended() {
				t.Fatalf("%q gives %+v", b, r.Tasks[i])
			}
			for k := range r.Tasks[i].Artifacts {
				a := &r.Tasks[i].Artifacts[k]
				if err := a.Check(); err == nil && a.Data == nil {
					t.Fatalf("%+v is trusted", a)
				}
			}
		}
	})
}

func FuzzPlaceholders(f *testing.F) {
	for _, s := range []string{
		"{{$}}", "{{$.inputs.parameters['x']}}", "a{{$.inputs.parameters['none']}}", "{{$.outputs.parameters['o'].output_file}}",
		`{"IfPresent": {"InputName": "x", "Then": ["a", "{{$.inputs.parameters['x']}}"], "Else": "b"}}`, `{"IfPresent": 1}`, `{"IfPresent": {"Then": [1]}}`,
		"$(X)$$(X)$(", "$", "$$$", "{{$.inputs.artifacts['a'].metadata}}",
	} {
		f.Add(s)
	}
	params := map[string]*structpb.Value{"x": structpb.NewNumberValue(1.5), "n": structpb.NewNullValue()}
	words := map[string]string{"{{$.inputs.parameters['x']}}": "{{$}}", "{{$.outputs.parameters['o'].output_file}}": "/o"}
	f.Fuzz(func(t *testing.T, arg string) {
		args, err := driverArgs([]string{"sh", arg}, params)
		if err != nil {
			return
		}
		for i := range args {
			args[i] = expand(args[i], map[string]string{"X": "$(X)"})
		}
		for _, a := range launcherArgs(args, "INPUT", words)[1:] {
			if strings.Contains(a, "{{$.outputs.parameters['o'].output_file}}") {
				t.Fatalf("%q leaves %q", arg, a)
			}
		}
	})
}
