package exact

import (
	"fmt"
	"math"
	"slices"

	"solve/matrix"
	"solve/solver"
)

// Cost is an n×m ground cost. +Inf forbids an arc.
type Cost interface {
	Dims() (n, m int)
	// Row writes costs (i, j0…j0+len(dst)−1) into dst; safe for concurrent use.
	Row(i, j0 int, dst []float64)
}

// PointCost is a Cost that is metric(x_i, y_j)^p between the rows of two
// matrices: sqeuclidean, euclidean, cityblock, chebyshev or cosine. It is
// recomputed from the points and never stored.
type PointCost interface {
	Cost
	Points() (x, y *matrix.Dense, metric string, p float64)
}

// StoredCost is a Cost that is a matrix in memory, which is read in place.
type StoredCost interface {
	Cost
	Stored() *matrix.Dense
}

// Problem is balanced transport of a onto b. Inputs are neither modified nor
// kept after Solve returns.
type Problem struct {
	A, B []float64 // masses, len n and m; ≥ 0, equal sums to 1e-9 relative; zeros are allowed
	Cost Cost      // n×m
}

// Names of the methods.
const (
	Auto       = "auto"
	Simplex    = "simplex"
	Assignment = "assignment"
	Line       = "line"
)

// Methods lists the algorithms of this package.
func Methods() []solver.Method {
	return []solver.Method{
		{
			Name:    Simplex,
			Summary: "multiscale network simplex with column generation and integer masses",
			Paper:   "Schmitzer: A sparse multiscale algorithm for dense optimal transport, J. Math. Imaging Vision 56, 2016; Cunningham: A network simplex method, Math. Programming 11, 1976",
			When:    "the default",
		},
		{
			Name:    Assignment,
			Summary: "shortest augmenting paths: every row gets a column of its own; n ≤ m, all masses alike",
			Paper:   "Jonker, Volgenant: A shortest augmenting path algorithm for dense and sparse linear assignment problems, Computing 38, 1987",
			When:    "small assignments",
		},
		{
			Name:    Line,
			Summary: "sorting, for points on a line and a convex cost |x−y|^p, p ≥ 1",
			Paper:   "Villani: Topics in Optimal Transportation, §2.2",
			When:    "one-dimensional points",
		},
	}
}

// Options select and tune the method. The zero value (or nil) means defaults.
type Options struct {
	// Tol bounds the relative gap below which a result is called solved;
	// 0 = DefaultTol. MaxIter bounds the pivots; 0 = no limit.
	solver.Settings

	Method string // "" or auto, simplex, assignment, line

	IntegerCost bool // insist on integer costs, for which the arithmetic is exact
	IntegerMass bool // insist on integer masses, used as they are
	Maximize    bool // the largest ⟨C,P⟩ instead of the least; potentials have f_i + g_j ≥ C_ij

	WarmG []float64 // potentials g to start from, len m; nil = none
}

// DefaultTol is the relative gap that a result must meet to be called solved.
const DefaultTol = 1e-9

// massTolerance is how far Σa and Σb may differ, relatively.
const massTolerance = 1e-9

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	if !slices.Contains([]string{"", Auto, Simplex, Assignment, Line}, o.Method) {
		return &solver.OptionError{Name: "method", Value: o.Method, Want: "one of auto, simplex, assignment, line"}
	}
	if math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1 {
		return &solver.OptionError{Name: "tol", Value: fmt.Sprint(o.Tol), Want: "a number in (0, 1)"}
	}
	if o.MaxIter < 0 {
		return &solver.OptionError{Name: "max-iter", Value: fmt.Sprint(o.MaxIter), Want: "a positive number"}
	}
	for i, g := range o.WarmG {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			return fmt.Errorf("exact: %w", &solver.EntryError{What: "warm start", Row: i + 1, Value: g, Err: solver.ErrNonFinite})
		}
	}
	return nil
}

func (o *Options) tol() float64 {
	if o.Tol == 0 {
		return DefaultTol
	}
	return o.Tol
}

// Result is an optimal plan with what proves it.
type Result struct {
	solver.Verdict

	Method string // the method that ran
	Why    string // why it was chosen; "" when it was asked for

	Rows, Cols []int32   // support of the plan, by row, then column, from 0
	Mass       []float64 // its entries, in units of a
	F, G       []float64 // potentials of all points, f_i + g_j ≤ C_ij (≥ when maximising)

	Primal         float64 // ⟨C,P⟩
	Dual           float64 // rigorous bound of the optimum: Σ a f + Σ b g less an allowance for rounding
	Gap            float64 // |Primal − Dual|; +Inf when the run was stopped before all mass had found its way
	RelGap         float64 // Gap / max(|Primal|, Σ |C| P)
	RowError       float64 // ‖P1−a‖₁ / Σa
	ColError       float64 // ‖Pᵀ1−b‖₁ / Σa
	MinReducedCost float64 // the least reduced cost that the last sweep saw, before rounding was taken out; 0 if none is negative
	Slackness      float64 // max |C_ij − f_i − g_j| over the support
	Unique         bool    // no other plan is optimal: every arc outside the basis has a reduced cost above the pricing tolerance
	ZeroFlow       int     // arcs of the basis that carry nothing

	// ViolatingRows (from 0) prove that an infeasible problem is: they hold
	// more mass, Held, than the columns along finite costs take, Reachable.
	ViolatingRows   []int
	Held, Reachable float64

	Permutation []int32 // of assignments: the column of each row

	Stats    Stats
	Warnings []string
}

// Stats counts the work.
type Stats struct {
	Pivots     int // of all levels
	Sweeps     int // passes over all n·m costs of the finest level
	Rounds     int // of pivots and pricing, of all levels
	Levels     int // 1 = no coarse level
	ActiveArcs int
	RoundedUp  int // masses below 2⁻⁶¹ of the total, raised to one unit

	Start, Pivoting, Pricing, Verify float64 // seconds
}
