package image_test

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/starlarkfuse/fuse/image"
	"github.com/starlarkfuse/fuse/starlarkfuse"
)

const (
	hintSecretEnv = `write "password": secret_env("REGISTRY_PASSWORD"), and set this variable where the image is pushed`
	hintElsewhere = `take it out of the file, or list the file in .fuseignore; secret_env("NAME") takes the password from an environment variable`
)

// Passwords that cannot be masked, so that nobody would notice.
func TestPasswordsThatCannotBeMasked(t *testing.T) {
	const (
		depends = "the password cannot be masked in the workflow's image: more than the login to the registry depends on it"
		noFile  = "registry_credentials: the password cannot be masked in the workflow's image, because no file has it as one literal"
		other   = "registry_credentials: the password cannot be masked in the workflow's image, because it does not come from the literal that is equal to it"
		login   = `registry_credentials: "server" holds a login, which cannot be masked in the workflow's image`
	)
	for _, test := range []struct {
		name, text string
		files      map[string]string
		want, hint string
	}{
		{
			name: "a node's function reaches it",
			text: "pw = \"hunter2\"\nm = workflow(lambda: pw)()\nKFPWorkflow(n, m, registry_credentials = {\"server\": \"r\", \"password\": pw})",
			want: "6:6: " + depends,
		}, {
			name: "a node's function has it as a default",
			text: "m = workflow(lambda a = \"hunter2\": a)()\nKFPWorkflow(n, m, registry_credentials = {\"server\": \"r\", \"password\": \"hunter2\"})",
			want: "6:25: " + depends,
		}, {
			name: "an argument",
			text: "pw = \"hunter2\"\nKFPWorkflow(f(pw), registry_credentials = {\"server\": \"r\", \"password\": pw})",
			want: "6:6: " + depends,
		}, {
			name: "an environment variable",
			text: "n.set_env_variable(\"PW\", \"hunter2\")\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": \"hunter2\"})",
			want: "6:26: " + depends,
		}, {
			name: "the workflow's name",
			text: `KFPWorkflow(n, workflow_name = "hunter2", registry_credentials = {"server": "r", "password": "hunter2"})`,
			want: "6:32: " + depends,
		}, {
			name: "a node's name",
			text: "n.set_name(\"hunter2\")\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": \"hunter2\"})",
			want: "6:12: " + depends,
		}, {
			name: "the address",
			text: `KFPWorkflow(n, registry_credentials = {"server": "hunter2", "password": "hunter2"})`,
			want: "6:50: " + depends,
		}, {
			name: "a key of the credentials",
			text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "server"})`,
			want: "6:40: " + depends,
		}, {
			name:  "the name of a loaded file",
			text:  `load("lib.star", "x"); KFPWorkflow(n, registry_credentials = {"server": "r", "password": "lib.star"})`,
			files: map[string]string{"lib.star": "x = 1\n"},
			want:  "6:6: " + depends,
		}, {
			name: "the choice between two",
			text: "pw = \"hunter2\"\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": pw if pw == \"hunter2\" else \"correct horse\"})",
			want: "",
		}, {
			name: "the choice between two, by a part",
			text: "pw = \"hunter2\"\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": pw if pw[0] == \"h\" else \"correct horse\"})",
			want: "6:6: " + depends,
		}, {
			name: "parts",
			text: `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hun" + "ter2"})`,
			want: "6:12: " + noFile,
		}, {
			name: "parts, and a literal that is equal",
			text: "x = \"hunter2\"\nKFPWorkflow(n, registry_credentials = {\"server\": \"r\", \"password\": \"hun\" + \"ter2\"})",
			want: "7:12: " + other,
		}, {
			name: "parts in another workflow of the file",
			text: `KFPWorkflow(n, workflow_name = "a", registry_credentials = {"server": "r", "password": "hunter2"}).run()
KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "r", "password": "hunter2"[:4] + "ter2"})`,
			want: "7:12: " + noFile,
		}, {
			name:  "a file of the folder",
			text:  `KFPWorkflow(n, registry_credentials = {"server": "r", "password": read_file("pw.txt").strip()})`,
			files: map[string]string{"pw.txt": "hunter2\n"},
			want:  "6:12: " + noFile,
		}, {
			name: "a URL",
			text: `KFPWorkflow(n, registry_credentials = {"server": "https://me:hunter2@r.example.com"})`,
			want: "6:12: " + login,
			hint: `write the address alone, and the login as "username" and "password"`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"pipeline.star": function + test.text + "\n"}
			for name, text := range test.files {
				files[name] = text
			}
			wf := workflow(t, files)
			_, err := image.Build(context.Background(), wf, defaults(t)...)
			_, checked := image.CheckPasswords(context.Background(), wf)
			if test.want == "" {
				if err != nil || checked != nil {
					t.Errorf("errors: %v, %v", err, checked)
				}
				return
			}
			if test.hint == "" {
				test.hint = hintSecretEnv
			}
			want := filepath.Join(wf.File().Root(), "pipeline.star") + ":" + test.want
			mustFail(t, err, want, test.hint)
			mustFail(t, checked, want, test.hint)
		})
	}
}

