package block

import (
	"context"
	"fmt"
	"math"

	"solve/loss"
	"solve/solver"
)

// Objective is a smooth convex f of p variables, plus a separable penalty, at
// a point that moves a block at a time. It maintains what the next step needs
// (a residual, or the gradient). It is not safe for concurrent use.
//
// H below is a matrix with H ⪰ ∇²f(x) for every x.
type Objective interface {
	Name() string
	Dim() int
	Penalty() *loss.Separable // nil = none
	Quadratic() bool          // ∇²f is H everywhere
	Lower() float64           // a bound f(x) ≥ Lower, −Inf where none is known

	// Lipschitz returns H_jj, the Lipschitz constants of the partial
	// derivatives, +Inf where f has none; not to be modified.
	Lipschitz() []float64
	// RowSums returns Σ_k|H_jk|; computed once, not to be modified.
	RowSums(ctx context.Context, threads int) ([]float64, error)

	Start(x []float64)                        // moves to x (nil = 0) and computes everything from it
	Point() []float64                         // the point, a view
	Value() float64                           // f at the point, without the penalty
	Gradient() []float64                      // ∇f at the point, a view that the next move spoils
	Partial(b []int32, g []float64)           // g = ∇_b f
	Bound(b []int32, h []float64)             // h = H_bb, row-major
	Curvature(b []int32, h []float64)         // h = ∇²_bb f at the point, row-major
	Product(b []int32, d, out []float64)      // out = H_·b d, all p entries
	Change(b []int32, g, d []float64) float64 // f(x+d_b) − f(x), given g = ∇_b f; x stays
	Move(b []int32, d []float64)              // x_b += d
	Cost() Cost                               // work since the objective was made
}

// Cost counts work, to compare rules at equal cost.
type Cost struct {
	Columns int64 // columns of X, or rows of A, read or added
	Flops   int64 // multiplications and additions in them
}

// checkTargets checks what belongs to the n rows of X.
func checkTargets(n int, y, w []float64) error {
	if len(y) != n || w != nil && len(w) != n {
		return fmt.Errorf("block: %d rows, %d targets, %d weights: %w", n, len(y), len(w), solver.ErrDimension)
	}
	positive := w == nil
	for i, v := range w {
		switch {
		case v-v != 0:
			return &solver.EntryError{What: "weight", Row: i + 1, Value: v, Err: solver.ErrNonFinite}
		case v < 0:
			return &solver.EntryError{What: "weight", Row: i + 1, Value: v, Err: solver.ErrNegative}
		}
		positive = positive || v > 0
	}
	if !positive {
		return fmt.Errorf("block: every weight is 0: %w", solver.ErrInput)
	}
	return nil
}

// bounded tells whether f has Lipschitz constants at all.
func bounded(f Objective) bool {
	l := f.Lipschitz()
	return len(l) == 0 || !math.IsInf(l[0], 1)
}

// total is f plus the penalty.
func total(f Objective) float64 {
	v := f.Value()
	if p := f.Penalty(); p != nil {
		v += p.Value(f.Point())
	}
	return v
}

// stationarity stores, for each coordinate, the distance of −∇_j f from the
// subdifferential of the penalty: |∇_j f| where there is none. It returns the
// 2-norm.
func stationarity(f Objective, s []float64) float64 {
	g, x, pen := f.Gradient(), f.Point(), f.Penalty()
	sum := 0.0
	for j, v := range g {
		if pen != nil {
			v = pen.Distance(j, x[j], v)
		}
		s[j] = math.Abs(v)
		sum += v * v
	}
	return math.Sqrt(sum)
}
