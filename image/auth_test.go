package image_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/starlarkfuse/fuse/image"
)

// A loginWall lets requests with one login through to a registry.
type loginWall struct {
	*testRegistry
	user, password string

	mu  sync.Mutex
	got map[string]bool // the logins that came, as "user:password"
}

func (l *loginWall) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	user, password, ok := req.BasicAuth()
	if ok {
		l.mu.Lock()
		if l.got == nil {
			l.got = make(map[string]bool)
		}
		l.got[user+":"+password] = true
		l.mu.Unlock()
	}
	if user != l.user || password != l.password {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		status(401, "UNAUTHORIZED")(w, req)
		return
	}
	l.testRegistry.ServeHTTP(w, req)
}

// keychain is one with a login for every registry; none for "".
func keychain(user, password string) image.Option {
	return image.WithKeychain(constant{authn.AuthConfig{Username: user, Password: password}})
}

type constant struct{ authn.AuthConfig }

func (c constant) Resolve(authn.Resource) (authn.Authenticator, error) {
	if c.AuthConfig == (authn.AuthConfig{}) {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(c.AuthConfig), nil
}

const credentials = `
wf.set_registry_credentials({"server": %q, "username": %s, "password": %s})
`

// Of several logins for a registry, the nearest to the push counts.
func TestWhichLogin(t *testing.T) {
	own := fmt.Sprintf(pipeline+credentials, "https://registry.example.com/team", `"own"`, `secret_env("PW")`)
	other := fmt.Sprintf(pipeline+credentials, "other.example.com", `"own"`, `secret_env("PW")`)
	serverOnly := pipeline + `wf.set_registry_credentials({"server": "registry.example.com/team"})` + "\n"
	given := func(host, user string) image.Option { return image.WithLogin(host, user, "pw-"+user) }
	for _, test := range []struct {
		name, file string
		build      []image.Option
		push       []image.Option
		want       string
	}{
		{"none", pipeline, nil, nil, ""},
		{"the machine's", pipeline, []image.Option{keychain("machine", "pw-machine")}, nil, "machine:pw-machine"},
		{"the machine's, at the push", pipeline, nil, []image.Option{keychain("machine", "pw-machine")}, "machine:pw-machine"},
		{"the workflow's", own, []image.Option{keychain("machine", "pw-machine")}, nil, "own:pw-own"},
		{"the workflow's, of another registry", other, []image.Option{keychain("machine", "pw-machine")}, nil, "machine:pw-machine"},
		{"the workflow's, without a password", serverOnly, []image.Option{keychain("machine", "pw-machine")}, nil, "machine:pw-machine"},
		{"given", own, []image.Option{given("registry.example.com", "given")}, nil, "given:pw-given"},
		{"given as a URL", own, []image.Option{given("https://registry.example.com/v2/", "given")}, nil, "given:pw-given"},
		{"given at the push", own, nil, []image.Option{given("registry.example.com/team/sums", "given")}, "given:pw-given"},
		{"given for another registry", own, []image.Option{given("other.example.com", "given")}, nil, "own:pw-own"},
		{"given twice", own, []image.Option{given("registry.example.com", "first")}, []image.Option{given("registry.example.com", "second")}, "second:pw-second"},
	} {
		t.Run(test.name, func(t *testing.T) {
			user, password, _ := strings.Cut(test.want, ":")
			wall := &loginWall{testRegistry: unserved(t), user: user, password: password}
			lookup := image.WithLookup(func(string) (string, bool) { return "pw-own", true })
			img := build(t, workflow(t, map[string]string{"pipeline.star": test.file}), append(test.build, lookup)...)
			push(t, img, "registry.example.com/team/sums", append(test.push, image.WithTransport(direct{wall}))...)
			if test.want != "" && (len(wall.got) != 1 || !wall.got[test.want]) {
				t.Errorf("the logins were %v, want %s", wall.got, test.want)
			}
		})
	}
}

func TestLoginIsRefused(t *testing.T) {
	img := shared(t)
	wall := &loginWall{testRegistry: unserved(t), user: "alice", password: "wonderland"}
	transport := image.WithTransport(direct{wall})
	const answer = ": 401 Unauthorized"
	for _, test := range []struct {
		name string
		opts []image.Option
		hint string
	}{
		{"none", nil, "log in to registry.example.com with docker login, or give the login with registry_credentials or --registry-username"},
		{"wrong", []image.Option{image.WithLogin("registry.example.com", "alice", "looking-glass")}, "is the login for registry.example.com right, and may this user do that?"},
		{"wrong on the machine", []image.Option{keychain("alice", "looking-glass")}, "is the login for registry.example.com right, and may this user do that?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var tried retries
			_, err := img.Push(context.Background(), "registry.example.com/sums", append(test.opts, transport, tried.observe())...)
			if err == nil || !strings.HasPrefix(err.Error(), "push the ") || !strings.HasSuffix(err.Error(), answer) {
				t.Errorf("%v", err)
			}
			equal(t, "hint", hintOf(err), test.hint)
			equal(t, "tries", len(tried.all), 0)
			equal(t, "requests", wall.asked(), "")
			_, err = img.Plan(context.Background(), "registry.example.com/sums", append(test.opts, transport)...)
			if err == nil || !strings.HasPrefix(err.Error(), "ask registry.example.com/sums for a layer: HEAD ") || !strings.HasSuffix(err.Error(), answer) {
				t.Errorf("%v", err)
			}
			equal(t, "hint", hintOf(err), test.hint)
		})
	}
}

