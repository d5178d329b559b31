package kfp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A kind is a kind of thing that the server keeps, by its name in paths.
type kind string

const (
	runs          kind = "runs"
	pipelines     kind = "pipelines"
	experiments   kind = "experiments"
	recurringRuns kind = "recurringruns"
)

func (k kind) path() string { return api + "/" + string(k) }

// noun is what one is called.
func (k kind) noun() string {
	if k == recurringRuns {
		return "recurring run"
	}
	return strings.TrimSuffix(string(k), "s")
}

// item returns the path of one, with what follows the id.
func (k kind) item(id, suffix string) (string, error) {
	if err := checkID(k.noun(), id); err != nil {
		return "", err
	}
	return k.path() + "/" + id + suffix, nil
}

// checkID checks that a text can be an id, so that it cannot be a longer path.
// Ids are UUIDs, or names of Kubernetes.
func checkID(noun, id string) error {
	if id == "" {
		return &starlarkfuse.Error{Msg: fmt.Sprintf("the id of the %s is empty", noun)}
	}
	for _, b := range []byte(id) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_', b == '.':
		default:
			return badID(noun, id)
		}
	}
	if strings.Trim(id, ".") == "" {
		return badID(noun, id)
	}
	return nil
}

func badID(noun, id string) error {
	return &starlarkfuse.Error{
		Msg:  fmt.Sprintf("%q cannot be the id of a %s", id, noun),
		Hint: "ids have letters, digits, dashes and dots; a name is no id",
	}
}

// getItem gets one thing by its id.
func getItem[T any](ctx context.Context, c *Client, k kind, id string) (*T, error) {
	path, err := k.item(id, "")
	if err != nil {
		return nil, err
	}
	return get[T](ctx, c, call{op: fmt.Sprintf("get the %s %s", k.noun(), id), path: path})
}

// act does something to a thing that is harmless to do again. verb is "archive"
// for the suffix ":archive".
func (c *Client) act(ctx context.Context, k kind, verb, id string) error {
	path, err := k.item(id, ":"+verb)
	if err != nil {
		return err
	}
	return c.do(ctx, call{op: fmt.Sprintf("%s the %s %s", verb, k.noun(), id), method: http.MethodPost, path: path})
}

// remove deletes a thing.
func (c *Client) remove(ctx context.Context, k kind, id string, query url.Values) error {
	path, err := k.item(id, "")
	if err != nil {
		return err
	}
	return c.do(ctx, call{op: fmt.Sprintf("delete the %s %s", k.noun(), id), method: http.MethodDelete, path: path, query: query})
}

// do makes a call that is harmless to repeat, and has no answer of interest.
func (c *Client) do(ctx context.Context, q call) error {
	_, err := repeat(ctx, c, &q, func(ctx context.Context) (*struct{}, error) { return attempt[struct{}](ctx, c, &q) })
	return err
}
