package kfptest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/starlarkfuse/fuse/internal/files"
)

// A table keeps the things of one kind, in the order in which they came: in
// memory, and each in a file.
type table[T any] struct {
	dir  string
	rows []*row[T]
	last int64
}

type row[T any] struct {
	// Number counts the things of the table, from 1.
	Number int64  `json:"number"`
	ID     string `json:"id"`
	Value  T      `json:"value"`
}

// openTable reads what is in a folder, which is made if it is missing.
func openTable[T any](dir string) (*table[T], error) {
	t := &table[T]{dir: dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue // left behind when the server was killed
		}
		path := filepath.Join(dir, e.Name())
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		r := new(row[T])
		if err := json.Unmarshal(text, r); err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		t.rows = append(t.rows, r)
		t.last = max(t.last, r.Number)
	}
	slices.SortFunc(t.rows, func(a, b *row[T]) int { return int(a.Number - b.Number) })
	return t, nil
}

// find returns the first row that is the one; nil if none is.
func (t *table[T]) find(is func(*row[T]) bool) *row[T] {
	if i := slices.IndexFunc(t.rows, is); i >= 0 {
		return t.rows[i]
	}
	return nil
}

// get returns the row of that id; nil if there is none.
func (t *table[T]) get(id string) *row[T] {
	return t.find(func(r *row[T]) bool { return r.ID == id })
}

// add keeps a new thing.
func (t *table[T]) add(id string, v T) (*row[T], error) {
	r := &row[T]{Number: t.last + 1, ID: id, Value: v}
	if err := t.save(r); err != nil {
		return nil, err
	}
	t.last++
	t.rows = append(t.rows, r)
	return r, nil
}

// save writes the file of a row that has changed.
func (t *table[T]) save(r *row[T]) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return files.Replace(t.path(r.ID), append(text, '\n'))
}

// remove forgets a row.
func (t *table[T]) remove(r *row[T]) error {
	t.rows = slices.DeleteFunc(t.rows, func(other *row[T]) bool { return other == r })
	if err := os.Remove(t.path(r.ID)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (t *table[T]) path(id string) string { return filepath.Join(t.dir, id+".json") }
