package bcd

import "solve/solver"

// Result is an answer with what proves it. X and Intercept are in the units
// of the matrix as given, whatever was standardised.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate

	Method, Why string

	X          []float64 // p coefficients
	Intercept  float64   // 0 without one; those of a softmax answer are Intercepts
	Intercepts []float64

	Lambda        float64 // the λ solved at
	LambdaMax     float64 // smallest λ with x = 0; NaN where there is none
	Objective     float64 // P(x), recomputed
	NullObjective float64 // P at x = 0 with the intercept fitted (Poisson: above that of a perfect fit): what Tol is relative to
	DualGap       float64 // absolute: P(x) − P* ≤ DualGap; NaN where no dual point is known
	KKT           float64 // largest violation of stationarity, in units of the gradient

	Labels  *[2]float64 // the two values of Y that stand for the lower and the upper class
	Dual    []float64   // α of the SVM dual: X = Σ α_i y_i X_i, 0 ≤ α_i, ≤ w_i/L2 for the hinge; nil elsewhere
	Classes []float64   // labels of the columns of a softmax answer

	Stats    Stats
	Warnings []string
}

// Stats counts the work.
type Stats struct {
	Iterations     int     // working sets
	Epochs         int     // sweeps of coordinate descent over a working set
	ColumnUpdates  int     // coordinates that changed
	NewtonSteps    int     // linear systems on the support
	Extrapolations int     // that were accepted
	Passes         float64 // sweeps over the whole matrix, in units of its columns
	Flops          float64 // of the laboratory: multiplications and additions in columns
	Support        int     // coefficients that are not zero
	SupportFixedAt int     // last iteration that changed the signed support
	Nondegeneracy  float64 // smallest λ_j − |∇_j| of a zero coefficient; +Inf without one
	Setup, Solve   float64 // seconds
	Verify         float64 // seconds
}
