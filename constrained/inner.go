package constrained

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// linearMethod solves the Newton systems K d = b of an iteration.
type linearMethod interface {
	// prepare takes the matrix that k holds.
	prepare(ctx context.Context, k *kkt) error
	// improve advances d until ‖K d − b‖₂ is at most target, rounding allows no more,
	// or the given number of steps is done. It returns the steps, and the residual.
	improve(ctx context.Context, b, d []float64, target float64, steps int) (done int, residual float64, err error)
}

// innerSolver makes a linear method as accurate as the descent of M asks,
//
//	‖K‖_F Ψ ‖K d − b‖ ≤ θ δ ‖b‖,
//
// with the constants of the paper: Ψ = 20 max(‖B‖²_F, 1)/(min(ξ_G,1) min(ξ_B,1)),
// Υ = max(‖∇c‖_F, ‖H‖_F, 1), ξ_G the smallest eigenvalue of ∇c∇cᵀ.
type innerSolver struct {
	method linearMethod
	limit  int // steps for one system

	used         int
	size         float64 // ‖K‖_F
	psi, upsilon float64
}

// largestLiteral is the order up to which eigenvalues are computed.
const largestLiteral = 2000

// checkEigen refuses dense matrices, and their eigenvalues, that take too long or too
// much memory.
func checkEigen(what string, order int, opt *Options) error {
	const matrices = 5 // that exist at a time
	need := 8 * matrices * int64(order) * int64(order)
	switch limit := opt.MemoryLimit(); {
	case order > largestLiteral:
		return fmt.Errorf("constrained: %s computes eigenvalues of matrices of order up to %d, not %d: %w", what, largestLiteral, order, solver.ErrTooLarge)
	case need > limit:
		return fmt.Errorf("constrained: %w", &solver.TooLargeError{What: what, Need: need, Have: limit})
	}
	return nil
}

// newInner makes the solver that the options name, nil for factorisation with
// shifts.
func newInner(q *program, opt *Options) (*innerSolver, error) {
	name, size, err := parseInner(opt.Inner)
	if err != nil {
		return nil, err
	}
	if opt.HessMod == "paper" {
		if err := checkEigen("the literal rule", q.n+q.m, opt); err != nil {
			return nil, err
		}
	}
	in := &innerSolver{limit: opt.InnerSteps}
	if in.limit == 0 {
		in.limit = DefaultInnerSteps
	}
	switch name {
	case Direct:
		if opt.HessMod == "" {
			return nil, nil
		}
		in.method = &factored{}
	case MINRES, GMRES:
		in.method, err = newKrylov(q, name, size, opt)
	default:
		in.method = newSketcher(name, size, opt.RKProb, opt.Seed, opt.MemoryLimit())
	}
	return in, err
}

// deltaTrial bounds δ, for penalties that make the exact step one of descent.
func (in *innerSolver) deltaTrial(m merit) float64 {
	return (0.5 - sufficientDecrease) * m.e2 / ((1 + m.e1 + m.e2) * in.upsilon * in.upsilon * in.psi * in.psi)
}

// solveInexactly solves the Newton system by the inner solver.
func (g *galmRun) solveInexactly(ctx context.Context) error {
	in, k := g.inner, g.k
	normH := g.q.frobenius(g.h, 0)
	normG := norm2(g.pt.jac)
	shift, least := 0.0, 0.0
	if g.opt.HessMod == "paper" {
		k.fill(g.h, g.pt.jac, nil)
		if g.q.leastReducedCurvature(g.h, g.pt.jac) < leastCurvature {
			shift = hessianShift + normH
		}
		clear(k.e)
		k.shift(shift, 0)
		least = math.Pow(g.q.leastSingular(g.pt.jac), 2)
	} else {
		var err error
		if least, err = k.leastGram(ctx, g.pt.jac); err != nil {
			return err
		}
		if err := g.factorise(ctx, g.shorter); err != nil {
			return err
		}
		shift = k.dw
	}
	in.size = norm2(k.matrix.Val)
	in.psi = 20 * max(math.Pow(g.q.frobenius(g.h, shift), 2), 1) / (max(min(least, 1), leastGramian) * min(hessianShift, 1))
	in.upsilon = max(normG, normH, 1)
	in.used = 0
	g.delta = max(min(g.delta, in.deltaTrial(g.merit)), leastDelta)
	if err := in.method.prepare(ctx, k); err != nil {
		return err
	}
	clear(g.d)
	return g.descend(ctx, g.improve)
}

// leastGramian keeps Ψ finite where ∇c has lower rank.
const leastGramian = 1e-20

// improve makes d as accurate as δ asks, if the steps suffice.
func (g *galmRun) improve(ctx context.Context) error {
	in := g.inner
	theta := 1.0
	if g.opt.Theta == "superlinear" {
		theta = min(1, g.residual)
	}
	target := theta * g.delta * g.residual / (in.size * in.psi)
	done, residual, err := in.method.improve(ctx, g.b, g.d, target, in.limit-in.used)
	in.used += done
	g.q.stats.SketchSteps += done
	g.missed = !(residual <= target)
	return err
}

// factored is the linear method that factors the matrix as it is.
type factored struct {
	k    *kkt
	work []float64
}

func (f *factored) prepare(ctx context.Context, k *kkt) error {
	f.k = k
	_, _, zero, err := k.factor(ctx)
	if err == nil && zero > 0 {
		err = errNoStep
	}
	return err
}

func (f *factored) improve(_ context.Context, b, d []float64, _ float64, _ int) (done int, residual float64, err error) {
	if f.work == nil {
		f.work = make([]float64, len(b))
	}
	f.k.solve(b, d)
	f.k.matrix.MulVecTo(f.work, false, d)
	for i, v := range b {
		f.work[i] -= v
	}
	return 0, norm2(f.work), nil
}
