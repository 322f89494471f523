// Package models makes the two families of problems that AdaSketch-Newton was
// measured on beside CUTEst (Hong, Na, Mahoney & Kolar, Constrained optimization
// via exact augmented Lagrangian and randomized iterative sketching, ICML 2023,
// arXiv:2305.18379): control of a Poisson equation on a grid, and logistic
// regression on a sphere under linear equations. Their derivatives are exact and
// written for speed; the Functions of each problem are a Plain, too, a second
// evaluator in simple loops that shares no arithmetic with them, to check answers
// by.
package models

import "solve/internal/verify"

// Plain evaluates a model anew, slowly.
type Plain interface {
	// Plain returns f, c and their first derivatives at x. The error wraps
	// solver.ErrDimension.
	Plain(x []float64) (verify.Values, error)
}
