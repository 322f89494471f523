package block

import (
	"context"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/rng"
)

// variableSelector chooses any τ variables.
type variableSelector struct {
	tau  int
	pick func(k int, block []int32) []int32

	block   []int32
	indices []int
	scratch []float64
}

func (s *variableSelector) next(k int) ([]int32, int, error) {
	b := s.pick(k, s.block[:s.tau])
	return b, -1, nil
}

func newVariableSelector(ctx context.Context, r *run) (selector, error) {
	p, tau := r.obj.Dim(), r.opt.BlockSize
	s := &variableSelector{tau: tau, block: make([]int32, tau), indices: make([]int, tau), scratch: make([]float64, p)}
	switch r.opt.Rule {
	case Random:
		order := identity(p)
		s.pick = func(_ int, b []int32) []int32 { return subset(order, r.stream, b) }
		return s, nil
	case Cyclic:
		s.pick = permuted(p, tau, r.stream)
		return s, nil
	case Lipschitz:
		l := r.obj.Lipschitz()
		s.pick = func(_ int, b []int32) []int32 { return weightedSubset(l, r.stream, s, b) }
		return s, nil
	}
	if r.opt.Rule == GSQ && r.obj.Penalty() == nil {
		t := &thresholding{r: r, lambda: r.largestOfBound(), product: make([]float64, p), point: make([]float64, p)}
		s.pick = func(_ int, b []int32) []int32 { return t.choose(s, b) }
		return s, nil
	}
	score, err := r.coordinateScore(ctx)
	if err != nil {
		return nil, err
	}
	if q, ok := r.obj.(*quadratic); ok {
		s.pick = withTournament(q, r, s, score)
		return s, nil
	}
	s.pick = func(_ int, b []int32) []int32 {
		r.obj.Gradient()
		for j := range r.score {
			r.score[j] = score(j)
		}
		return s.top(r.score, b)
	}
	return s, nil
}

// top stores the numbers of the largest scores, ascending.
func (s *variableSelector) top(score []float64, b []int32) []int32 {
	for k, j := range kern.SelectAbsTopK(s.indices, score, s.tau, s.scratch) {
		b[k] = int32(j)
	}
	return b
}

// subset draws τ of p uniformly: the first steps of a shuffle.
func subset(order []int32, s *rng.Stream, b []int32) []int32 {
	for k := range b {
		j := k + s.Below(len(order)-k)
		order[k], order[j] = order[j], order[k]
	}
	copy(b, order)
	slices.Sort(b)
	return b
}

// permuted cuts a new permutation of the variables in each epoch.
func permuted(p, tau int, s *rng.Stream) func(int, []int32) []int32 {
	order, at := identity(p), p
	return func(_ int, b []int32) []int32 {
		if at >= p {
			randomOrder(order, s)
			at = 0
		}
		b = b[:copy(b, order[at:])]
		at += len(b)
		slices.Sort(b)
		return b
	}
}

// weightedSubset draws τ variables without replacement in proportion to their
// weights: the τ smallest of exponential numbers with those rates (Efraimidis
// & Spirakis, Inf. Process. Lett. 97, 2006). Variables of weight 0 come last.
func weightedSubset(weight []float64, stream *rng.Stream, s *variableSelector, b []int32) []int32 {
	key := make([]float64, len(weight))
	for j, w := range weight {
		// The inverse of the exponential number is what has to be large.
		key[j] = w / -math.Log1p(-stream.Float64())
	}
	return s.top(key, b)
}

// coordinateScore is the greedy score of one variable.
func (r *run) coordinateScore(ctx context.Context) (func(j int) float64, error) {
	f, pen := r.obj, r.obj.Penalty()
	x, l := f.Point(), f.Lipschitz()
	if r.opt.Rule == GSQ {
		return func(j int) float64 {
			if l[j] == 0 {
				return 0
			}
			return pen.Decrease(j, x[j], r.obj.Gradient()[j], l[j])
		}, nil
	}
	d, err := r.scoreDiagonal(ctx)
	if err != nil {
		return nil, err
	}
	return func(j int) float64 {
		v := math.Abs(f.Gradient()[j])
		if pen != nil {
			v = pen.Distance(j, x[j], f.Gradient()[j])
		}
		if d == nil {
			return v
		}
		return ratio(v, d[j])
	}, nil
}

