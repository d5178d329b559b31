package stdlib

import (
	"fmt"
	"maps"
	gotime "time"
	_ "time/tzdata" // zones must be the same in an empty image as on any machine

	"go.starlark.net/lib/time"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// timeModule is the library's own, without its three ways to see the machine
// it runs on: the clock, which becomes an effect, and the local time zone,
// which becomes UTC, or an error where it is named. The method in_location of a
// time is out of reach, and still takes "Local".
func timeModule() starlark.Value {
	members := maps.Clone(time.Module.Members)
	members["now"] = Effect("time.now", "now", timeNow)
	members["from_timestamp"] = starlark.NewBuiltin("from_timestamp", timeFromTimestamp)
	members["parse_time"] = starlark.NewBuiltin("parse_time", timeParse)
	members["time"] = namedZone(members["time"].(*starlark.Builtin))
	m := &starlarkstruct.Module{Name: "time", Members: members}
	m.Freeze()
	return m
}

func timeNow(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 0); err != nil {
		return nil, err
	}
	return time.Time(gotime.Now().UTC()), nil
}

func timeFromTimestamp(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var sec, nsec int64
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &sec, &nsec); err != nil {
		return nil, err
	}
	return time.Time(gotime.Unix(sec, nsec).UTC()), nil
}

// timeParse differs from the library's in that an offset which happens to be
// the machine's own stays an offset: time.Parse would turn it into the local
// zone, by name.
func timeParse(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	x, format, location := "", gotime.RFC3339, "UTC"
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "x", &x, "format?", &format, "location?", &location); err != nil {
		return nil, err
	}
	if location == localZone {
		return nil, errLocal(b.Name())
	}
	loc, err := gotime.LoadLocation(location)
	if err != nil {
		return nil, err
	}
	t, err := gotime.ParseInLocation(format, x, loc)
	if err != nil {
		return nil, err
	}
	return time.Time(t), nil
}

// localZone is Go's name for the zone of the machine.
const localZone = "Local"

func errLocal(function string) error {
	return fmt.Errorf("%s: the zone \"Local\" differs from machine to machine: name one, as in \"Europe/Berlin\"", function)
}

// namedZone makes a function refuse the machine's zone as its location.
func namedZone(fn *starlark.Builtin) *starlark.Builtin {
	return starlark.NewBuiltin(fn.Name(), func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		for _, kv := range kwargs {
			if kv[0] == starlark.String("location") && kv[1] == starlark.String(localZone) {
				return nil, errLocal(b.Name())
			}
		}
		return fn.CallInternal(thread, args, kwargs)
	})
}
