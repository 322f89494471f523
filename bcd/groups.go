package bcd

import (
	"math"
	"slices"
)

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
