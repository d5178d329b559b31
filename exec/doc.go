// Package exec runs workflows on this machine: whole specs, with Run, and
// single nodes, with Exec.
//
// Run interprets a compiler.Spec as the driver and the launcher of KFP would:
// the same spec ends here in the same states, values and texts as on a
// cluster. A task starts when the tasks it depends on have ended; its inputs
// are resolved then, from the inputs of its dag and the outputs of its
// siblings; it runs; its outputs are recorded. A failing task keeps its
// dependents from running and nobody else.
//
// There are two ways to run a task. The nodes of a workflow's functions are
// called in this process, their values passed on in memory; everything else
// goes to a Runner, which starts the container's command and talks to it
// through the files and the JSON of KFP's executor contract. A Runner can be
// made to run the functions as well, which is what a cluster does.
//
// Exec is the other end of that contract: the entrypoint inside a container,
// which loads the workflow file again and calls one node of it.
//
// One goroutine (scheduler) owns all state of a run and calls the observer;
// workers run single tasks and tell it what happened. So nothing here is
// guarded by locks, and events come in order.
//
// Everything that a run yields is in its folder: see OpenRun for the promise
// about what can be trusted in it.
package exec
