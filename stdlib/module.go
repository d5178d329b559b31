// Package stdlib holds the modules that Starlark code in a workflow may use,
// and the rule that keeps loading pure: a function with an effect (the clock,
// files, the network, random numbers) can be named and stored anywhere, but
// called only inside a node function.
//
// json, math, time and struct are predeclared in every file. Every other
// module is loaded by name, load("@fuse//csv.star", "csv"), so that a file
// says what it uses. A program that embeds Fuse adds modules of its own in the
// same form.
package stdlib

import (
	"fmt"

	"go.starlark.net/lib/math"
	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
)

// A Module is a named set of values for Starlark code.
type Module struct {
	// Name is a Starlark identifier: the module is loaded as
	// load("@fuse//<Name>.star", "<Name>").
	Name string
	// Value is what the name is bound to: a *starlarkstruct.Module, or a
	// function. It must be frozen or immutable. Functions with effects must be
	// made by Effect.
	Value starlark.Value
	// Predeclared modules need no load.
	Predeclared bool
}

// Modules returns the modules of Fuse itself. The result is new at each call;
// its values are immutable and shared.
func Modules() []Module {
	return []Module{
		{Name: "json", Value: jsonModule(), Predeclared: true},
		{Name: "math", Value: math.Module, Predeclared: true},
		{Name: "time", Value: timeModule(), Predeclared: true},
		{Name: "struct", Value: starlark.NewBuiltin("struct", starlarkstruct.Make), Predeclared: true},
	}
}

// A Phase is what a Starlark thread is executing.
type Phase int

const (
	// Loading is the evaluation of a file: pure. It is the phase of a thread
	// that nothing was said of.
	Loading Phase = iota
	// Running is the call of a node's function: effects are allowed.
	Running
)

const phaseKey = "github.com/starlarkfuse/fuse/stdlib.Phase"

// SetPhase says what the thread is executing.
func SetPhase(thread *starlark.Thread, p Phase) { thread.SetLocal(phaseKey, p) }

// PhaseOf returns what SetPhase said of the thread.
func PhaseOf(thread *starlark.Thread) Phase {
	p, _ := thread.Local(phaseKey).(Phase)
	return p
}

// EffectError is the error of an effectful function that was called while a
// file was loading.
type EffectError struct {
	// Function is the qualified name, "time.now".
	Function string
}

// Error says where the function may be called.
func (e *EffectError) Error() string {
	return fmt.Sprintf("%s: only inside a node function", e.Function)
}

// A Func is the Go side of a Starlark function.
type Func = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// Effect makes a function with an effect. Its qualified name is for errors.
// The phase is checked at each call, because a function can be stored while
// loading and be called later.
func Effect(qualified, name string, fn Func) *starlark.Builtin {
	return starlark.NewBuiltin(name, func(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		if PhaseOf(thread) != Running {
			return nil, &EffectError{Function: qualified}
		}
		return fn(thread, b, args, kwargs)
	})
}
