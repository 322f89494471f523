package constrained

import "solve/solver"

// Result is an answer with what proves it, all in the units of the problem as
// given.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate // dual_infeasibility, constraint_violation, bound_violation, complementarity

	Method, Why string

	X         []float64 // N
	Y         []float64 // multipliers of the constraints, M
	Z         []float64 // multipliers of the bounds, N: ∇f + ∇cᵀy at the answer, 0 at variables without bounds
	Objective float64   // f(X), with the sign of the model

	SecondOrder SecondOrder
	Rank        int    // numerical rank of the Jacobian of the active constraints; −1 = not computed
	Proof       *Proof // of infeasibility or unboundedness; nil otherwise

	Attempts []Attempt
	Stats    Stats
	Warnings []string
}

// SecondOrder is what the inertia of the KKT matrix says of a stationary point.
type SecondOrder string

const (
	NotTested SecondOrder = "not_tested"
	Minimizer SecondOrder = "minimiser_like"  // the reduced Hessian is positive definite
	Saddle    SecondOrder = "not_a_minimiser" // it has a negative eigenvalue
	Flat      SecondOrder = "singular"        // it is singular to working precision
)

// Proof is evidence that the problem has no solution.
type Proof struct {
	Kind   string    // "crossed_bounds", "farkas", "ray"
	Index  int       // crossed bounds: the variable or constraint, from 0
	Rows   []float64 // farkas: u, length M, zero at nonlinear rows: uᵀc(x) over the bounds never meets what the limits ask for
	Vector []float64 // ray: direction in x along which f falls without limit as far as it was followed from Result.X

	from []float64 // where the ray starts
}

// Attempt is one run of one method.
type Attempt struct {
	Method     string // with what was changed: "ipm, z = 1"
	Verdict    solver.Verdict
	Iterations int
	Objective  float64 // of its last point
	Violation  float64 // ‖c‖∞ of its last point
}

// Stats counts the work of all attempts.
type Stats struct {
	Iterations     int
	Evaluations    int // of f and c
	Gradients      int // of ∇f and ∇c
	Hessians       int
	Factorizations int
	SketchSteps    int
	InnerMissed    int    // Newton systems that the inner solver left short of the accuracy asked for
	Inertia        [3]int // positive, negative, zero eigenvalues of the last KKT matrix, unmodified
	PenaltyE1      float64
	PenaltyE2      float64
	Barrier        float64
	KKTResidual    float64 // ‖(∇L, c)‖₂ unscaled
	Setup, Solve   float64 // seconds
	Verify         float64 // seconds
}
