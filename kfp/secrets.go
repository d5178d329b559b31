package kfp

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

// secrets are what the server is told in confidence: tokens and the values of
// headers. It may repeat them in what it says of an error, which people are
// shown.
type secrets struct {
	mu    sync.Mutex
	texts map[string]bool
}

// shortestSecret is the length below which a text counts as no secret: "1" or
// "yes" would be found everywhere.
const shortestSecret = 4

// add takes a text for a secret, in whatever form an answer may have it.
func (s *secrets) add(text string) {
	if len(text) < shortestSecret {
		return
	}
	quoted := strconv.Quote(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts[text] {
		return
	}
	for _, form := range []string{text, quoted[1 : len(quoted)-1], url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text)} {
		s.texts[form] = true
	}
}

// addHeader takes the value of a header for a secret, and the parts of it that
// an answer may have alone.
func (s *secrets) addHeader(name, value string) {
	s.add(value)
	switch name {
	case "Authorization", "Proxy-Authorization":
		scheme, text, _ := strings.Cut(value, " ")
		s.add(text)
		if login, err := base64.StdEncoding.DecodeString(text); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(login), ":")
			s.add(password)
		}
	case "Cookie":
		for cookie := range strings.SplitSeq(value, ";") {
			_, content, _ := strings.Cut(cookie, "=")
			s.add(strings.TrimSpace(content))
		}
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
