package bcd

import (
	"fmt"
	"math"

	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// Design is the matrix X of a problem: a *matrix.Dense, *matrix.CSR or
// *matrix.CSC. Compressed columns are used where they stand; compressed rows
// keep their transpose (see matrix.CSR.Transpose).
type Design interface{ Dims() (rows, cols int) }

// Names of the penalties.
const (
	NoPenalty   = "none"
	L1          = "l1"
	ElasticNet  = "enet"
	Group       = "group"
	SparseGroup = "sparse-group"
)

// Names of the scales of the data term.
const (
	Mean = "mean" // Σw = 1
	Sum  = "sum"  // Σw = n
)

// Problem is min P(x) = Σ w_i ℓ(X_i x + x₀ + o_i; y_i) + Ω(x).
type Problem struct {
	X       Design
	Y       []float64 // n targets; two labels are mapped for the losses that classify
	Weights []float64 // n, ≥ 0, rescaled as Scale says; nil = equal
	Offset  []float64 // n; nil = zeros
	Loss    loss.Loss // nil = loss.Squared()

	// Penalty is one of none, l1 (λ Σ v_j|x_j|), enet (λ Σ v_j (α|x_j| +
	// (1−α)x_j²/2)), group (λ Σ ω_g‖x_g‖₂), sparse-group (λ Σ (α‖x_g‖₁ +
	// (1−α)ω_g‖x_g‖₂)); "" = l1.
	Penalty     string
	Lambda      float64 // λ ≥ 0
	LambdaRatio float64 // > 0: λ = LambdaRatio·λ_max instead
	Alpha       float64 // α in [0,1] of enet and sparse-group
	L2          float64 // adds (L2/2)‖x‖² to any penalty

	PenaltyFactor []float64 // v, p values ≥ 0; +Inf leaves a column out; nil = ones
	Lower, Upper  []float64 // bounds on x: nil, one for all, or p
	NonNegative   bool      // lower bounds 0

	Groups       [][]int32 // partition of 0 … p−1, for the group penalties
	GroupWeights []float64 // ω; nil = √|g|

	Scale       string // Mean (""), Sum
	Intercept   bool   // fit x₀, never penalised
	Standardize bool   // penalise x_j s_j instead of x_j, s_j the weighted standard deviation of column j
}

func (p *Problem) loss() loss.Loss {
	if p.Loss == nil {
		return loss.Squared()
	}
	return p.Loss
}

func (p *Problem) penalty() string {
	if p.Penalty == "" {
		return L1
	}
	return p.Penalty
}

func (p *Problem) grouped() bool { return p.penalty() == Group || p.penalty() == SparseGroup }

// validate reports what no method could work with.
func (p *Problem) validate() error {
	if p.X == nil {
		return fmt.Errorf("bcd: no matrix: %w", solver.ErrInput)
	}
	n, cols := p.X.Dims()
	if n == 0 || cols == 0 {
		return fmt.Errorf("bcd: the matrix is %d×%d: %w", n, cols, solver.ErrDimension)
	}
	if err := finiteMatrix(p.X); err != nil {
		return err
	}
	for _, v := range []struct {
		what string
		x    []float64
		must bool
		len  int
	}{{"y", p.Y, true, n}, {"weights", p.Weights, false, n}, {"offset", p.Offset, false, n}, {"penalty factors", p.PenaltyFactor, false, cols}} {
		if v.must || v.x != nil {
			if len(v.x) != v.len {
				return fmt.Errorf("bcd: %d values of %s for a %d×%d matrix: %w", len(v.x), v.what, n, cols, solver.ErrDimension)
			}
		}
	}
	if err := finite("y", p.Y); err != nil {
		return err
	}
	if err := finite("offset", p.Offset); err != nil {
		return err
	}
	if err := p.validateWeights(); err != nil {
		return err
	}
	return p.validatePenalty(cols)
}

func (p *Problem) validateWeights() error {
	if p.Weights == nil {
		return nil
	}
	if err := nonNegative("weights", p.Weights, false); err != nil {
		return err
	}
	for _, w := range p.Weights {
		if w > 0 {
			return nil
		}
	}
	return fmt.Errorf("bcd: all %d weights are zero: %w", len(p.Weights), solver.ErrInput)
}

func (p *Problem) validatePenalty(cols int) error {
	option := func(name string, v float64, want string) error {
		return fmt.Errorf("bcd: %w", &solver.OptionError{Name: name, Value: fmt.Sprint(v), Want: want})
	}
	switch p.penalty() {
	case NoPenalty, L1, ElasticNet, Group, SparseGroup:
	default:
		return fmt.Errorf("bcd: %w", &solver.OptionError{Name: "penalty", Value: p.Penalty, Want: "one of none, l1, enet, group, sparse-group"})
	}
	switch {
	case !(p.Lambda >= 0) || math.IsInf(p.Lambda, 0):
		return option("lambda", p.Lambda, "a number ≥ 0")
	case !(p.LambdaRatio >= 0) || math.IsInf(p.LambdaRatio, 0):
		return option("lambda-ratio", p.LambdaRatio, "a number > 0")
	case p.LambdaRatio > 0 && p.Lambda > 0:
		return option("lambda-ratio", p.LambdaRatio, "λ or its ratio to λ_max, not both")
	case !(p.Alpha >= 0 && p.Alpha <= 1):
		return option("alpha", p.Alpha, "a number in [0, 1]")
	case !(p.L2 >= 0) || math.IsInf(p.L2, 0):
		return option("l2", p.L2, "a number ≥ 0")
	}
	if p.Scale != "" && p.Scale != Mean && p.Scale != Sum {
		return fmt.Errorf("bcd: %w", &solver.OptionError{Name: "scale", Value: p.Scale, Want: "mean or sum"})
	}
	if err := nonNegative("penalty factors", p.PenaltyFactor, true); err != nil {
		return err
	}
	if err := p.validateBounds(cols); err != nil {
		return err
	}
	return p.validateGroups(cols)
}

func (p *Problem) validateBounds(cols int) error {
	for _, b := range []struct {
		what string
		x    []float64
	}{{"lower bounds", p.Lower}, {"upper bounds", p.Upper}} {
		if n := len(b.x); n > 1 && n != cols {
			return fmt.Errorf("bcd: %d %s for %d columns: %w", n, b.what, cols, solver.ErrDimension)
		}
	}
	for j := range cols {
		lo, hi := p.bounds(j)
		if !(lo <= hi) || math.IsInf(lo, 1) || math.IsInf(hi, -1) {
			return fmt.Errorf("bcd: bounds [%g, %g] of column %d leave nothing: %w", lo, hi, j+1, solver.ErrInput)
		}
		if p.PenaltyFactor != nil && math.IsInf(p.PenaltyFactor[j], 1) && (lo > 0 || hi < 0) {
			return fmt.Errorf("bcd: column %d is left out, but its bounds [%g, %g] leave out zero: %w", j+1, lo, hi, solver.ErrInput)
		}
	}
	return nil
}

// bounds returns the bounds of x_j.
func (p *Problem) bounds(j int) (lo, hi float64) {
	at := func(x []float64, none float64) float64 {
		switch len(x) {
		case 0:
			return none
		case 1:
			return x[0]
		}
		return x[j]
	}
	lo, hi = at(p.Lower, math.Inf(-1)), at(p.Upper, math.Inf(1))
	if p.NonNegative {
		lo = max(lo, 0)
	}
	return lo, hi
}

func (p *Problem) bounded() bool { return p.NonNegative || len(p.Lower) > 0 || len(p.Upper) > 0 }

func (p *Problem) validateGroups(cols int) error {
	if !p.grouped() {
		if p.Groups != nil {
			return fmt.Errorf("bcd: groups without a group penalty: %w", solver.ErrInput)
		}
		return nil
	}
	if p.bounded() {
		return fmt.Errorf("bcd: bounds together with a group penalty: %w", solver.ErrUnsupported)
	}
	if p.PenaltyFactor != nil {
		return fmt.Errorf("bcd: penalty factors of single columns together with groups (use the groups' weights): %w", solver.ErrUnsupported)
	}
	g := loss.Grouped{Groups: p.Groups, Lambda: []float64{1}, Weights: p.GroupWeights, Mix: p.mix(), L2: p.L2}
	if err := g.Validate(cols); err != nil {
		return fmt.Errorf("bcd: %w", err)
	}
	return nil
}

// mix is the share of the 1-norm in a sparse group penalty.
func (p *Problem) mix() float64 {
	if p.penalty() == SparseGroup {
		return p.Alpha
	}
	return 0
}

func finite(what string, x []float64) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("bcd: %w", &solver.EntryError{What: what, Row: i + 1, Value: v, Err: solver.ErrNonFinite})
		}
	}
	return nil
}

