package kfp

import (
	"encoding/json"
	"strings"
	"time"
)

// A Predicate is something that must hold for what is listed. Keys are the
// names of fields: "display_name", "state", "storage_state", "created_at", …; a
// server says which of them it knows.
type Predicate struct {
	operation, key string
	field          string // that holds the value
	value          any
}

// Equals wants the field to be a text.
func Equals(key, text string) Predicate {
	return Predicate{"EQUALS", key, "string_value", text}
}

// NotEquals wants the field to be another text.
func NotEquals(key, text string) Predicate {
	return Predicate{"NOT_EQUALS", key, "string_value", text}
}

// Contains wants a text in the field. "_" stands for any character, and "%" for
// any number of them.
func Contains(key, text string) Predicate {
	return Predicate{"IS_SUBSTRING", key, "string_value", text}
}

// OneOf wants the field to be one of some texts.
func OneOf(key string, texts ...string) Predicate {
	return Predicate{"IN", key, "string_values", map[string][]string{"values": texts}}
}

// Since wants the time in the field to be t or later, in whole seconds.
func Since(key string, t time.Time) Predicate {
	return Predicate{"GREATER_THAN_EQUALS", key, "timestamp_value", t.UTC().Truncate(time.Second)}
}

// Before wants the time in the field to be earlier than t, in whole seconds.
func Before(key string, t time.Time) Predicate {
	return Predicate{"LESS_THAN", key, "timestamp_value", t.UTC().Truncate(time.Second)}
}

// MarshalJSON implements json.Marshaler, in the form of the API.
func (p Predicate) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"operation": p.operation, "key": p.key, p.field: p.value})
}

// filterText is what the API wants for a filter. Servers take the escapes of
// URLs out of it once more than they should, so there must be none: in JSON, %
// and + stand in strings only.
func filterText(filter []Predicate) (string, error) {
	text, err := json.Marshal(map[string][]Predicate{"predicates": filter})
	return strings.NewReplacer("%", `\u0025`, "+", `\u002b`).Replace(string(text)), err
}
