package image_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/starlarkfuse/fuse/image"
)

const (
	user     = "alice"
	password = `dri"nk  & me <ö>`
)

// echo answers with all that it was told in confidence, in the forms in which
// careless programs write it.
func echo(code int, pages bool) answer {
	return func(w http.ResponseWriter, req *http.Request) {
		told := []string{req.Header.Get("Authorization")}
		if _, password, ok := req.BasicAuth(); ok {
			told = append(told, password, url.QueryEscape(password), html.EscapeString(password), fmt.Sprintf("%q", password))
		}
		if req.Method == http.MethodPost && req.URL.Path == "/token" {
			told = append(told, req.FormValue("refresh_token"))
		}
		text := "denied: " + strings.Join(told, ", ")
		if pages {
			http.Error(w, text, code)
			return
		}
		body, err := json.Marshal(map[string]any{"errors": []any{map[string]any{"code": "DENIED", "message": text, "detail": told}}})
		if err != nil {
			panic(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		w.Write(body)
	}
}

// shown is a value in all the ways in which programs print it.
func shown(v any) string {
	text := fmt.Sprintf("%v\n%+v\n%#v\n%s\n%q\n", v, v, v, v, v)
	if js, err := json.Marshal(v); err == nil {
		text += string(js)
	}
	return text
}

// noSecrets checks that a text tells none of them.
func noSecrets(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{
		password, url.QueryEscape(password), html.EscapeString(password), `dri\"nk`, "dri", "nk  & me", "nk & me", "nk%20", "& me",
		base64.StdEncoding.EncodeToString([]byte(user + ":" + password)), "token-", "identity-", "signature",
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in\n%s", secret, text)
		}
	}
}

// A registry may repeat what it was told; nobody else does.
func TestSecretsInErrors(t *testing.T) {
	img := shared(t)
	given := image.WithLogin("registry.example.com", user, password)
	for _, test := range []struct {
		name   string
		tokens bool
		login  image.Option
	}{
		{"given", false, given},
		{"of this machine", false, keychain(user, password)},
		{"as this machine has it", false, image.WithKeychain(constant{authn.AuthConfig{Auth: base64.StdEncoding.EncodeToString([]byte(user + ":" + password))}})},
		{"for a token", true, alice()},
		{"an identity token", true, image.WithKeychain(constant{authn.AuthConfig{IdentityToken: "identity-token"}})},
		{"a token of this machine", true, image.WithKeychain(constant{authn.AuthConfig{RegistryToken: "token-of-mine"}})},
	} {
		for _, kind := range allKinds()[1:] {
			for _, code := range []int{503, 403} {
				t.Run(fmt.Sprint(test.name, " ", kind, " ", code), func(t *testing.T) {
					wall := &loginWall{testRegistry: unserved(t), user: user, password: password}
					r, handler := wall.testRegistry, http.Handler(wall)
					if test.tokens {
						w := newTokenWall(t, 1000)
						w.left["token-of-mine"] = 1000
						r, handler = w.testRegistry, w
					}
					r.fail(kind, 1, echo(code, false))
					r.fail(kind, -1, echo(code, true))
					var mu sync.Mutex
					var events strings.Builder
					observe := image.WithProgress(func(p image.Progress) {
						mu.Lock()
						defer mu.Unlock()
						events.WriteString(shown(p) + shown(p.Err))
					})
					_, err := img.Push(context.Background(), "registry.example.com/sums",
						image.WithTransport(direct{handler}), test.login, observe, image.WithTries(3, time.Microsecond))
					if err == nil && !(code == 403 && kind == "HEAD manifests") {
						t.Fatal("no error")
					}
					noSecrets(t, shown(err)+hintOf(err))
					noSecrets(t, events.String())
				})
			}
		}
	}
}

func TestSecretsInTokenErrors(t *testing.T) {
	img := shared(t)
	for name, login := range map[string]image.Option{
		"password":       image.WithLogin("registry.example.com", user, password),
		"identity token": image.WithKeychain(constant{authn.AuthConfig{IdentityToken: "identity-tokens"}}),
	} {
		t.Run(name, func(t *testing.T) {
			w := newTokenWall(t, 1000)
			handler := http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
				if req.URL.Path == "/token" {
					echo(403, false)(rw, req)
					return
				}
				w.ServeHTTP(rw, req)
			})
			_, err := img.Push(context.Background(), "registry.example.com/sums", image.WithTransport(direct{handler}), login)
			if err == nil || !strings.Contains(err.Error(), "403 Forbidden: DENIED: denied: ") {
				t.Fatal(err)
			}
			noSecrets(t, shown(err))
		})
	}
}

// What is too long to show is cut, but not a secret in two.
func TestSecretsInLongErrors(t *testing.T) {
	img := shared(t)
	for n := 340; n < 410; n++ {
		r := unserved(t)
		r.fail("PUT manifests", -1, func(w http.ResponseWriter, req *http.Request) {
			http.Error(w, strings.Repeat("x", n)+" "+password+" "+req.Header.Get("Authorization"), http.StatusBadRequest)
		})
		wall := &loginWall{testRegistry: r, user: user, password: password}
		_, err := img.Push(context.Background(), r.host+"/sums", image.WithTransport(direct{wall}), keychain(user, password))
		if err == nil {
			t.Fatal("no error")
		}
		noSecrets(t, shown(err))
		if strings.Contains(err.Error(), "Basic YWx") { // the beginning of the login
			t.Errorf("%v", err)
		}
	}
}

// What this package gives to programs may be printed.
func TestSecretsInValues(t *testing.T) {
	wall := &loginWall{testRegistry: unserved(t), user: user, password: password}
	img := build(t, sums(t), image.WithLogin("registry.example.com", user, password), image.WithTransport(direct{wall}))
	pushed := push(t, img, "registry.example.com/sums", keychain(user, password))
	plan, err := img.Plan(context.Background(), "registry.example.com/sums")
	if err != nil {
		t.Fatal(err)
	}
	noSecrets(t, shown(img)+shown(*img)+shown(img.Manifests())+shown(*img.Manifests()[0])+shown(pushed)+shown(plan))
}

// The address of an upload may let anybody upload: it is as good as a password.
func TestSecretsInAddresses(t *testing.T) {
	img := shared(t)
	for name, do := range map[string]answer{"answer": status(403, "DENIED"), "no answer": drop(10)} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			r.fail("POST uploads", -1, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/v2/sums/blobs/uploads/1?signature=abc&digest=")
				w.WriteHeader(http.StatusAccepted)
			})
			r.fail("PATCH uploads", -1, do)
			_, err := img.Push(context.Background(), r.host+"/sums", image.WithTries(2, time.Microsecond))
			if err == nil || !strings.Contains(err.Error(), "/v2/sums/blobs/uploads/1") {
				t.Fatal(err)
			}
			noSecrets(t, shown(err))
		})
	}
}