// A password that is masked, or is no literal at all, and stands elsewhere.
func TestPasswordsElsewhere(t *testing.T) {
	literal := function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": "robot", "password": "hunter2hunter2"})` + "\n"
	secret := function + `KFPWorkflow(n, registry_credentials = {"server": "r", "username": secret_env("REGISTRY_USER"), "password": secret_env("REGISTRY_PASSWORD")})` + "\n"
	auth := func(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }
	for _, test := range []struct {
		name, pipeline, path, text string
		line                       string
		opts                       []image.Option
	}{
		{name: "a comment", pipeline: "# hunter2hunter2\n" + literal, line: "pipeline.star:1"},
		{name: "a longer literal", pipeline: literal + `x = "my hunter2hunter2"` + "\n", line: "pipeline.star:7"},
		{name: "a name", pipeline: literal + "hunter2hunter2 = 1\n", line: "pipeline.star:7"},
		{name: "notes", pipeline: literal, path: "notes.txt", text: "user: robot\npassword: hunter2hunter2\n", line: "notes.txt:2"},
		{name: "a large file", pipeline: literal, path: "data.bin", text: strings.Repeat("\n", 3*mebibyte) + "hunter2hunter2" + strings.Repeat("\x00", mebibyte), line: "data.bin:3145729"},
		{name: "docker's configuration", pipeline: literal, path: ".docker/config.json", text: `{"auths": {"r": {"auth": "` + auth("robot:hunter2hunter2") + `"}}}`, line: ".docker/config.json:1"},
		{name: "a secret of Kubernetes", pipeline: literal, path: "secret.yaml", text: "kind: Secret\ndata:\n  password: " + auth("hunter2hunter2") + "\n", line: "secret.yaml:3"},
		{name: "another .star file", pipeline: literal, path: "x.star", text: `pw = "hunter2hunter2"`, line: "x.star:1"},
		{name: "secret_env", pipeline: secret, path: ".env", text: "REGISTRY_USER=robot\nREGISTRY_PASSWORD=correct-horse-battery\n", line: ".env:2"},
		{name: "secret_env, with the user", pipeline: secret, path: "config.json", text: auth("robot:correct-horse-battery"), line: "config.json:1"},
		{name: "an option", pipeline: pipeline, path: "x", text: "hunter2hunter2", line: "x:1", opts: []image.Option{image.WithLogin("r", "robot", "hunter2hunter2")}},
		{name: "a short one", pipeline: strings.ReplaceAll(literal, "hunter2hunter2", "pw1"), path: "x", text: "the pw1s\nare pw1\n", line: "x:2"},
		{
			name: "one of another workflow of the file", path: "x", text: "correct horse", line: "x:1",
			pipeline: function + `KFPWorkflow(n, workflow_name = "a").run()` + "\n" + `KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "r", "password": "correct horse"})` + "\n",
		}, {
			name: "one of another workflow of the file, with its user", path: "x", text: auth("humans:correct horse"), line: "x:1",
			pipeline: function + `KFPWorkflow(n, workflow_name = "a").run()` + "\n" + `KFPWorkflow(n, workflow_name = "b", registry_credentials = {"server": "r", "username": "humans", "password": "correct horse"})` + "\n",
		}, {
			name: "one that was replaced", path: "x", text: "correct horse", line: "x:1",
			pipeline: function + `wf = KFPWorkflow(n, registry_credentials = {"server": "r", "password": "correct horse"})` + "\n" + `wf.set_registry_credentials({"server": "r"})` + "\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := map[string]string{"pipeline.star": test.pipeline}
			if test.path != "" {
				files[test.path] = test.text
			}
			wf := workflow(t, files)
			opts := append(test.opts, image.WithLookup(environment))
			_, err := image.Build(context.Background(), wf, defaults(t, opts...)...)
			mustFail(t, err, wf.File().Root()+"/"+test.line+": the password of the registry stands here, and would be in the image", hintElsewhere)
			if test.path != "" {
				write(t, filepath.Join(wf.File().Root(), image.IgnoreFile), test.path)
				build(t, wf, opts...)
			}
		})
	}
}

