package constrained

import "math"

// interior is a run of the interior point method on
//
//	minimise φ(v) = F(v) − μ Σ ln(v − lo) − μ Σ ln(hi − v)  subject to  c(x) − s (− p + n) = 0,
//
// v = (x, s), with a slack for every inequality, or in a restoration (x, s, p, n),
// where F is the violation p + n and the distance from where it started.
type interior struct {
	q     *program
	k     *kkt
	set   ipmSettings
	n, m  int
	size  int       // of v: n+m, or n+3m; slacks of equations stay 0
	outer *interior // whose violation is being restored; nil = the problem itself
	inner *interior // the restoration, once there was one

	lo, hi         []float64
	v, y, zl, zu   []float64
	pt             *point // at v[:n]
	r              []float64
	theta, phi     float64
	h, grad, lag   []float64 // ∇F, and ∇F + Aᵀy
	slope          []float64 // ∇φ
	sigma          []float64
	p, dy, dl, du  []float64
	sol, rowTarget []float64
	kept           struct{ p, dy []float64 } // the step before corrections
	bounds         int

	trial struct {
		v, c, r    []float64
		f          float64
		theta, phi float64
	}

	mu, floor, tau float64
	filter         filter
	dog            watchdog
	shortened      int
	tiny           int

	// Of a restoration.
	weight    float64
	from      []float64 // v where it started, of length n+m
	pull      []float64 // squares of the scales of v − from
	reference reference // of the outer run, as it was entered
	entry     float64   // ‖c‖∞ there

	iter, limit int
	counts      counters
	best        bestPoint
	proof       *Proof // that the objective falls without limit
	system      eliminated
}

const (
	damping   = 1e-5 // pulls towards the only bound of a variable, times μ
	elastic   = 1000 // weight of p + n in a restoration
	scaleFrom = 100  // multipliers of that average size are not scaled down in the error
)

// newInterior makes room for a run with bounds still to be set.
func newInterior(q *program, k *kkt, set ipmSettings, outer *interior) *interior {
	s := &interior{q: q, k: k, set: set, n: q.n, m: q.m, size: q.n + q.m, outer: outer}
	if outer != nil {
		s.size += 2 * q.m
	}
	room := make([]float64, 11*s.size)
	take := func(n int) []float64 {
		t := room[:n:n]
		room = room[n:]
		return t
	}
	s.lo, s.hi, s.v, s.zl, s.zu = take(s.size), take(s.size), take(s.size), take(s.size), take(s.size)
	s.grad, s.lag, s.slope, s.sigma, s.p, s.trial.v = take(s.size), take(s.size), take(s.size), take(s.size), take(s.size), take(s.size)
	s.dl, s.du = make([]float64, s.size), make([]float64, s.size)
	s.y, s.dy, s.r, s.rowTarget = make([]float64, s.m), make([]float64, s.m), make([]float64, s.m), make([]float64, s.m)
	s.trial.c, s.trial.r = make([]float64, s.m), make([]float64, s.m)
	s.sol = make([]float64, s.n+s.m)
	s.kept.p, s.kept.dy = make([]float64, s.size), make([]float64, s.m)
	s.pt = &point{x: s.v[:s.n:s.n], c: make([]float64, s.m), g: make([]float64, s.n), jac: make([]float64, len(q.jacCol))}
	s.h = make([]float64, len(q.hesCol))
	s.system = s.reduced
	return s
}

// relax sets the bounds of x and the slacks, moved outwards a little.
func (s *interior) relax(by float64) {
	q := s.q
	for j := range s.n {
		s.lo[j], s.hi[j] = q.lower[j]-margin(by, q.lower[j]), q.upper[j]+margin(by, q.upper[j])
	}
	for i := range s.m {
		lo, hi := q.cLower[i], q.cUpper[i]
		if q.equation[i] {
			lo, hi = math.Inf(-1), math.Inf(1)
		}
		scale := q.cScale[i]
		s.lo[s.n+i], s.hi[s.n+i] = lo-scale*margin(by, lo/scale), hi+scale*margin(by, hi/scale)
	}
	s.countBounds()
}

// margin is by relative to a bound beyond 1, at most 1e-7; 0 at an infinite one.
func margin(by, bound float64) float64 {
	if math.IsInf(bound, 0) {
		return 0
	}
	return math.Min(by*math.Max(1, math.Abs(bound)), 1e-7)
}

func (s *interior) countBounds() {
	s.bounds = 0
	for j := range s.v {
		if s.lo[j] > math.Inf(-1) {
			s.bounds++
		}
		if s.hi[j] < math.Inf(1) {
			s.bounds++
		}
	}
}

// residuals writes c(x) − s (− p + n).
func (s *interior) residuals(v, c, r []float64) {
	n, m := s.n, s.m
	for i := range r {
		r[i] = c[i] - v[n+i]
	}
	if s.outer != nil {
		for i := range r {
			r[i] += v[n+2*m+i] - v[n+m+i]
		}
	}
}

// objective is F at v, f being that of the program.
func (s *interior) objective(v []float64, f float64) float64 {
	if s.outer == nil {
		return f
	}
	sum := 0.0
	for _, t := range v[s.n+s.m:] {
		sum += t
	}
	near := 0.0
	for j, d := range s.pull {
		t := v[j] - s.from[j]
		near += d * t * t
	}
	return elastic*sum + 0.5*s.weight*near
}

