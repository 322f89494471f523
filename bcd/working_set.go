package bcd

import (
	"context"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// engine solves a model at one λ after the other, each from where the last one
// ended.
type engine struct {
	*model
	opt   *Options
	stats *Stats
	log   *progress

	lambda   float64
	l1, l2   []float64
	levels   []float64 // of the groups
	gathered [2][]float64

	x  []float64
	at point // η, θ and the loss at x

	hess []float64

	correlations

	gram *gram
	sub  subproblem
	set  []int32 // working set
	in   []bool

	grown int // how often in a row the set grew without the support doing so
	last  int // support at the last choice

	signs  []int8 // of x, for Stats.SupportFixedAt
	newton glmWork
}

func newEngine(m *model, opt *Options, stats *Stats, log *progress) *engine {
	e := &engine{model: m, opt: opt, stats: stats, log: log}
	e.x = make([]float64, m.p)
	copy(e.x, m.start())
	e.l1, e.l2 = make([]float64, m.p), make([]float64, m.p)
	e.at = point{eta: make([]float64, m.n), theta: make([]float64, m.n)}
	e.in = make([]bool, m.p)
	e.signs = make([]int8, m.p)
	e.correlations = newCorrelations(m)
	e.gram = newGram(m.d, m.intercept, m.threads)
	e.gram.reset(nil, m.omega)
	e.sub = subproblem{d: m.d, opt: opt, stats: stats}
	e.sub.work.gram = newGram(m.d, m.intercept, m.threads)
	e.predict()
	return e
}

// predict recomputes η from x.
func (e *engine) predict() {
	eta := e.at.eta
	clear(eta)
	for j, v := range e.x {
		if v != 0 {
			e.d.axpy(v, j, eta)
		}
	}
	for i := range eta {
		eta[i] += e.at.x0
		if e.o != nil {
			eta[i] += e.o[i]
		}
	}
	e.refresh()
}

// setLambda fills the weights of the penalty.
func (e *engine) setLambda(lambda float64) {
	e.lambda = lambda
	for j := range e.l1 {
		if e.absent[j] {
			e.l1[j], e.l2[j] = math.Inf(1), 0
			continue
		}
		e.l1[j], e.l2[j] = e.l1l2(lambda, j)
	}
	e.levels = grow(e.levels, len(e.groups))
	for g := range e.levels {
		e.levels[g] = e.level(lambda, g)
	}
}

// strong is the factor below which sequential strong rules discard a column:
// |c_j| < strong·λ_j (Tibshirani et al. 2012).
func strong(lambda, previous float64) float64 {
	if lambda >= previous || lambda == 0 {
		return 1
	}
	return max(0, 2-previous/lambda)
}

// run solves at λ to an absolute gap of tol. previous is the λ that x belongs
// to, 0 for a cold start.
func (e *engine) run(ctx context.Context, lambda, previous, tol float64) (solver.Reason, error) {
	e.setLambda(lambda)
	share := 1.0
	if previous > 0 {
		share = strong(lambda, previous)
	}
	inner, best, idle := 0.3*tol, math.Inf(1), 0
	goal := 0.0
	for it := 0; ; it++ {
		e.pass(share)
		gap := e.gap()
		e.noteSupport()
		if err := e.log.record("working set", e.stats.Iterations, e.objective(), e.log.relative(gap), gap, float64(len(e.set))); err != nil {
			return solver.Interrupted, err
		}
		switch {
		case gap <= tol:
			return solver.Tolerance, nil
		case ctx.Err() != nil:
			return solver.ContextReason(ctx), nil
		case it >= e.opt.maxIter():
			return solver.IterationLimit, nil
		}
		if gap < 0.9*best {
			best, idle = gap, 0
		} else if idle++; idle > 20 {
			return solver.Stalled, nil
		}
		violators := e.choose(it == 0 && previous > 0, share)
		if violators == 0 && goal == inner {
			inner *= 0.1
		}
		goal = inner
		if previous == 0 && violators > 0 {
			goal = max(goal, e.looseness()*gap)
		}
		e.stats.Iterations++
		if err := e.descend(ctx, goal); err != nil {
			return solver.ContextReason(ctx), nil
		}
		share = 1
	}
}

// looseness is the part of the gap that a working set is solved to while there
// are others to come: less of it where gradients are cheap beside the solve.
func (e *engine) looseness() float64 {
	if e.squared {
		return 0.03
	}
	return 0.1
}

// descend solves over the working set.
func (e *engine) descend(ctx context.Context, tol float64) error {
	if e.squared {
		h, omega := e.rowWeights()
		e.arrange(h, omega)
		e.loadGradient(e.at.theta, h)
		e.loadHessian(e.at.theta, h, omega)
		e.sub.q = 2 * e.at.value
		e.sub.solve(ctx, tol)
		e.apply()
		e.refresh()
	} else {
		e.proxNewton(ctx, tol)
	}
	return ctx.Err()
}

// rowWeights are the second derivatives of the squared loss: one number where
// the weights are equal.
func (e *engine) rowWeights() (h []float64, omega float64) {
	if e.omega > 0 {
		return nil, e.omega
	}
	return e.w, 0
}

// choose makes the next working set: the support, unpenalised columns, and the
// columns with the largest scores among those that violate optimality. From a
// warm start all that the strong rule keeps come in at once. It returns how
// many columns came in that violate.
func (e *engine) choose(warm bool, share float64) int {
	if e.groups != nil {
		return e.chooseGroups(warm, share)
	}
	support := 0
	var fresh []int32
	for j, v := range e.x {
		if v != 0 {
			support++
		}
		if e.in[j] || e.absent[j] {
			continue
		}
		if v != 0 || e.l1[j] == 0 || e.opt.method() == Cyclic || warm && e.pushes(j, share) || !warm && e.pushes(j, 1) {
			fresh = append(fresh, int32(j))
		}
	}
	room := len(fresh)
	if !warm && e.opt.method() != Cyclic {
		room = max(20, support)
		if e.stats.Iterations == 0 {
			room = max(e.opt.workingSet(), support)
		}
		if support <= e.last {
			e.grown++
		} else {
			e.grown = 0
		}
		if e.grown > 1 {
			room = max(room, len(e.set)) // doubling ends in finitely many steps
		}
	}
	e.last = support
	if len(fresh) > room {
		fresh = e.best(fresh, room)
	}
	e.shrinkSet(support, len(fresh))
	for _, j := range fresh {
		e.in[j] = true
		e.set = append(e.set, j)
	}
	return len(fresh)
}

// pushes tells whether the gradient of column j would move it at share·λ_j.
func (e *engine) pushes(j int, share float64) bool {
	c, limit := e.c[j], share*e.l1[j]
	if e.lo != nil {
		if c > limit {
			return e.x[j] > e.lo[j]
		}
		return -c > limit && e.x[j] < e.hi[j]
	}
	return math.Abs(c) > limit
}

// best returns the k columns with the largest scores, in ascending order: the
// support and what is not penalised, then by (|c_j| − λ_j)/‖X_j‖.
func (e *engine) best(cols []int32, k int) []int32 {
	score := func(j int32) float64 {
		if e.x[j] != 0 || e.l1[j] == 0 {
			return math.Inf(1)
		}
		return (math.Abs(e.c[j]) - e.l1[j]) / e.norm[j]
	}
	slices.SortFunc(cols, func(a, b int32) int {
		sa, sb := score(a), score(b)
		switch {
		case sa > sb:
			return -1
		case sa < sb:
			return 1
		}
		return int(a - b)
	})
	forced := 0
	for forced < len(cols) && math.IsInf(score(cols[forced]), 1) {
		forced++
	}
	cols = cols[:min(len(cols), max(k, forced))]
	slices.Sort(cols)
	return cols
}

// shrinkSet lets columns leave that are zero and satisfied, once they are many.
func (e *engine) shrinkSet(support, fresh int) {
	if e.opt.method() == Cyclic || len(e.set)+fresh <= 2*(support+fresh)+64 {
		return
	}
	stay := e.set[:0]
	for _, j := range e.set {
		if e.x[j] != 0 || e.l1[j] == 0 || math.Abs(e.c[j]) > 0.8*e.l1[j] {
			stay = append(stay, j)
		} else {
			e.in[j] = false
		}
	}
	e.set = stay
}

// loadGradient begins a subproblem over the working set: its point, penalty and
// gradient. With h, the weights of the rows, the intercept is taken out of
// gradients; without, θ sums to zero.
func (e *engine) loadGradient(theta, h []float64) {
	s := &e.sub
	e.loadPoint()
	s.q, s.total, s.sum = math.NaN(), 0, 0
	if e.intercept {
		s.sum = kern.Sum(theta)
		s.total = e.gram.sumOf(h, e.omega)
	}
	m := len(e.set)
	par.For(e.threads, par.Chunks(m, passColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, m, passColumns)
		for k := lo; k < hi; k++ {
			j := int(e.set[k])
			s.g[k] = e.d.dot(j, theta)
			if e.intercept {
				s.mean[k] = e.d.weightedSum(j, h, e.omega) / s.total
				s.g[k] -= s.mean[k] * s.sum
			}
		}
	})
	copy(s.gref, s.g)
}

