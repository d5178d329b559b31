package starlarkfuse_test

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

func TestMask(t *testing.T) {
	for _, test := range []struct{ name, literal, want string }{
		{"double quotes", `"hunter2"`, `"*******"`},
		{"single quotes", `'hunter2'`, `'*******'`},
		{"bytes outside ASCII", `"pässwörd😀"`, `"**************"`},
		{"escapes", `"a\"\\\x41\101\u00e9\n"`, `"*********************"`},
		{"a backslash at the end", `"hunter2\\"`, `"*********"`},
		{"raw", `r"C:\dir\"x"`, `r"*********"`},
		{"quotes inside", `"""it's "2" '''"""`, `"""************"""`},
		{"a quote at the end", `'''hunter2\''''`, `'''*********'''`},
		{"several lines", "\"\"\"hun\nter\n2\"\"\"", "\"\"\"***\n***\n*\"\"\""},
		{"a continued line", "'hun\\\nter2'", "'***\\\n****'"},
		{"continued lines", "'''hun\\\\\\\n\\\n\nter2'''", "'''*****\\\n\\\n\n****'''"},
		{"a continued line, raw", "r'hun\\\nter2'", "r'***\\\n****'"},
		{"asterisks", `"*"`, `"*"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, newline := range []string{"\n", "\r\n", "\r"} {
				lines := strings.NewReplacer("\n", newline)
				before, behind := `größe = ["ü", `, "]; other = {'k': 1}\n"
				main := secretWorkflow + before + test.literal + behind + `wf = KFPWorkflow(n, registry_credentials = {"server": "r", "password": größe[1]})` + "\n"
				main = lines.Replace(main)
				want := lines.Replace(secretWorkflow + before + test.want + behind)
				f := loadFile(t, map[string]string{"main.star": main})
				got := string(mask(t, f, "main.star", main))
				if !strings.HasPrefix(got, want) || got[len(want):] != main[len(want):] {
					t.Errorf("got  %q\nwant %q", got, want)
				}
				checkMasked(t, f, map[string][]byte{"main.star": []byte(got)})
			}
		})
	}
}

// mask returns the text of a file of the load without the passwords in it.
func mask(t *testing.T, f *starlarkfuse.File, path, text string) []byte {
	t.Helper()
	places, err := f.PasswordLiterals()
	if err != nil {
		t.Fatal(explain(err))
	}
	places = slices.DeleteFunc(places, func(p starlarkfuse.PasswordLiteral) bool { return p.Path != path })
	return starlarkfuse.Mask([]byte(text), places)
}

// checkMasked loads a file again with the masked texts: nothing but the
// passwords may have changed.
func checkMasked(t *testing.T, f *starlarkfuse.File, masked map[string][]byte) {
	t.Helper()
	again, err := f.Reload(context.Background(), starlarkfuse.WithOverlay(masked))
	if err != nil {
		t.Fatal(explain(err))
	}
	if diff := cmp.Diff(fingerprintsOf(f), fingerprintsOf(again)); diff != "" {
		t.Errorf("fingerprints (-want +got):\n%s", diff)
	}
	for i, wf := range again.Workflows() {
		if got := wf.Settings().Credentials.Password(); strings.Trim(got, "*\n\\") != "" {
			t.Errorf("%s: the password was %q, and is %q", wf.Name(), f.Workflows()[i].Settings().Credentials.Password(), got)
		}
	}
}

// fingerprintsOf returns those of all nodes, by workflow and node.
func fingerprintsOf(f *starlarkfuse.File) map[string]string {
	all := make(map[string]string)
	for _, wf := range f.Workflows() {
		for _, n := range wf.Nodes() {
			all[wf.Name()+"/"+n.Name()] = n.Fingerprint()
		}
	}
	return all
}

// Several files and workflows, defines, and functions above, below and beside
// the passwords.
func TestMaskedFilesGiveTheSameFingerprints(t *testing.T) {
	files := map[string]string{
		"main.star": fingerprinted + `
load("secrets.star", "registry")
m = f(define("scale", 1)).set_name("m"); pw = "correct → horse"; l = workflow(lambda x: x)(7).set_name("l")
KFPWorkflow(m, workflow_name = "a", registry_credentials = registry).run()
KFPWorkflow(l, workflow_name = "b", registry_credentials = {"server": "r", "password": pw})
`,
		"lib.star":     fingerprintedLib,
		"secrets.star": "def typed(x: int) -> str: return x\nregistry = {\"server\": \"r\", \"password\": 'hunter2'}\n",
	}
	defines := starlarkfuse.WithDefines(map[string]string{"scale": "5"})
	f := loadFile(t, files, defines)
	masked := make(map[string][]byte)
	for path, text := range files {
		masked[path] = mask(t, f, path, text)
	}
	checkMasked(t, f, masked)

	// The same by another way: as it will be in the container.
	texts := make(map[string]string)
	for path, text := range masked {
		texts[path] = string(text)
		if strings.Contains(texts[path], "hunter2") || strings.Contains(texts[path], "horse") {
			t.Errorf("%s has a password:\n%s", path, text)
		}
	}
	again := loadFile(t, texts, defines)
	if diff := cmp.Diff(fingerprintsOf(f), fingerprintsOf(again)); diff != "" {
		t.Errorf("fingerprints (-want +got):\n%s", diff)
	}
}

// A node whose function reaches the password is another one without it, and a
// password that did not come from the literal is still there.
func TestMaskedFilesThatDiffer(t *testing.T) {
	reload := func(text string) (before, after *starlarkfuse.File) {
		f := loadFile(t, map[string]string{"main.star": text})
		again, err := f.Reload(context.Background(), starlarkfuse.WithOverlay(map[string][]byte{"main.star": mask(t, f, "main.star", text)}))
		if err != nil {
			t.Fatal(explain(err))
		}
		return f, again
	}
	before, after := reload(secretWorkflow + `
pw = "hunter2"
m = workflow(lambda: pw)().set_name("m")
KFPWorkflow(n, m, registry_credentials = {"server": "r", "password": pw})
`)
	var changed []string
	for name, fp := range fingerprintsOf(before) {
		if fingerprintsOf(after)[name] != fp {
			changed = append(changed, name)
		}
	}
	if got := strings.Join(changed, " "); got != "main/m" {
		t.Errorf("changed: %q", got)
	}
	_, after = reload(secretWorkflow + `
x = "hunter2"
KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hun" + "ter2"})
`)
	if got := after.Workflows()[0].Settings().Credentials.Password(); got != "hunter2" {
		t.Errorf("the password is %q", got)
	}
}

func TestMaskOutsideTheText(t *testing.T) {
	text := []byte("short\n")
	places := []starlarkfuse.PasswordLiteral{{Start: -3, End: 1}, {Start: 4, End: 400}, {Start: 90, End: 99}, {Start: 3, End: 2}}
	if got := string(starlarkfuse.Mask(text, places)); got != "*hor*\n" || string(text) != "short\n" {
		t.Errorf("got %q from %q", got, text)
	}
}

func FuzzMask(f *testing.F) {
	for _, seed := range []string{
		`x = {"server": "r", "password": "hunter2"}`,
		"x = {'server': r'r', 'password': r'''hun\r\nter\\\r2'''}\r\ny: int = 1",
		"def f(x: int) -> str: return {\"password\": (\"h\\\nu\\\\\"), \"server\": \"ö\", \"password\": '\\'ö😀'}",
		"type Größe = str\nx: Größe = {'server': 1, 'password': '\\x41\\\r\\u00e9'}\r",
		`{"server": {"server": 1, "password": "b"}, "password": "password"}`,
	} {
		f.Add(seed)
	}
	lineEnds := func(text []byte) []byte {
		return bytes.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return r
			}
			return -1
		}, text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		places := starlarkfuse.CredentialLiterals("x.star", []byte(text))
		masked := starlarkfuse.Mask([]byte(text), places)
		if len(masked) != len(text) || !bytes.Equal(lineEnds(masked), lineEnds([]byte(text))) {
			t.Fatalf("%q becomes %q", text, masked)
		}
		// What was a password still is one, at the same place: so all parsed.
		again := starlarkfuse.CredentialLiterals("x.star", masked)
		if len(again) != len(places) {
			t.Fatalf("%d passwords in %q, %d in %q", len(places), text, len(again), masked)
		}
		for i, p := range places {
			if p.Start >= p.End || again[i].Start != p.Start || again[i].End != p.End || again[i].Pos.Line != p.Pos.Line {
				t.Errorf("%+v in %q, %+v in %q", p, text, again[i], masked)
			}
		}
	})
}

// FuzzPasswordLiterals takes any text as the content of a literal.
func FuzzPasswordLiterals(f *testing.F) {
	for _, seed := range []string{"hunter2", `\x41\"`, "a\\\r\n\\\\b", "ö😀", "'''", `""`} {
		for quotes := range 12 {
			f.Add(seed, uint8(quotes))
		}
	}
	prefixes, quotes := []string{"", "r"}, []string{`"`, `'`, `"""`, `'''`}
	f.Fuzz(func(t *testing.T, content string, form uint8) {
		quote := quotes[form%4]
		literal := prefixes[form/4%2] + quote + content + quote
		text := secretWorkflow + "x = {'ö': " + literal + "}\nKFPWorkflow(n, registry_credentials = {'server': 'r', 'password': x['ö']})\n"
		file, err := starlarkfuse.LoadFile(context.Background(), "main.star", starlarkfuse.WithFS(mapFS(text)), starlarkfuse.WithMaxSteps(10_000))
		if err != nil || len(file.Workflows()) != 1 || file.Workflows()[0].Settings().Credentials.Password() == "" {
			return
		}
		places, err := file.PasswordLiterals()
		if err != nil {
			return // the content ended the literal, and more came
		}
		again, err := file.Reload(context.Background(), starlarkfuse.WithOverlay(map[string][]byte{"main.star": starlarkfuse.Mask([]byte(text), places)}))
		if err != nil {
			t.Fatalf("%q: %s", text, explain(err))
		}
		if !maps.Equal(fingerprintsOf(file), fingerprintsOf(again)) {
			t.Errorf("%q: the fingerprints differ", text)
		}
	})
}
