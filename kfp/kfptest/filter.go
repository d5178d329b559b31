package kfptest

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// A filter is what must hold for the things of a list, all of it.
type filter []predicate

type predicate struct {
	Operation string       `json:"operation"`
	Key       string       `json:"key"`
	Text      *string      `json:"string_value"`
	Time      *string      `json:"timestamp_value"`
	Int       *json.Number `json:"int_value"`
	Long      *json.Number `json:"long_value"`
	Texts     *struct {
		Values []string `json:"values"`
	} `json:"string_values"`
}

// readFilter reads a filter from a query. The real server takes the escapes of
// URLs out of it a second time.
func readFilter(text string, keys []string) (filter, error) {
	if text == "" {
		return nil, nil
	}
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return nil, refuse(codeInvalid, "Invalid input error: failed to parse the filter from the URL: %v", err)
	}
	var f struct {
		Predicates filter `json:"predicates"`
	}
	d := json.NewDecoder(strings.NewReader(plain))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, refuse(codeInvalid, "Invalid input error: failed to parse the filter: %v", err)
	}
	for _, p := range f.Predicates {
		if !slices.Contains(keys, p.Key) {
			return nil, refuse(codeInvalid, "Invalid input error: no support for filtering on unrecognized field %q", p.Key)
		}
		if _, ok := p.compare(""); !ok {
			return nil, refuse(codeInvalid, "Invalid input error: the filter's %s of %q has no fitting value", p.Operation, p.Key)
		}
	}
	return f.Predicates, nil
}

// holds tells whether everything holds.
func (f filter) holds(fields object) bool {
	for _, p := range f {
		value, _ := fields[p.Key].(string)
		if yes, _ := p.compare(value); !yes {
			return false
		}
	}
	return true
}

// compare tells whether it holds for a value, and whether it makes sense at all.
// As in a database, the case of letters does not count, and times of the form
// that the API uses are in order as texts are.
func (p *predicate) compare(value string) (yes, ok bool) {
	want := ""
	switch {
	case p.Texts != nil:
		return slices.ContainsFunc(p.Texts.Values, func(v string) bool { return strings.EqualFold(v, value) }), p.Operation == "IN"
	case p.Text != nil:
		want = *p.Text
	case p.Time != nil:
		want = *p.Time
	case p.Int != nil:
		want = p.Int.String()
	case p.Long != nil:
		want = p.Long.String()
	default:
		return false, false
	}
	switch p.Operation {
	case "EQUALS":
		return strings.EqualFold(value, want), true
	case "NOT_EQUALS":
		return !strings.EqualFold(value, want), true
	case "GREATER_THAN":
		return value > want, true
	case "GREATER_THAN_EQUALS":
		return value >= want, true
	case "LESS_THAN":
		return value < want, true
	case "LESS_THAN_EQUALS":
		return value <= want, true
	case "IS_SUBSTRING":
		return like(value, want), p.Text != nil
	}
	return false, false
}

// like tells whether a text is in another, as the LIKE of a database finds it.
func like(value, part string) bool {
	pattern := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(part))
	ok, err := regexp.MatchString("(?is)"+pattern, value)
	return err == nil && ok
}