func TestPasswordsInNames(t *testing.T) {
	const want = "the password of the registry is in the name of a file, or of what a link leads to, and would be in the image"
	login := image.WithLogin("r", "robot", "hunter2hunter2")
	wf := workflow(t, map[string]string{"pipeline.star": pipeline, "a/hunter2hunter2.key": ""})
	_, err := image.Build(context.Background(), wf, defaults(t, login)...)
	mustFail(t, err, want, "rename it, or list it in .fuseignore")

	wf = load(t, linked(t, "x -> not/hunter2hunter2"))
	_, err = image.Build(context.Background(), wf, defaults(t, login)...)
	mustFail(t, err, want, "rename it, or list it in .fuseignore")
}

// A file that is edited between the load and the build: the places of the
// passwords are not what they were.
func TestPasswordsMoved(t *testing.T) {
	const text = function + `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "\x68unter2"})` + "\n"
	for name, edited := range map[string]string{
		"another place":    "# a comment\n" + text,
		"another workflow": strings.Replace(text, "f(1)", "f(2)", 1),
		"nothing":          "",
		"another password": strings.Replace(text, `"\x68unter2"`, `"hun" + "ter2"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			wf := workflow(t, map[string]string{"pipeline.star": text})
			path := filepath.Join(wf.File().Root(), "pipeline.star")
			write(t, path, edited)
			_, err := image.Build(context.Background(), wf, defaults(t)...)
			mustFail(t, err, path+": a file of the workflow changed after it was loaded", "build again when nothing writes to its files")
		})
	}
	wf := workflow(t, map[string]string{"pipeline.star": text})
	path := filepath.Join(wf.File().Root(), "pipeline.star")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := image.Build(context.Background(), wf, defaults(t)...)
	mustFail(t, err, path+": it disappeared while the image was being built", hintGone)
}

func TestCheckPasswords(t *testing.T) {
	files := fstest.MapFS{"pipeline.star": {Data: []byte(function + `KFPWorkflow(n, registry_credentials = {"server": "r", "password": "hunter2"})` + "\n")}}
	wf, err := starlarkfuse.Load(context.Background(), "pipeline.star", starlarkfuse.WithFS(files))
	if err != nil {
		t.Fatal(err)
	}
	places, err := image.CheckPasswords(context.Background(), wf, image.WithFolder(files))
	if err != nil || len(places) != 1 || places[0].Pos.String() != "pipeline.star:6:67" {
		t.Errorf("%v, %v", places, err)
	}
	_, err = image.CheckPasswords(context.Background(), wf)
	mustFail(t, err, "the workflow was loaded from a file system: give that with WithFolder", "")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := image.CheckPasswords(ctx, wf, image.WithFolder(files)); err != context.Canceled {
		t.Errorf("error of what was stopped: %v", err)
	}
	if places, err := image.CheckPasswords(context.Background(), sums(t)); places != nil || err != nil {
		t.Errorf("a workflow without passwords: %v, %v", places, err)
	}
}
