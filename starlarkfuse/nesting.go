package starlarkfuse

import (
	"fmt"

	"go.starlark.net/syntax"
)

// maxDepth bounds how deep a syntax tree is. The parser itself bounds brackets
// and blocks; but chains, such as a + b + c, x.f().g() and elif, which it reads
// in a loop, are deep trees for the resolver and the compiler. These recurse,
// and a Go program does not survive a stack that is full.
const maxDepth = 10_000

// checkDepth refuses a syntax tree in which a chain is longer than maxDepth.
func checkDepth(file *syntax.File) error {
	depth := 0
	var inside []int // links of each node that is being walked
	var err error
	syntax.Walk(file, func(n syntax.Node) bool {
		if n == nil {
			depth -= inside[len(inside)-1]
			inside = inside[:len(inside)-1]
			return true
		}
		pos, links := link(n)
		if err == nil && depth+links > maxDepth {
			err = &Error{
				Pos:  pos,
				Msg:  fmt.Sprintf("more than %d operators, calls or branches in one chain", maxDepth),
				Hint: "was the file written by a program? use a list and a loop, or several statements",
			}
		}
		if err != nil {
			return false
		}
		depth += links
		inside = append(inside, links)
		return true
	})
	return err
}

// link returns where a node that can be chained without end joins the chain,
// and by how many levels; 0 for all other nodes. Node.Span would walk down the
// chain.
func link(n syntax.Node) (syntax.Position, int) {
	switch n := n.(type) {
	case *syntax.BinaryExpr:
		return n.OpPos, 1
	case *syntax.DotExpr:
		return n.Dot, 1
	case *syntax.CallExpr:
		return n.Lparen, 1
	case *syntax.IndexExpr:
		return n.Lbrack, 1
	case *syntax.SliceExpr:
		return n.Lbrack, 1
	case *syntax.IfStmt:
		return n.If, 1
	case *syntax.Comprehension: // the compiler recurses for each clause
		return n.Lbrack, len(n.Clauses)
	}
	return syntax.Position{}, 0
}
