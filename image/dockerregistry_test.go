package image_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/starlarkfuse/fuse/image"
)

// What the registry in memory takes, a real one takes, too.
func TestDockerRegistry(t *testing.T) {
	host := dockerRegistry(t, "", "")
	base := baseImage(t, docker, "linux/amd64")
	ref, err := name.ParseReference(host + "/library/base:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, base); err != nil {
		t.Fatal(err)
	}
	dir := folder(t, map[string]string{"pipeline.star": pipeline})

	img := build(t, load(t, dir))
	pushed := push(t, img, host+"/team/sums", image.WithTags("v1"))
	pull(t, pushed.Reference)
	pull(t, host+"/team/sums:v1")
	pushed = push(t, img, host+"/team/sums", image.WithTags("v1"))
	equal(t, "unchanged", pushed.Unchanged, true)
	equal(t, "bytes", pushed.Uploaded, 0)

	write(t, filepath.Join(dir, "pipeline.star"), strings.Replace(pipeline, "a + b", "b + a", 1))
	changed := build(t, load(t, dir))
	var done []string
	pushed = push(t, changed, host+"/team/sums", image.WithTags("v1"), stages(&done))
	equal(t, "layers", strings.Join(done, ", "), "exists base, exists binary, uploaded config, uploaded source")
	if pushed.Uploaded == 0 || pushed.Uploaded > 4<<10 {
		t.Errorf("%d bytes were sent", pushed.Uploaded)
	}
	pull(t, pushed.Reference)

	based := build(t, load(t, dir), image.WithBase(ref.String()))
	done = nil
	pushed = push(t, based, host+"/team/sums", stages(&done))
	equal(t, "layers", strings.Join(done, ", "), "exists binary, exists source, mounted base, mounted base, uploaded config")
	checkOnBase(t, pull(t, pushed.Reference), base, docker)

	both := build(t, load(t, dir), image.WithPlatforms("linux/amd64", "linux/arm64"), image.WithBinaries(program(t, "arm64")))
	pushed = push(t, both, host+"/team/sums:both")
	index, err := name.ParseReference(pushed.Reference)
	if err != nil {
		t.Fatal(err)
	}
	got, err := remote.Index(index)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(got); err != nil {
		t.Error(err)
	}
	plan, err := both.Plan(context.Background(), host+"/team/sums")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "unchanged", plan.Unchanged, true)
	for _, m := range both.Manifests() {
		for _, l := range m.Layers {
			equal(t, l.Role+" is there", plan.Present[l.Digest], true)
		}
	}
}

// A login comes from one of the places where people keep it.
func TestDockerRegistryLogin(t *testing.T) {
	host := dockerRegistry(t, "", withPasswords(t))
	configured := func(config string) func(*testing.T) {
		return func(t *testing.T) {
			t.Setenv("DOCKER_CONFIG", folder(t, map[string]string{"config.json": config}))
		}
	}
	own := func(password string) string {
		return pipeline + fmt.Sprintf("wf.set_registry_credentials({\"server\": %q, \"username\": \"alice\", \"password\": %s})\n", host, password)
	}
	const (
		wrong = "is the login for %s right, and may this user do that?"
		none  = "log in to %s with docker login, or give the login with registry_credentials or --registry-username"
	)
	for _, test := range []struct {
		name     string
		workflow string
		setup    func(*testing.T)
		opts     []image.Option
		hint     string // "": it works
	}{
		{"given", pipeline, nil, []image.Option{image.WithLogin(host, "alice", "wonderland")}, ""},
		{"given, wrong", pipeline, nil, []image.Option{image.WithLogin(host, "alice", "looking-glass")}, wrong},
		{"none", pipeline, nil, nil, none},
		{"docker's configuration", pipeline,
			configured(fmt.Sprintf(`{"auths": {%q: {"auth": %q}}}`, host, base64.StdEncoding.EncodeToString([]byte("alice:wonderland")))), nil, ""},
		{"docker's configuration, of another registry", pipeline,
			configured(`{"auths": {"registry.example.com": {"username": "alice", "password": "wonderland"}}}`), nil, none},
		{"a credential helper", pipeline, func(t *testing.T) {
			configured(fmt.Sprintf(`{"credHelpers": {%q: "test"}}`, host))(t)
			dir := folder(t, map[string]string{"docker-credential-test": `#!/bin/sh
read -r server
test "$1" = get && test "$server" = "` + host + `" && echo '{"ServerURL": "", "Username": "alice", "Secret": "wonderland"}'
`})
			if err := os.Chmod(filepath.Join(dir, "docker-credential-test"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
		}, nil, ""},
		{"the workflow's", own(`"wonderland"`), nil, nil, ""},
		{"the workflow's, wrong", own(`"looking-glass"`), nil, nil, wrong},
		{"a variable", own(`secret_env("REGISTRY_PASSWORD")`), nil,
			[]image.Option{image.WithLookup(func(name string) (string, bool) { return "wonderland", name == "REGISTRY_PASSWORD" })}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.setup != nil {
				test.setup(t)
			}
			img := build(t, workflow(t, map[string]string{"pipeline.star": test.workflow}), test.opts...)
			repo := host + "/" + strings.ReplaceAll(strings.ReplaceAll(test.name, " ", "-"), "'", "")
			repo = strings.ReplaceAll(repo, ",", "")
			pushed, err := img.Push(context.Background(), repo)
			if test.hint == "" {
				if err != nil {
					t.Fatal(err)
				}
				pull(t, pushed.Reference, remote.WithAuth(&authn.Basic{Username: "alice", Password: "wonderland"}))
				again := push(t, img, repo)
				equal(t, "unchanged", again.Unchanged, true)
				equal(t, "bytes", again.Uploaded, 0)
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "push the ") || !strings.HasSuffix(err.Error(), ": 401 Unauthorized") {
				t.Errorf("%v", err)
			}
			equal(t, "hint", hintOf(err), fmt.Sprintf(test.hint, host))
		})
	}
}

func TestDockerRegistryTLS(t *testing.T) {
	setting, authority := certificate(t)
	address := dockerRegistry(t, setting, "")
	img := shared(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	trusting := func(pool *x509.CertPool) *http.Transport {
		return &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", address)
			},
			TLSClientConfig: &tls.Config{RootCAs: pool},
		}
	}
	for _, host := range []string{address, "registry.example.com", "registry.example.com:" + port} {
		for _, insecure := range []bool{false, true} {
			t.Run(fmt.Sprint(host, " insecure ", insecure), func(t *testing.T) {
				var tried retries
				_, err := img.Push(context.Background(), host+"/sums", image.WithTransport(trusting(x509.NewCertPool())), image.WithInsecure(insecure), tried.observe())
				mustFail(t, err, "push to "+host+"/sums: tls: failed to verify certificate: x509: certificate signed by unknown authority",
					"the certificate of "+host+" is not one that this machine trusts: add its authority to the system's, or name a file of it in SSL_CERT_FILE")
				equal(t, "tries", len(tried.all), 0)
				pushed := push(t, img, host+"/sums", image.WithTransport(trusting(authority)), image.WithInsecure(insecure))
				pull(t, pushed.Reference, remote.WithTransport(trusting(authority)))
			})
		}
	}
	_, err = img.Push(context.Background(), "other.example.com/sums", image.WithTransport(trusting(authority)))
	mustFail(t, err, "push to other.example.com/sums: tls: failed to verify certificate: x509: certificate is valid for registry.example.com, not other.example.com",
		"is the address other.example.com right? the certificate is another's")
}
