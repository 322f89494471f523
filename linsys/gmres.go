package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// GMRES(m) and flexible GMRES(m) for unsymmetric A.
//
// Saad & Schultz, SISC 7 (1986); Saad, SISC 14 (1993). Preconditioned from the
// right, so that the norm carried along is that of b − A x. The basis is
// orthogonalised by the classical Gram–Schmidt process done twice: as stable
// as the modified one, and each time one product with a tall matrix (Giraud,
// Langou & Rozložník 2005).

const (
	uselessCycle  = 0.999 // ratio of residuals of a cycle that got nowhere
	uselessCycles = 2     // of them in a row before m is doubled
)

// gmres solves a square system. A cycle's length doubles up to 200, memory
// permitting, when restarts stagnate or are too slow for the iterations that
// are left.
func gmres(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, gmres)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if ok {
		l.cycles(r)
	}
	return l.out
}

// arnoldi is the basis of a cycle and the QR factors of its Hessenberg matrix.
type arnoldi struct {
	m      int
	v, z   [][]float64 // z: preconditioned, when they differ from call to call
	t      []float64   // M⁻¹v otherwise
	h      []float64   // column j at h[j*(m+1):]
	cs, sn []float64
	g      []float64 // right-hand side of the small problem
	again  []float64 // second pass of Gram–Schmidt
}

// resize makes room for cycles of m vectors, in multiples of what is there.
func (a *arnoldi) resize(l *loop, m int) {
	if m == a.m {
		return
	}
	n := len(l.b)
	for len(a.v) < m+1 {
		a.v = append(a.v, l.work.take(n))
	}
	if l.flexible && l.m != nil {
		for len(a.z) < m {
			a.z = append(a.z, l.work.take(n))
		}
	}
	a.m = m
	a.h = make([]float64, m*(m+1))
	a.cs, a.sn = make([]float64, m), make([]float64, m)
	a.g, a.again = make([]float64, m+1), make([]float64, m+1)
}

// largestCycle is how many vectors the order and the memory allow.
func (l *loop) largestCycle() int {
	m := min(largestRestart, len(l.b))
	if l.restart > largestRestart {
		m = min(l.restart, len(l.b))
	}
	if l.memory > 0 {
		sets := int64(1)
		if l.flexible && l.m != nil {
			sets = 2
		}
		m = min(m, int(l.memory/(8*sets*int64(len(l.b))))-2)
	}
	return max(1, m)
}

func (l *loop) cycles(r []float64) {
	largest := l.largestCycle()
	m := l.restart
	if m <= 0 {
		m = DefaultRestart
	}
	var a arnoldi
	a.t = l.work.take(len(r))
	a.resize(l, min(m, largest))
	norm := l.v.norm(r)
	useless := 0
	for k := 0; ; {
		l.out.restart = a.m
		j, ended := l.cycle(&a, r, norm, k)
		l.advance(&a, j)
		k += j
		truth := l.truth()
		l.out.iterations = k
		switch {
		case truth <= l.target:
			l.out.reason, l.out.err = solver.Tolerance, nil
		case ended: // reason and error are set
		case !finite(truth):
			l.fail(solver.EvaluationError, fmt.Sprintf("the residual is %g at iteration %d", truth, k))
		case k >= l.maxIter:
			l.out.reason = solver.IterationLimit
		case l.atRoundoff(truth):
		}
		if l.out.reason != "" {
			break
		}
		useless++
		if truth < uselessCycle*norm {
			useless = 0
		}
		if useless == uselessCycles && a.m == largest {
			l.stuck(a.m, truth)
			break
		}
		if useless == uselessCycles || l.tooSlow(a.m, truth/norm, truth, k) {
			a.resize(l, min(2*a.m, largest))
			useless = 0
		}
		copy(r, l.t)
		norm = truth
	}
	l.out = l.finish()
}

// tooSlow tells whether cycles that reduce the residual by the given ratio
// would need more iterations than are left.
func (l *loop) tooSlow(m int, reduction, truth float64, k int) bool {
	cycles := math.Log(l.target/truth) / math.Log(reduction)
	return reduction < 1 && cycles*float64(m) > float64(l.maxIter-k)
}

