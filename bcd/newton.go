package bcd

import (
	"math"

	"solve/internal/kern"
)

// newtonWork holds the support and the vectors of a Newton step.
type newtonWork struct {
	support []int32
	step    []float64
	x, g    []float64
	gram    *gram // residual mode
	joined  []int32
	live    []bool    // members of groups that are not zero
	tile    []float64 // wide supports
	sums    []float64
}

// maxSupport is the largest support that Newton's matrix is built for.
const maxSupport = 3000

// onSupport tells whether coordinate k may move freely around x_k.
func (s *subproblem) onSupport(k int) bool {
	x := s.x[k]
	if x == 0 && s.l1[k] > 0 || s.inv[k] == 0 {
		return false
	}
	return s.lo == nil || x > s.lo[k] && x < s.hi[k]
}

// newtonPays is the ski-rental rule: Newton may cost, in all, what the sweeps
// have cost so far, so that the better of the two is missed by a factor 2 at
// most. It waits for a sweep that keeps all signs, longer after failures.
func (s *subproblem) newtonPays() bool {
	w := &s.work
	w.support = w.support[:0]
	s.liveGroups()
	entries := 0.0
	for k := range s.x {
		if s.onSupport(k) && (s.groups == nil || w.live[k]) {
			w.support = append(w.support, int32(k))
			entries += float64(s.d.nnz(int(s.cols[k])))
		}
	}
	n := float64(len(w.support))
	cost := n*n*n/3/16 + 2*n*n + 300
	switch {
	case s.wide():
		cost = s.wideCost()
	case n == 0 || n > maxSupport || s.signs > 0 && s.gram == nil:
		return false
	case s.gram != nil:
		cost += n * float64(len(s.x)) * 0.2
	default:
		cost += s.supportCost(entries)
	}
	if (s.spent.newton+cost)*s.wait > s.spent.cd {
		return false
	}
	s.spent.newton += cost
	return true
}

// newton minimises q over the support with its signs fixed. A step that
// crosses zero or a bound stops the crossing coordinates there; if that does
// not lower q, the whole step ends at the first crossing instead.
func (s *subproblem) newton() {
	w := &s.work
	n := len(w.support)
	s.stats.NewtonSteps++
	w.step = grow(w.step, n)
	for a, k := range w.support {
		w.step[a] = -(s.g[k] + math.Copysign(s.l1[k], s.x[k]) + s.l2[k]*s.x[k])
	}
	if !s.solveSupport(n) {
		s.wait *= 2
		return
	}
	for _, d := range w.step {
		if d-d != 0 {
			s.wait *= 2
			return
		}
	}
	before := s.value(s.x, s.g)
	t, crossed := s.firstCrossing()
	if s.tryStep(1, before) {
		if crossed > 0 {
			s.wait *= 1.3
		}
	} else if t < 1 && s.tryStep(t, before) || s.groups != nil && s.tryStep(0.25, before) {
		s.wait *= 2
	} else {
		s.wait *= 2
	}
	s.accel.restart()
}

// solveSupport turns the negative gradient on the support into Newton's step.
func (s *subproblem) solveSupport(n int) bool {
	if s.wide() {
		return s.wideStep()
	}
	ld := stride(n)
	s.factor = grow(s.factor, n*ld)
	s.newtonMatrix(ld)
	if s.groups != nil {
		s.groupNewton(ld)
	}
	if !cholesky(n, s.factor, ld, 1e-13) {
		return false
	}
	choleskySolve(n, s.factor, ld, s.work.step)
	return true
}

// firstCrossing returns the largest step that keeps signs and bounds, and how
// many coordinates would leave them within a full step.
func (s *subproblem) firstCrossing() (t float64, crossed int) {
	w := &s.work
	t = 1
	for a, k := range w.support {
		x, d := s.x[k], w.step[a]
		limit := math.Inf(1)
		if s.l1[k] > 0 && x*d < 0 {
			limit = -x / d
		}
		if s.lo != nil {
			if d > 0 {
				limit = min(limit, (s.hi[k]-x)/d)
			} else if d < 0 {
				limit = min(limit, (s.lo[k]-x)/d)
			}
		}
		if limit < 1 {
			crossed++
			t = min(t, limit)
		}
	}
	return t, crossed
}

// tryStep moves by t times the step, coordinates that would cross stopping at
// the crossing, and keeps the point where q does not grow.
func (s *subproblem) tryStep(t, before float64) bool {
	w := &s.work
	m := len(s.x)
	w.x, w.g = grow(w.x, m), grow(w.g, m)
	copy(w.x, s.x)
	copy(w.g, s.g)
	for a, k := range w.support {
		old := s.x[k]
		next := old + t*w.step[a]
		if s.l1[k] > 0 && next*old < 0 {
			next = 0
		}
		if s.lo != nil {
			next = clip(next, s.lo[k], s.hi[k])
		}
		w.x[k] = next
	}
	if s.gram == nil {
		return s.tryResidual(before)
	}
	G, ld := s.gram.g, s.gram.ld
	for _, k := range w.support {
		if d := w.x[k] - s.x[k]; d != 0 {
			kern.Axpy(d, G[int(k)*ld:int(k)*ld+m], w.g)
		}
	}
	if s.value(w.x, w.g) > before+1e-15*math.Abs(before) {
		return false
	}
	s.x, w.x = w.x, s.x
	s.g, w.g = w.g, s.g
	return true
}

// tryResidual moves v along, and back if q grows.
func (s *subproblem) tryResidual(before float64) bool {
	w := &s.work
	s.shift(w.x, 1)
	s.x, w.x = w.x, s.x
	s.gradients()
	if s.value(s.x, s.g) > before+1e-15*math.Abs(before) {
		s.x, w.x = w.x, s.x
		s.shift(w.x, -1)
		s.gradients()
		return false
	}
	return true
}

// shift adds h∘X_W(to − x), times sign, to v.
func (s *subproblem) shift(to []float64, sign float64) {
	for _, k := range s.work.support {
		if d := sign * (to[k] - s.x[k]); d != 0 {
			s.addColumn(d, int(k))
		}
	}
}

// newtonMatrix fills factor with G_SS + diag(l2), upper triangle.
func (s *subproblem) newtonMatrix(ld int) {
	w := &s.work
	n := len(w.support)
	if s.gram != nil {
		G := s.gram
		for a, k := range w.support {
			row, to := G.g[int(k)*G.ld:], s.factor[a*ld:a*ld+n]
			for b := a; b < n; b++ {
				to[b] = row[w.support[b]]
			}
			to[a] += s.l2[k]
		}
		return
	}
	G := s.gramFor()
	w.joined = w.joined[:0]
	for _, k := range w.support {
		w.joined = append(w.joined, s.cols[k])
	}
	G.retain(func(int32) bool { return false })
	G.extend(w.joined)
	for a, k := range w.support {
		copy(s.factor[a*ld+a:a*ld+n], G.g[a*G.ld+a:])
		s.factor[a*ld+a] += s.l2[k]
	}
}

// gramFor is the matrix that residual mode builds for Newton steps only.
func (s *subproblem) gramFor() *gram { return s.work.gram }

// supportCost guesses what that matrix costs from the entries of its columns.
func (s *subproblem) supportCost(entries float64) float64 {
	n := float64(len(s.work.support))
	if s.d.dense != nil {
		return 0.06 * n * entries
	}
	return entries * (3 + 1.5*entries/float64(s.d.n))
}
