package image_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/starlarkfuse/fuse/image"
)

// A tokenWall lets requests with a token through to a registry, and gives
// tokens to one login. A token is good for so many requests.
type tokenWall struct {
	*testRegistry
	lifetime int

	mu     sync.Mutex
	given  int
	left   map[string]int // requests that a token is good for
	scopes []string       // that tokens were asked for
	logins []string       // what came with requests that were not for a token
}

func newTokenWall(t testing.TB, lifetime int) *tokenWall {
	return &tokenWall{testRegistry: unserved(t), lifetime: lifetime, left: make(map[string]int)}
}

func (w *tokenWall) ServeHTTP(rw http.ResponseWriter, req *http.Request) {
	if req.URL.Path == "/token" {
		w.giveToken(rw, req)
		return
	}
	w.mu.Lock()
	token, _ := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if _, _, ok := req.BasicAuth(); ok {
		w.logins = append(w.logins, kindOf(req))
	}
	good := w.left[token] > 0
	w.left[token]--
	w.mu.Unlock()
	if !good {
		w.challenge(rw, req)
		return
	}
	w.testRegistry.ServeHTTP(rw, req)
}

// challenge asks for another token.
func (w *tokenWall) challenge(rw http.ResponseWriter, req *http.Request) {
	scope := ""
	if kindOf(req) != "GET ping" {
		scope = fmt.Sprintf(`,scope="repository:%s:pull,push"`, repositoryOf(req))
	}
	rw.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="https://%s/token",service="test"%s`, w.host, scope))
	status(401, "UNAUTHORIZED")(rw, req)
}

func (w *tokenWall) giveToken(rw http.ResponseWriter, req *http.Request) {
	user, password, _ := req.BasicAuth()
	refresh := req.Method == http.MethodPost && req.FormValue("refresh_token") == "identity-token"
	if user+":"+password != "alice:wonderland" && !refresh {
		status(401, "UNAUTHORIZED")(rw, req)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, scope := range req.Form["scope"] {
		w.scopes = append(w.scopes, strings.Fields(scope)...)
	}
	w.scopes = append(w.scopes, req.URL.Query()["scope"]...)
	w.given++
	token := fmt.Sprintf("token-%d", w.given)
	w.left[token] = w.lifetime
	rw.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(rw, `{"token": %q, "expires_in": 300}`, token)
}

func (w *tokenWall) transport() image.Option { return image.WithTransport(direct{w}) }

// alice is the login that gets tokens.
func alice() image.Option { return image.WithLogin("registry.example.com", "alice", "wonderland") }

func TestTokens(t *testing.T) {
	img := shared(t)
	w := newTokenWall(t, 1000)
	pushed := push(t, img, "registry.example.com/sums", w.transport(), alice())
	equal(t, "bytes", pushed.Uploaded, w.received())
	slices.Sort(w.scopes)
	equal(t, "scopes", strings.Join(slices.Compact(w.scopes), " "), "repository:sums:pull repository:sums:push,pull")
	equal(t, "tokens", w.given, 2) // one to read, one to write
	equal(t, "logins sent to the registry", len(w.logins), 0)
	w.mend()

	pushed = push(t, img, "registry.example.com/sums", w.transport(), alice())
	equal(t, "bytes", pushed.Uploaded, 0)
	equal(t, "requests", w.asked(), "1 HEAD manifests")
	equal(t, "tokens", w.given, 3)
}

// What a token costs is no upload.
func TestIdentityToken(t *testing.T) {
	img := shared(t)
	w := newTokenWall(t, 1000)
	identity := image.WithKeychain(constant{authn.AuthConfig{IdentityToken: "identity-token"}})
	pushed := push(t, img, "registry.example.com/sums", w.transport(), identity)
	equal(t, "bytes", pushed.Uploaded, w.received())
	pushed = push(t, img, "registry.example.com/sums", w.transport(), identity)
	equal(t, "bytes", pushed.Uploaded, 0)
}

// A token may expire at any request, at one that uploads a layer too.
func TestTokenExpires(t *testing.T) {
	img := shared(t)
	for _, kind := range allKinds()[1:] {
		t.Run(kind, func(t *testing.T) {
			w := newTokenWall(t, 1000)
			w.fail(kind, 1, func(rw http.ResponseWriter, req *http.Request) {
				w.mu.Lock()
				clear(w.left)
				w.mu.Unlock()
				w.challenge(rw, req)
			})
			var tried retries
			push(t, img, "registry.example.com/sums", w.transport(), alice(), tried.observe(), fast())
			equal(t, "tags", strings.Join(w.tags("sums"), " "), tagOf(img))
			for _, p := range tried.all {
				equal(t, "reason", p.Err.Error(), "the registry asked for the login again in the middle of an upload")
			}
		})
	}
	t.Run("again and again", func(t *testing.T) {
		w := newTokenWall(t, 5)
		push(t, img, "registry.example.com/sums", w.transport(), alice(), image.WithTries(100, 1))
		if w.given < 4 {
			t.Errorf("%d tokens", w.given)
		}
	})
}

func TestTokenIsRefused(t *testing.T) {
	img := shared(t)
	w := newTokenWall(t, 1000)
	var tried retries
	_, err := img.Push(context.Background(), "registry.example.com/sums", w.transport(), tried.observe(),
		image.WithLogin("registry.example.com", "alice", "looking-glass"))
	if err == nil || !strings.HasSuffix(err.Error(), " layer to registry.example.com/sums: GET https://registry.example.com/token: 401 Unauthorized: UNAUTHORIZED: that is how it is") {
		t.Errorf("%v", err)
	}
	equal(t, "hint", hintOf(err), "is the login for registry.example.com right, and may this user do that?")
	equal(t, "tries", len(tried.all), 0)
}