// stuck ends a run whose longest cycles get nowhere.
func (l *loop) stuck(m int, truth float64) {
	l.out.breakdown = fmt.Sprintf("%d cycles of %d vectors left the relative residual at %.3g", uselessCycles, m, truth/l.normB)
	l.giveUp()
}

// cycle builds a basis from the residual r of the given norm until the small
// problem meets the target. It returns its size, and whether the run is over.
func (l *loop) cycle(a *arnoldi, r []float64, norm float64, k int) (size int, ended bool) {
	l.v.axpby(1/norm, r, 0, a.v[0])
	clear(a.g)
	a.g[0] = norm
	for j := range a.m {
		if k+j >= l.maxIter {
			return j, false
		}
		w := a.v[j+1]
		z := a.v[j]
		if l.m != nil {
			z = a.t
			if l.flexible {
				z = a.z[j]
			}
			l.precondition(z, a.v[j])
		}
		l.mul(w, z)
		next, lucky := l.orthogonalise(a, j, w)
		if !finite(next) {
			l.fail(solver.EvaluationError, fmt.Sprintf("a basis vector has norm %g at iteration %d", next, k+j+1))
			return j, true
		}
		a.rotate(j)
		rest := math.Abs(a.g[j+1])
		if l.tick(k+j+1, rest, math.NaN()) {
			return j + 1, true
		}
		if rest <= l.target || lucky {
			return j + 1, false
		}
	}
	return a.m, false
}

// orthogonalise makes w orthogonal to the basis, fills column j of H and
// normalises w. It reports a w that lies in the basis' span.
func (l *loop) orthogonalise(a *arnoldi, j int, w []float64) (next float64, lucky bool) {
	h := a.h[j*(a.m+1):][:j+2]
	before := l.v.norm(w)
	basis := a.v[:j+1]
	clear(h)
	for range 2 {
		l.v.project(basis, w, a.again)
		for i := range basis {
			h[i] += a.again[i]
			a.again[i] = -a.again[i]
		}
		l.v.combine(basis, a.again, w)
	}
	next = l.v.norm(w)
	if next <= roundoff*before {
		h[j+1] = 0
		return next, true
	}
	h[j+1] = next
	l.v.axpby(1/next, w, 0, w)
	return next, false
}

// rotate applies the earlier Givens rotations to column j of H, and one more
// that clears the entry below the diagonal.
func (a *arnoldi) rotate(j int) {
	h := a.h[j*(a.m+1):][:j+2]
	for i := range j {
		h[i], h[i+1] = a.cs[i]*h[i]+a.sn[i]*h[i+1], a.cs[i]*h[i+1]-a.sn[i]*h[i]
	}
	rho := math.Hypot(h[j], h[j+1])
	a.cs[j], a.sn[j] = 1, 0
	if rho > 0 {
		a.cs[j], a.sn[j] = h[j]/rho, h[j+1]/rho
	}
	h[j], h[j+1] = rho, 0
	a.g[j], a.g[j+1] = a.cs[j]*a.g[j], -a.sn[j]*a.g[j]
}

// advance adds to x the combination of the first size vectors that minimises
// the residual. A zero on the diagonal of a singular H is passed over.
func (l *loop) advance(a *arnoldi, size int) {
	if size == 0 {
		return
	}
	y := a.again[:size]
	largest := 0.0
	for j := range size {
		largest = max(largest, a.h[j*(a.m+1)+j])
	}
	for i := size - 1; i >= 0; i-- {
		s := a.g[i]
		for j := i + 1; j < size; j++ {
			s -= a.h[j*(a.m+1)+i] * y[j]
		}
		y[i] = 0
		if d := a.h[i*(a.m+1)+i]; d > roundoff*largest {
			y[i] = s / d
		}
	}
	switch {
	case l.m == nil:
		l.v.combine(a.v[:size], y, l.x)
	case l.flexible:
		l.v.combine(a.z[:size], y, l.x)
	default:
		w := a.v[size] // not needed any more
		clear(w)
		l.v.combine(a.v[:size], y, w)
		l.precondition(a.t, w)
		l.v.axpy(1, a.t, l.x)
	}
}
