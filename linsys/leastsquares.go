package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/matrix"
	"solve/solver"
)

// lsMethod advances y of the Golub–Kahan process by an iteration and returns
// what it believes ‖r‖ and ‖Cᵀ Aᵀr‖ are.
type lsMethod interface {
	step() (residual, gradient float64)
	restart()
	extremes() (lo, hi float64) // singular values of A C
}

// change is a change of variables x = x₀ + C y that makes A C better
// conditioned than A.
type change interface {
	apply(x, y []float64)      // x = C y
	applyTrans(y, x []float64) // y = Cᵀ x
}

// squareOptimality is ‖Aᵀr‖/(‖A‖_F‖r‖) that ends a run on a square matrix,
// for which a small residual is expected.
const squareOptimality = 1e-11

// lsPatience is for how many times as many iterations as there are columns a
// run is not called stalled: the gradient of LSQR is erratic, and the residual
// of an inconsistent system hardly moves.
const lsPatience = 10

// lsLoop judges a least-squares method.
type lsLoop struct {
	*loop
	c              change
	start          []float64 // x₀
	g              *golubKahan
	frobenius      float64 // ‖A‖_F, or the process's lower bound of it
	exactFrobenius bool
	optimal        float64 // relative gradient that is asked for
	slack          float64 // of claims, after one that wasn't confirmed
}

// leastSquares runs a method. c is the change of variables, nil for scaled
// columns.
func leastSquares(ctx context.Context, s *system, c change, make func(*golubKahan) lsMethod) outcome {
	s.reset()
	squares := columnSquares(s.a)
	a, b := s.a, s.b
	if s.damp != 0 {
		a, b = damped(s)
		for j := range squares {
			squares[j] += s.damp * s.damp
		}
	}
	sub := *s
	sub.a, sub.b = a, b
	l := &lsLoop{loop: sub.newLoop(ctx), c: c, slack: 1}
	l.setScaling(squares)
	rows, cols := a.Dims()
	l.optimal = s.tol
	if rows == cols {
		l.optimal = min(s.tol, squareOptimality)
	}
	if l.startFrom(b) {
		l.bidiagonalise(make)
	}
	out := l.out
	if s.damp != 0 && l.normB > 0 {
		t := l.t[:len(s.b)]
		s.a.MulVecTo(t, false, s.x)
		out.matvecs++
		out.residual = safeNorm(l.v.residual(s.b, t), t) / l.normB
	}
	return out
}

// setScaling scales columns to unit length if nothing better is known; an
// empty one is left out.
func (l *lsLoop) setScaling(squares []float64) {
	if squares == nil {
		return
	}
	sum := 0.0
	for _, q := range squares {
		sum += q
	}
	l.frobenius, l.exactFrobenius = math.Sqrt(sum), true
	if l.c != nil {
		return
	}
	for j, q := range squares {
		squares[j] = ratio(1, math.Sqrt(q))
	}
	l.c = columnScaling(squares)
}

// columnScaling is a diagonal C.
type columnScaling []float64

func (d columnScaling) apply(x, y []float64) {
	for j, t := range y {
		x[j] = d[j] * t
	}
}

func (d columnScaling) applyTrans(y, x []float64) { d.apply(y, x) }

// columnSquares returns Σ_i a_ij², or nil for an operator without entries.
func columnSquares(a matrix.Operator) []float64 {
	_, cols := a.Dims()
	squares := make([]float64, cols)
	switch a := a.(type) {
	case *matrix.Dense:
		for i := range a.Rows {
			for j, t := range a.Row(i) {
				squares[j] += t * t
			}
		}
	case interface {
		DoNonZero(func(i, j int, v float64))
	}:
		a.DoNonZero(func(_, j int, t float64) { squares[j] += t * t })
	default:
		return nil
	}
	return squares
}

// damped returns the operator [A; λI] and [b; 0].
func damped(s *system) (matrix.Operator, []float64) {
	rows, cols := s.a.Dims()
	b := append(append(make([]float64, 0, rows+cols), s.b...), make([]float64, cols)...)
	mul := func(dst, x []float64) {
		s.a.MulVecTo(dst[:rows], false, x)
		axpby(s.damp, x, 0, dst[rows:])
	}
	mulTrans := func(dst, x []float64) {
		s.a.MulVecTo(dst, true, x[:rows])
		axpby(s.damp, x[rows:], 1, dst)
	}
	return &matrix.Func{Rows: rows + cols, Cols: cols, Mul: mul, MulTrans: mulTrans}, b
}

// mulTrans computes dst = Aᵀx.
func (l *lsLoop) mulTrans(dst, x []float64) {
	l.out.matvecs++
	l.a.MulVecTo(dst, true, x)
}

// golubKahan is the bidiagonalisation of A C: β₁u₁ = r, α₁v₁ = (A C)ᵀu₁,
// β u = A C v − α u, α v = (A C)ᵀu − β v. It works in place.
type golubKahan struct {
	l           *lsLoop
	u, tall     []float64 // as long as b
	v, y        []float64 // as long as x
	wide, next  []float64
	alpha, beta float64
}

func (g *golubKahan) restartFrom(r []float64) {
	clear(g.y)
	copy(g.u, r)
	g.beta = g.l.v.norm(g.u)
	g.scale(g.u, g.beta)
	g.multiplyTrans(g.v)
	g.alpha = g.l.v.norm(g.v)
	g.scale(g.v, g.alpha)
}

func (g *golubKahan) scale(x []float64, norm float64) {
	if norm > 0 {
		g.l.v.axpby(1/norm, x, 0, x)
	}
}

// multiplyTrans computes dst = (A C)ᵀu.
func (g *golubKahan) multiplyTrans(dst []float64) {
	if g.l.c == nil {
		g.l.mulTrans(dst, g.u)
		return
	}
	g.l.mulTrans(g.wide, g.u)
	g.l.c.applyTrans(dst, g.wide)
}

