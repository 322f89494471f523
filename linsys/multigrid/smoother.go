package multigrid

import "math"

// The smoothers work on the scaled matrix Â with unit diagonal. Before the
// coarse correction they start from x = 0 and leave the residual in r; after
// it they are the transposed map, so that the cycle is symmetric.

// presmooth computes x from b and r = b − Â x.
func (l *amgLevel[T]) presmooth() {
	switch l.kind {
	case smootherL1SGS:
		l.presmoothSGS()
	case smootherChebyshev:
		l.each(l.rowLoops, l.chebStartFn)
		for l.step = 1; l.step < len(l.cheb); l.step++ {
			l.each(l.rowLoops, l.chebStepFn)
			l.x, l.y = l.y, l.x
		}
		l.each(l.rowLoops, l.residualFn)
	default:
		l.each(l.rowLoops, l.jacobiStartFn)
		l.each(l.rowLoops, l.residualFn)
	}
}

// postsmooth improves x. It may overwrite b and r.
func (l *amgLevel[T]) postsmooth() {
	switch l.kind {
	case smootherL1SGS:
		l.postsmoothSGS()
	case smootherChebyshev:
		for l.step = 0; l.step < len(l.cheb); l.step++ {
			l.each(l.rowLoops, l.chebStepFn)
			l.x, l.y = l.y, l.x
		}
	default:
		l.each(l.rowLoops, l.jacobiStepFn)
		l.x, l.y = l.y, l.x
	}
}

// bindSmoother makes the functions of the loops once, so that applying the
// preconditioner allocates nothing.
func (l *amgLevel[T]) bindSmoother() {
	m := l.m
	l.rowLoops = len(m.chunks) - 1
	l.residualFn = func(c int) { m.residual(m.chunks[c], m.chunks[c+1], l.b, l.x, l.r) }
	l.bindSGS()
	l.chebStartFn = func(c int) { l.chebStart(m.chunks[c], m.chunks[c+1]) }
	l.chebStepFn = func(c int) { l.chebStep(m.chunks[c], m.chunks[c+1]) }
	l.jacobiStartFn = func(c int) { l.jacobiStart(m.chunks[c], m.chunks[c+1]) }
	l.jacobiStepFn = func(c int) { l.jacobiStep(m.chunks[c], m.chunks[c+1]) }
}

// chebCoefficients holds d ← α d + β r, x ← x + d for one step.
type chebCoefficients[T amgFloat] struct{ alpha, beta T }

// chebyshevLow is how far below the largest eigenvalue the smoother reaches:
// what lies lower is left to the coarse levels.
const chebyshevLow = 6

// chebyshev returns the steps of the Chebyshev iteration for eigenvalues in
// [λ/chebyshevLow, 1.1 λ] (Saad, Iterative Methods, alg. 12.1).
func chebyshev[T amgFloat](degree int, lambda float64) []chebCoefficients[T] {
	low, high := lambda/chebyshevLow, 1.1*lambda
	theta, delta := (high+low)/2, (high-low)/2
	sigma := theta / delta
	rho := 1 / sigma
	c := []chebCoefficients[T]{{0, T(1 / theta)}}
	for len(c) < degree {
		next := 1 / (2*sigma - rho)
		c = append(c, chebCoefficients[T]{T(next * rho), T(2 * next / delta)})
		rho = next
	}
	return c
}

func (l *amgLevel[T]) chebStart(lo, hi int) {
	beta := l.cheb[0].beta
	b, x, d := l.b[lo:hi], l.x[lo:hi], l.d[lo:hi]
	for i, v := range b {
		v *= beta
		x[i], d[i] = v, v
	}
}

// chebStep is one step, x to y.
func (l *amgLevel[T]) chebStep(lo, hi int) {
	c, m, x := l.cheb[l.step], l.m, l.x
	for i := lo; i < hi; i++ {
		from, to := m.ptr[i], m.ptr[i+1]
		r := l.b[i] - x[i] - rowTimes(m.col[from:to], m.val[from:to], x)
		d := c.beta * r
		if c.alpha != 0 {
			d += c.alpha * l.d[i]
		}
		l.d[i] = d
		l.y[i] = x[i] + d
	}
}

// Damped Jacobi and SPAI-0 differ in the weights only.

func (l *amgLevel[T]) jacobiStart(lo, hi int) {
	b, x, w := l.b[lo:hi], l.x[lo:hi], l.weight[lo:hi]
	for i, v := range b {
		x[i] = w[i] * v
	}
}

func (l *amgLevel[T]) jacobiStep(lo, hi int) {
	m, x := l.m, l.x
	for i := lo; i < hi; i++ {
		from, to := m.ptr[i], m.ptr[i+1]
		l.y[i] = x[i] + l.weight[i]*(l.b[i]-x[i]-rowTimes(m.col[from:to], m.val[from:to], x))
	}
}

// jacobiWeights returns ω = 4/(3 λ) for every row.
func jacobiWeights[T amgFloat](n int, lambda float64) []T {
	w := make([]T, n)
	for i := range w {
		w[i] = T(4 / (3 * lambda))
	}
	return w
}

// spai0Weights returns the diagonal that minimises ‖I − W Â‖_F,
// w_i = â_ii/Σ_j â_ij² (Bröker & Grote, Sparse approximate inverse smoothers
// for geometric and algebraic multigrid, Appl. Numer. Math. 41, 2002), held
// below 1.9/λ so that the smoother can't diverge.
func spai0Weights[T amgFloat](m *scaledMatrix[T], lambda float64) []T {
	w := make([]T, m.n)
	for i := range w {
		sum := 1.0
		for _, v := range m.val[m.ptr[i]:m.ptr[i+1]] {
			sum += float64(v) * float64(v)
		}
		w[i] = T(math.Min(1/sum, 1.9/lambda))
	}
	return w
}
