package ot

import (
	"fmt"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/internal/verify"
	"solve/matrix"
	"solve/solver"
)

// Metric is a ground metric as --metric names it.
type Metric string

const (
	SqEuclidean Metric = "sqeuclidean"
	Euclidean   Metric = "euclidean"
	Cityblock   Metric = "cityblock"
	Chebyshev   Metric = "chebyshev"
	Cosine      Metric = "cosine"
)

// Metrics lists the ground metrics.
func Metrics() []Metric { return []Metric{SqEuclidean, Euclidean, Cityblock, Chebyshev, Cosine} }

// Cost is the ground cost, n×m: stored (NewDenseCost), recomputed from points
// (NewPointCost), or separable over the axes of a regular grid (NewGridCost).
type Cost interface {
	Dims() (n, m int)
	// Row writes costs (i, j0…j0+len(dst)−1) into dst; safe for concurrent use.
	Row(i, j0 int, dst []float64)
	// Metric names the ground metric, "" for a stored cost.
	Metric() Metric

	// verifier is the same cost for the independent checker.
	verifier() verify.Cost
	// ground restricts the cost to some rows and columns, optionally
	// transposed, for the passes of the solvers.
	ground(rows, cols []int, transpose bool) ground
}

// ground is a cost as the passes see it: rows fused with the exponential.
type ground interface {
	dims() (n, m int)
	// costs writes C_i,j0… into dst.
	costs(i, j0 int, dst []float64)
	// maxRow is max_j g_j − C_ij/ε.
	maxRow(i int, g []float64, invEps float64) float64
	// planRow writes exp(f + g_j − C_ij/ε) and returns their sum.
	planRow(dst []float64, i int, f float64, g []float64, invEps float64) float64
}

type denseCost struct{ c *matrix.Dense }

// NewDenseCost is a stored cost. +Inf marks a forbidden arc.
func NewDenseCost(c *matrix.Dense) Cost { return denseCost{c} }

func (d denseCost) Dims() (n, m int)             { return d.c.Rows, d.c.Cols }
func (d denseCost) Row(i, j0 int, dst []float64) { copy(dst, d.c.Row(i)[j0:]) }
func (d denseCost) Metric() Metric               { return "" }
func (d denseCost) verifier() verify.Cost        { return verify.DenseCost(d.c) }

func (d denseCost) ground(rows, cols []int, transpose bool) ground {
	if !transpose && len(rows) == d.c.Rows && len(cols) == d.c.Cols {
		return storedGround(d)
	}
	if transpose {
		out := &matrix.Dense{Rows: len(cols), Cols: len(rows), Data: make([]float64, len(rows)*len(cols))}
		for r, i := range rows {
			src := d.c.Row(i)
			for k, j := range cols {
				out.Data[k*len(rows)+r] = src[j]
			}
		}
		return storedGround{out}
	}
	out := &matrix.Dense{Rows: len(rows), Cols: len(cols), Data: make([]float64, len(rows)*len(cols))}
	for r, i := range rows {
		src, dst := d.c.Row(i), out.Row(r)
		for k, j := range cols {
			dst[k] = src[j]
		}
	}
	return storedGround{out}
}

// storedGround is a dense cost matrix.
type storedGround struct{ c *matrix.Dense }

func (s storedGround) dims() (n, m int)               { return s.c.Rows, s.c.Cols }
func (s storedGround) costs(i, j0 int, dst []float64) { copy(dst, s.c.Row(i)[j0:]) }

func (s storedGround) maxRow(i int, g []float64, invEps float64) float64 {
	return kern.MaxRow(g, s.c.Row(i), invEps)
}

func (s storedGround) planRow(dst []float64, i int, f float64, g []float64, invEps float64) float64 {
	return kern.PlanRow(dst, f, g, s.c.Row(i), invEps)
}

// store evaluates a ground cost once and keeps it.
func store(g ground, threads int) storedGround {
	n, m := g.dims()
	out := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
	par.For(threads, n, func(i int) { g.costs(i, 0, out.Row(i)) })
	return storedGround{out}
}

// costRange is what one scan of a cost tells.
type costRange struct {
	min, max  float64 // over the finite entries
	forbidden int     // entries +Inf
}

func (r costRange) spread() float64 { return r.max - r.min }
func (r costRange) maxAbs() float64 { return math.Max(math.Abs(r.min), math.Abs(r.max)) }

// scan finds the range of a cost. NaN and −Inf are errors that name the entry.
func scan(c Cost, threads int) (costRange, error) {
	n, m := c.Dims()
	const block = 32
	chunks := (n + block - 1) / block
	ranges, errs := make([]costRange, chunks), make([]error, chunks)
	par.For(threads, chunks, func(k int) {
		buf := make([]float64, m)
		ranges[k] = costRange{min: math.Inf(1), max: math.Inf(-1)}
		for i := k * block; i < min(n, (k+1)*block); i++ {
			row := buf
			if d, ok := c.(denseCost); ok {
				row = d.c.Row(i)
			} else {
				c.Row(i, 0, buf)
			}
			j := ranges[k].extend(row)
			if _, dense := c.(denseCost); !dense && j < 0 && ranges[k].forbidden > 0 {
				j = slices.Index(row, math.Inf(1)) // an overflow: only stored costs forbid arcs
			}
			if j >= 0 {
				errs[k] = &solver.EntryError{What: "cost", Row: i + 1, Col: j + 1, Value: row[j], Err: solver.ErrNonFinite}
				return
			}
		}
	})
	total := costRange{min: math.Inf(1), max: math.Inf(-1)}
	for k, r := range ranges {
		if errs[k] != nil {
			return total, fmt.Errorf("ot: %w", errs[k])
		}
		total.min, total.max = math.Min(total.min, r.min), math.Max(total.max, r.max)
		total.forbidden += r.forbidden
	}
	return total, nil
}

// extend takes row in and returns the index of the first inadmissible entry,
// or −1.
func (r *costRange) extend(row []float64) int {
	lo, hi := r.min, r.max
	for j, x := range row {
		// One comparison finds everything that is not an ordinary number.
		if !(math.Abs(x) <= math.MaxFloat64) {
			if !math.IsInf(x, 1) {
				return j
			}
			r.forbidden++
			continue
		}
		lo, hi = min(lo, x), max(hi, x)
	}
	r.min, r.max = lo, hi
	return -1
}
