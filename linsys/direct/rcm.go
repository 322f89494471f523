package direct

import (
	"cmp"
	"slices"

	"solve/matrix"
)

// RCM returns the reverse Cuthill–McKee ordering of the pattern of A + Aᵀ, a
// square: entry k is the index of row k of the reordered matrix, whose
// bandwidth and profile are small.
//
// E. Cuthill, J. McKee 1969, reversed as A. George and J. Liu, Computer
// Solution of Large Sparse Positive Definite Systems, 1981, chapter 4, from
// their pseudo-peripheral vertex in every component.
func RCM(a *matrix.CSR) []int32 {
	g := graphOf(a)
	n := g.order()
	s := &levelSearch{g: g, seen: make([]int32, n)}
	perm := make([]int32, 0, n)
	placed := make([]bool, n)
	for v := range int32(n) {
		if !placed[v] {
			perm = cuthillMcKee(g, s.peripheral(v), perm, placed)
		}
	}
	slices.Reverse(perm)
	return perm
}

// cuthillMcKee appends the component of root breadth first, the neighbours of
// each vertex by degree.
func cuthillMcKee(g *graph, root int32, perm []int32, placed []bool) []int32 {
	degree := func(v int32) int { return g.ptr[v+1] - g.ptr[v] }
	k := len(perm)
	perm = append(perm, root)
	placed[root] = true
	for ; k < len(perm); k++ {
		first := len(perm)
		for _, j := range g.neighbours(perm[k]) {
			if !placed[j] {
				placed[j] = true
				perm = append(perm, j)
			}
		}
		slices.SortStableFunc(perm[first:], func(i, j int32) int { return cmp.Compare(degree(i), degree(j)) })
	}
	return perm
}

// levelSearch is breadth-first search that can be started again and again.
type levelSearch struct {
	g     *graph
	seen  []int32 // the last search that met a vertex
	stamp int32
	queue []int32
}

// from searches from root. It returns the number of levels and a vertex of
// least degree in the last one.
func (s *levelSearch) from(root int32) (levels int, far int32) {
	s.stamp++
	s.seen[root] = s.stamp
	s.queue = append(s.queue[:0], root)
	begin := 0
	for begin < len(s.queue) {
		levels++
		end := len(s.queue)
		far = s.queue[begin]
		for _, v := range s.queue[begin:end] {
			list := s.g.neighbours(v)
			if len(list) < len(s.g.neighbours(far)) {
				far = v
			}
			for _, j := range list {
				if s.seen[j] != s.stamp {
					s.seen[j] = s.stamp
					s.queue = append(s.queue, j)
				}
			}
		}
		begin = end
	}
	return levels, far
}

// peripheral returns a vertex of v's component that is far from some other:
// searches go on from the end of the last one while they get deeper.
func (s *levelSearch) peripheral(v int32) int32 {
	levels, far := s.from(v)
	for {
		deeper, next := s.from(far)
		if deeper <= levels {
			return far
		}
		levels, far = deeper, next
	}
}
