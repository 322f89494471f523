package ot

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/solver"
)

// Sinkhorn-Newton-Sparse as published (Tang, Shavlovsky, Rahmanian, Tardini,
// Thekumparampil, Xiao, Ying, ICLR 2024, arXiv:2401.12253, algorithm 1): N1
// Sinkhorn iterations, then Newton's method on the dual potential
//
//	Φ(α,β) = Σ P_ij − ⟨a,α⟩ − ⟨b,β⟩,  P_ij = exp(α_i + β_j − C_ij/ε),
//
// with the Hessian [[diag(P1), P], [Pᵀ, diag(Pᵀ1)]] sparsified: the largest
// ⌈λ n m⌉ entries of P are kept, both diagonals keep their full values (with
// diagonals rebuilt from kept entries the matrix would be singular on every
// connected component), and conjugate gradients solve the system. The
// paper's x, y are ε(α+½), ε(β+½).
//
// P is stored: 8nm bytes for each of two iterates.
type sns struct {
	s          *semidual
	opt        *Options
	stats      *Stats
	log        *progress
	beta       []float64
	cur, trial *dualPoint
	h          sparseFull
	cg         cgWork
}

// dualPoint is a pair of potentials with its plan.
type dualPoint struct {
	alpha, beta []float64
	plan        []float64 // n×m
	r, c        []float64 // row and column sums
	value       float64   // Φ
	e           float64
}

func newSNS(s *semidual, opt *Options, stats *Stats, log *progress) (*sns, error) {
	if need := 16 * int64(s.n) * int64(s.m); need > opt.MemoryLimit() {
		return nil, fmt.Errorf("ot: %w", &solver.TooLargeError{What: "two stored plans of method sns", Need: need, Have: opt.MemoryLimit()})
	}
	k := &sns{s: s, opt: opt, stats: stats, log: log, beta: make([]float64, s.m)}
	k.cur, k.trial = newDualPoint(s), newDualPoint(s)
	return k, nil
}

func newDualPoint(s *semidual) *dualPoint {
	return &dualPoint{alpha: make([]float64, s.n), beta: make([]float64, s.m), plan: make([]float64, s.n*s.m),
		r: make([]float64, s.n), c: make([]float64, s.m)}
}

func (k *sns) run(ctx context.Context, tol float64, g0 []float64) solver.Reason {
	s := k.s
	p := newPoint(s.n, s.m)
	for j, g := range g0 {
		p.beta[j] = g * s.invEps
	}
	n1 := k.opt.SNSSinkhorn
	if n1 == 0 {
		n1 = defaultSNSSinkhorn
	}
	defer func() { copy(k.beta, k.cur.beta) }()
	for range min(n1, k.opt.maxIter()) {
		if err := s.eval(ctx, p, 1, nil); err != nil {
			copy(k.cur.beta, p.beta)
			return solver.ContextReason(ctx)
		}
		if err := k.log.record("sinkhorn", k.stats.Sweeps, s.dual(p), p.e, math.NaN()); err != nil {
			copy(k.cur.beta, p.beta)
			return solver.Interrupted
		}
		s.updateColumns(p, 1)
		k.stats.Sweeps++
	}
	copy(k.cur.alpha, p.alpha)
	copy(k.cur.beta, p.beta)
	k.eval(k.cur)
	return k.newton(ctx, tol)
}

// newton is the second stage.
func (k *sns) newton(ctx context.Context, tol float64) solver.Reason {
	dx := make([]float64, k.s.n+k.s.m)
	guard := stallGuard{}
	for {
		switch {
		case k.cur.e <= tol:
			return solver.Tolerance
		case k.stats.Sweeps+k.stats.NewtonSteps >= k.opt.maxIter():
			return solver.IterationLimit
		case ctx.Err() != nil:
			return solver.ContextReason(ctx)
		case guard.at(k.cur.e):
			return solver.Stalled
		}
		slope := k.direction(ctx, dx)
		t, ok := k.search(dx, slope)
		if !ok {
			return solver.Stalled
		}
		k.stats.NewtonSteps++
		dual := k.s.eps * (kern.Dot(k.s.a, k.cur.alpha) + kern.Dot(k.s.b, k.cur.beta) - kern.Sum(k.cur.r))
		if err := k.log.record("newton", k.stats.Sweeps+k.stats.NewtonSteps, dual, k.cur.e, t); err != nil {
			return solver.Interrupted
		}
	}
}

// eval fills p from its potentials: one pass.
func (k *sns) eval(p *dualPoint) {
	s := k.s
	s.passes++
	par.For(s.threads, len(s.blocks), func(b int) {
		clear(s.blocks[b].c)
		lo, hi := par.Bounds(b, s.n, s.rowsPerBlock)
		for i := lo; i < hi; i++ {
			row := p.plan[i*s.m:][:s.m]
			p.r[i] = s.cost.planRow(row, i, p.alpha[i], p.beta, s.invEps)
			kern.Axpy(1, row, s.blocks[b].c)
		}
	})
	clear(p.c)
	for b := range s.blocks {
		kern.Axpy(1, s.blocks[b].c, p.c)
	}
	p.value, p.e = -kern.Dot(s.a, p.alpha)-kern.Dot(s.b, p.beta), 0
	for i, r := range p.r {
		p.value += r
		p.e += math.Abs(r - s.a[i])
	}
	for j, c := range p.c {
		p.e += math.Abs(c - s.b[j])
	}
}

