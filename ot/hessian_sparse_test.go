package ot

import (
	"context"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// sparsified is a Newton iteration at a point with its Hessian sparsified at θ
// and assembled.
func sparsified(t *testing.T, p *Problem, seed uint64, theta, mu float64) (*newton, *point) {
	t.Helper()
	s := semidualOf(t, p)
	x := somePoint(t, s, seed)
	evalSelecting(t, s, x, theta)
	nw := newNewton(s, &Options{}, &Stats{}, &progress{})
	nw.cur = x
	nw.hess.sparsify(x, theta)
	nw.hess.shift(mu)
	nw.schur = &nw.hess
	if !nw.analyse(t.Context()) {
		t.Fatal("no sparse Hessian")
	}
	return nw, x
}

// The assembled Hessian against its definition, in both triangles: without the
// row and the column that are fixed, and with no entry where the rows of the
// plan have nothing in common.
func TestSparseSchur(t *testing.T) {
	for _, size := range [][2]int{{6, 6}, {13, 6}, {12, 37}, {150, 130}} {
		for _, theta := range []float64{0, 1e-3, 0.02, 0.2} {
			p := random(size[0], size[1], 12)
			p.Reg = 0.02
			nw, x := sparsified(t, p, 7, theta, 0.3)
			sp := &nw.sparse
			if err := sp.refactor(context.Background()); err != nil {
				t.Fatal(err)
			}
			want := hessianByDefinition(nw.s, x, theta, 0.3)
			if x.c[sp.fixed] < slices.Max(x.c) {
				t.Errorf("%v: column %d of mass %g is fixed, the largest is %g", size, sp.fixed, x.c[sp.fixed], slices.Max(x.c))
			}
			for j := range nw.s.m {
				for k := range nw.s.m {
					ref := want.At(j, k)
					if j == sp.fixed || k == sp.fixed {
						ref = 0
						if j == k {
							ref = x.c[j]
						}
					}
					if d := math.Abs(sp.a.At(j, k) - ref); !(d <= 1e-14) {
						t.Errorf("%v, θ = %g: S_%d,%d = %g, want %g", size, theta, j, k, sp.a.At(j, k), ref)
					}
				}
			}
			stored := 0
			for j := range nw.s.m {
				for k := range nw.s.m {
					if want.At(j, k) != 0 && (j == k || j != sp.fixed && k != sp.fixed) {
						stored++
					}
				}
			}
			if float64(stored) > nw.hess.pairs+float64(nw.s.m) || sp.a.NNZ() < stored {
				t.Errorf("%v, θ = %g: %d entries, %d of them not zero, from %g pairs", size, theta, sp.a.NNZ(), stored, nw.hess.pairs)
			}
		}
	}
}

// Another shift takes no other analysis, and is solved for.
func TestSparseSchurShifts(t *testing.T) {
	p := random(60, 50, 4)
	p.Reg = 0.01
	const theta = 1e-3
	nw, x := sparsified(t, p, 5, theta, 0)
	sp := &nw.sparse
	rhs, y, back := points(rng.New(8), nw.s.m, 1).Data, make([]float64, nw.s.m), make([]float64, nw.s.m)
	analysis := sp.analysis
	for _, mu := range []float64{0, 1e-3, 1} {
		nw.hess.shift(mu)
		if err := nw.factorSparse(context.Background(), rhs, y); err != nil {
			t.Fatal(err)
		}
		nw.hess.mul(back, y)
		for j := range back {
			if d := math.Abs(back[j] - rhs[j]); j != sp.fixed && !(d <= 1e-9) {
				t.Errorf("μ = %g: residual %g in entry %d", mu, d, j)
			}
		}
		if y[sp.fixed] != 0 {
			t.Errorf("μ = %g: the fixed unknown is %g", mu, y[sp.fixed])
		}
	}
	nw.hess.sparsify(x, theta)
	sp.analysed = false
	if !nw.analyse(t.Context()) || sp.analysis != analysis {
		t.Error("the same pattern was analysed again")
	}
	nw.hess.sparsify(x, 0.3)
	sp.analysed = false
	if !nw.analyse(t.Context()) || sp.analysis == analysis {
		t.Error("another pattern was not analysed")
	}
}

// A sparse Hessian that does not fit is not built.
func TestSparseSchurMemory(t *testing.T) {
	p := random(60, 50, 4)
	p.Reg = 0.01
	nw, _ := sparsified(t, p, 5, 1e-3, 0)
	if math.IsInf(nw.sparseTime(), 1) {
		t.Error("refused at the default limit")
	}
	nw.opt = &Options{Settings: solver.Settings{MaxMemory: 1000}}
	for _, analysed := range []bool{true, false} {
		nw.sparse.analysed = analysed
		if got := nw.sparseTime(); !math.IsInf(got, 1) {
			t.Errorf("analysed %v: %g ns within 1000 bytes", analysed, got)
		}
	}
}

// Plans close to a permutation are where conjugate gradients stagnate. The
// factorisation takes over, with the same bits for any number of threads.
func TestNearPermutation(t *testing.T) {
	p := assignment(300, 1)
	p.Reg = 1e-4
	var first *Result
	for _, threads := range []int{1, 2, 5} {
		opt := tight(1e-11)
		opt.Threads = threads
		res := mustSolve(t, p, opt)
		if res.Stats.Factored == 0 {
			t.Error("nothing was factored")
		}
		if first == nil {
			first = res
			continue
		}
		if !slices.Equal(res.G, first.G) || res.Stats.CGIterations != first.Stats.CGIterations {
			t.Errorf("%d threads: other potentials than with 1", threads)
		}
	}
}

// On a line the Hessian is banded: conjugate gradients take long, and the
// sparse factorisation does not mind orders that the dense one refuses.
func TestSparseFactorAtHighOrder(t *testing.T) {
	const n, eps = maxDirect + 200, 1e-6
	x := points(rng.New(3), n, 1)
	slices.Sort(x.Data)
	s := semidualOf(t, &Problem{A: uniform(n), B: uniform(n), Reg: eps, Cost: pointsCost(t, x, x, SqEuclidean)})
	nw := newNewton(s, &Options{}, &Stats{}, &progress{})
	if err := s.eval(context.Background(), nw.cur, 1, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.eval(context.Background(), nw.cur, 1, nw.selectAt(1e-6)); err != nil {
		t.Fatal(err)
	}
	nw.assemble(1e-6)
	rhs, y, back := make([]float64, n), make([]float64, n), make([]float64, n)
	s.gradient(rhs, nw.cur)
	if !nw.solve(context.Background(), rhs, y, 1e-10) {
		t.Fatal("not solved")
	}
	if nw.stats.Factored != 1 {
		t.Errorf("%d factorisations after %d CG iterations, want 1", nw.stats.Factored, nw.stats.CGIterations)
	}
	nw.schur.mul(back, y)
	for j := range back {
		if d := math.Abs(back[j] - rhs[j]); j != nw.sparse.fixed && !(d <= 1e-10*maxAbs(rhs)) {
			t.Errorf("residual %g in entry %d", d, j)
		}
	}
}
