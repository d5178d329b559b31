package starlarkfuse

import (
	"fmt"
	"strings"

	"go.starlark.net/starlark"
)

// An argument is one value of a call, with the parameter that it goes to.
type argument struct {
	// param is the name of the function's parameter: for an element of *args or
	// **kwargs, that parameter's.
	param string
	// label names the argument for people and as an input: the parameter's
	// name, "args-0", or the keyword that **kwargs takes.
	label string
	// live arguments hold values that are born at run time.
	live bool
}

// bind assigns the arguments of a call to the parameters of fn as the
// interpreter will do when the node runs, so that a wrong call is an error at
// the call. It returns one argument for each of args, then one for each of
// kwargs. The wording of the errors is the interpreter's.
func bind(fn *starlark.Function, args starlark.Tuple, kwargs []starlark.Tuple) ([]argument, error) {
	named := fn.NumParams()
	var varargs, varkw string
	if fn.HasKwargs() {
		named--
		varkw, _ = fn.Param(named)
	}
	if fn.HasVarargs() {
		named--
		varargs, _ = fn.Param(named)
	}
	positional := named - fn.NumKwonlyParams()

	if len(args) > positional && varargs == "" {
		return nil, fmt.Errorf("function %s accepts %s (%d given)", fn.Name(), atMost(fn, positional), len(args))
	}
	bound := make([]argument, 0, len(args)+len(kwargs))
	given := make([]bool, named)
	for i := range args {
		if i >= positional {
			bound = append(bound, argument{param: varargs, label: fmt.Sprintf("%s-%d", varargs, i-positional)})
			continue
		}
		name, _ := fn.Param(i)
		bound = append(bound, argument{param: name, label: name})
		given[i] = true
	}
kwarg:
	for _, kv := range kwargs {
		key := string(kv[0].(starlark.String))
		for i := range named {
			if name, _ := fn.Param(i); name == key {
				if given[i] {
					return nil, fmt.Errorf("function %s got multiple values for parameter %q", fn.Name(), key)
				}
				given[i] = true
				bound = append(bound, argument{param: key, label: key})
				continue kwarg
			}
		}
		if varkw == "" {
			var names []string
			for i := range named {
				name, _ := fn.Param(i)
				names = append(names, name)
			}
			return nil, &Error{
				Msg:  fmt.Sprintf("function %s got an unexpected keyword argument %q", fn.Name(), key),
				Hint: didYouMean(key, names),
			}
		}
		if hasPromise(key) {
			return nil, &Error{Msg: "the name of an argument: " + errText, Hint: hintPromise}
		}
		bound = append(bound, argument{param: varkw, label: key})
	}
	var missing []string
	for i, ok := range given {
		if !ok && fn.ParamDefault(i) == nil {
			name, _ := fn.Param(i)
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("function %s missing %s (%s)", fn.Name(), count(len(missing), "argument"), strings.Join(missing, ", "))
	}
	return bound, nil
}

func atMost(fn *starlark.Function, n int) string {
	if n == 0 {
		return "no positional arguments"
	}
	for i := range n {
		if fn.ParamDefault(i) != nil {
			return "at most " + count(n, "positional argument")
		}
	}
	return count(n, "positional argument")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
