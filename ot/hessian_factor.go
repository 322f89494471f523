package ot

import (
	"context"
	"math"

	"solve/linsys/direct"
)

// Direct solution of the Newton system, and the choice between it and
// conjugate gradients. The choice compares nominal times: one by the clock
// would not repeat.

// Nominal times, in nanoseconds for each of what they name.
const (
	nsGather  = 0.3  // a flop of a sparse product
	nsVectors = 10   // an unknown in an iteration of conjugate gradients
	nsAdd     = 0.3  // a flop of the dense assembly
	nsGemm    = 0.02 // a flop of the dense factorisation
	nsDense   = 5    // an entry of its matrix

	nsPair    = 1.2  // a product of the sparse assembly
	nsUnknown = 600  // an unknown in assembly and analysis
	nsEntry   = 40   // an entry of S in them
	nsColumn  = 60   // a column in the sparse factorisation and its solve
	nsFactor  = 6    // an entry of the factor
	nsFront   = 0.02 // a flop
)

// iterationTime is that of an iteration of conjugate gradients.
func (nw *newton) iterationTime() float64 {
	return nsGather*nw.schur.flops() + nsVectors*float64(nw.s.m)
}

// denseTime is that of a dense factorisation, +Inf where there is none to be
// had.
func (nw *newton) denseTime() float64 {
	m := float64(nw.s.m)
	if nw.indefinite || m > maxDirect || 8*m*m > float64(nw.opt.MemoryLimit())/4 {
		return math.Inf(1)
	}
	return nsAdd*nw.schur.lowerFlops() + (nsDense+nsGemm*m/3)*m*m
}

// sparseTime is that of a sparse factorisation, +Inf where there is none to be
// had. How much S fills in is not known before it is analysed; until then it
// goes by the last S that was.
func (nw *newton) sparseTime() float64 {
	sp := &nw.sparse
	if nw.schur != schur(&nw.hess) || nw.indefinite || sp.refused {
		return math.Inf(1)
	}
	memory := float64(nw.opt.MemoryLimit()) / 4
	if sp.analysed {
		// What one thread needs decides, for any number to do the same; only
		// very many need a multiple of it.
		const bytes = 2 * 8 // an entry of the factor, with the updates to it
		if bytes*float64(sp.analysis.FactorNNZ()) > memory || float64(sp.analysis.Bytes()) > 2*memory {
			return math.Inf(1)
		}
		return sp.factorTime()
	}
	m, pairs := float64(nw.s.m), nw.hess.pairs
	if bytesPerEntry*min(pairs, m*m) > memory {
		return math.Inf(1)
	}
	entries, factor := sp.foresee(pairs)
	return nsPair*pairs + nsUnknown*m + nsEntry*min(entries, m*m) + nsColumn*m + factor
}

// factor solves S y = rhs through a Cholesky factor if that takes less than
// the given time. The kernel of S (or what dropping left of it) is removed by
// fixing the heaviest column.
func (nw *newton) factor(ctx context.Context, rhs, y []float64, time float64) bool {
	sparse := func() bool { return nw.sparseTime() < min(time, nw.denseTime()) }
	var err error
	switch {
	case sparse() && nw.analyse(ctx) && sparse():
		err = nw.factorSparse(ctx, rhs, y)
	case ctx.Err() == nil && nw.denseTime() < time:
		err = nw.factorDense(rhs, y)
	default:
		return false
	}
	if err != nil {
		nw.indefinite = true
		return false
	}
	nw.stats.Factored++
	return true
}

// heaviest returns the column with the largest sum.
func (nw *newton) heaviest() int {
	j := 0
	for k, c := range nw.cur.c {
		if c > nw.cur.c[j] {
			j = k
		}
	}
	return j
}

// analyse assembles and orders the sparse S. It reports false where that is
// not possible.
func (nw *newton) analyse(ctx context.Context) bool {
	return nw.sparse.analysed || nw.sparse.build(ctx, &nw.hess, nw.heaviest()) == nil
}

func (nw *newton) factorSparse(ctx context.Context, rhs, y []float64) error {
	if err := nw.sparse.refactor(ctx); err != nil {
		return err
	}
	nw.sparse.solve(rhs, y)
	return nil
}

func (nw *newton) factorDense(rhs, y []float64) error {
	m, fixed := nw.s.m, nw.heaviest()
	nw.lower = resize(nw.lower, m*m)
	a := nw.lower
	nw.schur.lower(a)
	for j := range m {
		a[j*m+j] += ridge * nw.cur.c[j]
		if j < fixed {
			a[fixed*m+j] = 0
		} else if j > fixed {
			a[j*m+fixed] = 0
		}
	}
	a[fixed*m+fixed] = nw.cur.c[fixed]
	c, err := direct.FactorDense(m, a, nw.s.threads)
	if err != nil {
		return err
	}
	copy(y, rhs)
	y[fixed] = 0
	c.Solve(y)
	return nil
}

// ridge is added to the diagonal, relative to c, against pivots that rounding
// made negative.
const ridge = 1e-15
