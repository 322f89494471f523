package linsys

import (
	"solve/matrix"
	"solve/solver"
)

// Result is an answer with what proves it.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate // of the worst right-hand side

	Method         string // the method that ran
	Preconditioner string // beside it; "" = none
	Why            string // why auto chose them; "" when they were asked for
	Fallbacks      []string

	X        *matrix.Dense // n×s
	Columns  []Column      // one for each right-hand side
	Analysis *Analysis     // nil for a dense matrix and on a detected grid

	// NullVector proves an inconsistent system to be one: A z = 0 for the
	// symmetric A, and zᵀb is not 0; nil otherwise.
	NullVector []float64
	// Projection is ‖b − b'‖/‖b‖ where b was replaced by its part b' in the
	// range of A.
	Projection float64

	Stats    Stats
	Warnings []string
}

// Column is how one right-hand side ended.
type Column struct {
	Iterations       int
	RelativeResidual float64
	BackwardError    float64
	Componentwise    float64
	Optimality       float64 // least squares; NaN otherwise
	Reason           solver.Reason
}

// Stats counts the work.
type Stats struct {
	Iterations int // over all right-hand sides
	Matvecs    int // products with A or Aᵀ

	Predicted float64 // seconds that auto expected of its choice; 0 = no prediction
	Setup     float64 // seconds: analysis, orderings, factors, hierarchies
	Solve     float64
	Verify    float64

	FactorNNZ          int64
	Flops              float64 // of the factorisation
	Ordering           string
	OperatorComplexity float64 // of a hierarchy
	Levels             int
	Shift              float64 // relative diagonal shift of an incomplete factor
	PivotsReplaced     int     // of an incomplete factor, for being too small
	Grid               []int   // sides of the box of cells, slowest first
	PositivePivots     int     // inertia, where it is known
	NegativePivots     int
	ZeroPivots         int
	Memory             int64 // bytes of what set-up made

	ConditionEstimate float64 // 0 = unknown
	ConditionOf       string  // what it is an estimate of
	EnergyError       float64 // estimate of ‖x−x*‖ in the norm of A; NaN = unknown
	Reachable         float64 // relative residual that rounding may leave
}
