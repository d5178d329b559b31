package stdlib_test

import (
	"strings"
	"testing"
	"time"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"go.starlark.net/syntax"

	"github.com/starlarkfuse/fuse/stdlib"
)

// eval evaluates an expression with all modules in scope.
func eval(t *testing.T, phase stdlib.Phase, expr string) (starlark.Value, error) {
	t.Helper()
	env := make(starlark.StringDict)
	for _, m := range stdlib.Modules() {
		env[m.Name] = m.Value
	}
	thread := new(starlark.Thread)
	stdlib.SetPhase(thread, phase)
	return starlark.EvalOptions(&syntax.FileOptions{}, thread, "test", expr, env)
}

func TestClockOnlyInsideNodes(t *testing.T) {
	_, err := eval(t, stdlib.Loading, "time.now()")
	if err == nil || !strings.Contains(err.Error(), "time.now: only inside a node function") {
		t.Errorf("got %v", err)
	}
	before := time.Now()
	v, err := eval(t, stdlib.Running, "time.now().unix")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := v.(starlark.Int).Int64(); got < before.Unix() || got > time.Now().Unix() {
		t.Errorf("the clock says %d", got)
	}
}

// What a file computes with times must not depend on the machine's zone.
func TestTimesIgnoreTheLocalZone(t *testing.T) {
	local := time.Local
	defer func() { time.Local = local }()
	for _, zone := range []string{"UTC", "Asia/Kolkata"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		time.Local = loc
		for expr, want := range map[string]string{
			`str(time.from_timestamp(0))`:                                  `"1970-01-01 00:00:00 +0000 UTC"`,
			`str(time.parse_time("2026-01-02T03:04:05+05:30"))`:            `"2026-01-02 03:04:05 +0530 +0530"`,
			`time.parse_time("2026-01-02T03:04:05Z").year`:                 `2026`,
			`str(time.parse_time("2026", "2006", "Europe/Berlin"))`:        `"2026-01-01 00:00:00 +0100 CET"`,
			`str(time.time(year = 2026, month = 1, day = 1))`:              `"2026-01-01 00:00:00 +0000 UTC"`,
			`[time.is_valid_timezone(z) for z in ["Asia/Tokyo", "No/No"]]`: `[True, False]`,
		} {
			v, err := eval(t, stdlib.Loading, expr)
			if err != nil {
				t.Errorf("%s: %s: %v", zone, expr, err)
			} else if v.String() != want {
				t.Errorf("%s: %s = %s, want %s", zone, expr, v, want)
			}
		}
	}
	for expr, want := range map[string]string{
		`time.parse_time("2026", "2006", "Local")`:   `parse_time: the zone "Local" differs from machine to machine: name one, as in "Europe/Berlin"`,
		`time.time(year = 2026, location = "Local")`: `time: the zone "Local" differs from machine to machine: name one, as in "Europe/Berlin"`,
	} {
		if _, err := eval(t, stdlib.Loading, expr); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", expr, err, want)
		}
	}
}

func TestPredeclared(t *testing.T) {
	var names []string
	for _, m := range stdlib.Modules() {
		if m.Predeclared {
			names = append(names, m.Name)
		}
	}
	if got := strings.Join(names, " "); got != "json math time struct" {
		t.Errorf("predeclared: %s", got)
	}
	v, err := eval(t, stdlib.Loading, `struct(a = json.decode("[1]"), b = math.floor(1.5))`)
	if err != nil || v.(*starlarkstruct.Struct).String() != "struct(a = [1], b = 1)" {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestJSONDepth(t *testing.T) {
	for expr, want := range map[string]string{
		`len(json.decode("[" * 10000 + "]" * 10000))`:              "1",
		`json.decode('{"[[": ["\\\"[", 1]}')`:                      `{"[[": ["\"[", 1]}`,
		`json.decode('"' + "[" * 20000 + '"') == "[" * 20000`:      "True",
		`len(json.decode("[" + "[]," * 20000 + "0]"))`:             "20001",
		`json.decode("[", default = "none")`:                       `"none"`,
		`json.decode("[" * 10001 + "]" * 10001)`:                   "json.decode: nested more than 10000 levels deep",
		`json.decode('{"a":' * 10001 + "1" + "}" * 10001, "none")`: "json.decode: nested more than 10000 levels deep",
		`json.decode(1)`: "json.decode: for parameter x: got int, want string",
		`json.decode()`:  "json.decode: missing argument for x",
	} {
		v, err := eval(t, stdlib.Loading, expr)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = v.String()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expr, got, want)
		}
	}
}
