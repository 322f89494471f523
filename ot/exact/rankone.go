package exact

import (
	"cmp"
	"context"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/internal/rng"
)

// staircase is a plan that fills both sides in order, with its arcs and the
// potentials along them.
type staircase struct {
	arcs   []arc
	f, pot []float64
	cells  []cellFlow
	zero   int
}

// newStaircase ships between rows and columns in the given orders by the
// north-west corner rule. Successive arcs share a row or column, so that the
// arcs are a basis and their costs give potentials; they are optimal when the
// order makes the cost Monge.
func newStaircase(g ground, a, b []int64, rows, cols []int32) *staircase {
	n := len(rows)
	s := &staircase{f: make([]float64, n), pot: make([]float64, len(cols))}
	cost := func(i, j int32) float64 { return g.at(int(i), int(j)) }
	k, l := 0, 0
	left, room := a[rows[0]], b[cols[0]]
	s.pot[cols[0]] = cost(rows[0], cols[0])
	for {
		i, j := rows[k], cols[l]
		q := min(left, room)
		s.arcs = append(s.arcs, arc{i, int32(n) + j, cost(i, j)})
		if q > 0 {
			s.cells = append(s.cells, cellFlow{i, j, q})
		} else {
			s.zero++
		}
		left, room = left-q, room-q
		down, right := k < n-1, l < len(cols)-1
		switch {
		case !down && !right:
			return s
		case right && room == 0 && (left > 0 || !down || cost(i, cols[l+1]) <= cost(rows[k+1], j)):
			l++
			room = b[cols[l]]
			s.pot[cols[l]] = cost(i, cols[l]) - s.f[i]
		default:
			k++
			left = a[rows[k]]
			s.f[rows[k]] = cost(rows[k], j) - s.pot[j]
		}
	}
}

// orderBy sorts 0…len(x)−1 by x; equal ones keep their order.
func orderBy(x []float64) []int32 {
	by := upTo(len(x))
	slices.SortStableFunc(by, func(k, l int32) int { return cmp.Compare(x[k], x[l]) })
	return by
}

const (
	sampleRows = 64
	powerSteps = 10
	// rankOneShare is the part of the centred cost, in squares, that its
	// leading singular pair must explain to be worth following.
	rankOneShare = 0.9
)

// rankOne orders rows and columns by the leading singular pair of the doubly
// centred cost, one up, the other down. That solves costs that are a product
// x_i y_j, or a convex function of a difference, up to terms of rows and
// columns; nil when the pair explains too little.
func rankOne(ctx context.Context, threads int, g *stored, a, b []int64, seed uint64) *staircase {
	if g.c == nil || min(g.n, g.m) < 2 {
		return nil
	}
	v, share := leadingOfSample(g, seed)
	if !(share > rankOneShare) {
		return nil
	}
	u := make([]float64, g.n)
	if par.ForCtx(ctx, threads, par.Chunks(g.n, rowBlock), func(c int) {
		lo, hi := par.Bounds(c, g.n, rowBlock)
		for i := lo; i < hi; i++ {
			u[i] = kern.Dot(g.c.Row(i), v)
		}
	}) != nil {
		return nil
	}
	centre(u)
	w := make([]float64, g.m)
	if par.ForCtx(ctx, threads, par.Chunks(g.m, columnBlock), func(c int) {
		lo, hi := par.Bounds(c, g.m, columnBlock)
		for i, x := range u {
			kern.Axpy(-x, g.c.Row(i)[lo:hi], w[lo:hi])
		}
	}) != nil {
		return nil
	}
	return newStaircase(g, a, b, orderBy(u), orderBy(w))
}

// leadingOfSample is the leading right singular vector of some rows of the
// cost, doubly centred, and its share of their squares.
func leadingOfSample(g *stored, seed uint64) (v []float64, share float64) {
	r := rng.New(seed)
	rows := make([][]float64, min(sampleRows, g.n))
	mean := make([]float64, g.m)
	for k := range rows {
		rows[k] = slices.Clone(g.c.Row(r.Below(g.n)))
		centre(rows[k])
		kern.Axpy(1/float64(len(rows)), rows[k], mean)
	}
	total := 0.0
	for _, x := range rows {
		kern.Axpy(-1, mean, x)
		total += kern.Dot(x, x)
	}
	v = make([]float64, g.m)
	for j := range v {
		v[j] = r.Normal()
	}
	for range powerSteps {
		next := make([]float64, g.m)
		s := 1 / math.Sqrt(kern.Dot(v, v))
		share = 0
		for _, x := range rows {
			d := kern.Dot(x, v) * s
			share += d * d
			kern.Axpy(d, x, next)
		}
		v = next
	}
	centre(v)
	return v, share / total
}

// centre subtracts the mean.
func centre(x []float64) {
	m := kern.Sum(x) / float64(len(x))
	for k := range x {
		x[k] -= m
	}
}
