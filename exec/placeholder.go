package exec

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// Command and arguments of a container are templates. KFP fills them in three
// steps, and which step sees a placeholder decides how its value looks:
//
//  1. the driver replaces input parameters, in arguments without any output
//     placeholder: driverArgs;
//  2. Kubernetes expands $(NAME) and $$: expand;
//  3. the launcher replaces what is left: launcherArgs.

// inputParameter is what the driver looks for.
var inputParameter = regexp.MustCompile(`\{\{\$\.inputs\.parameters\['([^']+)'\]\}\}`)

// driverArgs is the first step. params lack the defaults of inputs that were
// left out: the driver does not know them.
func driverArgs(args []string, params map[string]*structpb.Value) ([]string, error) {
	out := make([]string, 0, len(args))
	for _, arg := range args {
		switch {
		case strings.Contains(arg, "$.outputs"):
			out = append(out, arg)
		case strings.HasPrefix(strings.TrimSpace(arg), `{"IfPresent":`):
			some, err := ifPresent(arg, params)
			if err != nil {
				return nil, fmt.Errorf("argument %s: %w", clip(arg), err)
			}
			out = append(out, some...)
		default:
			text, err := driverArg(arg, params)
			if err != nil {
				return nil, err
			}
			out = append(out, text)
		}
	}
	return out, nil
}

func driverArg(arg string, params map[string]*structpb.Value) (string, error) {
	var failed error
	text := inputParameter.ReplaceAllStringFunc(arg, func(match string) string {
		name := inputParameter.FindStringSubmatch(match)[1]
		v, ok := params[name]
		if !ok {
			failed = errors.Join(failed, fmt.Errorf("an argument takes input %q, which is not given; KFP does not apply its default there", name))
			return match
		}
		text, err := driverText(v)
		failed = errors.Join(failed, err)
		return text
	})
	return text, failed
}

// ifPresent evaluates an argument that depends on whether an input is given.
func ifPresent(arg string, params map[string]*structpb.Value) ([]string, error) {
	var a struct {
		IfPresent struct {
			InputName  string
			Then, Else any
		}
	}
	if err := json.Unmarshal([]byte(arg), &a); err != nil {
		return nil, err
	}
	chosen := a.IfPresent.Else
	if v, ok := params[a.IfPresent.InputName]; ok && !isNull(v) {
		chosen = a.IfPresent.Then
	}
	var texts []string
	switch c := chosen.(type) {
	case nil:
	case string:
		texts = []string{c}
	case []any:
		for _, item := range c {
			text, ok := item.(string)
			if !ok {
				return nil, errors.New("a part of it is no string")
			}
			texts = append(texts, text)
		}
	default:
		return nil, errors.New("a part of it is neither a string nor a list")
	}
	for i, text := range texts {
		var err error
		if texts[i], err = driverArg(text, params); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// expand is the second step: $(NAME) is replaced where env has the name, $$
// stands for $, everything else for itself.
func expand(text string, env map[string]string) string {
	if !strings.Contains(text, "$") {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '$' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		switch next := text[i+1]; {
		case next == '$':
			b.WriteByte('$')
			i++
		case next == '(':
			name, _, closed := strings.Cut(text[i+2:], ")")
			if !closed {
				b.WriteString("$(")
				i++
				break
			}
			if v, ok := env[name]; ok {
				b.WriteString(v)
			} else {
				b.WriteString("$(" + name + ")")
			}
			i += 2 + len(name)
		default:
			b.WriteByte('$')
		}
	}
	return b.String()
}

// launcherArgs is the third step. In the first word of the command, the
// launcher replaces nothing but {{$}}. Each argument is gone through once:
// what looks like a placeholder in a value is left alone.
func launcherArgs(argv []string, input string, words map[string]string) []string {
	out := make([]string, len(argv))
	for i, arg := range argv {
		if i == 0 {
			out[i] = strings.ReplaceAll(arg, "{{$}}", input)
			continue
		}
		out[i] = placeholders.ReplaceAllStringFunc(arg, func(match string) string {
			if match == "{{$}}" {
				return input
			}
			if text, ok := words[match]; ok {
				return text
			}
			return match
		})
	}
	return out
}

// placeholders is what the launcher looks for.
var placeholders = regexp.MustCompile(`\{\{\$(?:\.(?:inputs|outputs)\.(?:parameters|artifacts)\['[^']*'\](?:\.[a-z_]+)?)?\}\}`)
