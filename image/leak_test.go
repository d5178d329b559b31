package image_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/compiler"
	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// function makes the nodes of the workflows that have passwords.
const function = `
def f(x):
    return x
f = workflow(f)
n = f(1)
`

// environment is what secret_env finds.
func environment(name string) (string, bool) {
	v, ok := map[string]string{"REGISTRY_USER": "robot", "REGISTRY_PASSWORD": "correct-horse-battery"}[name]
	return v, ok
}

// wayToGive is a way to give the password of a registry, and what the image
// then has of the files.
type wayToGive struct {
	name      string
	files     map[string]string // pipeline.star, and others
	passwords []string          // that must be nowhere
	users     []string
	masked    map[string]string // the texts of files that are not as they were
	opts      []image.Option
}

func waysToGive() []wayToGive {
	declared := func(password string) string {
		return function + `KFPWorkflow(n, registry_credentials = {"server": "r.example.com/team", "username": "robot", "password": ` + password + "})\n"
	}
	return []wayToGive{
		{
			name:      "a literal",
			files:     map[string]string{"pipeline.star": declared(`"hunter2hunter2"`)},
			masked:    map[string]string{"pipeline.star": declared(`"**************"`)},
			passwords: []string{"hunter2hunter2"}, users: []string{"robot"},
		}, {
			name:      "a short literal",
			files:     map[string]string{"pipeline.star": declared(`"pw1"`), "notes.txt": "pw11 spw1\n"},
			masked:    map[string]string{"pipeline.star": declared(`"***"`)},
			passwords: []string{`"pw1"`}, users: []string{"robot"},
		}, {
			name:      "a literal with escapes",
			files:     map[string]string{"pipeline.star": declared(`'\x68unter2\150unter2\n'`)},
			masked:    map[string]string{"pipeline.star": declared(`'**********************'`)},
			passwords: []string{"hunter2hunter2", `\x68unter2`}, users: []string{"robot"},
		}, {
			name:      "a literal of several lines, outside ASCII",
			files:     map[string]string{"pipeline.star": declared("'''größe\nund\nmehr'''")},
			masked:    map[string]string{"pipeline.star": declared("'''*******\n***\n****'''")},
			passwords: []string{"größe", "mehr'"}, users: []string{"robot"},
		}, {
			name:      "a file with CRLF",
			files:     map[string]string{"pipeline.star": strings.ReplaceAll(declared(`"hunter2hunter2"`), "\n", "\r\n")},
			masked:    map[string]string{"pipeline.star": strings.ReplaceAll(declared(`"**************"`), "\n", "\r\n")},
			passwords: []string{"hunter2hunter2"}, users: []string{"robot"},
		}, {
			name: "a variable, by the setter",
			files: map[string]string{"pipeline.star": function + `pw = "hunter2hunter2" # größe
wf = KFPWorkflow(n, workflow_name = "größe")
wf.set_registry_credentials({"server": "r.example.com", "username": "robot", "password": pw})
`},
			masked: map[string]string{"pipeline.star": function + `pw = "**************" # größe
wf = KFPWorkflow(n, workflow_name = "größe")
wf.set_registry_credentials({"server": "r.example.com", "username": "robot", "password": pw})
`},
			passwords: []string{"hunter2hunter2"}, users: []string{"robot"},
		}, {
			name: "a loaded file, with one that is not used",
			files: map[string]string{
				"pipeline.star":  "load(\"lib/login.star\", \"login\")\n" + function + "KFPWorkflow(n, registry_credentials = login)\n",
				"lib/login.star": `login = {"server": "r", "username": "robot", "password": "hunter2hunter2"}; staging = {"server": "s", "password": "correct horse"}` + "\n",
			},
			masked: map[string]string{
				"lib/login.star": `login = {"server": "r", "username": "robot", "password": "**************"}; staging = {"server": "s", "password": "*************"}` + "\n",
			},
			passwords: []string{"hunter2hunter2", "correct horse"}, users: []string{"robot"},
		}, {
			name: "several workflows",
			files: map[string]string{"pipeline.star": function + `
KFPWorkflow(n, workflow_name = "a", registry_credentials = {"server": "a", "username": "robot", "password": "hunter2hunter2"}).run()
KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "b", "username": "human", "password": "correct horse"})
`},
			masked: map[string]string{"pipeline.star": function + `
KFPWorkflow(n, workflow_name = "a", registry_credentials = {"server": "a", "username": "robot", "password": "**************"}).run()
KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "b", "username": "human", "password": "*************"})
`},
			passwords: []string{"hunter2hunter2", "correct horse"}, users: []string{"robot", "human"},
		}, {
			name: "credentials that are replaced",
			files: map[string]string{"pipeline.star": function + `wf = KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hunter2hunter2"})
wf.set_registry_credentials({"server": "r", "username": "robot", "password": secret_env("REGISTRY_PASSWORD")})
`},
			masked: map[string]string{"pipeline.star": function + `wf = KFPWorkflow(n, registry_credentials = {"server": "r", "password": "**************"})
wf.set_registry_credentials({"server": "r", "username": "robot", "password": secret_env("REGISTRY_PASSWORD")})
`},
			passwords: []string{"hunter2hunter2", "correct-horse-battery"}, users: []string{"robot"},
		}, {
			name:      "the user name is the password",
			files:     map[string]string{"pipeline.star": function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "hunter2", "password": "hunter2"})` + "\n"},
			masked:    map[string]string{"pipeline.star": function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "*******", "password": "*******"})` + "\n"},
			passwords: []string{"hunter2"}, users: []string{"hunter2"},
		}, {
			name:      "secret_env",
			files:     map[string]string{"pipeline.star": function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": secret_env("REGISTRY_USER"), "password": secret_env("REGISTRY_PASSWORD")})` + "\n"},
			passwords: []string{"correct-horse-battery"}, users: []string{"robot"},
		}, {
			name:      "an option",
			files:     map[string]string{"pipeline.star": pipeline},
			passwords: []string{"hunter2hunter2"}, users: []string{"robot"},
			opts: []image.Option{image.WithLogin("r.example.com", "robot", "hunter2hunter2")},
		}, {
			name: "the files of other workflows",
			files: map[string]string{
				"pipeline.star":   pipeline,
				"other.star":      "def f(x: int) -> int: return x\nKFPWorkflow(workflow(f)(1), registry_credentials = {\"password\": 'hunter2', 'server': 'r'})\n",
				"old/broken.star": `"password": "hunter2", "server" = `,
			},
			masked: map[string]string{
				"other.star": "def f(x: int) -> int: return x\nKFPWorkflow(workflow(f)(1), registry_credentials = {\"password\": '*******', 'server': 'r'})\n",
			},
			passwords: nil, users: []string{"robot"},
		}, {
			name: "a node that has its own use for what looks like credentials",
			files: map[string]string{
				"pipeline.star": `load("lib.star", "sql")
def query(x):
    return sql({"server": "db.example.com", "password": "postgres"}, x)
staging = {"server": "s", "password": "correct horse"}
KFPWorkflow(workflow(query)(1), registry_credentials = {"server": "r", "password": "hunter2hunter2"})
`,
				"lib.star": `def sql(login, x): return [login, {"server": "x", "password": "mysql"}]` + "\n" + `unused = {"server": "s", "password": "correct horse"}` + "\n",
			},
			masked: map[string]string{
				"pipeline.star": `load("lib.star", "sql")
def query(x):
    return sql({"server": "db.example.com", "password": "postgres"}, x)
staging = {"server": "s", "password": "*************"}
KFPWorkflow(workflow(query)(1), registry_credentials = {"server": "r", "password": "**************"})
`,
				"lib.star": `def sql(login, x): return [login, {"server": "x", "password": "mysql"}]` + "\n" + `unused = {"server": "s", "password": "*************"}` + "\n",
			},
			passwords: []string{"hunter2hunter2", "correct horse"}, users: []string{"robot"},
		},
	}
}

