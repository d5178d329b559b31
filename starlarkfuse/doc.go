// Package starlarkfuse is the language: it loads a .star file and returns the
// workflows that the file declares, as graphs of nodes.
//
// Loading is pure. It reads nothing but the file, what it loads, and the data
// that read_file names, all under one root folder; it has no clock, no
// randomness, no network. Loading the same files twice gives the same graph,
// bit for bit, on any machine. This is what makes it safe to evaluate the file
// again inside a container and run only one node's function there, and
// Node.Fingerprint is how that is checked.
//
// The phases of a load:
//
//	parse      source.go       text → syntax; type annotations are taken out
//	evaluate   loader.go       builtins make nodes, params and workflows
//	graph      graph.go        what belongs to each workflow, in what order
//
// After that nothing changes any more: a File and all that it holds is safe
// for concurrent use, and Node.Call runs one node's function.
package starlarkfuse
