package direct

import (
	"slices"

	"solve/matrix"
)

// BlockTriangular returns the block upper triangular form of a square A whose
// columns are all matched with rows (see MaximumTransversal; nil and nil
// otherwise). The matrix with column order[k] at place k and row
// rowOf[order[k]] beside it has the matched entries on its diagonal; its
// diagonal blocks, as small as they can be, are at blocks[b] … blocks[b+1]-1,
// and below them it is zero. Stored zeros count as entries here, so that the
// form serves every matrix of the pattern.
//
// R. Tarjan 1972, I. Duff and J. Reid, An implementation of Tarjan's algorithm
// for the block triangularization of a matrix, ACM Trans. Math. Softw. 4
// (1978): the blocks are the strongly connected components of the graph with
// an edge from column i to column j for every entry in row rowOf[i].
func BlockTriangular(a *matrix.CSR, rowOf []int32) (order []int32, blocks []int) {
	if a.Rows != a.Cols || slices.Contains(rowOf, none) {
		return nil, nil
	}
	n := a.Rows
	s := &strongSearch{
		a: a, rowOf: rowOf,
		number: make([]int32, n), low: make([]int32, n), at: make([]int64, n),
		order: make([]int32, 0, n), blocks: []int{0},
	}
	for j := range int32(n) {
		if s.number[j] == 0 {
			s.from(j)
		}
	}
	// A component is complete after those that its edges lead to.
	slices.Reverse(s.order)
	slices.Reverse(s.blocks)
	for k, b := range s.blocks {
		s.blocks[k] = n - b
	}
	for k := range len(s.blocks) - 1 {
		slices.Sort(s.order[s.blocks[k]:s.blocks[k+1]])
	}
	return s.order, s.blocks
}

// strongSearch is Tarjan's depth-first search without recursion.
type strongSearch struct {
	a       *matrix.CSR
	rowOf   []int32
	counter int32
	number  []int32 // order of first visits, from 1
	low     []int32 // least number reached; complete when in a component
	at      []int64 // next entry to follow
	path    []int32
	open    []int32 // visited, not yet in a component
	order   []int32
	blocks  []int
}

// complete is larger than any number.
const complete = 1<<31 - 1

func (s *strongSearch) enter(j int32) {
	s.counter++
	s.number[j], s.low[j] = s.counter, s.counter
	s.at[j] = s.a.RowPtr[s.rowOf[j]]
	s.path = append(s.path, j)
	s.open = append(s.open, j)
}

func (s *strongSearch) from(root int32) {
	s.enter(root)
	for len(s.path) > 0 {
		v := s.path[len(s.path)-1]
		if next := s.follow(v); next != none {
			s.enter(next)
			continue
		}
		s.path = s.path[:len(s.path)-1]
		if len(s.path) > 0 {
			up := s.path[len(s.path)-1]
			s.low[up] = min(s.low[up], s.low[v])
		}
		if s.low[v] == s.number[v] {
			s.closeComponent(v)
		}
	}
}

// follow takes the edges of v up to one that leads to a new column.
func (s *strongSearch) follow(v int32) int32 {
	for end := s.a.RowPtr[s.rowOf[v]+1]; s.at[v] < end; {
		j := s.a.Col[s.at[v]]
		s.at[v]++
		if s.number[j] == 0 {
			return j
		}
		s.low[v] = min(s.low[v], s.low[j])
	}
	return none
}

func (s *strongSearch) closeComponent(v int32) {
	for {
		j := s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
		s.low[j] = complete
		s.order = append(s.order, j)
		if j == v {
			break
		}
	}
	s.blocks = append(s.blocks, len(s.order))
}
