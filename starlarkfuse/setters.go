package starlarkfuse

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"go.starlark.net/starlark"

	"github.com/starlarkfuse/fuse/stdlib"
)

// A setter changes one option of the node that it is bound to.
type setter func(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error

// setters are a node's methods, under the KFP SDK's own names. All return the
// node, so that they chain.
var setters = func() map[string]stdlib.Func {
	table := map[string]setter{
		"set_name":                setName,
		"set_display_name":        setDisplayName,
		"after":                   setAfter,
		"set_caching_options":     setCaching,
		"set_retry":               setRetry,
		"set_timeout":             setTimeout,
		"set_env_variable":        setEnv,
		"ignore_upstream_failure": setIgnoreUpstreamFailure,
		"set_cpu_request":         quantity("cpu", cpuQuantity, func(s *NodeSettings) *string { return &s.CPURequest }),
		"set_cpu_limit":           quantity("cpu", cpuQuantity, func(s *NodeSettings) *string { return &s.CPULimit }),
		"set_memory_request":      quantity("memory", memoryQuantity, func(s *NodeSettings) *string { return &s.MemoryRequest }),
		"set_memory_limit":        quantity("memory", memoryQuantity, func(s *NodeSettings) *string { return &s.MemoryLimit }),
		"set_accelerator_type":    quantity("accelerator", acceleratorName, func(s *NodeSettings) *string { return &s.AcceleratorType }),
		"set_accelerator_limit":   quantity("limit", acceleratorCount, func(s *NodeSettings) *string { return &s.AcceleratorLimit }),
	}
	methods := make(map[string]stdlib.Func, len(table))
	for name, set := range table {
		methods[name] = func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			p := b.Receiver().(*promise)
			if p.loader.done {
				return nil, fmt.Errorf("%s: only while the file is loading, not inside a node function", name)
			}
			if err := set(p.node, name, args, kwargs); err != nil {
				return nil, p.loader.at(err)
			}
			return p, nil
		}
	}
	return methods
}()

// text unpacks the only argument, a text.
func text(name, param string, args starlark.Tuple, kwargs []starlark.Tuple) (string, error) {
	var s string
	if err := starlark.UnpackArgs(name, args, kwargs, param, &s); err != nil {
		return "", err
	}
	return s, checkText(name, s, hintSettings)
}

const hintSettings = "a node's settings are fixed while the file is loading"

func setName(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	s, err := text(name, "name", args, kwargs)
	if err != nil {
		return err
	}
	if s == "" {
		return &Error{Msg: "set_name: the name is empty"}
	}
	n.name = s
	return nil
}

func setDisplayName(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) (err error) {
	n.display, err = text(name, "name", args, kwargs)
	return err
}

func setAfter(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	if len(kwargs) > 0 {
		return fmt.Errorf("%s: unexpected keyword arguments", name)
	}
	for _, arg := range args {
		p, ok := arg.(*promise)
		if !ok || p.node == nil {
			return &Error{Msg: fmt.Sprintf("after: got %s, want nodes", arg.Type()), Hint: "write node.after(other, …)"}
		}
		if p.node == n {
			return &Error{Msg: fmt.Sprintf("after: node %q cannot wait for itself", n.name)}
		}
		if !slices.Contains(n.after, p.node) {
			n.after = append(n.after, p.node)
		}
	}
	return nil
}

func setCaching(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	var enable bool
	var key string
	if err := starlark.UnpackArgs(name, args, kwargs, "enable_caching", &enable, "cache_key??", &key); err != nil {
		return err
	}
	if err := checkText("set_caching_options: cache_key", key, hintSettings); err != nil {
		return err
	}
	n.settings.Caching, n.settings.CacheKey = &enable, key
	return nil
}

func setRetry(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	// The defaults are KFP's.
	r := &Retry{Factor: 2, MaxBackoff: time.Hour}
	var backoff, maxBackoff, factor starlark.Value
	err := starlark.UnpackArgs(name, args, kwargs, "num_retries", &r.Count,
		"backoff_duration??", &backoff, "backoff_factor??", &factor, "backoff_max_duration??", &maxBackoff)
	if err != nil {
		return err
	}
	if r.Count < 0 {
		return &Error{Msg: fmt.Sprintf("set_retry: num_retries is %d, want 0 or more", r.Count)}
	}
	if factor != nil {
		f, ok := starlark.AsFloat(factor)
		if !ok || f < 0 {
			return &Error{Msg: fmt.Sprintf("set_retry: backoff_factor is %s, want a positive number", factor)}
		}
		r.Factor = f
	}
	if backoff != nil {
		if r.Backoff, err = duration(name, "backoff_duration", backoff); err != nil {
			return err
		}
	}
	if maxBackoff != nil {
		if r.MaxBackoff, err = duration(name, "backoff_max_duration", maxBackoff); err != nil {
			return err
		}
		r.MaxBackoff = min(r.MaxBackoff, time.Hour) // KFP's cap
	}
	n.settings.Retry = r
	return nil
}

