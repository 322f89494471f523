// Package bcd fits linear models with sparse, bounded or grouped coefficients:
//
//	minimise over x, x₀:  P(x) = Σ_i w_i ℓ(X_i x + x₀ + o_i; y_i) + Ω(x)
//
// with the losses and penalties of package loss. The method is greedy block
// coordinate descent with variable blocks: a working set, chosen by a
// Gauss-Southwell score, is solved to high accuracy by coordinate descent with
// Anderson acceleration and Newton steps on the support, and every answer
// carries a duality gap that package verify recomputes from the data.
//
// Nutini, Laradji & Schmidt, Let's make block coordinate descent converge
// faster, JMLR 23(131), 2022, arXiv:1712.08859 (greedy blocks, superlinear
// finish); Massias, Gramfort & Salmon, Celer, ICML 2018, and Massias, Vaiter,
// Gramfort & Salmon, Dual extrapolation for sparse GLMs, JMLR 21(234), 2020
// (working sets, dual points); Bertrand & Massias, Anderson acceleration of
// coordinate descent, AISTATS 2021, arXiv:2011.10065; Friedman, Hastie &
// Tibshirani, J. Stat. Softw. 33(1), 2010 (covariance updates, paths);
// Tibshirani et al., JRSS B 74(2), 2012 (strong rules).
//
// The weights are scaled to Σw = 1 unless Problem.Scale says "sum" (Σw = n):
// λ then has the scale of glmnet and of scikit-learn's Lasso. Inputs are never
// modified. The answer has the same bits for any number of threads.
package bcd
