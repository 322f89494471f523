package linsys

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// Sketch and precondition: least squares with many more rows than columns.
//
// Rokhlin & Tygert, PNAS 105 (2008); Avron, Maymounkov & Toledo, Blendenpik,
// SISC 32 (2010); the sparse sign sketch as in Martinsson & Tropp, Acta
// Numerica 2020, §9.2. With S A = Q R, A R⁻¹ has a condition number of about
// (√4+1)/(√4−1) = 3 whatever that of A is, and LSQR ends in some 35
// iterations.

const (
	sketchRatio   = 4 // rows of the sketch over columns of A
	sketchEntries = 8 // non-zeros of a column of S
	sketchColumns = 5000
)

// sketchable tells whether a sketch pays: many rows for each column, and few
// enough columns for a dense triangle.
func sketchable(rows, cols int) bool {
	return cols > 0 && cols <= sketchColumns && rows >= sketchRatio*cols
}

// sketchBytes is the memory that a sketch takes.
func sketchBytes(cols int) int64 { return 8 * sketchRatio * int64(cols) * int64(cols) }

// sketched solves what lsqr does. A must be a matrix with entries; where its
// sketch has less than full rank, plain LSMR does the work and the outcome
// says so.
func sketched(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, sketched)
	}
	_, cols := s.a.Dims()
	if s.memory > 0 && sketchBytes(cols) > s.memory {
		return withoutSketch(ctx, s, fmt.Sprintf("a sketch needs %s", solver.Bytes(sketchBytes(cols))))
	}
	r, ok := sketchFactor(s.a, s.damp, s.seed)
	if !ok {
		return withoutSketch(ctx, s, "the sketch is rank deficient or has no entries to work on")
	}
	return leastSquares(ctx, s, r, func(g *golubKahan) lsMethod { return newLSQR(g) })
}

func withoutSketch(ctx context.Context, s *system, why string) outcome {
	out := lsmr(ctx, s)
	if out.breakdown == "" {
		out.breakdown = why + "; LSMR did the work"
	}
	return out
}

// sketchInverse is C = R⁻¹ for an upper triangular R, row-major n×n.
type sketchInverse struct {
	n int
	r []float64
}

func (t *sketchInverse) apply(x, y []float64) {
	for i := t.n - 1; i >= 0; i-- {
		row := t.r[i*t.n:][:t.n]
		x[i] = (y[i] - kern.Dot(row[i+1:], x[i+1:])) / row[i]
	}
}

func (t *sketchInverse) applyTrans(y, x []float64) {
	copy(y, x)
	for i := range t.n {
		row := t.r[i*t.n:][:t.n]
		y[i] /= row[i]
		kern.Axpy(-y[i], row[i+1:], y[i+1:])
	}
}

// sketchFactor returns the R of S A = Q R, of the damped A where damp isn't 0.
func sketchFactor(a matrix.Operator, damp float64, seed uint64) (*sketchInverse, bool) {
	_, cols := a.Dims()
	height := sketchRatio * cols
	b := make([]float64, height*cols)
	if !sketchRows(a, b, height, seed) {
		return nil, false
	}
	if damp != 0 {
		random := rng.NewStream(seed, 2)
		for j := range cols {
			scatterRow(random, height, func(i int, sign float64) { b[i*cols+j] += sign * damp })
		}
	}
	g := blas64.General{Rows: height, Cols: cols, Stride: cols, Data: b}
	tau := make([]float64, cols)
	size := make([]float64, 1)
	lapack64.Geqrf(g, tau, size, -1)
	lapack64.Geqrf(g, tau, make([]float64, int(size[0])), int(size[0]))
	t := &sketchInverse{n: cols, r: b[:cols*cols]}
	largest, smallest := 0.0, math.Inf(1)
	for j := range cols {
		d := math.Abs(t.r[j*cols+j])
		largest, smallest = max(largest, d), min(smallest, d)
	}
	return t, smallest > float64(cols)*roundoff*largest && finite(largest)
}

// sketchRows adds S A to b. Every row of A goes, with random signs, to
// sketchEntries random rows of b.
func sketchRows(a matrix.Operator, b []float64, height int, seed uint64) bool {
	rows, cols := a.Dims()
	random := rng.NewStream(seed, 1)
	var add func(i, target int, sign float64)
	switch a := a.(type) {
	case *matrix.Dense:
		add = func(i, target int, sign float64) { kern.Axpy(sign, a.Row(i), b[target*cols:][:cols]) }
	case interface {
		Row(i int) ([]int32, []float64)
	}:
		add = func(i, target int, sign float64) {
			col, val := a.Row(i)
			kern.ScatterAxpy(sign, col, val, b[target*cols:][:cols])
		}
	default:
		return false
	}
	for i := range rows {
		scatterRow(random, height, func(target int, sign float64) { add(i, target, sign) })
	}
	return true
}

// scatterRow draws a column of S. The same row may come twice.
func scatterRow(random *rng.Stream, height int, add func(i int, sign float64)) {
	weight := 1 / math.Sqrt(sketchEntries)
	for range sketchEntries {
		u := random.Uint64()
		sign := weight
		if u&1 != 0 {
			sign = -weight
		}
		add(int((u>>1)%uint64(height)), sign)
	}
}
