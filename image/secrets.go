package image

import (
	"cmp"
	"encoding/base64"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// secrets are what registries were told in confidence: passwords and tokens,
// wherever they came from. A registry may repeat them in what it says of an
// error, which people are shown.
type secrets struct {
	mu    sync.Mutex
	texts map[string]bool
}

func newSecrets() *secrets { return &secrets{texts: make(map[string]bool)} }

// add takes a text for a secret, in whatever form an answer may have it.
func (s *secrets) add(text string) {
	if text == "" {
		return
	}
	quoted := strconv.Quote(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, form := range []string{text, quoted[1 : len(quoted)-1], url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text)} {
		s.texts[form] = true
	}
}

// addHeader takes what is in an Authorization header for secrets.
func (s *secrets) addHeader(value string) {
	scheme, text, _ := strings.Cut(value, " ")
	s.add(text)
	if !strings.EqualFold(scheme, "Basic") {
		return
	}
	if login, err := base64.StdEncoding.DecodeString(text); err == nil {
		_, password, _ := strings.Cut(string(login), ":")
		s.add(password)
	}
}

// scrub takes the secrets out of a text.
func (s *secrets) scrub(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for secret := range s.texts {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	// One may be a part of another.
	slices.SortFunc(found, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
	for _, secret := range found {
		text = strings.ReplaceAll(text, secret, "***")
	}
	return text
}
