package image

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A login is what a registry wants to know of who comes. Printing one shows no
// password.
type login struct {
	host, username, password string
	err                      error // why they are not known
}

// Format implements fmt.Formatter: whatever the verb, the password is masked.
func (l login) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%s:***@%s", l.username, l.host) }

// registryHost returns the host, with its port, of a registry's address: that
// may have been copied as a URL, with a path behind it.
func registryHost(server string) string {
	if _, rest, ok := strings.Cut(server, "://"); ok {
		server = rest
	}
	server, _, _ = strings.Cut(server, "/")
	if i := strings.LastIndexByte(server, '@'); i >= 0 {
		server = server[i+1:]
	}
	if reg, err := name.NewRegistry(server); err == nil {
		return reg.RegistryStr()
	}
	return server
}

// A keychain finds the login for a registry: one that was given, else one that
// this machine's configuration has.
type keychain struct {
	logins []login // the first for a host counts
	rest   authn.Keychain
	wire   *wire
}

// Resolve implements authn.Keychain.
func (k *keychain) Resolve(target authn.Resource) (authn.Authenticator, error) {
	a, err := k.find(target)
	if err != nil || a == authn.Anonymous {
		return a, err
	}
	k.wire.logins.Store(target.RegistryStr(), true)
	// The only secret that is sent in no header.
	if c, err := a.Authorization(); err == nil {
		k.wire.secrets.Add(c.IdentityToken)
	}
	return a, nil
}

func (k *keychain) find(target authn.Resource) (authn.Authenticator, error) {
	for _, l := range k.logins {
		if l.host != target.RegistryStr() {
			continue
		}
		if l.err != nil {
			return nil, l.err
		}
		if l.username != "" || l.password != "" {
			return authn.FromConfig(authn.AuthConfig{Username: l.username, Password: l.password}), nil
		}
	}
	a, err := k.rest.Resolve(target)
	if err != nil {
		return nil, &starlarkfuse.Error{
			Msg:  fmt.Sprintf("find the login for %s in docker's configuration: %v", target.RegistryStr(), err),
			Hint: "mend it, or give the login with registry_credentials or --registry-username",
			Err:  err,
		}
	}
	return a, nil
}

// remote returns the options of go-containerregistry for one operation, which
// makes each request once: see retry.
func (o *options) remote(ctx context.Context) []remote.Option {
	return []remote.Option{
		remote.WithContext(ctx),
		remote.WithTransport(o.wire),
		remote.WithAuthFromKeychain(&keychain{o.logins, o.keychain, o.wire}),
		remote.WithUserAgent("fuse"),
		remote.WithRetryBackoff(remote.Backoff{Steps: 1}),
	}
}

// names returns the options for parsing a reference.
func (o *options) names() []name.Option {
	if o.insecure {
		return []name.Option{name.Insecure}
	}
	return nil
}
