package compiler

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// maxAliased bounds the values that the aliases of a YAML file expand to, for
// files of which a few lines stand for gigabytes.
const maxAliased = 100_000

// decodeDocuments decodes a file of one JSON value, or of YAML documents.
//
// YAML is read as KFP's server does, with the rules of YAML 1.2 for plain
// words: an input named y is no boolean.
func decodeDocuments(data []byte) ([]tree, error) {
	if !utf8.Valid(data) {
		return nil, &starlarkfuse.Error{Msg: "not a pipeline spec: the file is not text (UTF-8)"}
	}
	var jsonErr error
	if text := bytes.TrimLeft(data, " \t\r\n"); len(text) > 0 && text[0] == '{' {
		t, err := decodeJSON(data)
		if err == nil {
			return []tree{t}, nil
		}
		jsonErr = err
	}
	docs, err := decodeYAML(data)
	if err == nil {
		return docs, nil
	}
	if jsonErr != nil {
		return nil, fmt.Errorf("not a pipeline spec: the file is not JSON: %s%w", jsonLine(data, jsonErr), jsonErr)
	}
	return nil, fmt.Errorf("not a pipeline spec: the file is neither YAML nor JSON: %w", err)
}

// jsonLine names the line of a syntax error.
func jsonLine(data []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset > int64(len(data)) {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+bytes.Count(data[:syntax.Offset], []byte("\n")))
}

func decodeYAML(data []byte) ([]tree, error) {
	var docs []tree
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if err := d.Decode(&n); err == io.EOF {
			return docs, nil
		} else if err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
		}
		c := yamlConverter{open: make(map[*yaml.Node]bool)}
		t, err := c.tree(&n)
		if err != nil {
			return nil, err
		}
		docs = append(docs, t)
	}
}

// A yamlConverter makes a tree of a YAML document.
type yamlConverter struct {
	depth   int                 // of aliases
	aliased int                 // values made inside them
	open    map[*yaml.Node]bool // aliased nodes that are being converted
}

func (c *yamlConverter) tree(n *yaml.Node) (tree, error) {
	if c.depth > 0 {
		if c.aliased++; c.aliased > maxAliased {
			return nil, fmt.Errorf("line %d: the aliases stand for more than %d values", n.Line, maxAliased)
		}
	}
	switch n.Kind {
	case yaml.DocumentNode:
		if len(n.Content) == 0 {
			return nil, nil
		}
		return c.tree(n.Content[0])
	case yaml.AliasNode:
		if c.open[n.Alias] {
			return nil, fmt.Errorf("line %d: alias %s stands for something that holds it", n.Line, n.Value)
		}
		c.open[n.Alias] = true
		c.depth++
		t, err := c.tree(n.Alias)
		c.depth--
		delete(c.open, n.Alias)
		return t, err
	case yaml.SequenceNode:
		list := make([]any, len(n.Content))
		for i, e := range n.Content {
			var err error
			if list[i], err = c.tree(e); err != nil {
				return nil, err
			}
		}
		return list, nil
	case yaml.MappingNode:
		return c.mapping(n)
	case yaml.ScalarNode:
		return scalar(n)
	}
	return nil, nil
}

func (c *yamlConverter) mapping(n *yaml.Node) (tree, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key must be a text", k.Line)
		}
		if k.Tag == "!!merge" {
			return nil, fmt.Errorf("line %d: merge keys (<<) are not used in specs", k.Line)
		}
		if _, twice := m[k.Value]; twice {
			return nil, fmt.Errorf("line %d: key %q stands twice in one mapping", k.Line, k.Value)
		}
		v, err := c.tree(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		m[k.Value] = v
	}
	return m, nil
}

func scalar(n *yaml.Node) (tree, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		err := n.Decode(&b)
		return b, err
	case "!!int", "!!float":
		if t, ok := number(n.Value); ok {
			return t, nil
		}
		return nil, fmt.Errorf("line %d: %s is no number that JSON has", n.Line, n.Value)
	}
	return n.Value, nil
}

// number returns the JSON form of a YAML number, every digit kept.
func number(s string) (json.Number, bool) {
	if json.Valid([]byte(s)) {
		return json.Number(s), true
	}
	plain := strings.ReplaceAll(s, "_", "")
	if len(plain) > 1000 {
		return "", false
	}
	if i, ok := new(big.Int).SetString(plain, 0); ok {
		return json.Number(i.String()), true
	}
	f, err := strconv.ParseFloat(plain, 64)
	if err != nil || f-f != 0 {
		return "", false
	}
	return json.Number(appendFloat(nil, f)), true
}