// duration reads seconds, or a text such as "90s" or "1h30m".
func duration(name, param string, v starlark.Value) (time.Duration, error) {
	d, err := time.Duration(0), error(nil)
	if s, ok := starlark.AsString(v); ok {
		d, err = time.ParseDuration(s)
	} else if f, ok := starlark.AsFloat(v); ok && f < 1e9 {
		d = time.Duration(f * float64(time.Second))
	} else {
		err = fmt.Errorf("not a duration")
	}
	if err != nil || d < 0 {
		return 0, &Error{Msg: fmt.Sprintf("%s: %s is %s, want a duration", name, param, v), Hint: `write seconds, or a text such as "90s" or "1h30m"`}
	}
	return d, nil
}

func setTimeout(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	var v starlark.Value
	err := starlark.UnpackArgs(name, args, kwargs, "seconds", &v)
	if err != nil {
		return err
	}
	d, err := duration(name, "seconds", v)
	if err != nil {
		return err
	}
	if d == 0 {
		return &Error{Msg: "set_timeout: a node needs more than 0 seconds"}
	}
	n.settings.Timeout = d
	return nil
}

func setEnv(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	var key, val string
	if err := starlark.UnpackArgs(name, args, kwargs, "name", &key, "value", &val); err != nil {
		return err
	}
	for _, s := range []string{key, val} {
		if err := checkText(name, s, "pass the node to the function as an argument"); err != nil {
			return err
		}
	}
	if !envName.MatchString(key) {
		return &Error{Msg: fmt.Sprintf("set_env_variable: %q is no name of an environment variable", key), Hint: `use letters, digits, "_", "-" and "."`}
	}
	switch key {
	case "FFFUNCTION":
		return &Error{Msg: "set_env_variable: FFFUNCTION is how Fuse tells the container which node it runs"}
	case "FUSE_ROOT":
		return &Error{Msg: "set_env_variable: FUSE_ROOT is how Fuse is told where the workflow's files are"}
	}
	for i, v := range n.settings.Env {
		if v.Name == key {
			n.settings.Env[i].Value = val
			return nil
		}
	}
	n.settings.Env = append(n.settings.Env, EnvVar{key, val})
	return nil
}

func setIgnoreUpstreamFailure(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
	if err := starlark.UnpackPositionalArgs(name, args, kwargs, 0); err != nil {
		return err
	}
	n.settings.IgnoreUpstreamFailure = true
	return nil
}

// The notations are those that the KFP SDK accepts.
var (
	envName          = regexp.MustCompile(`^[-._a-zA-Z][-._a-zA-Z0-9]*$`)
	cpuQuantity      = &notation{regexp.MustCompile(`^([0-9]*\.)?[0-9]+m?$`), `a number of CPUs such as "2", "0.5" or "500m"`}
	memoryQuantity   = &notation{regexp.MustCompile(`^[0-9]+([EPTGMK]i?)?$`), `a number of bytes such as "512Mi" or "2G"`}
	acceleratorName  = &notation{regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9_./]*$`), `a resource name such as "nvidia.com/gpu"`}
	acceleratorCount = &notation{regexp.MustCompile(`^[1-9][0-9]*$`), `a number such as 1`}
)

type notation struct {
	re   *regexp.Regexp
	want string
}

// quantity returns the setter of a quantity; a number is as good as its text.
func quantity(param string, want *notation, field func(*NodeSettings) *string) setter {
	return func(n *Node, name string, args starlark.Tuple, kwargs []starlark.Tuple) error {
		var v starlark.Value
		if err := starlark.UnpackArgs(name, args, kwargs, param, &v); err != nil {
			return err
		}
		s, ok := starlark.AsString(v)
		if !ok {
			s = v.String()
		}
		if err := checkText(name, s, hintSettings); err != nil {
			return err
		}
		if !want.re.MatchString(s) {
			return &Error{Msg: fmt.Sprintf("%s: got %s, want %s", name, v, want.want)}
		}
		*field(&n.settings) = s
		return nil
	}
}
