package kfp

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A tokenSource returns the bearer token for a request; "" for none.
type tokenSource func() (string, error)

func noToken() (string, error) { return "", nil }

// maxToken bounds what is read of a token file.
const maxToken = 1 << 20

// tokenFile reads the token anew each time.
func tokenFile(path string) tokenSource {
	return func() (string, error) {
		f, err := os.Open(path)
		if err != nil {
			return "", badTokenFile(path, err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxToken))
		if err != nil {
			return "", badTokenFile(path, err)
		}
		token, err := checkToken(string(text))
		if err != nil {
			return "", badTokenFile(path, err)
		}
		return token, nil
	}
}

func badTokenFile(path string, err error) error {
	if why, ok := err.(*os.PathError); ok {
		err = why.Err
	}
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("read the token in %s: %v", path, err),
		Hint: "name another file with " + EnvTokenFile + " or --token-file, or give the token itself with --token",
	}
}

// checkToken returns a token without the space around it.
func checkToken(text string) (string, error) {
	token := strings.TrimSpace(text)
	switch {
	case token == "":
		return "", &starlarkfuse.Error{Msg: "the token is empty"}
	case !isHeaderValue(token):
		return "", &starlarkfuse.Error{Msg: "the token has a line break or another control character in it"}
	}
	return token, nil
}

// isHeaderName tells whether a text is a token of RFC 9110, 5.6.2.
func isHeaderName(text string) bool {
	for _, b := range []byte(text) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", b) >= 0:
		default:
			return false
		}
	}
	return text != ""
}

// isHeaderValue tells whether a text has no control characters, which would
// begin another header.
func isHeaderValue(text string) bool {
	for _, b := range []byte(text) {
		if b < ' ' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return true
}
