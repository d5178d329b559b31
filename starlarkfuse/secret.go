package starlarkfuse

import (
	"fmt"
	"regexp"

	"go.starlark.net/starlark"
)

// A secretEnv is what secret_env returns: it stands for the value of an
// environment variable of the machine that pushes the image. It holds the name
// only, and nothing but Credentials.Login looks the value up, so the load is
// pure and no spec, no image and no container gets to know it.
type secretEnv struct{ name string }

var _ starlark.Value = secretEnv{}

func (s secretEnv) String() string       { return fmt.Sprintf("secret_env(%q)", s.name) }
func (s secretEnv) Type() string         { return "secret_env" }
func (s secretEnv) Freeze()              {}
func (s secretEnv) Truth() starlark.Bool { return true }

// Hash implements starlark.Value. No key and no element of a set can be a
// secret, so an argument that holds one holds it where snapshot looks.
func (s secretEnv) Hash() (uint32, error) { return 0, fmt.Errorf("unhashable type: %s", s.Type()) }

const hintSecret = `use it as "username" or "password" of registry_credentials only: the variable is read where the image is pushed, and nowhere else`

// namesSecret finds the type in the words of the interpreter, and in ours.
var namesSecret = regexp.MustCompile(`\b(got|is a|unhashable type:) secret_env\b|\bunknown binary op: .*\bsecret_env\b`)

// secretEnv is the builtin secret_env. What is no name is not shown: it may be
// the secret itself.
func (l *loader) secretEnv(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &name); err != nil {
		return nil, err
	}
	if err := checkText(b.Name(), name, "the name of the variable must be known while the file is loading"); err != nil {
		return nil, err
	}
	if !identifier.MatchString(name) {
		return nil, &Error{
			Msg:  "secret_env: the argument is not the name of an environment variable",
			Hint: `use letters, digits and "_", as in secret_env("REGISTRY_PASSWORD"); the secret itself goes into the variable`,
		}
	}
	return secretEnv{name}, nil
}