func nonNegative(what string, x []float64, infinite bool) error {
	for i, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) && !infinite {
			return fmt.Errorf("bcd: %w", &solver.EntryError{What: what, Row: i + 1, Value: v, Err: solver.ErrNonFinite})
		}
		if v < 0 {
			return fmt.Errorf("bcd: %w", &solver.EntryError{What: what, Row: i + 1, Value: v, Err: solver.ErrNegative})
		}
	}
	return nil
}

// finiteMatrix names the first entry of X that is not a number.
func finiteMatrix(x Design) error {
	var err error
	switch a := x.(type) {
	case *matrix.Dense:
		err = a.CheckFinite("matrix")
	case *matrix.CSR:
		err = a.CheckFinite("matrix")
	case *matrix.CSC:
		for k, v := range a.Val {
			if v-v != 0 {
				j := 0
				for a.ColPtr[j+1] <= int64(k) {
					j++
				}
				err = &solver.EntryError{What: "matrix", Row: int(a.Row[k]) + 1, Col: j + 1, Value: v, Err: solver.ErrNonFinite}
				break
			}
		}
	default:
		return fmt.Errorf("bcd: a matrix of type %T (want *matrix.Dense, *matrix.CSR or *matrix.CSC): %w", x, solver.ErrUnsupported)
	}
	if err != nil {
		return fmt.Errorf("bcd: %w", err)
	}
	return nil
}
