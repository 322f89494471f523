package bcd

import (
	"solve/internal/kern"
)

// anderson keeps the last K+1 iterates of the sweeps and combines them: with
// U the differences of successive iterates, c solves min ‖Uc‖, Σc = 1
// (Bertrand & Massias 2021, alg. 2).
type anderson struct {
	xs, ss [][]float64 // iterates, and what is affine in them
	sums   []float64
	filled int
	x, s   []float64 // the candidate
	sum    float64
	c      []float64
	u      []float64
}

func (a *anderson) restart() { a.filled = 0 }

// push stores an iterate; it reports whether there are enough to combine.
func (a *anderson) push(k int, x, s []float64, sum float64) bool {
	if len(a.xs) != k+1 {
		a.xs, a.ss, a.sums = make([][]float64, k+1), make([][]float64, k+1), make([]float64, k+1)
		a.c, a.u = make([]float64, k), make([]float64, k*k)
		a.filled = 0
	}
	if a.filled > k {
		a.filled = 0
	}
	i := a.filled
	a.xs[i], a.ss[i] = grow(a.xs[i], len(x)), grow(a.ss[i], len(s))
	copy(a.xs[i], x)
	copy(a.ss[i], s)
	a.sums[i] = sum
	a.filled++
	return a.filled == k+1
}

// combine computes the extrapolated point; it fails where the differences are
// too small to tell directions apart.
func (a *anderson) combine() bool {
	k := len(a.xs) - 1
	a.x, a.s = grow(a.x, len(a.xs[0])), grow(a.s, len(a.ss[0]))
	// The differences replace the older iterates; the newest stays.
	for i := range k {
		for t, v := range a.xs[i+1] {
			a.xs[i][t] = v - a.xs[i][t]
		}
	}
	trace := 0.0
	for i := range k {
		for l := i; l < k; l++ {
			d := kern.Dot(a.xs[i], a.xs[l])
			a.u[i*k+l] = d
		}
		trace += a.u[i*k+i]
	}
	if !(trace > 0) {
		return false
	}
	for i := range k {
		a.u[i*k+i] += 1e-12 * trace
		a.c[i] = 1
	}
	if !cholesky(k, a.u, k, 1e-15) {
		return false
	}
	choleskySolve(k, a.u, k, a.c)
	total := kern.Sum(a.c)
	if total == 0 || total-total != 0 {
		return false
	}
	// Σ_i c_i iterate_{i+1}; iterate_{i+1} = newest − Σ_{l>i+1} differences.
	copy(a.x, a.xs[k])
	left := 1.0
	for i := 0; i+1 < k; i++ {
		// Difference i+1 is missing from every iterate up to i+1.
		left -= a.c[i] / total
		kern.Axpy(left-1, a.xs[i+1], a.x)
	}
	clear(a.s)
	a.sum = 0
	for i := range k {
		kern.Axpy(a.c[i]/total, a.ss[i+1], a.s)
		a.sum += a.c[i] / total * a.sums[i+1]
	}
	return true
}

// extrapolate tries the combination of the last sweeps and keeps it where it
// lowers q.
func (s *subproblem) extrapolate() {
	a := &s.accel
	state := s.g
	if s.gram == nil {
		state = s.v
	}
	if !a.push(s.opt.anderson(), s.x, state, s.sum) {
		return
	}
	defer a.restart()
	if !a.combine() {
		return
	}
	if s.lo != nil {
		for k, v := range a.x {
			if v < s.lo[k] || v > s.hi[k] {
				return
			}
		}
	}
	if s.gram != nil {
		if !(s.value(a.x, a.s) < s.value(s.x, s.g)) {
			return
		}
		copy(s.x, a.x)
		copy(s.g, a.s)
		s.stats.Extrapolations++
		return
	}
	s.extrapolateResidual()
}

// extrapolateResidual compares q at the candidate with q at x; both need the
// gradients, a pass over the working set each.
func (s *subproblem) extrapolateResidual() {
	a := &s.accel
	s.gradients()
	before := s.value(s.x, s.g)
	s.x, a.x = a.x, s.x
	s.v, a.s = a.s, s.v
	s.sum, a.sum = a.sum, s.sum
	s.gradients()
	if s.value(s.x, s.g) < before {
		s.stats.Extrapolations++
		return
	}
	s.x, a.x = a.x, s.x
	s.v, a.s = a.s, s.v
	s.sum, a.sum = a.sum, s.sum
}
