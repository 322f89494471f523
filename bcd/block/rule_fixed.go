package block

import (
	"math"
	"sort"

	"solve/internal/rng"
)

// fixedSelector chooses among the blocks of a partition.
type fixedSelector struct {
	blocks [][]int32
	pick   func(k int) (int, error)
}

func (s *fixedSelector) next(k int) ([]int32, int, error) {
	id, err := s.pick(k)
	if err != nil {
		return nil, 0, err
	}
	return s.blocks[id], id, nil
}

func newFixedSelector(r *run) *fixedSelector {
	s := &fixedSelector{blocks: r.blocks}
	n := len(r.blocks)
	switch r.opt.Rule {
	case Random:
		s.pick = func(int) (int, error) { return r.stream.Below(n), nil }
	case Cyclic:
		s.pick = func(k int) (int, error) { return k % n, nil }
	case Lipschitz:
		weights := make([]float64, n)
		for id := range weights {
			weights[id] = r.lipschitzOf(r.blocks[id], id)
		}
		s.pick = sampler(weights, r.stream)
	default:
		s.pick = func(int) (int, error) { return r.bestBlock(s.score(r)) }
	}
	return s
}

// sampler draws numbers in proportion to weights, uniformly if all are 0.
func sampler(weights []float64, s *rng.Stream) func(int) (int, error) {
	upTo := make([]float64, len(weights))
	sum := 0.0
	for i, w := range weights {
		sum += w
		upTo[i] = sum
	}
	return func(int) (int, error) {
		if sum == 0 {
			return s.Below(len(weights)), nil
		}
		u := s.Float64() * sum
		return min(sort.Search(len(upTo), func(i int) bool { return upTo[i] > u }), len(upTo)-1), nil
	}
}

// bestBlock returns the block with the largest score, the first of equals.
func (r *run) bestBlock(score func(b []int32, id int) (float64, error)) (int, error) {
	best, at := math.Inf(-1), 0
	for id, b := range r.blocks {
		v, err := score(b, id)
		if err != nil {
			return 0, err
		}
		if v > best {
			best, at = v, id
		}
	}
	return at, nil
}

// score is the greedy score of a fixed block.
func (s *fixedSelector) score(r *run) func(b []int32, id int) (float64, error) {
	switch r.opt.Rule {
	case MI:
		return r.improvement
	case GSQ:
		if r.obj.Penalty() != nil {
			return func(b []int32, _ int) (float64, error) { return r.separableDecrease(b), nil }
		}
		r.obj.Gradient() // once, before blocks ask for their parts
		return r.quadraticDecrease
	case GSD:
		stationarity(r.obj, r.score)
		return func(b []int32, id int) (float64, error) {
			d := r.diagonalOf(b, id)
			sum := 0.0
			for k, j := range b {
				sum += ratio(r.score[j], d[k])
			}
			return sum, nil
		}
	}
	stationarity(r.obj, r.score)
	return func(b []int32, id int) (float64, error) {
		v := r.norm(b)
		if r.opt.Rule == GSL {
			return ratio(v, r.lipschitzOf(b, id)), nil
		}
		return v, nil
	}
}

// ratio is s²/d, and 0 for a block that f does not depend on.
func ratio(s, d float64) float64 {
	if d == 0 {
		return 0
	}
	return s * s / d
}

func (r *run) norm(b []int32) float64 {
	sum := 0.0
	for _, j := range b {
		v := r.score[j]
		if r.opt.Norm == L2 {
			v *= v
		}
		sum += v
	}
	if r.opt.Norm == L2 {
		return math.Sqrt(sum)
	}
	return sum
}

// separableDecrease is the GS-q score Σ_j −q_j,
// q_j = min_d g_j d + (L_j/2)d² + Ω_j(x_j+d) − Ω_j(x_j).
func (r *run) separableDecrease(b []int32) float64 {
	g, x, l, pen := r.obj.Gradient(), r.obj.Point(), r.obj.Lipschitz(), r.obj.Penalty()
	sum := 0.0
	for _, j := range b {
		if l[j] > 0 {
			sum += pen.Decrease(int(j), x[j], g[j], l[j])
		}
	}
	return sum
}

// quadraticDecrease is g_bᵀH_bb⁻¹g_b.
func (r *run) quadraticDecrease(b []int32, id int) (float64, error) {
	h, err := r.factorOf(b, id)
	if err != nil {
		return 0, err
	}
	g, d := r.vector(0, len(b)), r.vector(1, len(b))
	r.obj.Partial(b, g)
	copy(d, g)
	h.solve(d)
	sum := 0.0
	for k, v := range g {
		sum += v * d[k]
	}
	return sum, nil
}

// improvement is the decrease that the update achieves in a block.
func (r *run) improvement(b []int32, id int) (float64, error) {
	g, d := r.vector(0, len(b)), r.vector(1, len(b))
	r.obj.Partial(b, g)
	if err := r.update.step(b, id, g, d); err != nil {
		return 0, err
	}
	return -r.change(b, g, d), nil
}
