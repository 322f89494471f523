package ot

import (
	"fmt"
	"math"
	"slices"

	"solve/solver"
)

// Options select and tune the method. The zero value (or nil) means
// defaults: method auto, tol 1e-9. MaxIter counts pivots of the exact methods,
// which have no limit of their own.
type Options struct {
	solver.Settings

	Method string // a name of Methods(); "" = auto

	// Sinkhorn.
	Omega float64 // over-relaxation 0 < ω < 2; 0 = 1, plain Sinkhorn

	// Sinkhorn-Newton-Sparse (arXiv 2401.12253).
	SNSSinkhorn  int     // N1, Sinkhorn iterations before Newton; 0 = 20
	SNSLambda    float64 // fraction λ of the n·m entries of P that the sparsified Hessian keeps; 0 = 6/n
	SNSAdaptive  bool    // error-controlled sparsification instead of the fixed fraction
	SNSAugmented bool    // augmented Lyapunov potential: a rank-one term along (1,−1) in the Hessian

	IntegerCost bool // unregularised: insist on integer costs, for which the arithmetic is exact

	Lazy bool      // recompute the costs of points instead of storing them
	Warm []float64 // potentials g to start from, cost units, len m; nil = none
}

// Default limits.
const (
	DefaultTol           = 1e-9
	defaultMaxIter       = 10_000
	defaultSinkhornIter  = 100_000
	defaultGreenkhornRow = 10_000 // updates for each row and column
	defaultSNSSinkhorn   = 20
	defaultSNSKeep       = 6 // entries kept for each row on average
)

// Validate reports values that no problem could make right.
func (o *Options) Validate() error {
	if !slices.ContainsFunc(Methods(), func(m solver.Method) bool { return m.Name == o.method() }) {
		return &solver.OptionError{Name: "method", Value: o.Method, Want: "one of auto, exact, assignment, sns, sinkhorn, greenkhorn"}
	}
	if math.IsNaN(o.Tol) || o.Tol < 0 || o.Tol >= 1 {
		return &solver.OptionError{Name: "tol", Value: fmt.Sprint(o.Tol), Want: "a number in (0, 1)"}
	}
	if o.MaxIter < 0 {
		return &solver.OptionError{Name: "max-iter", Value: fmt.Sprint(o.MaxIter), Want: "a positive number"}
	}
	if o.Omega != 0 && !(o.Omega > 0 && o.Omega < 2) {
		return &solver.OptionError{Name: "omega", Value: fmt.Sprint(o.Omega), Want: "a number in (0, 2)"}
	}
	if o.SNSSinkhorn < 0 {
		return &solver.OptionError{Name: "sns-n1", Value: fmt.Sprint(o.SNSSinkhorn), Want: "a positive number"}
	}
	if o.SNSLambda != 0 && !(o.SNSLambda > 0 && o.SNSLambda <= 1) {
		return &solver.OptionError{Name: "sns-lambda", Value: fmt.Sprint(o.SNSLambda), Want: "a number in (0, 1]"}
	}
	for i, g := range o.Warm {
		if math.IsNaN(g) || math.IsInf(g, 0) {
			return fmt.Errorf("ot: %w", &solver.EntryError{What: "warm start", Row: i + 1, Value: g, Err: solver.ErrNonFinite})
		}
	}
	return nil
}

func (o *Options) method() string {
	if o.Method == "" {
		return Auto
	}
	return o.Method
}

func (o *Options) tol() float64 {
	if o.Tol == 0 {
		return DefaultTol
	}
	return o.Tol
}

func (o *Options) maxIter() int {
	switch {
	case o.MaxIter > 0:
		return o.MaxIter
	case o.method() == Sinkhorn:
		return defaultSinkhornIter
	}
	return defaultMaxIter
}
