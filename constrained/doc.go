// Package constrained minimises a smooth function under constraints:
//
//	minimise f(x)  subject to  cL ≤ c(x) ≤ cU,  xL ≤ x ≤ xU
//
// with exact first and second derivatives. Rows with cL = cU are equations.
// The Lagrangian is f + yᵀc everywhere, so that y > 0 belongs to an upper limit
// and y < 0 to a lower one; for multipliers of bounds, z = ∇f + ∇cᵀy, positive at
// a lower bound and negative at an upper one.
//
// Methods: AdaSketch-Newton on an exact augmented Lagrangian, for equations only
// (Hong, Na, Mahoney & Kolar, Constrained optimization via exact augmented
// Lagrangian and randomized iterative sketching, ICML 2023, arXiv:2305.18379), with
// the methods that it was compared with; and a primal-dual interior point method
// with a filter line search (Wächter & Biegler, Math. Program. 106, 2006). Auto
// tries them in turn, and calls a point solved only when package verify, from the
// functions of the model alone, finds the conditions of Karush, Kuhn and Tucker
// met in the units of the model.
//
// Models are read by packages constrained/sif and constrained/nl, or made by
// constrained/models.
package constrained
