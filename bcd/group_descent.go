package bcd

import (
	"math"

	"solve/internal/kern"
)

// span is a group within a working set: members at ... at+size−1.
type span struct {
	at, size int
	level    float64 // weight of ‖x_g‖₂
	bound    float64 // of the curvature, λ_max(G_gg)
}

// spans fills the subproblem's groups; those of a working set stand together.
// The columns of a group whose norm weighs nothing are groups of their own.
func (e *engine) spans() {
	s := &e.sub
	s.groups = s.groups[:0]
	for k := 0; k < len(e.set); {
		g := e.groupOf[e.set[k]]
		size := 1
		for e.levels[g] > 0 && k+size < len(e.set) && e.groupOf[e.set[k+size]] == g {
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
				s.g[k] = s.d.dot(int(s.cols[k]), s.v)
				if s.total > 0 {
					s.g[k] -= s.mean[k] * s.sum
				}
				work += float64(s.d.nnz(int(s.cols[k])))
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
				s.fell += 0.5 * d * d / step
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
	s.addColumn(d, k)
}

// addColumn adds d h∘X_k to v.
func (s *subproblem) addColumn(d float64, k int) {
	j := int(s.cols[k])
	rows, vals := s.d.column(j)
	switch {
	case s.omega > 0:
		s.d.axpy(d*s.omega, j, s.v)
	case s.d.ones:
		for _, i := range rows {
			s.v[i] += d * s.h[i]
		}
	default:
		columnAxpy(d, rows, s.wcols[s.wptr[k]:s.wptr[k]+int64(len(vals))], s.v)
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
		scale = s.groupsScaling()
	}
	sum := s.groupsGap(scale)
	if scale < 1 {
		sum += 0.5 * (1 - scale) * (1 - scale) * s.q2()
	}
	return sum
}

// groupsScaling is scaling for groups.
func (s *subproblem) groupsScaling() float64 {
	scale := 1.0
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
	return scale
}

// groupsGap is coordinatesGap for groups.
func (s *subproblem) groupsGap(scale float64) float64 {
	sum := 0.0
	for i := range s.groups {
		q := &s.groups[i]
		end := q.at + q.size
		sum += groupGap(s.x[q.at:end], s.g[q.at:end], scale, s.l1[q.at], s.l2[q.at], q.level, q.bound)
	}
	return sum
}

// supportNorms calls f for every group that is not zero, with the range of its
// members in the support.
func (s *subproblem) supportNorms(f func(q *span, first, end int, norm float64)) {
	w := &s.work
	a := 0
	for i := range s.groups {
		q := &s.groups[i]
		norm := 0.0
		for _, v := range s.x[q.at : q.at+q.size] {
			norm += v * v
		}
		first := a
		for a < len(w.support) && int(w.support[a]) < q.at+q.size {
			a++
		}
		if norm > 0 {
			f(q, first, a, math.Sqrt(norm))
		}
	}
}

// groupSlopes subtracts the derivative of Σ level‖x_g‖, level·x/‖x‖, from the
// step.
func (s *subproblem) groupSlopes() {
	w := &s.work
	s.supportNorms(func(q *span, first, end int, norm float64) {
		for b := first; b < end; b++ {
			w.step[b] -= q.level * s.x[w.support[b]] / norm
		}
	})
}

// groupNewton adds the second derivative of Σ level‖x_g‖ on the support,
// level(I/‖x‖ − (1−bend) xxᵀ/‖x‖³) with bend 0.
func (s *subproblem) groupNewton(ld int) {
	w := &s.work
	s.supportNorms(func(q *span, first, end int, norm float64) {
		for b := first; b < end; b++ {
			x := s.x[w.support[b]]
			for c := b; c < end; c++ {
				s.factor[b*ld+c] -= (1 - s.bend) * q.level * x * s.x[w.support[c]] / (norm * norm * norm)
			}
			s.factor[b*ld+b] += q.level / norm
		}
	})
}

// liveGroups marks the members of groups that are not zero.
func (s *subproblem) liveGroups() {
	if s.groups == nil {
		return
	}
	w := &s.work
	w.live = w.live[:0]
	for i := range s.groups {
		q := &s.groups[i]
		live := false
		for _, v := range s.x[q.at : q.at+q.size] {
			live = live || v != 0
		}
		for range q.size {
			w.live = append(w.live, live)
		}
	}
}
