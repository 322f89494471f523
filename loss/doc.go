// Package loss is the one home of the data terms and penalties of the
// module's estimators: their values, derivatives, convex conjugates, proximal
// maps and the constants that algorithms take their step lengths from.
//
// An estimator minimises F(η) + Ω(x) with η = Xx + o, where
//
//	F(η) = Σ_i w_i ℓ(η_i; y_i)
//
// is a Loss (or Softmax, for K classes) and Ω is Separable or Grouped. With
// the conjugates ℓ* and Ω*, Fenchel's duality bounds the distance to the
// minimum: for any θ in the domain of F*,
//
//	D(θ) = θᵀo − Σ_i w_i ℓ*(θ_i/w_i; y_i) − Ω*(−Xᵀθ) ≤ min F(Xx + o) + Ω(x),
//
// with equality at θ = ∇F(η) of the minimiser (Rockafellar, Convex Analysis,
// 1970, §31).
//
//	name          ℓ(η; y)                              sup ℓ″  M      y
//	squared       ½(η−y)²                              1       0      any
//	huber         ½r² up to |r| = δ, then δ|r|−½δ²     1       none   any    (r = η−y)
//	smooth-huber  δ²(√(1+(r/δ)²) − 1)                  1       3/(2δ) any
//	logistic      ln(1+e^η) − yη                       ¼       1      [0,1]
//	poisson       e^η − yη                             none    1      ≥ 0
//	sqhinge       ½max(0, 1−yη)²                       1       none   ±1
//	hinge         max(0, 1−yη)                         none    none   ±1
//
// M is the constant of quasi-self-concordance, |ℓ‴| ≤ M ℓ″ (Bach,
// Self-concordant analysis for logistic regression, Electron. J. Stat. 4,
// 2010). Huber's loss is from Ann. Math. Stat. 35, 1964; the bound on the
// Hessian of Softmax from Böhning, Multinomial logistic regression algorithm,
// Ann. Inst. Stat. Math. 44, 1992; the sparse group penalty of Grouped from
// Simon et al., J. Comput. Graph. Stat. 22, 2013.
//
// # Numbers
//
// Sums are compensated (Knuth's two-sum), so that the values of two nearby
// points may be compared to nearly the last digit. The linear predictors η
// have to be finite; where e^η overflows, the value is +Inf. A sample of
// weight 0 takes no part, whatever its η. NaN among the η gives NaN; a NaN
// dual is outside every domain but that of squared, where it gives NaN.
//
// A dual point that has left the domain of a conjugate by no more than
// rounding, a few units in the last place, is taken to lie on its boundary;
// farther out the conjugate is +Inf.
//
// All types are safe for concurrent use, and results depend on the arguments
// and on the instruction set of internal/kern alone.
package loss
