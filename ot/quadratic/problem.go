package quadratic

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

// Problem is balanced transport of a onto b with quadratic regularisation,
// equation (1) of the package. Inputs are neither modified nor kept after Solve
// returns.
type Problem struct {
	A, B  []float64 // masses, len n and m; ≥ 0, equal sums to 1e-9 relative; zeros are allowed
	Cost  Cost      // n×m
	Gamma float64   // γ > 0, in units of cost over mass

	// Mask, n×m, allows only the arcs that it stores, whatever their values;
	// nil allows all.
	Mask *matrix.CSR
}

// Names of the methods.
const (
	Auto     = "auto"
	Newton   = "newton"
	Interior = "interior"
)

// Methods lists the algorithms of this package.
func Methods() []solver.Method {
	return []solver.Method{
		{
			Name:    Newton,
			Summary: "semismooth Newton method on the dual, with continuation in γ and exact line search",
			Paper:   "Lorenz, Manns, Meyer: Quadratically regularized optimal transport, Appl. Math. Optim. 83, 2021",
			When:    "moderate and large γ",
		},
		{
			Name:    Interior,
			Summary: "primal-dual interior point method with predictor and corrector",
			Paper:   "Mehrotra: On the implementation of a primal-dual interior point method, SIAM J. Optim. 2, 1992",
			When:    "small γ",
		},
	}
}

// Options select and tune the method. The zero value (or nil) means defaults.
type Options struct {
	// Tol bounds the relative gap below which a result is called solved;
	// 0 = DefaultTol; gaps below 1e-14 of the largest cost, times Σa, count as
	// solved too, since potentials are not known better. MaxIter bounds the steps of both methods together;
	// 0 = DefaultMaxIter.
	solver.Settings

	Method string // "" or auto, newton, interior
}

// Defaults of the options.
const (
	DefaultTol     = 1e-10
	DefaultMaxIter = 300
)

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	if !slices.Contains([]string{"", Auto, Newton, Interior}, o.Method) {
		return &solver.OptionError{Name: "method", Value: o.Method, Want: "one of auto, newton, interior"}
	}
	if math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1 {
		return &solver.OptionError{Name: "tol", Value: fmt.Sprint(o.Tol), Want: "a number in (0, 1)"}
	}
	if o.MaxIter < 0 {
		return &solver.OptionError{Name: "max-iter", Value: fmt.Sprint(o.MaxIter), Want: "a positive number"}
	}
	return nil
}

// massTolerance is how far Σa and Σb may differ, relatively.
const massTolerance = 1e-9

// validate checks everything but the costs.
func (p *Problem) validate() error {
	if p.Cost == nil {
		return fmt.Errorf("quadratic: no cost: %w", solver.ErrInput)
	}
	n, m := p.Cost.Dims()
	if n <= 0 || m <= 0 {
		return fmt.Errorf("quadratic: empty problem (%d×%d): %w", n, m, solver.ErrInput)
	}
	if len(p.A) != n || len(p.B) != m {
		return fmt.Errorf("quadratic: cost is %d×%d but a has %d and b has %d entries: %w", n, m, len(p.A), len(p.B), solver.ErrDimension)
	}
	if p.Mask != nil && (p.Mask.Rows != n || p.Mask.Cols != m) {
		return fmt.Errorf("quadratic: cost is %d×%d but the mask is %d×%d: %w", n, m, p.Mask.Rows, p.Mask.Cols, solver.ErrDimension)
	}
	if math.IsNaN(p.Gamma) || p.Gamma <= 0 || math.IsInf(p.Gamma, 0) {
		return &solver.OptionError{Name: "reg", Value: fmt.Sprint(p.Gamma), Want: "a positive number"}
	}
	sa, err := total("weights a", p.A)
	if err != nil {
		return err
	}
	sb, err := total("weights b", p.B)
	if err != nil {
		return err
	}
	if math.Abs(sa-sb) > massTolerance*math.Max(sa, sb) {
		return fmt.Errorf("quadratic: masses differ: a sums to %.17g, b to %.17g: %w", sa, sb, solver.ErrInput)
	}
	return nil
}

// total sums masses, refusing what is no mass.
func total(what string, a []float64) (float64, error) {
	var s sum
	for i, x := range a {
		switch {
		case math.IsNaN(x) || math.IsInf(x, 0):
			return 0, fmt.Errorf("quadratic: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNonFinite})
		case x < 0:
			return 0, fmt.Errorf("quadratic: %w", &solver.EntryError{What: what, Row: i + 1, Value: x, Err: solver.ErrNegative})
		}
		s.add(x)
	}
	switch t := s.value(); {
	case math.IsInf(t, 1) || math.IsNaN(t):
		return 0, fmt.Errorf("quadratic: %s: total mass overflows: %w", what, solver.ErrNonFinite)
	case t == 0:
		return 0, fmt.Errorf("quadratic: %s: total mass is zero: %w", what, solver.ErrInput)
	default:
		return t, nil
	}
}

// sum is a compensated sum (Neumaier).
type sum struct{ s, c float64 }

func (k *sum) add(x float64) {
	t := k.s + x
	if math.Abs(k.s) >= math.Abs(x) {
		k.c += (k.s - t) + x
	} else {
		k.c += (x - t) + k.s
	}
	k.s = t
}

func (k *sum) value() float64 { return k.s + k.c }
