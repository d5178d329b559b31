package main

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"
)

func TestShowName(t *testing.T) {
	for name, want := range map[string]string{
		"node1":                             "node1",
		"circles_dataset, Nearest-model":    "circles_dataset, Nearest-model",
		"größe 数":                           "größe 数",
		"":                                  `""`,
		" x":                                `" x"`,
		"a  started":                        `"a  started"`,
		"a = b":                             `"a = b"`,
		"[x]":                               `"[x]"`,
		`say "hi"`:                          `"say \"hi\""`,
		"two\nlines":                        `"two\nlines"`,
		"\u202eevil":                        `"\u202eevil"`,
		"not UTF-8 \xff":                    `"not UTF-8 \xff"`,
		"the replacement character: \ufffd": `"the replacement character: ` + "\ufffd" + `"`,
	} {
		if got := showName(name); got != want {
			t.Errorf("showName(%q) = %s, want %s", name, got, want)
		}
	}
}

func TestShowLine(t *testing.T) {
	for line, want := range map[string]string{
		"plain\tπ 🙂":           "plain\tπ 🙂",
		"\x1b[2J\r\x00":        `\x1b[2J\r\x00`,
		"\u2066isolated\u2069": `\u2066isolated\u2069`,
		"bytes \xfe\xff":       `bytes \xfe\xff`,
		"a\nb":                 `a\nb`,
	} {
		if got := showLine(line); got != want {
			t.Errorf("showLine(%q) = %q, want %q", line, got, want)
		}
	}
}

func TestShowSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                       "0.00s",
		1234 * time.Millisecond:                 "1.23s",
		59990 * time.Millisecond:                "59.99s",
		59999 * time.Millisecond:                "1m00s",
		time.Minute:                             "1m00s",
		61*time.Minute + 29*time.Second:         "1h01m",
		59*time.Minute + 59900*time.Millisecond: "1h00m",
		100 * time.Hour:                         "100h00m",
	} {
		if got := showSeconds(d); got != want {
			t.Errorf("showSeconds(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestClip(t *testing.T) {
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"short", 5, "short"},
		{"longer", 5, "long…"},
		{"数据数据", 8, "数据数据"},
		{"数据数据", 7, "数据数…"},
		{"数据数据", 6, "数据…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
		{"", 0, ""},
	} {
		if got := clip(test.text, test.columns); got != test.want {
			t.Errorf("clip(%q, %d) = %q, want %q", test.text, test.columns, got, test.want)
		}
	}
}

func TestReports(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	for _, test := range []struct {
		err  error
		want []string
	}{
		{a, []string{"a"}},
		{errors.Join(a, b), []string{"a", "b"}},
		{errors.Join(a, errors.Join(b, a)), []string{"a", "b", "a"}},
		{fmt.Errorf("doing it: %w, then %w", a, b), []string{"doing it: a, then b"}},
	} {
		var got []string
		for _, r := range reports(test.err) {
			got = append(got, r.text)
		}
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: got %q, want %q", test.err, got, test.want)
		}
	}
}