// direction solves the sparsified Newton system and returns the slope along
// the direction.
func (k *sns) direction(ctx context.Context, dx []float64) float64 {
	s := k.s
	k.h.keep(s, k.cur, k.threshold())
	k.h.augmented = k.opt.SNSAugmented
	k.stats.HessianNNZ = max(k.stats.HessianNNZ, len(k.h.val))
	g := make([]float64, s.n+s.m)
	for i, r := range k.cur.r {
		g[i] = s.a[i] - r
	}
	for j, c := range k.cur.c {
		g[s.n+j] = s.b[j] - c
	}
	forcing := min(max(forcingFactor*k.cur.e, forcingSmallest), forcingLargest)
	k.stats.CGIterations += pcg(ctx, &k.h, dx, g, forcing, maxCG, &k.cg)
	return -kern.Dot(g, dx)
}

// threshold tells from which size on an entry of row i and column j is kept.
func (k *sns) threshold() func(i, j int) float64 {
	s := k.s
	if k.opt.SNSAdaptive {
		theta := dropRate * min(1, k.cur.e) / float64(max(s.n, s.m))
		return func(i, j int) float64 { return theta * min(k.cur.r[i], k.cur.c[j]) }
	}
	lambda := k.opt.SNSLambda
	if lambda == 0 {
		lambda = min(1, defaultSNSKeep/float64(s.m))
	}
	rho := kthLargest(k.cur.plan, int(math.Ceil(lambda*float64(s.n)*float64(s.m))))
	return func(int, int) float64 { return rho }
}

// kthLargest is the k-th largest value, 1 ≤ k ≤ len(x).
func kthLargest(x []float64, k int) float64 {
	work := slices.Clone(x)
	lo, hi, at := 0, len(work)-1, min(max(k, 1), len(x))-1
	for lo < hi {
		pivot := medianOf3(work[lo], work[(lo+hi)/2], work[hi])
		i, j := lo, hi
		for i <= j {
			for work[i] > pivot {
				i++
			}
			for work[j] < pivot {
				j--
			}
			if i <= j {
				work[i], work[j] = work[j], work[i]
				i++
				j--
			}
		}
		switch {
		case at <= j:
			hi = j
		case at >= i:
			lo = i
		default:
			return work[at]
		}
	}
	return work[at]
}

func medianOf3(a, b, c float64) float64 {
	v := [3]float64{a, b, c}
	slices.SortFunc(v[:], cmp.Compare[float64])
	return v[1]
}

// Backtracking of the paper's line search.
const (
	snsBacktracks = 30
	snsShrink     = 0.5
)

// search backtracks from the full step until Φ falls enough; near the
// solution, where Φ is flat to rounding, until the error falls.
func (k *sns) search(dx []float64, slope float64) (t float64, ok bool) {
	if !(slope < 0) {
		return 0, false
	}
	t = 1
	slack := 1e-14 * max(1, math.Abs(k.cur.value))
	for range snsBacktracks {
		for i := range k.trial.alpha {
			k.trial.alpha[i] = k.cur.alpha[i] + t*dx[i]
		}
		for j := range k.trial.beta {
			k.trial.beta[j] = k.cur.beta[j] + t*dx[k.s.n+j]
		}
		k.eval(k.trial)
		enough := k.trial.value <= k.cur.value+armijo*t*slope+slack
		if k.cur.e < flatError {
			enough = k.trial.e < k.cur.e
		}
		if enough {
			k.cur, k.trial = k.trial, k.cur
			return t, true
		}
		t *= snsShrink
	}
	return t, false
}

// sparseFull is the sparsified Hessian of Φ on the n+m potentials.
type sparseFull struct {
	r, c      []float64
	ptr       []int
	col       []int32
	val       []float64
	augmented bool
	diag      []float64
}

// keep collects the entries of p's plan that reach their threshold.
func (h *sparseFull) keep(s *semidual, p *dualPoint, least func(i, j int) float64) {
	h.r, h.c = p.r, p.c
	h.ptr, h.col, h.val = append(h.ptr[:0], 0), h.col[:0], h.val[:0]
	for i := range s.n {
		for j, v := range p.plan[i*s.m:][:s.m] {
			if v > 0 && v >= least(i, j) {
				h.col, h.val = append(h.col, int32(j)), append(h.val, v)
			}
		}
		h.ptr = append(h.ptr, len(h.val))
	}
	h.diag = append(append(h.diag[:0], p.r...), p.c...)
}

func (h *sparseFull) diagonal() []float64 { return h.diag }

func (h *sparseFull) mul(q, z []float64) {
	n := len(h.r)
	x, y := z[:n], z[n:]
	for j, c := range h.c {
		q[n+j] = c * y[j]
	}
	for i, r := range h.r {
		lo, hi := h.ptr[i], h.ptr[i+1]
		q[i] = r*x[i] + kern.GatherDot(h.col[lo:hi], h.val[lo:hi], y)
		kern.ScatterAxpy(x[i], h.col[lo:hi], h.val[lo:hi], q[n:])
	}
	if h.augmented {
		gauge := kern.Sum(x) - kern.Sum(y)
		scale := gauge / float64(len(z))
		for i := range x {
			q[i] += scale
		}
		for j := range y {
			q[n+j] -= scale
		}
	}
}
