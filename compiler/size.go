package compiler

import (
	"fmt"
	"strconv"
)

// ArgoLimit is the size in bytes that a compiled workflow must stay under on a
// cluster, where it is one object of the Kubernetes API.
const ArgoLimit = 3 << 19 // 1.5 MiB

// sizeText returns a number of bytes as people read it.
func sizeText(n int) string {
	const unit = 1024
	if n < unit {
		return strconv.Itoa(n) + " bytes"
	}
	f, i := float64(n)/unit, 0
	for f >= 1023.95 && i < 3 {
		f /= unit
		i++
	}
	return strconv.FormatFloat(f, 'f', 1, 64) + " " + string("KMGT"[i]) + "iB"
}

// SizeWarning returns a text for people when a spec of that size in bytes, as
// compact JSON, is too large for a cluster; else "".
func SizeWarning(size int) string {
	if size < ArgoLimit {
		return ""
	}
	return fmt.Sprintf("the spec has %s: KFP makes one Argo workflow of it, which must stay under about %s; it runs locally, but a cluster is likely to refuse it",
		sizeText(size), sizeText(ArgoLimit))
}
