package ot

import "solve/solver"

// Result is an answer with what proves it.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate

	Method string // the method that ran
	Why    string // why auto chose it; "" when it was asked for

	Plan *Plan     // feasible to rounding
	F, G []float64 // potentials, cost units, KL convention: P_ij = a_i b_j exp((f_i+g_j−C_ij)/ε)

	Cost         float64 // ⟨C,P⟩
	Objective    float64 // ⟨C,P⟩ + ε Σ P(log P − 1)
	ValueKL      float64 // ⟨C,P⟩ + ε KL(P | abᵀ)
	Lower, Upper float64 // rigorous bracket of the unregularised cost

	// ViolatingRows (from 0) prove that an infeasible problem is: they hold
	// more mass than the columns they reach along finite costs.
	ViolatingRows []int

	Stats    Stats
	Warnings []string
}

// Stats counts the work.
type Stats struct {
	Iterations   int // Sinkhorn sweeps + Newton steps (greenkhorn: row or column updates)
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
	Setup, Solve float64 // seconds
	Verify       float64 // seconds
}