// scoreDiagonal is D of the score g_j²/D_j; nil for the rule GS. GSL over
// variable blocks is approximated by the row sums (what the paper's
// experiments plot).
func (r *run) scoreDiagonal(ctx context.Context) ([]float64, error) {
	switch {
	case r.opt.Rule == GS:
		return nil, nil
	case r.opt.Rule == GSL || r.opt.Diagonal == DiagonalRows:
		return r.obj.RowSums(ctx, r.opt.Threads)
	}
	// DiagonalTau multiplies every score by 1/τ and chooses the same block.
	return r.obj.Lipschitz(), nil
}

// withTournament keeps the scores of a quadratic in a tournament tree as long
// as moves change few of them, and compares all where that is cheaper.
func withTournament(q *quadratic, r *run, s *variableSelector, score func(j int) float64) func(int, []int32) []int32 {
	var t *tournament
	return func(_ int, b []int32) []int32 {
		changed, all := q.Changed()
		if all || s.tau > q.Dim()/64 {
			for j := range r.score {
				r.score[j] = score(j)
			}
			t = nil
			if s.tau > q.Dim()/64 {
				return s.top(r.score, b)
			}
		}
		if t == nil {
			t = newTournament(r.score)
		} else {
			for _, j := range changed {
				t.set(j, score(int(j)))
			}
		}
		t.top(b)
		return b
	}
}

// thresholding approximates the rule GSQ over variable blocks, whose best
// block is NP-hard to find, by iterative hard thresholding of the bound:
// d ← T_τ(d − (g + Hd)/λ_max(H)), where T_τ keeps the τ largest entries, from
// the best block of the diagonal of H (Blumensath & Davies 2009).
type thresholding struct {
	r              *run
	lambda         float64
	product, point []float64
}

const (
	thresholdingSteps = 10
	thresholdingStop  = 1e-10 // of ‖Δd‖
)

func (t *thresholding) choose(s *variableSelector, b []int32) []int32 {
	g, l := t.r.obj.Gradient(), t.r.obj.Lipschitz()
	score := t.r.score
	for j, v := range g {
		score[j] = ratio(v, l[j])
	}
	s.top(score, b)
	d := make([]float64, len(b))
	for k, j := range b {
		if l[j] > 0 {
			d[k] = -g[j] / l[j]
		}
	}
	if t.lambda == 0 {
		return b
	}
	old := slices.Clone(b)
	for range thresholdingSteps {
		t.r.obj.Product(b, d, t.product)
		for j, v := range g {
			t.point[j] = -(v + t.product[j]) / t.lambda
		}
		for k, j := range b {
			t.point[j] += d[k]
		}
		copy(old, b)
		s.top(t.point, b)
		moved := 0.0
		for k, j := range old {
			if _, kept := slices.BinarySearch(b, j); !kept {
				moved += d[k] * d[k]
			}
		}
		before := slices.Clone(d)
		for k, j := range b {
			d[k] = t.point[j]
			was := 0.0
			if at, had := slices.BinarySearch(old, j); had {
				was = before[at]
			}
			moved += (d[k] - was) * (d[k] - was)
		}
		if math.Sqrt(moved) < thresholdingStop {
			break
		}
	}
	return b
}

// largestOfBound estimates λ_max(H) by the power method.
func (r *run) largestOfBound() float64 {
	p := r.obj.Dim()
	all, v, hv := identity(p), make([]float64, p), make([]float64, p)
	s := rng.NewStream(r.opt.Seed, streamPower)
	for j := range v {
		v[j] = s.Normal()
	}
	lambda := 0.0
	for range 50 {
		norm := math.Sqrt(kern.Dot(v, v))
		if norm == 0 {
			return 0
		}
		for j := range v {
			v[j] /= norm
		}
		r.obj.Product(all, v, hv)
		lambda = math.Sqrt(kern.Dot(hv, hv))
		v, hv = hv, v
	}
	return lambda
}
