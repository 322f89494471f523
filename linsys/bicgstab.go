package linsys

import (
	"context"
	"fmt"
	"math"

	"solve/solver"
)

// BiCGSTAB for unsymmetric A, preconditioned from the right.
//
// Van der Vorst, SISC 13 (1992); symbols of Saad, alg. 7.7. An iteration is
// two products with A and two with M⁻¹. Residuals are erratic: the best x is
// kept. A breakdown restarts with a new shadow residual and, where that can't
// help, hands over to GMRES.

const (
	breakdownRho   = 1e-14 // |r̂ᵀr|/(‖r̂‖‖r‖)
	breakdownOmega = 1e-12 // |tᵀs|/(‖t‖‖s‖)
	maxRestarts    = 5
	diverged       = 1e12 // ratio to the best residual from which nothing comes back
	keepBest       = 0.9  // ratio to the best residual that makes a copy of x worth its while
)

// bicgstab solves a square system.
func bicgstab(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, bicgstab)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if !ok {
		return l.out
	}
	b := newBiorthogonal(l, r)
	broken := b.iterate()
	switch {
	case broken == "":
	case l.look != nil: // on trial
		l.fail(abandoned, broken)
	default:
		return l.handOver(broken)
	}
	l.out = l.finish()
	return l.out
}

// biorthogonal is the state of BiCGSTAB.
type biorthogonal struct {
	*loop
	r, shadow, p, v, as []float64
	pm, sm              []float64 // M⁻¹p, M⁻¹s
	bestX               []float64
	bestRec             float64
	k                   int
}

func newBiorthogonal(l *loop, r []float64) *biorthogonal {
	take := func() []float64 { return l.work.take(len(r)) }
	b := &biorthogonal{loop: l, r: r, shadow: take(), p: take(), v: take(), as: take(), bestX: take()}
	b.pm, b.sm = b.p, r
	if l.m != nil {
		b.pm, b.sm = take(), take()
	}
	copy(b.bestX, l.x)
	b.bestRec = l.bestNorm
	return b
}

// iterate returns why the method can't go on, or "" when the run is over.
func (b *biorthogonal) iterate() (broken string) {
	for restarts := 0; ; restarts++ {
		fresh := b.k
		next, broken := b.sweep()
		if next == stop {
			b.settle()
			return ""
		}
		if broken != "" && (b.k == fresh || restarts == maxRestarts) {
			b.settle()
			return broken
		}
		// From b − A x, since the recursion has lost its way.
		if broken != "" {
			b.settle()
		}
		b.bestRec = b.truth()
		copy(b.bestX, b.x)
		copy(b.r, b.t)
	}
}

// settle leaves the x of the smallest residual that was met.
func (b *biorthogonal) settle() {
	if b.out.reason != solver.Tolerance {
		copy(b.x, b.bestX)
	}
}

// sweep iterates from the residual r, which is its own shadow. It ends with an
// action other than proceed, or with a breakdown.
func (b *biorthogonal) sweep() (next action, broken string) {
	v := &b.work.v
	copy(b.shadow, b.r)
	copy(b.p, b.r)
	norm := v.norm(b.r)
	shadowNorm := norm
	rho := v.dot(b.shadow, b.r)
	for {
		if b.m != nil {
			b.precondition(b.pm, b.p)
		}
		b.mul(b.v, b.pm)
		sv, vv := v.dot2(b.v, b.shadow, b.v)
		if !finite(sv) {
			return b.overflow("r̂ᵀA M⁻¹p", sv, b.p, b.pm)
		}
		if math.Abs(sv) <= breakdownRho*shadowNorm*math.Sqrt(vv) {
			return proceed, fmt.Sprintf("r̂ᵀA p = %.3g at iteration %d, ‖r̂‖‖A p‖ = %.3g", sv, b.k+1, shadowNorm*math.Sqrt(vv))
		}
		alpha := rho / sv
		ss := v.axpyNorm(-alpha, b.v, b.r) // r is s from here
		b.k++
		if s := safeNorm(ss, b.r); s <= b.target {
			v.axpy(alpha, b.pm, b.x)
			return b.judge(b.k, s), ""
		}
		if b.m != nil {
			b.precondition(b.sm, b.r)
		}
		b.mul(b.as, b.sm)
		ts, tt := v.dot2(b.as, b.r, b.as)
		if !finite(ts) {
			return b.overflow("tᵀs", ts, b.r, b.sm)
		}
		v.axpy(alpha, b.pm, b.x)
		if math.Abs(ts) <= breakdownOmega*math.Sqrt(tt*ss) {
			if next := b.judge(b.k, math.Sqrt(ss)); next != proceed {
				return next, ""
			}
			b.note(math.Sqrt(ss))
			return proceed, fmt.Sprintf("tᵀs = %.3g at iteration %d, ‖t‖‖s‖ = %.3g", ts, b.k, math.Sqrt(tt*ss))
		}
		omega := ts / tt
		v.axpy(omega, b.sm, b.x)
		norm = safeNorm(v.axpyNorm(-omega, b.as, b.r), b.r)
		if next := b.judge(b.k, norm); next != proceed {
			return next, ""
		}
		if norm > diverged*b.bestRec {
			return proceed, fmt.Sprintf("the relative residual has grown to %.3g at iteration %d", norm/b.normB, b.k)
		}
		b.note(norm)
		old := rho
		rho = v.dot(b.shadow, b.r)
		if math.Abs(rho) < breakdownRho*shadowNorm*norm {
			return proceed, fmt.Sprintf("r̂ᵀr = %.3g at iteration %d, ‖r̂‖‖r‖ = %.3g", rho, b.k, shadowNorm*norm)
		}
		v.direction(b.r, (rho/old)*(alpha/omega), -omega, b.v, b.p)
	}
}

// overflow tells a preconditioner that returns NaN from vectors that have
// grown out of range.
func (b *biorthogonal) overflow(what string, value float64, in, out []float64) (next action, broken string) {
	text := fmt.Sprintf("%s = %g at iteration %d", what, value, b.k+1)
	if finite(b.work.v.norm(in)) && !finite(b.work.v.norm(out)) {
		b.out.iterations = b.k
		b.fail(solver.EvaluationError, "the preconditioner gives "+text)
		return stop, ""
	}
	return proceed, text
}

// note keeps x if its residual is clearly the smallest so far.
func (b *biorthogonal) note(norm float64) {
	if norm < keepBest*b.bestRec {
		b.bestRec = norm
		copy(b.bestX, b.x)
	}
}

// handOver continues with GMRES from the best x.
func (l *loop) handOver(broken string) outcome {
	before := l.finish()
	out := continued(l.ctx, l.system, before, gmres)
	text := broken + "; GMRES took over"
	if out.breakdown != "" {
		text += ": " + out.breakdown
	}
	out.breakdown = text
	return out
}
