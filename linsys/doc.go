// Package linsys solves linear systems A x = b: symmetric or not, definite or
// not, square, rectangular or singular. Solve looks at the matrix and chooses
// among sparse and dense factorisations (package direct), conjugate gradients
// with multigrid (package multigrid) and other Krylov methods with incomplete
// factors; Methods and Preconditioners list them with their papers. What is
// called solved has a residual b − A x, recomputed from A as it was given, that
// meets the tolerance.
//
// A Solver made by New keeps the analysis and the factors or the hierarchy for
// further right-hand sides.
package linsys
