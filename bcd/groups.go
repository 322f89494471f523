package bcd

import (
	"math"
	"slices"

	"solve/internal/kern"
)

// span is a group within a working set: members at ... at+size−1.
type span struct {
	at, size int
	level    float64 // weight of ‖x_g‖₂
	bound    float64 // of the curvature, λ_max(G_gg)
}

// setGroups lists the groups without the columns that take no part.
func (m *model) setGroups() {
	p := m.problem
	m.groupOf = make([]int32, m.p)
	for g, cols := range p.Groups {
		weight := math.Sqrt(float64(len(cols)))
		if p.GroupWeights != nil {
			weight = p.GroupWeights[g]
		}
		var live []int32
		for _, j := range cols {
			m.groupOf[j] = int32(g)
			if !m.absent[j] {
				live = append(live, j)
			}
		}
		slices.Sort(live)
		m.groups, m.groupWeight = append(m.groups, live), append(m.groupWeight, weight)
	}
}

// level is the weight of ‖x_g‖₂ at λ.
func (m *model) level(lambda float64, g int) float64 {
	return lambda * (1 - m.problem.mix()) * m.groupWeight[g]
}

// thresholdedNorm is ‖ST(s·c, l1)‖₂ over the columns of a group.
func thresholdedNorm(cols []int32, c []float64, s, l1 float64) float64 {
	sum := 0.0
	for _, j := range cols {
		if v := s*math.Abs(c[j]) - l1; v > 0 {
			sum += v * v
		}
	}
	return math.Sqrt(sum)
}

