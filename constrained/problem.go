package constrained

import (
	"fmt"
	"math"

	"solve/solver"
)

// Infinity is the size from which on a bound counts as none.
const Infinity = 1e20

// Problem is min f(x) subject to CLower ≤ c(x) ≤ CUpper, Lower ≤ x ≤ Upper, with N
// variables and M constraints. It is not modified.
type Problem struct {
	Name string
	N, M int

	X0             []float64 // start, length N; it may violate everything
	Y0             []float64 // start multipliers, length M; nil = none known
	Lower, Upper   []float64 // length N; nil or ±Inf (or beyond ±Infinity) = none
	CLower, CUpper []float64 // length M

	Linear   []bool // constraint i is known to be linear; nil = none is known to be
	Maximize bool   // Functions gives −f, and reports show f

	VariableNames, ConstraintNames []string // nil = numbered from 1

	Functions
}

// Functions are the objective f and the constraints c of a problem, with exact
// derivatives on fixed patterns. Points where they are not defined give NaN or
// Inf among the values; nothing panics. Calls are not concurrent.
type Functions interface {
	// Values writes c(x), of length M, and returns f(x).
	Values(x, c []float64) float64
	// First writes c(x), ∇f(x), dense of length N, and the entries of the Jacobian
	// in the order of JacobianPattern, and returns f(x).
	First(x, c, gradient, jacobian []float64) float64
	// Hessian writes the entries of σ∇²f(x) + Σ y_i ∇²c_i(x) in the order of
	// HessianPattern.
	Hessian(x []float64, sigma float64, y, hessian []float64)
	// JacobianPattern gives the rows of ∇c in compressed form, M+1 offsets and
	// strictly increasing columns.
	JacobianPattern() (start []int64, column []int32)
	// HessianPattern gives the rows of the lower triangle, diagonal included, in
	// compressed form. Absent entries are zero.
	HessianPattern() (start []int64, column []int32)
}

// VariableName is the name of variable j, from 0.
func (p *Problem) VariableName(j int) string { return nameOf(p.VariableNames, "x", j) }

// ConstraintName is the name of constraint i, from 0.
func (p *Problem) ConstraintName(i int) string { return nameOf(p.ConstraintNames, "c", i) }

func nameOf(names []string, letter string, i int) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return fmt.Sprintf("%s%d", letter, i+1)
}

// lower, upper, cLower and cUpper are the limits with ±Inf for none.
func (p *Problem) lower(j int) float64 { return limit(p.Lower, j, math.Inf(-1)) }
func (p *Problem) upper(j int) float64 { return limit(p.Upper, j, math.Inf(1)) }

func (p *Problem) cLower(i int) float64 { return limit(p.CLower, i, math.Inf(-1)) }
func (p *Problem) cUpper(i int) float64 { return limit(p.CUpper, i, math.Inf(1)) }

func limit(limits []float64, i int, none float64) float64 {
	if limits == nil || math.Abs(limits[i]) >= Infinity {
		return none
	}
	return limits[i]
}

// Validate reports what no method could work with. Crossed bounds are no input
// error: a problem with them is infeasible.
func (p *Problem) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("constrained: "+format, args...)
	}
	if p.Functions == nil {
		return bad("no functions: %w", solver.ErrInput)
	}
	if p.N <= 0 {
		return bad("the problem has no variables: %w", solver.ErrInput)
	}
	for _, v := range []struct {
		what     string
		values   []float64
		n        int
		required bool
		infinite bool
	}{
		{"start point", p.X0, p.N, true, false},
		{"start multipliers", p.Y0, p.M, false, false},
		{"lower bounds", p.Lower, p.N, false, true},
		{"upper bounds", p.Upper, p.N, false, true},
		{"lower limits of the constraints", p.CLower, p.M, p.M > 0, true},
		{"upper limits of the constraints", p.CUpper, p.M, p.M > 0, true},
	} {
		if v.values == nil && !v.required {
			continue
		}
		if len(v.values) != v.n {
			return bad("%s: %d values, want %d: %w", v.what, len(v.values), v.n, solver.ErrDimension)
		}
		for i, x := range v.values {
			if math.IsNaN(x) || math.IsInf(x, 0) && !v.infinite {
				return fmt.Errorf("constrained: %w", &solver.EntryError{What: v.what, Row: i + 1, Value: x, Err: solver.ErrNonFinite})
			}
		}
	}
	return nil
}
