package compiler

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// A Problem is something wrong with a spec.
type Problem struct {
	// Path is where, as keys of the spec's JSON: root/dag/tasks/node1.
	Path string
	// Msg is what.
	Msg string
	// Refused tells that KFP does not take such a spec, or that it would hang.
	// Otherwise KFP takes it, and does something that its author hardly
	// meant.
	Refused bool
}

// Error returns "path: what is wrong".
func (p Problem) Error() string {
	if p.Path == "" {
		return p.Msg
	}
	return p.Path + ": " + p.Msg
}

// maxListed is the number of problems that one error lists.
const maxListed = 20

// Validate checks the spec by the rules of KFP 2.17's API server. It returns
// nil when the server would create a run of it, else one error that joins a
// Problem for each thing to mend. What the server takes and then fails at is
// no error, but a warning: see Warnings.
func (s *Spec) Validate() error {
	var errs []error
	more := 0
	for _, p := range s.Problems() {
		switch {
		case !p.Refused:
		case len(errs) == maxListed:
			more++
		default:
			errs = append(errs, p)
		}
	}
	if more > 0 {
		errs = append(errs, fmt.Errorf("and %d more", more))
	}
	if len(errs) == 0 {
		return nil
	}
	return &starlarkfuse.Error{
		Msg: "the pipeline spec is not valid: " + errors.Join(errs...).Error(),
		Err: errors.Join(errs...),
	}
}

// Warnings returns texts for people about what is legal in the spec and still
// likely to go wrong.
func (s *Spec) Warnings() []string {
	var texts []string
	for _, p := range s.Problems() {
		if p.Refused {
			continue
		}
		if len(texts) == maxListed {
			texts = append(texts, "there are more warnings of this kind")
			break
		}
		texts = append(texts, p.Error())
	}
	if b, err := s.MarshalJSON(); err == nil {
		if w := SizeWarning(len(b)); w != "" {
			texts = append(texts, w)
		}
	}
	return texts
}

// Problems checks the spec and returns all that is wrong with it, in the same
// order each time.
func (s *Spec) Problems() []Problem {
	c := checker{spec: s, state: make(map[string]int)}
	c.pipeline()
	return c.problems
}

var (
	// Of at most maxPipelineName bytes: counting them here would cost every
	// start of the program a third of a millisecond.
	pipelineNames = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	// A leading digit is legal in a name of Argo, but not in the expressions
	// by which it makes tasks wait for each other.
	taskKeys = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)
)

// A checker collects the problems of a spec.
type checker struct {
	spec     *Spec
	problems []Problem
	state    map[string]int // of components: 1 being checked, 2 checked
}

func (c *checker) refuse(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...), true})
}

func (c *checker) warn(path, format string, args ...any) {
	c.problems = append(c.problems, Problem{path, fmt.Sprintf(format, args...), false})
}

func (c *checker) pipeline() {
	p := c.spec.Pipeline
	if v := p.GetSchemaVersion(); v != SchemaVersion {
		c.refuse("schemaVersion", "is %q, and must be %s", v, SchemaVersion)
	}
	if n := p.GetPipelineInfo().GetName(); len(n) > maxPipelineName || !pipelineNames.MatchString(n) {
		c.refuse("pipelineInfo/name", "%q is no name for a pipeline: lower case letters, digits and dashes, at most %d, the first no dash", n, maxPipelineName)
	}
	for _, path := range c.spec.unknown {
		c.refuse(path, "KFP has no such field, and refuses specs with fields it does not know")
	}
	for _, path := range c.spec.newer {
		c.warn(path, "only servers after KFP 2.17 know this field: others refuse the spec")
	}
	if p.GetComponents()["root"] != nil {
		c.refuse("components/root", `"root" is the name of the pipeline itself`)
	}
	for _, k := range sortedKeys(c.spec.Platform) {
		if k != "platforms" {
			c.warn(k, "KFP has no such field in a platform spec, and ignores the whole of it for that")
		}
	}
	root := p.GetRoot()
	if root.GetDag() == nil {
		c.refuse("root", "is not a dag")
		return
	}
	c.dag("root", root)
}

// component checks the component that a task runs.
func (c *checker) component(task, name string) {
	comp := c.spec.Component(name)
	if comp == nil {
		c.refuse(task, "there is no component %q", name)
		return
	}
	switch c.state[name] {
	case 1:
		c.refuse(task, "component %q is made of itself", name)
		return
	case 2:
		return
	}
	c.state[name] = 1
	path := "components/" + name
	switch label := comp.GetExecutorLabel(); {
	case comp.GetDag() != nil:
		c.dag(path, comp)
	case label == "":
		c.refuse(path, "has neither a dag nor an executor")
	default:
		c.executor(path, label)
	}
	c.state[name] = 2
}

func (c *checker) executor(component, label string) {
	e := c.spec.Executor(label)
	path := "deploymentSpec/executors/" + label
	switch {
	case e == nil:
		c.refuse(component, "there is no executor %q", label)
	case e.GetContainer() != nil:
		if e.GetContainer().GetImage() == "" {
			c.refuse(path, "the container has no image: KFP would wait for one for ever")
		}
		if _, ok, err := ParseFunctionTask(e.GetContainer()); ok && err != nil {
			c.warn(path, "%v", err)
		}
	case e.GetResolver() != nil:
		c.refuse(path, "a resolver runs on no open-source server")
	case e.GetCustomJob() != nil:
		c.refuse(path, "a customJob runs on no open-source server")
	case e.GetImporter() == nil:
		c.refuse(path, "has neither a container nor an importer")
	}
}

// cycles refuses tasks that wait for themselves. deps holds the tasks each
// task waits for.
func (c *checker) cycles(path string, keys []string, deps map[string][]string) {
	state := make(map[string]int, len(keys))
	type frame struct {
		key  string
		next int
	}
	for _, start := range keys {
		if state[start] != 0 {
			continue
		}
		// A chain of tasks can be long: no recursion.
		stack := []frame{{key: start}}
		state[start] = 1
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(deps[top.key]) {
				state[top.key] = 2
				stack = stack[:len(stack)-1]
				continue
			}
			dep := deps[top.key][top.next]
			top.next++
			switch state[dep] {
			case 0:
				state[dep] = 1
				stack = append(stack, frame{key: dep})
			case 1:
				i := slices.IndexFunc(stack, func(f frame) bool { return f.key == dep })
				var names []string
				for _, f := range stack[i:] {
					names = append(names, f.key)
				}
				c.refuse(join(path, dep), "waits for itself: %s", strings.Join(append(names, dep), " waits for "))
			}
		}
	}
}
