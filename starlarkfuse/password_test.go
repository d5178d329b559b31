package starlarkfuse_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// loadFile loads the files of a test and returns the main one.
func loadFile(t testing.TB, files map[string]string, opts ...starlarkfuse.Option) *starlarkfuse.File {
	t.Helper()
	f, err := starlarkfuse.LoadFile(context.Background(), "main.star", append(opts, starlarkfuse.WithFS(textFS(files)))...)
	if err != nil {
		t.Fatal(explain(err))
	}
	return f
}

func textFS(files map[string]string) fstest.MapFS {
	fsys := make(fstest.MapFS)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

// describePlaces shows each place with the text that is there.
func describePlaces(files map[string]string, places []starlarkfuse.PasswordLiteral) string {
	var all []string
	for _, p := range places {
		all = append(all, fmt.Sprintf("%s %q", p.Pos, files[p.Path][p.Start:p.End]))
	}
	return strings.Join(all, "\n")
}

const secretWorkflow = `
def f(x):
    return x
f = workflow(f)
n = f(1)
`

func TestPasswordLiterals(t *testing.T) {
	const cannot = "registry_credentials: the password cannot be masked in the workflow's image, because no file has it as one literal\n" + hintSecretEnv
	for _, test := range []struct {
		name, text string
		files      map[string]string
		want       string
	}{
		{name: "no credentials", text: `KFPWorkflow(n)`},
		{name: "no password", text: `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "hunter2"})`},
		{name: "an empty one", text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": ""}); x = ""`},
		{name: "secret_env", text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": secret_env("PW")})`},
		{
			name: "in the declaration",
			text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hunter2"})`,
			want: `main.star:6:67 "hunter2"`,
		}, {
			name: "by the setter",
			text: `KFPWorkflow(n).set_registry_credentials({"server": "r", "password": "hunter2"})`,
			want: `main.star:6:69 "hunter2"`,
		}, {
			name: "in a variable",
			text: "pw = ('hunter2')\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": pw})",
			want: `main.star:6:7 "hunter2"`,
		}, {
			name: "the default of a define",
			text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": define("pw", "hunter2")})`,
			want: `main.star:6:80 "hunter2"`,
		}, {
			name: "the user name is the same",
			text: `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "hunter2", "password": "hunter2"})`,
			want: `main.star:6:67 "hunter2"` + "\n" + `main.star:6:90 "hunter2"`,
		}, {
			name: "other literals are other texts",
			text: `KFPWorkflow(n, registry_credentials = {"server": "hunter22", "username": "hunter", "password": "hunter2"})`,
			want: `main.star:6:96 "hunter2"`,
		}, {
			name: "all forms of literals",
			text: `pw = ["hunter2", 'hunter2', r"hunter2", b"hunter2", rb'hunter2', """hunter2""", '''hunter2''', r'''hunter2''', "\x68\165\u006eter2"]
KFPWorkflow(n, registry_credentials = {"server": "r", "password": pw[0]})`,
			want: `main.star:6:7 "hunter2"
main.star:6:18 "hunter2"
main.star:6:29 "hunter2"
main.star:6:41 "hunter2"
main.star:6:53 "hunter2"
main.star:6:66 "hunter2"
main.star:6:81 "hunter2"
main.star:6:96 "hunter2"
main.star:6:112 "\\x68\\165\\u006eter2"`,
		}, {
			name: "in a function, a default and a docstring",
			text: `def g(a = "hunter2"):
    "hunter2"
    if a: return lambda: "hunter2"
KFPWorkflow(n, registry_credentials = {"server": "r", "password": g()()})`,
			want: "main.star:6:11 \"hunter2\"\nmain.star:7:5 \"hunter2\"\nmain.star:8:26 \"hunter2\"",
		}, {
			name: "characters outside ASCII",
			text: `größe, pw = "äöü→😀", "pässwörd😀"; KFPWorkflow(n, registry_credentials = {"server": "r", "password": pw})`,
			want: `main.star:6:22 "pässwörd😀"`,
		}, {
			name: "annotations",
			text: "type Größe = str\npw: Größe = \"hunter2\"; y: list[Größe] = ['hunter2']\ndef g(a: Größe = 'hunter2') -> Größe: return 'hunter2'\n" +
				`KFPWorkflow(n, registry_credentials = {"server": "r", "password": pw})`,
			// Columns on the right of such an annotation count its bytes.
			want: "main.star:7:15 \"hunter2\"\nmain.star:7:46 \"hunter2\"\nmain.star:8:20 \"hunter2\"\nmain.star:8:50 \"hunter2\"",
		}, {
			name: "another workflow of the file",
			text: `KFPWorkflow(n, workflow_name = "a", registry_credentials = {"server": "r", "password": "hunter2"})
KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "r", "password": "correct horse"}).run()
KFPWorkflow(n, workflow_name = "c", registry_credentials = {"server": "r", "password": "hunter2"})`,
			want: "main.star:6:88 \"hunter2\"\nmain.star:7:88 \"correct horse\"\nmain.star:8:88 \"hunter2\"",
		}, {
			name: "credentials that were replaced",
			text: `wf = KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hunter2"})
wf.set_registry_credentials({"server": "r", "password": secret_env("PW")})`,
			want: `main.star:6:72 "hunter2"`,
		}, {
			name: "loaded files",
			text: `load("lib/z.star", "pw")
load("lib/a.star", "other")
KFPWorkflow(n, registry_credentials = {"server": "r", "password": pw})
x = "hunter2"`,
			files: map[string]string{"lib/z.star": `pw = "hunter2"`, "lib/a.star": "other = [\n'''hunter2''', 'hunter2']", "lib/unused.star": `pw = "hunter2"`},
			want:  "lib/a.star:2:1 \"hunter2\"\nlib/a.star:2:16 \"hunter2\"\nlib/z.star:1:6 \"hunter2\"\nmain.star:9:5 \"hunter2\"",
		},
		{name: "a sum", text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hun" + "ter2"})`, want: "main.star:6:12: " + cannot},
		{name: "a format", text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "%s2" % "hunter"})`, want: "main.star:6:12: " + cannot},
		{
			name:  "a file",
			text:  `KFPWorkflow(n).set_registry_credentials({"server": "r", "password": read_file("pw.txt").strip()})`,
			files: map[string]string{"pw.txt": "hunter2\n"},
			want:  "main.star:6:40: " + cannot,
		}, {
			name: "one of several",
			text: `KFPWorkflow(n, workflow_name = "a", registry_credentials = {"server": "r", "password": "hunter2"}).run()
KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "r", "password": "correct " + "horse"})`,
			want: "main.star:7:12: " + cannot,
		}, {
			name: "a login in the address",
			text: `KFPWorkflow(n, registry_credentials = {"server": "https://me:hunter2@r.example.com", "password": "correct horse"})`,
			want: "main.star:6:12: registry_credentials: \"server\" holds a login, which cannot be masked in the workflow's image\n" +
				`hint: write the address alone, and the login as "username" and "password"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"main.star": secretWorkflow + test.text + "\n"}
			for name, text := range test.files {
				files[name] = text
			}
			places, err := loadFile(t, files).PasswordLiterals()
			got := describePlaces(files, places)
			if err != nil {
				got += explain(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCredentialLiterals(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "x = 1", ""},
		{"credentials", `wf.set_registry_credentials({"server": "r", "username": "me", "password": "hunter2"})`, `x.star:1:75 "hunter2"`},
		{"any order, any form", `a = {'''password''': (r"hunter2"), r'server': server()}`, `x.star:1:23 "hunter2"`},
		{"unknown names", `KFPWorkflow(unknown(), registry_credentials = {"server": s, "password": "hunter2"})`, `x.star:1:73 "hunter2"`},
		{"annotations", "def f(x: int) -> dict: return {\"server\": x, \"password\": \"hunter2\"}", `x.star:1:57 "hunter2"`},
		{"nested", `x = {"server": {"server": 1, "password": "b"}, "password": "a", "password": "c"}`, "x.star:1:42 \"b\"\nx.star:1:60 \"a\"\nx.star:1:77 \"c\""},
		{"an empty one", `x = {"server": 1, "password": ""}`, ""},
		{"no server", `x = {"password": "hunter2"}`, ""},
		{"no literal", `x = {"server": 1, "password": pw, "pass" + "word": "x", 1: "y", b"password": "z"}`, ""},
		{"bytes", `x = {"server": 1, "password": b"hunter2"}`, ""},
		{"a comprehension", `x = {"server": "password" for server in password}`, ""},
		{"no Starlark", `{"server": 1, "password": "hunter2"`, ""},
		{"not UTF-8", "x = {\"server\": 1, \"password\": \"hunter2\"} # \xff", ""},
		{"a long chain", `x = {"server": 1, "password": "hunter2"}` + strings.Repeat(" | x", 10_001), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			places := starlarkfuse.CredentialLiterals("x.star", []byte(test.text))
			if got := describePlaces(map[string]string{"x.star": test.text}, places); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// A file may be masked while its nodes run.
func TestPasswordLiteralsConcurrently(t *testing.T) {
	f := loadFile(t, map[string]string{"main.star": secretWorkflow + `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hunter2"})`})
	done := make(chan []starlarkfuse.PasswordLiteral)
	for range 4 {
		go func() {
			f.Workflows()[0].Nodes()[0].Fingerprint()
			places, err := f.PasswordLiterals()
			if err != nil {
				t.Error(err)
			}
			done <- places
		}()
	}
	first := <-done
	for range 3 {
		if got := <-done; !slices.Equal(got, first) || len(got) != 1 {
			t.Errorf("%v and %v", first, got)
		}
	}
}
