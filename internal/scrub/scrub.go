// Package scrub takes secrets out of texts that people are shown. A server may
// repeat what it was told in confidence in what it says of an error.
package scrub

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

// Secrets are texts that nobody is to see: passwords, tokens, the values of
// headers. The zero value has none. It is safe for concurrent use.
type Secrets struct {
	// Shortest is the length below which a text counts as no secret, for what
	// would be found everywhere, like "1" or "yes".
	Shortest int

	mu    sync.Mutex
	texts map[string]bool
}

// Add takes a text for a secret, in whatever form an answer may have it.
func (s *Secrets) Add(text string) {
	if text == "" || len(text) < s.Shortest {
		return
	}
	quoted := strconv.Quote(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts[text] {
		return
	}
	if s.texts == nil {
		s.texts = make(map[string]bool)
	}
	for _, form := range []string{text, quoted[1 : len(quoted)-1], url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text)} {
		s.texts[form] = true
	}
}

// AddHeader takes the value of a header for a secret, and the parts of it that
// an answer may have alone. name is in canonical form.
func (s *Secrets) AddHeader(name, value string) {
	s.Add(value)
	switch name {
	case "Authorization", "Proxy-Authorization":
		scheme, text, _ := strings.Cut(value, " ")
		s.Add(text)
		if login, err := base64.StdEncoding.DecodeString(text); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(login), ":")
			s.Add(password)
		}
	case "Cookie":
		for cookie := range strings.SplitSeq(value, ";") {
			_, content, _ := strings.Cut(cookie, "=")
			s.Add(strings.TrimSpace(content))
		}
	}
}

// Scrub returns a text with asterisks in the place of each secret.
func (s *Secrets) Scrub(text string) string {
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
