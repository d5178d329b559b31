package scrub_test

import (
	"testing"

	"github.com/starlarkfuse/fuse/internal/scrub"
)

func TestScrub(t *testing.T) {
	s := &scrub.Secrets{Shortest: 3}
	s.Add("")
	s.Add("ab")
	s.Add(`pass"word&1`)
	s.Add("pass")
	s.AddHeader("Authorization", "Basic bWU6aHVudGVyMg==") // me:hunter2
	s.AddHeader("Cookie", "session=c00kie; theme=dark")
	s.AddHeader("X-Token", "t0ken")
	for text, want := range map[string]string{
		"nothing at all, ab":                    "nothing at all, ab",
		`said pass"word&1 to pass`:              "said *** to ***",
		`"pass\"word&1"`:                        `"***"`,
		"?p=pass%22word%261":                    "?p=***",
		"pass&#34;word&amp;1":                   "***",
		"hunter2 of bWU6aHVudGVyMg==":           "*** of ***",
		"Authorization: Basic bWU6aHVudGVyMg==": "Authorization: ***",
		"c00kie, dark and t0ken":                "***, *** and ***",
	} {
		if got := s.Scrub(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
	var none scrub.Secrets
	none.Add("x")
	if got := none.Scrub("xyz"); got != "***yz" {
		t.Errorf("got %q", got)
	}
}
