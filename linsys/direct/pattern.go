package direct

import (
	"sync"

	"solve/matrix"
)

// pattern recognises the pattern of a matrix that was analysed. That of the
// matrix itself, and of those that share its arrays, it knows at sight; it is
// hashed only when another has to be compared with it. The arrays must not be
// changed for as long as the analysis is used.
type pattern struct {
	ptr  []int64
	col  []int32
	hash func() uint64
}

func newPattern(a *matrix.CSR) *pattern {
	p := &pattern{ptr: a.RowPtr, col: a.Col}
	p.hash = sync.OnceValue(func() uint64 { return hashPattern(p.ptr, p.col) })
	return p
}

// is tells whether a has the pattern.
func (p *pattern) is(a *matrix.CSR) bool {
	if len(a.RowPtr) != len(p.ptr) || len(a.Col) != len(p.col) {
		return false
	}
	same := &a.RowPtr[0] == &p.ptr[0] && (len(p.col) == 0 || &a.Col[0] == &p.col[0])
	return same || hashPattern(a.RowPtr, a.Col) == p.hash()
}

// hashPattern tells patterns apart.
func hashPattern(ptr []int64, col []int32) uint64 {
	const prime = 0x9e3779b97f4a7c15
	var h [4]uint64
	for i, j := range col {
		h[i&3] = (h[i&3] ^ uint64(j)) * prime
	}
	sum := uint64(len(ptr))
	for _, p := range ptr {
		sum = (sum ^ uint64(p)) * prime
	}
	for _, v := range h {
		sum = (sum ^ v ^ v>>29) * prime
	}
	return sum
}