// No password is in the image, whatever is unpacked, nor in the spec; and what
// is masked is what must be, and makes the same workflow.
func TestNoPasswordInImage(t *testing.T) {
	for _, way := range waysToGive() {
		t.Run(way.name, func(t *testing.T) {
			wf := workflow(t, way.files)
			img := build(t, wf, append([]image.Option{image.WithLookup(environment)}, way.opts...)...)
			for name, text := range way.files {
				if masked, ok := way.masked[name]; ok {
					text = masked
				}
				if got := sourceText(t, img, name); got != text {
					t.Errorf("%s is\n%s\nwant\n%s", name, got, text)
				}
			}
			spec := compiled(t, wf)
			if got := compiled(t, load(t, filepath.Join(unpackedTo(t, img), "ffrun"), starlarkfuse.WithWorkflow(wf.Name()))); got != spec {
				t.Errorf("the image makes another workflow:\n%s\nnot\n%s", got, spec)
			}
			every := everything(t, layoutOf(t, img))
			every["the spec"] = []byte(spec)
			for _, password := range way.passwords {
				for _, form := range formsOf(password, way.users) {
					for name, text := range every {
						if bytes.Contains(text, []byte(form)) {
							t.Errorf("%s has the password %s, as %s", name, password, form)
						}
					}
				}
			}
		})
	}
}

// formsOf are the texts from which somebody can tell a password.
func formsOf(password string, users []string) []string {
	quoted, _ := json.Marshal(password)
	forms := []string{password, url.QueryEscape(password), string(quoted[1 : len(quoted)-1])}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		forms = append(forms, enc.EncodeToString([]byte(password)))
		for _, user := range users {
			forms = append(forms, enc.EncodeToString([]byte(user+":"+password)))
		}
	}
	return forms
}

func compiled(t *testing.T, wf *starlarkfuse.Workflow) string {
	t.Helper()
	spec, err := compiler.Compile(wf, compiler.WithImage("r.example.com/x@sha256:0"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := spec.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// everything is all that is in a layout: each file, and what a compressed one
// holds.
func everything(t *testing.T, layout string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(layout, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		all[name] = text
		if z, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			if all[name+", unpacked"], err = io.ReadAll(z); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 8 { // three layers twice, configuration, manifest, index, oci-layout
		t.Errorf("a layout of %d files", len(all))
	}
	return all
}

// What an error or a value of the package prints has no password.
func TestNoPasswordInText(t *testing.T) {
	wf := workflow(t, map[string]string{
		"pipeline.star": function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "robot", "password": "hunter2hunter2"})` + "\n",
		"notes.txt":     "\n\nit is hunter2hunter2\n",
	})
	var told []string
	_, err := image.Build(context.Background(), wf, defaults(t,
		image.WithNotes(func(text string) { told = append(told, text) }),
		image.WithProgress(func(p image.Progress) { told = append(told, string(p.Stage)+p.What) }))...)
	if err == nil {
		t.Fatal("no error")
	}
	told = append(told, err.Error(), hintOf(err))
	for _, text := range told {
		if strings.Contains(text, "hunter2") {
			t.Errorf("it says %s", text)
		}
	}
}
