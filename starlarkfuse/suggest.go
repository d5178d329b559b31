package starlarkfuse

import (
	"fmt"
	"slices"
	"strings"
)

// didYouMean returns a hint that lists the names close to the wanted one, best
// first; without any, the first few there are.
func didYouMean(want string, names []string) string {
	type candidate struct {
		name string
		cost int
	}
	var close []candidate
	low := strings.ToLower(want)
	limit := max(2, len(want)/3)
	for _, n := range names {
		cost := editDistance(low, strings.ToLower(n), limit)
		if cost <= limit || (len(want) > 2 && strings.Contains(strings.ToLower(n), low)) {
			close = append(close, candidate{n, cost})
		}
	}
	slices.SortStableFunc(close, func(a, b candidate) int { return a.cost - b.cost })
	var out []string
	for _, c := range close[:min(len(close), 5)] {
		out = append(out, fmt.Sprintf("%q", c.name))
	}
	if len(out) > 0 {
		return "did you mean " + strings.Join(out, ", ") + "?"
	}
	if len(names) == 0 {
		return "there are none"
	}
	for _, n := range names[:min(len(names), 5)] {
		out = append(out, fmt.Sprintf("%q", n))
	}
	list := strings.Join(out, ", ")
	if more := len(names) - len(out); more > 0 {
		list = fmt.Sprintf("%s and %d more", list, more)
	}
	return "there is " + list
}

// editDistance is Levenshtein's, over bytes; anything above limit comes back
// as limit+1.
func editDistance(a, b string, limit int) int {
	if d := len(a) - len(b); d > limit || -d > limit {
		return limit + 1
	}
	prev, cur := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			subst := prev[j-1]
			if a[i-1] != b[j-1] {
				subst++
			}
			cur[j] = min(subst, prev[j]+1, cur[j-1]+1)
		}
		prev, cur = cur, prev
	}
	return min(prev[len(b)], limit+1)
}