func (g *golubKahan) step() {
	v := g.l.v
	in := g.v
	if g.l.c != nil {
		g.l.c.apply(g.wide, g.v)
		in = g.wide
	}
	g.l.mul(g.tall, in)
	g.beta = safeNorm(v.axpby(1, g.tall, -g.alpha, g.u), g.u)
	g.scale(g.u, g.beta)
	if !g.l.exactFrobenius {
		g.l.frobenius = math.Hypot(g.l.frobenius, math.Hypot(g.alpha, g.beta))
	}
	g.multiplyTrans(g.next)
	g.alpha = safeNorm(v.axpby(1, g.next, -g.beta, g.v), g.v)
	g.scale(g.v, g.alpha)
}

// over tells that the process has found all that b reaches.
func (g *golubKahan) over() bool { return g.alpha == 0 || g.beta == 0 }

func (l *lsLoop) bidiagonalise(make func(*golubKahan) lsMethod) {
	rows, cols := len(l.b), len(l.x)
	tall, wide := func() []float64 { return l.work.take(rows) }, func() []float64 { return l.work.take(cols) }
	l.start = wide()
	l.g = &golubKahan{l: l, u: tall(), tall: tall(), v: wide(), y: wide(), wide: wide(), next: wide()}
	copy(l.start, l.x)
	if l.exactFrobenius && l.optimality() <= l.optimal {
		l.out.reason = solver.Tolerance
		return
	}
	l.g.restartFrom(l.t)
	m := make(l.g)
	for k, next := 1, proceed; next != stop; k++ {
		residual, gradient := m.step()
		next = l.judge(k, residual, gradient)
		if next == restart {
			copy(l.start, l.x)
			l.g.restartFrom(l.t)
			m.restart()
		}
	}
	l.out.lo, l.out.hi = m.extremes()
	if l.out.reason == solver.Tolerance {
		return
	}
	l.update()
	l.out = l.finish()
	l.truth()
	l.optimality()
}

// update sets x = x₀ + C y.
func (l *lsLoop) update() {
	if l.c == nil {
		copy(l.x, l.g.y)
	} else {
		l.c.apply(l.x, l.g.y)
	}
	l.v.axpy(1, l.start, l.x)
}

// optimality returns ‖Aᵀt‖/(‖A‖_F‖t‖) of the residual t.
func (l *lsLoop) optimality() float64 {
	l.mulTrans(l.g.wide, l.t)
	l.out.optimality = ratio(l.v.norm(l.g.wide), l.frobenius*l.v.norm(l.t))
	return l.out.optimality
}

// judge looks at the norms of residual and gradient that a method carries, and
// at the true ones where they claim the end or are due for a look.
func (l *lsLoop) judge(k int, residual, gradient float64) action {
	if !finite(residual) || !finite(gradient) {
		l.out.iterations = k
		l.fail(solver.EvaluationError, fmt.Sprintf("residual %g and gradient %g at iteration %d", residual, gradient, k))
		return stop
	}
	relative := ratio(gradient, l.scaledFrobenius()*residual)
	claim := residual <= l.target || relative <= l.slack*l.optimal || l.g.over()
	truth, optimality := math.NaN(), math.NaN()
	if claim || k%sampleEvery == 0 {
		l.update()
		truth, optimality = l.truth(), l.optimality()
	}
	ended := l.tick(k, residual, truth)
	switch {
	case (truth <= l.target || optimality <= l.optimal) && (!ended || l.ctx.Err() != nil):
		l.out.reason, l.out.err = solver.Tolerance, nil
		l.out.residual = truth / l.normB
		return stop
	case ended:
		return stop
	case k >= l.maxIter:
		l.out.reason = solver.IterationLimit
		return stop
	case claim && math.Abs(truth-residual) <= 1e-3*truth && !l.g.over() && optimality > relative && relative > 4*roundoff:
		// The gradient of A C is small, that of A isn't yet.
		l.slack = 0.9 * relative / optimality
		return proceed
	case claim:
		return l.unconfirmed(truth, optimality)
	case truth == truth && k >= lsPatience*len(l.x) && l.stagnates(k, l.merit(truth, optimality)):
		l.giveUp(truth, optimality)
		return stop
	}
	return proceed
}

// scaledFrobenius is ‖A C‖_F, about √n with columns scaled or A sketched.
func (l *lsLoop) scaledFrobenius() float64 {
	if l.c == nil {
		return l.frobenius
	}
	return math.Sqrt(float64(len(l.x)))
}

// merit is 1 or less at the end.
func (l *lsLoop) merit(truth, optimality float64) float64 {
	return min(truth/l.target, optimality/l.optimal)
}

// unconfirmed deals with a claim that is due to rounding: the process starts
// again from the true residual, unless that has not helped before.
func (l *lsLoop) unconfirmed(truth, optimality float64) action {
	merit := l.merit(truth, optimality)
	if merit > l.lastFailure/2 {
		l.failures++
	} else {
		l.failures = 0
	}
	l.lastFailure = min(l.lastFailure, merit)
	if l.failures < maxFailures {
		l.slack = 1
		return restart
	}
	l.giveUp(truth, optimality)
	return stop
}

// giveUp says why there is no progress: rounding, if that could be all there
// is of the gradient or of the residual.
func (l *lsLoop) giveUp(truth, optimality float64) {
	l.out.reason = solver.Stalled
	level := 10 * math.Sqrt(float64(len(l.b))) * roundoff * (l.frobenius*l.v.norm(l.x) + l.normB)
	if optimality*truth <= level || truth <= level {
		l.out.reason = solver.AtRoundoff
	}
}