// barrier is φ at v, NaN outside the bounds.
func (s *interior) barrier(v []float64, objective float64) float64 {
	logs, linear := 0.0, 0.0
	none := math.Inf(1)
	product := 1.0 // of distances: one logarithm for many
	take := func(d float64) {
		if product *= d; !(product > 1e-100 && product < 1e100) || !(d > 1e-150) {
			logs += math.Log(product)
			product = 1
		}
	}
	for j, t := range v {
		lo, hi := s.lo[j], s.hi[j]
		switch {
		case lo > -none && hi < none:
			a, b := t-lo, hi-t
			if !(a > 0 && b > 0) {
				return math.NaN()
			}
			take(a)
			take(b)
		case lo > -none:
			a := t - lo
			if !(a > 0) {
				return math.NaN()
			}
			take(a)
			linear += a
		case hi < none:
			b := hi - t
			if !(b > 0) {
				return math.NaN()
			}
			take(b)
			linear += b
		}
	}
	logs += math.Log(product)
	return objective - s.mu*logs + damping*s.mu*linear
}

// gradients updates ∇F, ∇F + Aᵀy, ∇φ, Σ and the values that belong to v.
func (s *interior) gradients() {
	n, m := s.n, s.m
	if s.outer == nil {
		copy(s.grad, s.pt.g)
		clear(s.grad[n:])
	} else {
		for j, d := range s.pull {
			s.grad[j] = s.weight * d * (s.v[j] - s.from[j])
		}
		for j := n + m; j < s.size; j++ {
			s.grad[j] = elastic
		}
	}
	s.lagrangian()
	s.residuals(s.v, s.pt.c, s.r)
	s.theta = norm1(s.r)
	s.refresh()
}

// lagrangian updates ∇F + Aᵀy.
func (s *interior) lagrangian() {
	n, m := s.n, s.m
	copy(s.lag, s.grad)
	s.q.addJacobianTrans(s.lag[:n], s.pt.jac, s.y)
	for i, y := range s.y {
		if !s.q.equation[i] {
			s.lag[n+i] -= y
		}
	}
	if s.outer != nil {
		for i, y := range s.y {
			s.lag[n+m+i] -= y
			s.lag[n+2*m+i] += y
		}
	}
}

// refresh updates what depends on μ and z: φ, ∇φ, Σ.
func (s *interior) refresh() {
	s.phi = s.barrier(s.v, s.objective(s.v, s.pt.f))
	none := math.Inf(1)
	for j, t := range s.v {
		lo, hi := s.lo[j], s.hi[j]
		g, sigma := s.grad[j], 0.0
		if lo > -none {
			d := t - lo
			g -= s.mu / d
			sigma += s.zl[j] / d
			if hi == none {
				g += damping * s.mu
			}
		}
		if hi < none {
			d := hi - t
			g += s.mu / d
			sigma += s.zu[j] / d
			if lo == -none {
				g -= damping * s.mu
			}
		}
		if s.outer != nil && j < len(s.pull) {
			sigma += s.weight * s.pull[j]
		}
		s.slope[j], s.sigma[j] = g, sigma
	}
}

// kktError holds the parts of the optimality error.
type kktError struct{ dual, primal, complementarity float64 }

func (e kktError) worst() float64 { return max(e.dual, e.primal, e.complementarity) }

// errorAt is the scaled optimality error E_μ.
func (s *interior) errorAt(mu float64) kktError {
	var e kktError
	none := math.Inf(1)
	sum, gap := 0.0, 0.0
	for j, t := range s.v {
		d := s.lag[j]
		if s.lo[j] > -none {
			d -= s.zl[j]
			sum += s.zl[j]
			gap = max(gap, math.Abs((t-s.lo[j])*s.zl[j]-mu))
		}
		if s.hi[j] < none {
			d += s.zu[j]
			sum += s.zu[j]
			gap = max(gap, math.Abs((s.hi[j]-t)*s.zu[j]-mu))
		}
		e.dual = max(e.dual, math.Abs(d))
	}
	e.primal = normInf(s.r)
	if count := s.m + s.bounds; count > 0 {
		e.dual /= max(scaleFrom, (norm1(s.y)+sum)/float64(count)) / scaleFrom
	}
	if s.bounds > 0 {
		e.complementarity = gap / (max(scaleFrom, sum/float64(s.bounds)) / scaleFrom)
	}
	return e
}

// boundary is the longest step along p that keeps the fraction 1 − tau of every
// distance.
func (s *interior) boundary(p []float64) float64 {
	alpha := 1.0
	none := math.Inf(1)
	for j, d := range p {
		if d < 0 && s.lo[j] > -none {
			if room := s.tau * (s.v[j] - s.lo[j]); -d*alpha > room {
				alpha = room / -d
			}
		} else if d > 0 && s.hi[j] < none {
			if room := s.tau * (s.hi[j] - s.v[j]); d*alpha > room {
				alpha = room / d
			}
		}
	}
	return alpha
}

// shrink is the longest step along d that keeps the fraction 1 − tau of z ≥ 0.
func shrink(z, d []float64, tau float64) float64 {
	alpha := 1.0
	for j, t := range d {
		if t < 0 && -t*alpha > tau*z[j] {
			alpha = tau * z[j] / -t
		}
	}
	return alpha
}
