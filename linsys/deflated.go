package linsys

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"solve/linsys/direct"
	"solve/solver"
)

// Deflated conjugate gradients.
//
// Saad, Yeung, Erhel & Guyomarc'h, SISC 21 (2000). With W of few columns and
// E = WᵀA W, x₀ is moved so that Wᵀr₀ = 0 and every direction is kept
// A-orthogonal to W: p = z + β p − W E⁻¹(A W)ᵀz. W are the Ritz vectors of a
// few Lanczos steps from b, the variant that Kaneda et al., ICML 2023, compare
// the deep conjugate direction method with.

// deflatedCG solves a symmetric positive definite system.
func deflatedCG(ctx context.Context, s *system) outcome {
	if reduce := s.reduction(); reduce != nil {
		return reduce(ctx, s, deflatedCG)
	}
	s.reset()
	r := s.work.take(len(s.b))
	l, ok := s.begin(ctx, r)
	if !ok {
		return l.out
	}
	d, err := newDeflation(l, r)
	if err != nil {
		l.fail(solver.NotPositiveDefinite, err.Error())
		return l.finish()
	}
	d.correct(r)
	norm := l.truth()
	if norm <= l.target {
		l.out.reason, l.out.residual = solver.Tolerance, norm/l.normB
		return l.out
	}
	copy(r, l.t)
	l.conjugate(r, d)
	return l.out
}

// deflation holds W, A W and the factor of WᵀA W.
type deflation struct {
	l     *loop
	w, aw [][]float64
	e     *direct.DenseCholesky
	coef  []float64
}

func newDeflation(l *loop, r []float64) (*deflation, error) {
	k := l.deflate
	if k <= 0 {
		k = DefaultDeflate
	}
	n := len(r)
	k = min(k, n)
	if l.memory > 0 {
		k = max(1, min(k, int(l.memory/int64(24*n))))
	}
	d := &deflation{l: l, w: ritzVectors(l, k)}
	k = len(d.w)
	d.aw = l.work.basis(k, n)
	d.coef = make([]float64, k)
	gram := make([]float64, k*k)
	for i, w := range d.w {
		l.mul(d.aw[i], w)
		l.v.project(d.w[:i+1], d.aw[i], gram[i*k:])
	}
	e, err := direct.FactorDense(k, gram, 1)
	if err != nil {
		return nil, fmt.Errorf("WᵀAW of %d Ritz vectors: %w", k, err)
	}
	d.e = e
	return d, nil
}

// correct adds W E⁻¹Wᵀr to x.
func (d *deflation) correct(r []float64) {
	d.l.v.project(d.w, r, d.coef)
	d.e.Solve(d.coef)
	d.l.v.combine(d.w, d.coef, d.l.x)
}

// orthogonalise subtracts W E⁻¹(A W)ᵀz from p.
func (d *deflation) orthogonalise(p, z []float64) {
	v := d.l.v
	v.project(d.aw, z, d.coef)
	d.e.Solve(d.coef)
	for i := range d.coef {
		d.coef[i] = -d.coef[i]
	}
	v.combine(d.w, d.coef, p)
}

// ritzVectors returns the Ritz vectors of at most k Lanczos steps of A from b,
// fully orthogonalised; fewer when the space that b reaches is smaller.
func ritzVectors(l *loop, k int) [][]float64 {
	n := len(l.b)
	v := l.work.basis(k+1, n)
	t := mat.NewSymDense(k, nil)
	coef := make([]float64, k)
	l.v.axpby(1/l.normB, l.b, 0, v[0])
	steps := 0
	for steps < k {
		j, w := steps, v[steps+1]
		l.mul(w, v[j])
		size := l.v.norm(w)
		for pass := range 2 {
			l.v.project(v[:j+1], w, coef)
			if pass == 0 {
				t.SetSym(j, j, coef[j])
			}
			for i := range j + 1 {
				coef[i] = -coef[i]
			}
			l.v.combine(v[:j+1], coef, w)
		}
		steps++
		beta := l.v.norm(w)
		if !(beta > invariant*size) {
			break
		}
		if steps < k {
			t.SetSym(j, j+1, beta)
			l.v.axpby(1/beta, w, 0, w)
		}
	}
	var eigen mat.EigenSym
	var y mat.Dense
	if !eigen.Factorize(t.SliceSym(0, steps), true) {
		return v[:steps] // the Lanczos vectors span the same space
	}
	eigen.VectorsTo(&y)
	ritz := l.work.basis(steps, n)
	for i, x := range ritz {
		clear(x)
		l.v.combine(v[:steps], mat.Col(nil, i, &y), x)
	}
	return ritz
}

// invariant is the part of a Lanczos vector outside the space so far from
// which that counts as invariant.
const invariant = 1e-12