// A variable that is not set matters to who needs the registry.
func TestSecretIsNotSet(t *testing.T) {
	dir := folder(t, map[string]string{
		"pipeline.star": fmt.Sprintf(pipeline+credentials, "registry.example.com", `secret_env("REGISTRY_USER")`, `secret_env("REGISTRY_PASSWORD")`),
	})
	wf := load(t, dir)
	for _, test := range []struct {
		name, text, hint string
		env              map[string]string
	}{
		{"none", dir + "/pipeline.star:8:28: registry_credentials: the environment variable REGISTRY_USER is not set",
			"set it to the user name for registry.example.com, where the image is pushed", nil},
		{"user", dir + "/pipeline.star:8:28: registry_credentials: the environment variable REGISTRY_PASSWORD is not set",
			"set it to the password for registry.example.com, where the image is pushed", map[string]string{"REGISTRY_USER": "alice"}},
		{"no password", dir + "/pipeline.star:8:28: registry_credentials: the environment variable REGISTRY_PASSWORD is empty",
			"set it to the password for registry.example.com, where the image is pushed", map[string]string{"REGISTRY_USER": "alice", "REGISTRY_PASSWORD": ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := unserved(t)
			lookup := func(name string) (string, bool) { v, ok := test.env[name]; return v, ok }
			img := build(t, wf, image.WithLookup(lookup), image.WithTransport(direct{r}))
			var tried retries
			_, err := img.Push(context.Background(), "registry.example.com/sums", tried.observe())
			mustFail(t, err, test.text, test.hint)
			_, err = img.Plan(context.Background(), "registry.example.com/sums")
			mustFail(t, err, test.text, test.hint)
			equal(t, "tries", len(tried.all), 0)
			equal(t, "requests", len(r.log), 0)

			push(t, img, "other.example.com/sums")
			push(t, img, "registry.example.com/sums", image.WithLogin("registry.example.com", "alice", "wonderland"))
			if err := img.WriteTarball(context.Background(), new(strings.Builder), "sums"); err != nil {
				t.Error(err)
			}
			// A base image from there needs the login, too.
			_, err = image.Build(context.Background(), wf, defaults(t, image.WithLookup(lookup), image.WithTransport(direct{r}), image.WithBase("registry.example.com/base"))...)
			mustFail(t, err, test.text, test.hint)
		})
	}
}

// A configuration that cannot be read is no reason to go on without a login.
func TestBrokenDockerConfig(t *testing.T) {
	dir := folder(t, map[string]string{"config.json": "{"})
	t.Setenv("DOCKER_CONFIG", dir)
	r := unserved(t)
	var tried retries
	_, err := shared(t).Push(context.Background(), r.host+"/sums", image.WithTransport(direct{r}), tried.observe())
	mustFail(t, err, "find the login for registry.example.com in docker's configuration: parsing config file ("+dir+"/config.json): unexpected EOF",
		"mend it, or give the login with registry_credentials or --registry-username")
	equal(t, "tries", len(tried.all), 0)
	equal(t, "requests", len(r.log), 0)
	push(t, shared(t), r.host+"/sums", image.WithTransport(direct{r}), image.WithLogin(r.host, "alice", "wonderland"))
}

// Docker Hub has several names.
func TestLoginOfDockerHub(t *testing.T) {
	for _, server := range []string{"docker.io", "https://index.docker.io/v1/", "index.docker.io", "docker.io/team"} {
		for _, to := range []string{"team/sums", "docker.io/team/sums", "index.docker.io/team/sums"} {
			wall := &loginWall{testRegistry: unserved(t), user: "alice", password: "wonderland"}
			push(t, shared(t), to, image.WithTransport(direct{wall}), image.WithLogin(server, "alice", "wonderland"))
		}
	}
}
