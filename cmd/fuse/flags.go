package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/starlarkfuse/fuse/starlarkfuse"
)

// loadFlags say how a .star file is loaded. They are the same for all
// commands.
type loadFlags struct {
	workflow  string
	defines   []string
	root      string
	maxSteps  uint64
	maxNodes  int
	maxSource int64
}

func (f *loadFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.workflow, "workflow", "", "the `name` of the workflow, for a file that declares several")
	flags.StringArrayVar(&f.defines, "define", nil, "override a compile-time constant: `name=value`, JSON or else a string (repeatable)")
	flags.StringVar(&f.root, "root", "", "the `folder` that the workflow's files are in (default: that of the file)")
	flags.Uint64Var(&f.maxSteps, "max-steps", starlarkfuse.DefaultMaxSteps, "computation steps that loading may take")
	flags.IntVar(&f.maxNodes, "max-nodes", starlarkfuse.DefaultMaxNodes, "nodes that the file may make")
	flags.Int64Var(&f.maxSource, "max-source", starlarkfuse.DefaultMaxSource, "bytes that all files of the workflow may have")
	cmd.RegisterFlagCompletionFunc("workflow", cobra.NoFileCompletions)
	cmd.RegisterFlagCompletionFunc("define", cobra.NoFileCompletions)
	cmd.MarkFlagDirname("root")
}

// load loads the workflow; what the file prints meanwhile is reported.
func (f *loadFlags) load(ctx context.Context, a *app, file string) (*starlarkfuse.Workflow, error) {
	opts, err := f.options(a)
	if err != nil {
		return nil, err
	}
	defines, err := pairs("--define", f.defines)
	if err != nil {
		return nil, err
	}
	opts = append(opts, starlarkfuse.WithWorkflow(f.workflow), starlarkfuse.WithDefines(defines))
	if f.root != "" {
		opts = append(opts, starlarkfuse.WithRoot(f.root))
	}
	return starlarkfuse.Load(ctx, file, opts...)
}

// options returns the limits of the load, and where its prints go.
func (f *loadFlags) options(a *app) ([]starlarkfuse.Option, error) {
	for _, limit := range []struct {
		flag string
		n    int64
	}{
		{"max-steps", int64(min(f.maxSteps, math.MaxInt64))},
		{"max-nodes", int64(f.maxNodes)},
		{"max-source", f.maxSource},
	} {
		if limit.n < 1 {
			return nil, &usageError{msg: fmt.Sprintf("--%s %d: want at least 1", limit.flag, limit.n)}
		}
	}
	return []starlarkfuse.Option{
		starlarkfuse.WithMaxSteps(f.maxSteps),
		starlarkfuse.WithMaxNodes(f.maxNodes),
		starlarkfuse.WithMaxSource(f.maxSource),
		starlarkfuse.WithPrint(a.log.printed),
	}, nil
}

// pairs reads the values of a repeatable flag name=value.
func pairs(flag string, args []string) (map[string]string, error) {
	m := make(map[string]string, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, &usageError{msg: fmt.Sprintf("%s %q: want name=value", flag, arg)}
		}
		if _, twice := m[name]; twice {
			return nil, &usageError{msg: fmt.Sprintf("%s gives %q twice", flag, name)}
		}
		m[name] = value
	}
	return m, nil
}

// The kinds of files that commands take.
const (
	formatStar = "star"
	formatJSON = "json"
	formatYAML = "yaml"
)

// formatOf tells what a file is, by its name's ending.
func formatOf(file string) (string, error) {
	switch ext := strings.ToLower(filepath.Ext(file)); ext {
	case ".star":
		return formatStar, nil
	case ".json":
		return formatJSON, nil
	case ".yaml", ".yml":
		return formatYAML, nil
	}
	return "", &usageError{
		msg:  fmt.Sprintf("%s: neither a workflow nor a pipeline spec, by its name", showName(file)),
		hint: "a workflow's name ends in .star, a spec's in .yaml, .yml or .json",
	}
}

// onlyStar refuses specs where a workflow is wanted.
func onlyStar(file string) error {
	format, err := formatOf(file)
	if err == nil && format != formatStar {
		err = &usageError{msg: fmt.Sprintf("%s: a pipeline spec already, by its name", showName(file)), hint: "give the .star file that it comes from"}
	}
	return err
}

// A choice is a flag that takes one of a few words.
type choice struct {
	to    *string
	words []string
}

func (c choice) String() string {
	if c.to == nil {
		return ""
	}
	return *c.to
}

func (c choice) Type() string { return strings.Join(c.words, "|") }

func (c choice) Set(s string) error {
	if !slices.Contains(c.words, s) {
		return fmt.Errorf("want %s", strings.Join(c.words, " or "))
	}
	*c.to = s
	return nil
}

// choiceVar adds a flag that takes one of the words.
func choiceVar(cmd *cobra.Command, to *string, name, initial, usage string, words ...string) {
	*to = initial
	cmd.Flags().Var(choice{to, words}, name, usage)
	cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// completeFiles offers files with one of the endings for a command's argument.
func completeFiles(endings ...string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return endings, cobra.ShellCompDirectiveFilterFileExt
	}
}
