package starlarkfuse_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/starlarkfuse/fuse/starlarkfuse"
	"github.com/starlarkfuse/fuse/value"
)

// withCredentials returns a file with a workflow that has these.
func withCredentials(credentials string) string {
	return graphPrelude + "n = f()\nKFPWorkflow(n, workflow_name = \"w\", registry_credentials = " + credentials + ")\n"
}

func TestLogin(t *testing.T) {
	env := map[string]string{"REG_USER": "robot", "REG_PASSWORD": "hunter2", "EMPTY": ""}
	lookup := func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
	for _, test := range []struct{ name, credentials, want string }{
		{"plain", `{"server": "r", "username": "me", "password": "pw"}`, "me pw"},
		{"no login", `{"server": "r"}`, " "},
		{"both secret", `{"server": "r", "username": secret_env("REG_USER"), "password": secret_env("REG_PASSWORD")}`, "robot hunter2"},
		{"the password secret", `{"server": "r", "username": "me", "password": secret_env(name = "REG_PASSWORD")}`, "me hunter2"},
		{
			"not set", `{"server": "r.example.com", "username": "me", "password": secret_env("UNSET")}`,
			"main.star:6:12: registry_credentials: the environment variable UNSET is not set\n" +
				"hint: set it to the password for r.example.com, where the image is pushed",
		},
		{
			"empty", `{"server": "r.example.com", "username": secret_env("EMPTY"), "password": secret_env("REG_PASSWORD")}`,
			"main.star:6:12: registry_credentials: the environment variable EMPTY is empty\n" +
				"hint: set it to the user name for r.example.com, where the image is pushed",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := mustLoad(t, withCredentials(test.credentials)).Settings().Credentials
			username, password, err := c.Login(lookup)
			got := username + " " + password
			if err != nil {
				got = explain(err)
				if username != "" || password != "" {
					t.Errorf("an error, and %q, %q", username, password)
				}
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// What only the environment has is in no field.
func TestSecretsAreNotResolvedByTheLoad(t *testing.T) {
	t.Setenv("REG_USER", "robot")
	t.Setenv("REG_PASSWORD", "hunter2")
	c := mustLoad(t, withCredentials(`{"server": "r", "username": secret_env("REG_USER"), "password": secret_env("REG_PASSWORD")}`)).Settings().Credentials
	if c.Username != "" || c.Password() != "" {
		t.Errorf("user %q, password %q", c.Username, c.Password())
	}
	if got, want := fmt.Sprint(c), `secret_env("REG_USER"):secret_env("REG_PASSWORD")@r`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Whatever is printed, and by which verb, shows no password.
func TestPrintingShowsNoPassword(t *testing.T) {
	var printed []string
	wf, err := load(t, map[string]string{"main.star": withCredentials(`{"server": "https://urluser:urlsecret@r.example.com/team", "username": "me", "password": "hunter2"}`) +
		"print(KFPWorkflow(n, workflow_name = \"other\"), KFPWorkflow)\n"},
		starlarkfuse.WithPrint(func(_, text string) { printed = append(printed, text) }), starlarkfuse.WithWorkflow("w"))
	if err != nil {
		t.Fatal(explain(err))
	}
	set := wf.Settings()
	if got, want := fmt.Sprint(set.Credentials), "me:***@https://r.example.com/team"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{set, &set, set.Credentials, &set.Credentials, wf, *wf, wf.File(), []any{wf}} {
			printed = append(printed, fmt.Sprintf(verb, v))
		}
	}
	for _, text := range printed {
		for _, secret := range []string{"hunter2", "68756e74657232", "urlsecret", "75726c736563726574"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q shows a password: %s", secret, text)
			}
		}
	}
}

// A secret that a function reaches is inert there, and no result.
func TestSecretInsideANode(t *testing.T) {
	wf := mustLoad(t, `
token = secret_env("TOKEN")
def text():
    return "%s" % token
def itself():
    return token
def make():
    return secret_env("TOKEN")
n = [workflow(text)(), workflow(itself)(), workflow(make)()]
`)
	results, err := run(wf)
	want := "make_0000: main.star:8:22: secret_env: only while the file is loading, not inside a node function"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if got, want := results["text_0000"].String(), `"secret_env(\"TOKEN\")"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := value.Encode(results["itself_0000"]); err == nil || !strings.Contains(err.Error(), "secret_env") {
		t.Errorf("the value format takes a secret: %v", err)
	}
}

// A fingerprint covers the name of the variable, and not its value.
func TestSecretInFingerprint(t *testing.T) {
	text := `
token = secret_env("TOKEN")
workflow(lambda: type(token))()
`
	fingerprint := func(text string) string { return mustLoad(t, text).Nodes()[0].Fingerprint() }
	before := fingerprint(text)
	t.Setenv("TOKEN", "hunter2")
	if got := fingerprint(text); got != before {
		t.Errorf("%s, then %s", before, got)
	}
	if got := fingerprint(strings.Replace(text, "TOKEN", "OTHER", 1)); got == before {
		t.Error("the name makes no difference")
	}
}

// The overrides of define are in the arguments of the containers.
func TestPasswordFromDefine(t *testing.T) {
	for _, given := range []string{"hunter2", `"hunter2"`} {
		_, err := load(t, map[string]string{"main.star": withCredentials(`{"server": "r", "username": define("user", "me"), "password": define("pw", "x")}`)},
			starlarkfuse.WithDefines(map[string]string{"user": "you", "pw": given}))
		want := "main.star:6:12: registry_credentials: the password is the value given for define \"pw\", which is written into the spec\n" + hintSecretEnv
		if err == nil || explain(err) != want {
			t.Errorf("got  %s\nwant %s", explain(err), want)
		}
	}
}

const hintSecretEnv = `hint: write "password": secret_env("REGISTRY_PASSWORD"), and set this variable where the image is pushed`
