package kfp

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"strconv"
)

// ListOptions say what is listed, and in which order.
type ListOptions struct {
	// Namespace is where; "" is the client's.
	Namespace string
	// ExperimentID is the experiment whose runs or recurring runs are listed;
	// "" for those of the whole namespace. Nothing else belongs to one.
	ExperimentID string
	// Filter holds what must be true, all of it.
	Filter []Predicate
	// SortBy is a field, maybe with " desc" behind it: "created_at desc". The
	// default is the server's: "created_at".
	SortBy string
	// PageSize is how many are asked for at once, at most 200; 0 for the
	// server's default, 20. The whole list is delivered in any case.
	PageSize int
}

// query returns the part of a query that stays the same for all pages, and what
// the first page has in addition.
func (c *Client) query(o ListOptions, namespaced bool) (all, first url.Values, err error) {
	all, first = url.Values{}, url.Values{}
	if o.Namespace == "" {
		o.Namespace = c.options.namespace
	}
	switch {
	case o.ExperimentID != "":
		all.Set("experiment_id", o.ExperimentID) // which tells the namespace
	case o.Namespace != "" && namespaced:
		all.Set("namespace", o.Namespace)
	}
	if o.PageSize != 0 {
		all.Set("page_size", strconv.Itoa(o.PageSize))
	}
	if o.SortBy != "" {
		first.Set("sort_by", o.SortBy)
	}
	if len(o.Filter) > 0 {
		filter, err := filterText(o.Filter)
		if err != nil {
			return nil, nil, err
		}
		first.Set("filter", filter)
	}
	return all, first, nil
}

// maxEmptyPages bounds how many pages without anything may follow one another.
const maxEmptyPages = 100

// list goes through all pages of a list; keys are the names that the field with
// the things may have. After an error nothing follows.
//
// The filter and the order are sent for the first page only. They are in the
// token of the next; servers compare what comes beside it, and do not always
// find it equal.
func list[T any](ctx context.Context, c *Client, q call, o ListOptions, namespaced bool, keys ...string) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		all, first, err := c.query(o, namespaced)
		if err != nil {
			yield(nil, fmt.Errorf("%s: %w", q.op, err))
			return
		}
		seen := make(map[string]bool)
		empty := 0
		for extra := first; ; {
			q.query = maps.Clone(all)
			maps.Copy(q.query, extra)
			items, token, err := getPage[T](ctx, c, q, keys)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if empty++; len(items) > 0 {
				empty = 0
			}
			switch {
			case token == "":
				return
			case seen[token]:
				yield(nil, explain(&Error{Op: q.op, Message: "the server's pages go round in a circle", Status: 200}))
				return
			case empty > maxEmptyPages:
				yield(nil, explain(&Error{Op: q.op, Message: "the server's pages are empty, one after the other", Status: 200}))
				return
			}
			seen[token] = true
			extra = url.Values{"page_token": {token}}
		}
	}
}

// getPage gets one page, and the token of the next.
func getPage[T any](ctx context.Context, c *Client, q call, keys []string) ([]*T, string, error) {
	page, err := get[map[string]json.RawMessage](ctx, c, q)
	if err != nil {
		return nil, "", err
	}
	var token string
	if text := (*page)["next_page_token"]; text != nil {
		err = json.Unmarshal(text, &token)
	}
	var items []*T
	for _, key := range keys {
		if text := (*page)[key]; text != nil && err == nil {
			err = json.Unmarshal(text, &items)
		}
	}
	if err != nil {
		return nil, "", explain(&Error{Op: q.op, Status: 200, Message: c.text("the answer cannot be read: " + err.Error())})
	}
	there := items[:0]
	for _, item := range items {
		if item == nil {
			continue
		}
		if t, ok := any(item).(interface{ tidy() }); ok {
			t.tidy()
		}
		there = append(there, item)
	}
	return there, token, nil
}
