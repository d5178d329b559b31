// Package compiler makes the pipeline spec of a workflow, and reads and writes
// spec files.
//
// What it promises: the same workflow gives the same bytes, on any machine; a
// spec that was read is written back with all that it held; a spec that
// Validate passes is one that the API of Kubeflow Pipelines (KFP) 2.17 takes,
// and a spec that Compile makes is always one of these (but for a cache key
// that the user asks for, of which Warnings says that it needs a newer
// server). No secret of a workflow's settings is ever in a spec.
//
// Compile works in these phases, one after the other:
//
//   - names: each node gets the key of its task, in the order of the
//     workflow's nodes (names.go);
//   - parameters of the workflow become inputs of the root dag (compile.go);
//   - each node becomes a task in the root dag, a component and an executor:
//     its inputs (task.go, constants.go), its container (function.go,
//     settings.go);
//   - results of the given nodes become outputs of the root dag (compile.go).
//
// A constant argument of a node is in the spec for people to see. The
// container takes it from the workflow's file, which it evaluates again, so
// its form here need not be exact, and large ones are only named.
//
// A spec is held in the Go types of KFP's protobuf messages. These are older
// than the servers are: what they cannot hold is kept beside them, as a patch
// of the JSON (patch.go). Writing lays it over (jsonwriter.go).
package compiler
