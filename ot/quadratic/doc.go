// Package quadratic solves quadratically regularised optimal transport,
//
//	min ⟨C,T⟩ + (γ/2) Σ T²   over T ≥ 0, T1 = a, Tᵀ1 = b,              (1)
//
// whose plans are sparse, unlike entropic ones, and proves what it found by the
// dual
//
//	max Σ a f + Σ b g − (1/2γ) Σ (f_i + g_j − C_ij)₊²,                 (2)
//
// of which T = (f + g − C)₊/γ is the optimal plan (Blondel, Seguy, Rolet,
// Smooth and sparse optimal transport, AISTATS 2018; Lorenz, Manns, Meyer,
// Quadratically regularized optimal transport, Appl. Math. Optim. 83, 2021).
// Every value of (2) is a lower bound of (1), so the gap between a feasible
// plan and any potentials bounds the error of both.
//
// For large and moderate γ, (2) is maximised by a semismooth Newton method with
// continuation in γ and exact line search. For small γ, where the pattern of
// positive entries changes in too many small steps, (1) is solved by an
// interior point method, whose number of steps hardly depends on γ.
package quadratic
