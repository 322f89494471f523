package bcd

import (
	"math"

	"solve/internal/kern"
)

// newtonWork holds the support and the vectors of a Newton step.
type newtonWork struct {
	support []int32
	step    []float64
	scale   []float64 // 1/√diagonal
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
// not lower q, the whole step ends at the first crossing instead, and another
// follows without the coordinate that met it.
func (s *subproblem) newton() {
	for drops := 0; s.newtonStep(); drops++ {
		if n := len(s.work.support); !s.newtonPays() && (drops == maxDrops || n == 0 || n > smallSupport) {
			break
		}
	}
	s.accel.restart()
}

// A small support may lose so many coordinates one after the other before the
// steps have to pay off again.
const (
	maxDrops     = 20
	smallSupport = 64
)

// newtonStep takes one step; it reports whether the step ended at a crossing.
func (s *subproblem) newtonStep() (short bool) {
	n := len(s.work.support)
	s.stats.NewtonSteps++
	s.bend = 0
	if !s.findStep(n) {
		s.wait *= 2
		return false
	}
	before := s.value(s.x, s.g)
	t, crossed := s.firstCrossing()
	switch {
	case s.tryStep(1, before):
		if crossed > 0 {
			s.wait *= 1.3
		}
	case t < 1 && s.tryStep(t, before):
		s.wait *= 1.5
		return true
	case s.groups != nil && s.stepAbove(n, before):
		s.wait *= 1.3
	default:
		s.wait *= 2
	}
	return false
}

// findStep solves for Newton's step.
func (s *subproblem) findStep(n int) bool {
	w := &s.work
	w.step = grow(w.step, n)
	for a, k := range w.support {
		w.step[a] = -(s.g[k] + math.Copysign(s.l1[k], s.x[k]) + s.l2[k]*s.x[k])
	}
	s.groupSlopes()
	if !s.solveSupport(n) {
		return false
	}
	for _, d := range w.step {
		if d-d != 0 {
			return false
		}
	}
	return true
}

// stepAbove takes the step to the minimum of a quadratic above q, which has
// (‖x_g‖ + ‖·‖²/‖x_g‖)/2 for the norm of each group: it cannot fail as steps do
// that would take a group through zero, where the second derivative misleads.
func (s *subproblem) stepAbove(n int, before float64) bool {
	s.bend = 1
	if !s.findStep(n) {
		return false
	}
	t, _ := s.firstCrossing()
	return s.tryStep(1, before) || t < 1 && s.tryStep(t, before)
}

// solveSupport turns the negative gradient on the support into Newton's step.
// The matrix is scaled to a diagonal of ones: a pivot that falls short is then
// one that other columns span, however columns are scaled.
func (s *subproblem) solveSupport(n int) bool {
	if s.wide() {
		return s.wideStep()
	}
	w := &s.work
	ld := stride(n)
	s.factor, w.scale = grow(s.factor, n*ld), grow(w.scale, n)
	for _, ridge := range []float64{0, supportRidge} {
		s.newtonMatrix(ld)
		if s.groups != nil {
			s.groupNewton(ld)
		}
		for a := range n {
			w.scale[a] = 1
			if d := s.factor[a*ld+a]; d > 0 {
				w.scale[a] = 1 / math.Sqrt(d)
			}
		}
		for a := range n {
			row := s.factor[a*ld : a*ld+n]
			for b := a; b < n; b++ {
				row[b] *= w.scale[a] * w.scale[b]
			}
			row[a] += ridge
		}
		if !cholesky(n, s.factor, ld, 1e-13) {
			continue
		}
		for a, v := range w.scale {
			w.step[a] *= v
		}
		choleskySolve(n, s.factor, ld, w.step)
		for a, v := range w.scale {
			w.step[a] *= v
		}
		return true
	}
	return false
}

// supportRidge makes a singular matrix regular: steps
// along its null space are then long, and end where a coefficient meets zero.
const supportRidge = 1e-9

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
		if s.l1[k] > 0 && (next*old < 0 || math.Abs(next) <= 1e-14*math.Abs(old)) {
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
