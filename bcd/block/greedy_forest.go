package block

import (
	"math"

	"solve/internal/rng"
	"solve/matrix"
)

// forestGrower accepts nodes one by one as long as they form a forest
// (Kruskal's algorithm on nodes): a node is taken when its accepted neighbours
// lie in pairwise distinct trees. O((n+m)α(n)) for n nodes and m edges. In a
// random order of the nodes every look is a cache miss, so there are few: the
// neighbours lie together without values, and one array holds the trees.
type forestGrower struct {
	start     []int64 // neighbours of i: neighbour[start[i]:start[i+1]]
	neighbour []int32
	sets      disjoint // −1: not taken
	roots     []int32
	met       map[int32]bool // roots of a node with many neighbours
	block     []int32
}

// manyRoots is how many roots are compared one by one.
const manyRoots = 16

func newForestGrower(a *matrix.CSR) *forestGrower {
	n := a.Rows
	g := &forestGrower{
		start: make([]int64, n+1), neighbour: make([]int32, 0, a.NNZ()),
		sets: make(disjoint, n), met: map[int32]bool{}, block: make([]int32, 0, n),
	}
	for i := range n {
		col, val := a.Row(i)
		for e, j := range col {
			if int(j) != i && val[e] != 0 {
				g.neighbour = append(g.neighbour, j)
			}
		}
		g.start[i+1] = int64(len(g.neighbour))
	}
	return g
}

// grow returns the accepted nodes, ascending; valid until the next call.
func (g *forestGrower) grow(order []int32) []int32 {
	for i := range g.sets {
		g.sets[i] = -1
	}
	for _, i := range order {
		if g.separate(g.neighbour[g.start[i]:g.start[i+1]]) {
			g.sets[i] = i
			for _, r := range g.roots {
				g.sets[r] = i
			}
		}
	}
	g.block = g.block[:0]
	for i, s := range g.sets {
		if s >= 0 {
			g.block = append(g.block, int32(i))
		}
	}
	return g.block
}

// separate tells whether the taken neighbours lie in distinct trees, whose
// roots it stores.
func (g *forestGrower) separate(neighbours []int32) bool {
	roots := g.roots[:0]
	many := len(neighbours) > manyRoots
	if many {
		clear(g.met)
	}
	for _, j := range neighbours {
		if g.sets[j] < 0 {
			continue
		}
		r := g.sets.find(j)
		if many {
			if g.met[r] {
				return false
			}
			g.met[r] = true
		} else {
			for _, s := range roots {
				if s == r {
					return false
				}
			}
		}
		roots = append(roots, r)
	}
	g.roots = roots
	return true
}

// descending sorts variables by score, largest first, ties by number: radix
// sort of the bits of the scores, which must not be negative. NaN comes first.
type descending struct {
	key, otherKey     []uint64
	order, otherOrder []int32
}

const (
	digitBits = 11
	digits    = 6 // of 64 bits
)

func newDescending(n int) *descending {
	return &descending{make([]uint64, n), make([]uint64, n), make([]int32, n), make([]int32, n)}
}

func (s *descending) sort(score []float64) []int32 {
	var count [digits][1 << digitBits]int32
	for i, v := range score {
		k := ^math.Float64bits(math.Abs(v))
		s.key[i], s.order[i] = k, int32(i)
		for d := range digits {
			count[d][k>>(d*digitBits)&(1<<digitBits-1)]++
		}
	}
	for d := range digits {
		c := &count[d]
		if n := len(score); n == 0 || c[s.key[0]>>(d*digitBits)&(1<<digitBits-1)] == int32(n) {
			continue // one digit for all
		}
		at := int32(0)
		for k, n := range c {
			c[k] = at
			at += n
		}
		for i, k := range s.key[:len(score)] {
			b := k >> (d * digitBits) & (1<<digitBits - 1)
			to := c[b]
			c[b] = to + 1
			s.otherKey[to], s.otherOrder[to] = k, s.order[i]
		}
		s.key, s.otherKey = s.otherKey, s.key
		s.order, s.otherOrder = s.otherOrder, s.order
	}
	return s.order[:len(score)]
}

// GreedyForestBlock returns the nodes, ascending, of the forest that a greedy
// pass over the nodes in descending order of score (≥ 0) accepts.
func GreedyForestBlock(a *matrix.CSR, score []float64) []int32 {
	return newForestGrower(a).grow(newDescending(len(score)).sort(score))
}

// RandomForestBlock is GreedyForestBlock in a random order.
func RandomForestBlock(a *matrix.CSR, seed uint64) []int32 {
	return newForestGrower(a).grow(randomOrder(identity(a.Rows), rng.New(seed)))
}

// randomOrder shuffles order as rng.Stream.Perm does.
func randomOrder(order []int32, s *rng.Stream) []int32 {
	for i := len(order) - 1; i > 0; i-- {
		j := s.Below(i + 1)
		order[i], order[j] = order[j], order[i]
	}
	return order
}