// loadPoint sets all of a subproblem but gradients and what follows from the
// weights of the rows.
func (e *engine) loadPoint() {
	s := &e.sub
	s.cols = e.set
	m := len(e.set)
	s.resize(m, e.lo != nil)
	for k, j := range e.set {
		s.x[k], s.ref[k], s.l1[k], s.l2[k] = e.x[j], e.x[j], e.l1[j], e.l2[j]
		s.diag[k] = e.norm[j] * e.norm[j] * e.w[0]
		if e.lo != nil {
			s.lo[k], s.hi[k] = e.lo[j], e.hi[j]
		}
	}
	if e.intercept {
		s.mean = grow(s.mean, m)
	}
	if e.groups != nil {
		e.spans()
		for i := range s.groups {
			q := &s.groups[i]
			q.bound = 0
			for k := q.at; k < q.at+q.size; k++ {
				q.bound += s.diag[k]
			}
		}
	}
}

// loadHessian completes the subproblem, h nil meaning omega for every row, in
// the mode that promises to be faster.
func (e *engine) loadHessian(theta, h []float64, omega float64) {
	s := &e.sub
	s.omega, s.h, s.gram = omega, h, nil
	if e.gramPays() {
		e.gram.extend(e.set)
		s.gram = e.gram
		for k := range e.set {
			s.diag[k] = e.gram.g[k*e.gram.ld+k]
		}
	} else {
		e.loadResidual(theta, h, omega)
	}
	for k, j := range e.set {
		s.inv[k] = 0
		if v := s.diag[k] + s.l2[k]; v > 1e-14*e.norm[j]*e.norm[j]/float64(e.n)*e.w[0] {
			s.inv[k] = 1 / v
		}
	}
	s.curvatures()
}