// groupScaling returns the largest s ≤ 1 with ‖ST(s c, l1)‖ ≤ level.
func groupScaling(norm func(s float64) float64, level float64) float64 {
	if norm(1) <= level {
		return 1
	}
	lo, hi := 0.0, 1.0
	for range 60 {
		if mid := (lo + hi) / 2; norm(mid) <= level {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// groupLambdaMax is the smallest λ with ‖ST(c_g, λα)‖ ≤ λ(1−α)ω_g for all g.
func (e *engine) groupLambdaMax() float64 {
	top, mix := 0.0, e.problem.mix()
	for g, cols := range e.groups {
		w := (1 - mix) * e.groupWeight[g]
		over := func(lambda float64) bool { return thresholdedNorm(cols, e.c, 1, lambda*mix) > lambda*w }
		if w == 0 && mix == 0 || !over(top) {
			continue
		}
		hi := max(top, 1e-300)
		for over(hi) {
			hi *= 2
		}
		lo := hi / 2
		if lo < top {
			lo = top
		}
		for range 100 {
			if mid := (lo + hi) / 2; over(mid) {
				lo = mid
			} else {
				hi = mid
			}
		}
		top = hi
	}
	return top
}

// groupGap is the gap of a group with gradient g: Ω_g(x) + Ω_g*(−g) + xᵀg; where
// the conjugate is infinite, what a step with that curvature promises.
func groupGap(x, g []float64, s, l1, l2, level, curvature float64) float64 {
	sum, norm, over := 0.0, 0.0, 0.0
	for k, v := range x {
		sum += l1*math.Abs(v) + 0.5*l2*v*v + s*g[k]*v
		norm += v * v
		if t := s*math.Abs(g[k]) - l1; t > 0 {
			over += t * t
		}
	}
	norm = math.Sqrt(norm)
	sum += level * norm
	if excess := math.Sqrt(over) - level; excess > 1e-15*level {
		switch {
		case l2 > 0:
			sum += excess * excess / (2 * l2)
		case curvature > 0:
			sum = max(0, sum+excess*norm) + excess*excess/curvature
		}
	}
	return max(0, sum)
}

// groupsGap is the part of the gap that groups make, at the scaling s.
func (e *engine) groupsGap(s float64) float64 {
	sum := 0.0
	for g, cols := range e.groups {
		x, c := e.gather(cols)
		curvature := 0.0
		for _, j := range cols {
			curvature += e.norm[j] * e.norm[j] * e.w[0]
		}
		l1, l2 := e.groupL1L2(cols)
		sum += groupGap(x, c, s, l1, l2, e.levels[g], curvature)
	}
	return sum
}

func (e *engine) groupL1L2(cols []int32) (l1, l2 float64) {
	if len(cols) == 0 {
		return 0, 0
	}
	return e.l1[cols[0]], e.l2[cols[0]]
}

// gather copies x and c of some columns into scratch.
func (e *engine) gather(cols []int32) (x, c []float64) {
	e.gathered[0], e.gathered[1] = grow(e.gathered[0], len(cols)), grow(e.gathered[1], len(cols))
	x, c = e.gathered[0], e.gathered[1]
	for k, j := range cols {
		x[k], c[k] = e.x[j], e.c[j]
	}
	return x, c
}

// groupsScaling is the largest s ≤ 1 at which every Ω_g* is finite.
func (e *engine) groupsScaling() float64 {
	s := 1.0
	for g, cols := range e.groups {
		if l1, l2 := e.groupL1L2(cols); l2 == 0 {
			s = min(s, groupScaling(func(t float64) float64 { return thresholdedNorm(cols, e.c, t, l1) }, e.levels[g]))
		}
	}
	return s
}

// groupPushes tells whether group g would leave zero with the penalty scaled
// by share.
func (e *engine) groupPushes(g int, share float64) bool {
	l1, _ := e.groupL1L2(e.groups[g])
	return thresholdedNorm(e.groups[g], e.c, 1, share*l1) > share*e.levels[g]
}

// chooseGroups is choose for groups.
func (e *engine) chooseGroups(warm bool, share float64) int {
	type candidate struct {
		g     int
		score float64
	}
	var fresh []candidate
	support := 0
	for g, cols := range e.groups {
		if len(cols) == 0 {
			continue
		}
		live := false
		for _, j := range cols {
			live = live || e.x[j] != 0
		}
		if live {
			support += len(cols)
		}
		if e.in[cols[0]] {
			continue
		}
		limit := 1.0
		if warm {
			limit = share
		}
		l1, _ := e.groupL1L2(cols)
		switch {
		case live || e.levels[g] == 0 && l1 == 0:
			fresh = append(fresh, candidate{g, math.Inf(1)})
		case e.groupPushes(g, limit):
			size := 0.0
			for _, j := range cols {
				size += e.norm[j] * e.norm[j]
			}
			fresh = append(fresh, candidate{g, (thresholdedNorm(cols, e.c, 1, l1) - e.levels[g]) / math.Sqrt(size)})
		}
	}
	room := max(e.opt.workingSet(), support)
	if !warm {
		slices.SortStableFunc(fresh, func(a, b candidate) int {
			switch {
			case a.score > b.score:
				return -1
			case a.score < b.score:
				return 1
			}
			return 0
		})
	}
	came := 0
	for _, f := range fresh {
		if !warm && came >= room && !math.IsInf(f.score, 1) {
			break
		}
		for _, j := range e.groups[f.g] {
			e.in[j] = true
			e.set = append(e.set, j)
			came++
		}
	}
	return came
}

// spans fills the subproblem's groups; those of a working set stand together.
func (e *engine) spans() {
	s := &e.sub
	s.groups = s.groups[:0]
	for k := 0; k < len(e.set); {
		g := e.groupOf[e.set[k]]
		size := 1
		for k+size < len(e.set) && e.groupOf[e.set[k+size]] == g {
			size++
		}
		s.groups = append(s.groups, span{at: k, size: size, level: e.levels[g]})
		k += size
	}
}

// curvatures bounds λ_max of every group's block, exactly for one column, by
// the norms of Gershgorin's and Frobenius' otherwise.
func (s *subproblem) curvatures() {
	for i := range s.groups {
		q := &s.groups[i]
		q.bound = 0
		if s.gram == nil || q.size == 1 {
			for k := q.at; k < q.at+q.size; k++ {
				q.bound += s.diag[k] // trace
			}
			continue
		}
		frobenius, rows := 0.0, 0.0
		for a := q.at; a < q.at+q.size; a++ {
			row := s.gram.g[a*s.gram.ld+q.at : a*s.gram.ld+q.at+q.size]
			sum := 0.0
			for _, v := range row {
				frobenius += v * v
				sum += math.Abs(v)
			}
			rows = max(rows, sum)
		}
		q.bound = min(math.Sqrt(frobenius), rows)
	}
}

// sweepGroups takes a proximal gradient step in one group after the other.
func (s *subproblem) sweepGroups() {
	work := 0.0
	for i := range s.groups {
		q := &s.groups[i]
		if !(q.bound > 0) {
			continue
		}
		end := q.at + q.size
		if s.gram == nil {
			for k := q.at; k < end; k++ {
				rows, vals := s.d.column(int(s.cols[k]))
				s.g[k] = columnDot(rows, vals, s.v)
				if s.total > 0 {
					s.g[k] -= s.mean[k] * s.sum
				}
				work += float64(len(vals))
			}
		}
		// A Lipschitz constant of the smooth part with its ridge.
		step := 1 / (q.bound + s.l2[q.at])
		s.next = grow(s.next, q.size)
		norm := 0.0
		for k := q.at; k < end; k++ {
			x := s.x[k]
			z := shrink(x-step*(s.g[k]+s.l2[k]*x), step*s.l1[k])
			s.next[k-q.at] = z
			norm += z * z
		}
		keep := 0.0
		if norm = math.Sqrt(norm); norm > step*q.level {
			keep = 1 - step*q.level/norm
		}
		for k := q.at; k < end; k++ {
			next, old := s.next[k-q.at]*keep, s.x[k]
			if d := next - old; d != 0 {
				s.moved(old, next)
				s.x[k] = next
				s.shiftBy(k, d)
			}
		}
	}
	s.spent.cd += work*0.3 + 10*float64(len(s.x)) + float64(s.touched)*0.2*float64(len(s.x))
}

// shiftBy updates what follows x_k when it moves by d.
func (s *subproblem) shiftBy(k int, d float64) {
	if s.gram != nil {
		kern.Axpy(d, s.gram.g[k*s.gram.ld:k*s.gram.ld+len(s.x)], s.g)
		return
	}
	rows, vals := s.d.column(int(s.cols[k]))
	if s.omega > 0 {
		columnAxpy(d*s.omega, rows, vals, s.v)
	} else {
		columnAxpy(d, rows, s.wcols[s.wptr[k]:s.wptr[k+1]], s.v)
	}
	if s.total > 0 {
		s.sum += d * s.mean[k] * s.total
	}
}

// groupPenalty is Σ level‖x_g‖₂.
func (s *subproblem) groupPenalty(x []float64) float64 {
	sum := 0.0
	for i := range s.groups {
		q := &s.groups[i]
		norm := 0.0
		for _, v := range x[q.at : q.at+q.size] {
			norm += v * v
		}
		sum += q.level * math.Sqrt(norm)
	}
	return sum
}

// gapOfGroups is gap for groups.
func (s *subproblem) gapOfGroups() float64 {
	scale := 1.0
	if !math.IsNaN(s.q) {
		for i := range s.groups {
			q := &s.groups[i]
			if s.l2[q.at] > 0 {
				continue
			}
			g, l1 := s.g[q.at:q.at+q.size], s.l1[q.at]
			scale = min(scale, groupScaling(func(t float64) float64 {
				sum := 0.0
				for _, v := range g {
					if u := t*math.Abs(v) - l1; u > 0 {
						sum += u * u
					}
				}
				return math.Sqrt(sum)
			}, q.level))
		}
	}
	sum := 0.0
	for i := range s.groups {
		q := &s.groups[i]
		end := q.at + q.size
		sum += groupGap(s.x[q.at:end], s.g[q.at:end], scale, s.l1[q.at], s.l2[q.at], q.level, q.bound)
	}
	if scale < 1 {
		sum += 0.5 * (1 - scale) * (1 - scale) * s.q2()
	}
	return sum
}

// groupNewton adds the second and first derivatives of Σ level‖x_g‖ on the
// support: level(I/‖x‖ − xxᵀ/‖x‖³), and level·x/‖x‖.
func (s *subproblem) groupNewton(ld int) {
	w := &s.work
	a := 0
	for i := range s.groups {
		q := &s.groups[i]
		norm := 0.0
		for _, v := range s.x[q.at : q.at+q.size] {
			norm += v * v
		}
		norm = math.Sqrt(norm)
		first := a
		for a < len(w.support) && int(w.support[a]) < q.at+q.size {
			a++
		}
		if norm == 0 {
			continue
		}
		for b := first; b < a; b++ {
			x := s.x[w.support[b]]
			w.step[b] -= q.level * x / norm
			for c := b; c < a; c++ {
				s.factor[b*ld+c] -= q.level * x * s.x[w.support[c]] / (norm * norm * norm)
			}
			s.factor[b*ld+b] += q.level / norm
		}
	}
}

// groupZero tells whether the group of member k is zero.
func (s *subproblem) groupZero(k int) bool {
	for i := range s.groups {
		q := &s.groups[i]
		if k < q.at+q.size {
			for _, v := range s.x[q.at : q.at+q.size] {
				if v != 0 {
					return false
				}
			}
			return true
		}
	}
	return true
}
