package ot

import "solve/solver"

// Result is an answer with what proves it.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate

	Method string // the method that ran
	Why    string // why auto chose it; "" when it was asked for

	Plan *Plan     // feasible to rounding; nil where there is none
	F, G []float64 // potentials, cost units; KL convention: P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε); unregularised: f_i + g_j ≤ C_ij (≥ of a maximum)

	Cost         float64 // ⟨C,P⟩
	Objective    float64 // ⟨C,P⟩ + ε Σ P(log P − 1)
	ValueKL      float64 // ⟨C,P⟩ + ε KL(P | abᵀ); NaN when unregularised
	Lower, Upper float64 // rigorous bracket of the unregularised cost

	// Of unregularised problems:
	Unique      bool    // no other plan is optimal, as far as rounding lets it be told
	Permutation []int32 // of an assignment: the column of each row, from 0; −1 for a row without mass

	// ViolatingRows (from 0) prove that an infeasible problem is: they hold
	// more mass than the columns they reach along finite costs.
	ViolatingRows []int

	Stats    Stats
	Warnings []string
}

// Stats counts the work.
type Stats struct {
	Iterations   int // Sinkhorn sweeps + Newton steps (greenkhorn: row or column updates; exact: pivots)
	Passes       int // O(nm) exponential passes, the currency of entropic transport
	Sweeps       int // Sinkhorn iterations
	NewtonSteps  int
	Updates      int // Greenkhorn updates of one row or column
	CGIterations int
	Factored     int // Newton systems solved by Cholesky
	HessianNNZ   int // largest sparsified Hessian block
	EpsLevels    int // levels of ε-scaling
	PlanNNZ      int
	PlanL1Bound  float64 // ‖P−P*‖₁ ≤ √(2 gap/ε)
	Simplex      SimplexStats
	Setup, Solve float64 // seconds
	Verify       float64 // seconds
}

// SimplexStats counts the work of the exact methods.
type SimplexStats struct {
	Pivots         int
	PricingSweeps  int // passes over all n·m costs
	Levels         int // 1 = no coarse level
	ActiveArcs     int
	ZeroFlow       int // arcs of the basis that carry nothing
	RoundedUp      int // masses too small for a unit, raised to one
	MinReducedCost float64
	Slackness      float64 // max |C_ij − f_i − g_j| over the plan's support
}
