package quadratic

import "solve/solver"

// Result is an answer with what proves it.
type Result struct {
	solver.Verdict

	Method string // the method that gave the answer
	Why    string // why it was chosen; "" when it was asked for

	Rows, Cols []int32   // support of the plan, by row, then column, from 0
	Mass       []float64 // its entries, in units of a
	F, G       []float64 // potentials of all points, in cost units

	Cost     float64 // ⟨C,T⟩
	Primal   float64 // ⟨C,T⟩ + (γ/2) Σ T² of the plan
	Dual     float64 // value of the dual at (F, G)
	Gap      float64 // Primal − Dual: what both may be off by
	RelGap   float64 // Gap / max(|Primal|, Σ |C| T, 2⁻⁴⁰ mean|C| Σa)
	RowError float64 // ‖T1−a‖₁ / Σa
	ColError float64 // ‖Tᵀ1−b‖₁ / Σa

	// ViolatingRows (from 0) prove that an infeasible problem is: they hold
	// more mass, Held, than the columns along allowed arcs take, Reachable.
	ViolatingRows   []int
	Held, Reachable float64

	Stats    Stats
	Warnings []string
}

// Stats counts the work.
type Stats struct {
	NewtonSteps   int
	InteriorSteps int
	Stages        int // values of γ that the Newton method went through
	Sweeps        int // passes over all n·m costs
	PlanNNZ       int

	Setup, Solve, Verify float64 // seconds
}
