package starlarkfuse

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Credentials are a registry's address and login. Printing them with any verb
// shows no password.
type Credentials struct {
	// Server is the registry's address, without the login that a URL may have.
	Server string
	// Username is the user name as the file has it; "" where that is a
	// secret_env, which Login resolves.
	Username string

	// A pointer to a string is one that fmt does not follow, whatever it prints
	// of the values that hold these. It is nil for none, or for a secret_env.
	password *string

	usernameEnv, passwordEnv string // names of secret_env; "": none
	pos                      syntax.Position
}

// A plainPassword is one that the file gives itself.
type plainPassword struct {
	text *string         // as in Credentials; nil: it is a part of the address
	pos  syntax.Position // of the call that gave it
}

// Password returns the password as the file has it; "" where that is a
// secret_env, which Login resolves. It must not reach a spec, an image, a log
// or an error.
func (c Credentials) Password() string {
	if c.password == nil {
		return ""
	}
	return *c.password
}

// Login returns user name and password, "" for those that the file does not
// give. What is a secret_env it takes from lookup, which is as os.LookupEnv; a
// variable that is not set, or empty, is an *Error. The password must not reach
// a spec, an image, a log or an error.
func (c Credentials) Login(lookup func(string) (string, bool)) (username, password string, err error) {
	username, password = c.Username, c.Password()
	for _, secret := range []struct {
		what, env string
		to        *string
	}{{"user name", c.usernameEnv, &username}, {"password", c.passwordEnv, &password}} {
		if secret.env == "" {
			continue
		}
		value, ok := lookup(secret.env)
		if value == "" {
			e := &Error{
				Pos:  c.pos,
				Msg:  fmt.Sprintf("registry_credentials: the environment variable %s is not set", secret.env),
				Hint: fmt.Sprintf("set it to the %s for %s, where the image is pushed", secret.what, c.Server),
			}
			if ok {
				e.Msg = fmt.Sprintf("registry_credentials: the environment variable %s is empty", secret.env)
			}
			return "", "", e
		}
		*secret.to = value
	}
	return username, password, nil
}

// Format implements fmt.Formatter: whatever the verb, the password is masked.
func (c Credentials) Format(s fmt.State, _ rune) {
	user, password := c.Username, ""
	if c.usernameEnv != "" {
		user = secretEnv{c.usernameEnv}.String()
	}
	if c.passwordEnv != "" {
		password = ":" + secretEnv{c.passwordEnv}.String()
	} else if c.password != nil {
		password = ":***"
	}
	fmt.Fprintf(s, "%s%s@%s", user, password, c.Server)
}

func (w *workflowValue) setCredentials(b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var d *starlark.Dict
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "registry_credentials", &d); err != nil {
		return nil, err
	}
	return starlark.None, w.credentials(d)
}

const hintCredentials = `write what is known while the file is loading; user name and password may be secret_env("NAME"), too`

// credentials reads {"server", "username", "password"}. Its errors name keys
// only: a value may be a secret that stands at the wrong place.
func (w *workflowValue) credentials(d *starlark.Dict) error {
	c := Credentials{pos: w.loader.where()}
	password := ""
	fields := map[string]struct{ text, env *string }{
		"server":   {&c.Server, nil},
		"username": {&c.Username, &c.usernameEnv},
		"password": {&password, &c.passwordEnv},
	}
	for k, v := range d.Entries() {
		name, _ := starlark.AsString(k)
		field, ok := fields[name]
		if !ok {
			return &Error{
				Msg:  "registry_credentials: there is a key that is not one of \"server\", \"username\" and \"password\"",
				Hint: `write {"server": …, "username": …, "password": …}`,
			}
		}
		switch v := v.(type) {
		case starlark.String:
			if err := checkText(fmt.Sprintf("registry_credentials: %q", name), string(v), hintCredentials); err != nil {
				return err
			}
			*field.text = string(v)
		case secretEnv:
			if field.env == nil {
				return &Error{
					Msg:  fmt.Sprintf("registry_credentials: %q is a secret_env, not a string", name),
					Hint: "write the address: the image's name begins with it, so it is no secret",
				}
			}
			*field.env = v.name
		default:
			e := &Error{Msg: fmt.Sprintf("registry_credentials: %q is %s, not a string", name, a(v.Type()))}
			if _, ok := v.(*promise); ok {
				e.Hint = hintCredentials
			}
			return e
		}
	}
	if address, found := cutLogin(c.Server); found {
		c.Server = address
		w.wf.file.passwords = append(w.wf.file.passwords, plainPassword{pos: c.pos})
	}
	if c.Server == "" {
		return &Error{Msg: `registry_credentials: no "server"`, Hint: `it is the registry's address, as in "registry.example.com/team"`}
	}
	if password != "" {
		if err := w.loader.checkNotDefined(password); err != nil {
			return err
		}
		c.password = &password
		w.wf.file.passwords = append(w.wf.file.passwords, plainPassword{&password, c.pos})
	}
	w.wf.settings.Credentials = c
	return nil
}

// cutLogin takes the login out of an address that was copied as a URL.
func cutLogin(server string) (address string, found bool) {
	start := 0
	if i := strings.Index(server, "://"); i >= 0 {
		start = i + len("://")
	}
	end := strings.LastIndexByte(server, '@')
	if end < start {
		return server, false
	}
	return server[:start] + server[end+1:], true
}

// checkNotDefined refuses a password that an override of define has, too: the
// spec has all of these in the arguments of each container.
func (l *loader) checkNotDefined(password string) error {
	for _, name := range slices.Sorted(maps.Keys(l.opts.defines)) {
		if v, _ := parseDefine(l.opts.defines[name], starlark.String("")); v == starlark.String(password) {
			return &Error{
				Msg:  fmt.Sprintf("registry_credentials: the password is the value given for define %q, which is written into the spec", name),
				Hint: hintSecretEnv,
			}
		}
	}
	return nil
}