// arrange drops from the Gram matrix what is not in the working set, and puts
// its members first there.
func (e *engine) arrange(h []float64, omega float64) {
	if len(e.gram.members) == 0 {
		e.gram.reset(h, omega)
	}
	e.gram.retain(func(j int32) bool { return e.in[j] })
	order := append(make([]int32, 0, len(e.set)), e.gram.members...)
	for _, j := range e.set {
		if e.gram.at[j] < 0 {
			order = append(order, j)
		}
	}
	copy(e.set, order)
}

// gramPays compares sweeps and set-up of the two modes.
func (e *engine) gramPays() bool {
	m := len(e.set)
	if e.opt.NoGram || e.opt.method() == Cyclic || m > maxSupport || 8*int64(m)*int64(m) > e.opt.MemoryLimit()/8 {
		return false
	}
	entries := 0.0
	for _, j := range e.set {
		entries += float64(e.d.nnz(int(j)))
	}
	perEntry, sweeps := 0.15, 250.0
	if e.d.dense == nil {
		perEntry = 1.2
	}
	if !e.squared {
		sweeps = 5 // before the weights change again
	}
	sweep := 2 * perEntry * entries
	own := 0.2 * float64(m) * float64(m)
	return own < 2*sweep && e.gram.extendCost(e.set) < sweeps*sweep+2000
}

// loadResidual prepares columns, means and curvatures for residual mode.
func (e *engine) loadResidual(theta, h []float64, omega float64) {
	s := &e.sub
	s.v = grow(s.v, e.n)
	copy(s.v, theta)
	s.work.gram.reset(h, omega)
	s.wcols, s.wptr = s.wcols[:0], append(s.wptr[:0], 0)
	for k, j := range e.set {
		rows, vals := e.d.column(int(j))
		squares := 0.0
		switch {
		case h != nil && e.d.ones:
			squares = sumAt(rows, h)
		case h == nil:
			squares = omega * columnDot(nil, vals, vals)
		case rows == nil:
			for i, v := range vals {
				hv := h[i] * v
				squares += hv * v
				s.wcols = append(s.wcols, hv)
			}
		default:
			for i, v := range vals {
				hv := h[rows[i]] * v
				squares += hv * v
				s.wcols = append(s.wcols, hv)
			}
		}
		s.wptr = append(s.wptr, int64(len(s.wcols)))
		s.diag[k] = squares
		if s.total > 0 {
			s.diag[k] = max(0, squares-s.mean[k]*s.mean[k]*s.total)
		}
	}
}

// apply moves x and η to the subproblem's point. The intercept follows in
// refresh.
func (e *engine) apply() {
	s := &e.sub
	for k, j := range e.set {
		if d := s.x[k] - s.ref[k]; d != 0 {
			e.x[j] = s.x[k]
			e.d.axpy(d, int(j), e.at.eta)
		}
	}
}

// noteSupport finds out whether the signed support changed.
func (e *engine) noteSupport() {
	changed := false
	for _, j := range e.set {
		s := int8(0)
		if e.x[j] > 0 {
			s = 1
		} else if e.x[j] < 0 {
			s = -1
		}
		if s != e.signs[j] {
			changed = true
			e.signs[j] = s
		}
	}
	if changed {
		e.stats.SupportFixedAt = e.stats.Iterations
	}
}
