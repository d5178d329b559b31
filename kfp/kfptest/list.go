package kfptest

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

const (
	defaultPage = 20
	largestPage = 200
)

// A pageToken says where the next page begins, and in which list: the filter and
// the order are in it, and need not be sent again.
type pageToken struct {
	Value  string // of the field that it is sorted by
	Number int64
	Sort   string
	Filter string
}

// list answers a page of the things that are wanted; keys are the fields by
// which it can be sorted and filtered.
func list[T any](req *http.Request, name string, rows []*row[T], view func(*row[T]) any, wanted func(*row[T]) bool, keys ...string) (any, error) {
	q := req.URL.Query()
	token, err := readToken(q.Get("page_token"), q.Get("sort_by"), q.Get("filter"))
	if err != nil {
		return nil, err
	}
	size := defaultPage
	if text := q.Get("page_size"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 0 {
			return nil, refuse(codeInvalid, "Invalid input error: The page size should be greater than 0. Got %q", text)
		}
	}
	size = min(cmp.Or(size, defaultPage), largestPage)
	key, order, _ := strings.Cut(cmp.Or(token.Sort, "created_at"), " ")
	order = strings.ToLower(order)
	if !slices.Contains(keys, key) || order != "" && order != "asc" && order != "desc" {
		return nil, refuse(codeInvalid, "Invalid input error: Invalid sorting field: %q", token.Sort)
	}
	filter, err := readFilter(token.Filter, keys)
	if err != nil {
		return nil, err
	}
	var found []listed
	for _, r := range rows {
		if !wanted(r) {
			continue
		}
		item, err := newListed(r.Number, view(r), key)
		if err != nil {
			return nil, err
		}
		if filter.holds(item.fields) {
			found = append(found, item)
		}
	}
	compare := func(a, b listed) int {
		c := cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.number, b.number))
		if order == "desc" {
			return -c
		}
		return c
	}
	slices.SortFunc(found, compare)
	page := object{"total_size": len(found)}
	if q.Get("page_token") != "" {
		from, _ := slices.BinarySearchFunc(found, listed{value: token.Value, number: token.Number}, compare)
		found = found[from:]
	}
	if len(found) > size {
		page["next_page_token"] = token.at(found[size])
		found = found[:size]
	}
	if len(found) > 0 {
		items := make([]json.RawMessage, len(found))
		for i, item := range found {
			items[i] = item.text
		}
		page[name] = items
	}
	return page, nil
}

// A listed is a thing that is to be put in order.
type listed struct {
	number int64
	text   json.RawMessage
	fields object
	value  string // of the field that it is sorted by
}

func newListed(number int64, v any, key string) (listed, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return listed{}, err
	}
	l := listed{number: number, text: text}
	if err := json.Unmarshal(text, &l.fields); err != nil {
		return listed{}, err
	}
	l.value, _ = l.fields[key].(string)
	return l, nil
}

// readToken reads the token of a page. Of the first page there is none.
func readToken(text, sort, filter string) (pageToken, error) {
	if text == "" {
		return pageToken{Sort: sort, Filter: filter}, nil
	}
	var t pageToken
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(b, &t) != nil {
		return t, refuse(codeInvalid, "Invalid input error: Invalid package token.")
	}
	if sort != "" && sort != t.Sort || filter != "" && filter != t.Filter {
		return t, refuse(codeInvalid, "Invalid input error: page token does not match the supplied sort by and/or filtering criteria.")
	}
	return t, nil
}

func (t pageToken) at(l listed) string {
	t.Value, t.Number = l.value, l.number
	text, _ := json.Marshal(t) // strings and numbers
	return base64.StdEncoding.EncodeToString(text)
}
