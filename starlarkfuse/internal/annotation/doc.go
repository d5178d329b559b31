// Package annotation reads the type annotations of a Starlark file and takes them out of its text.
//
// go.starlark.net has no syntax for annotations, so a file goes through Strip first: the annotations are
// overwritten with spaces, the newlines among them kept, and everything else stays at its byte. Positions
// in errors and backtraces are therefore those of the file the user wrote. What the annotations said is
// kept in Signatures, by function, to be checked against values (Type.Check) and edges (Compatible).
//
// The type language is closed: the types of Starlark's own values, their element types, unions, and
// aliases of these. Names of Python's typing module are understood as synonyms.
package annotation
