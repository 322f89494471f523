package constrained

import (
	"context"
	"errors"
	"fmt"
	"math"

	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// kkt solves the systems
//
//	[ H + diag(a) + δ_w I    ∇cᵀ           ] [p]
//	[ ∇c                    −diag(e) − δ_c I ] [q]  = right side
//
// of a program, on one pattern. The shifts δ_w and δ_c are raised until the matrix
// has as many negative eigenvalues as there are rows and no zero ones, so that p
// is a direction of descent (Wächter & Biegler 2006, §3.1).
type kkt struct {
	q      *program
	n, m   int
	matrix *matrix.CSR // stored in full

	hesAt, hesMirror []int64 // places of the Hessian's entries, below and above the diagonal
	jacAt, jacMirror []int64
	diagonal         []int64
	base             []float64 // the diagonal without e and the shifts
	e                []float64
	rhs, r, last     []float64
	one, sum         []float64 // of least squares

	dense    *symmetric
	analysis *direct.LDLTAnalysis
	sparse   *direct.LDLT
	memory   int64 // for the factor

	dw, dc     float64 // of the last factor
	lastShift  float64 // the last δ_w > 0 of a factor that was used
	noSticky   bool
	sticky     bool
	singular   int  // iterations in a row that needed δ_c
	degenerate bool // δ_c from the start
}

// eliminated writes, for a shift δ_w, the diagonal e of the rows, which depends on
// δ_w where unknowns were eliminated, and the right side.
type eliminated func(dw float64, e, right []float64)

// errNoStep says that no shift gives a usable matrix.
var errNoStep = errors.New("constrained: the KKT matrix could not be corrected")

// denseOrder is up to where dense factorisation wins over the bookkeeping of a
// sparse one.
const denseOrder = 128

// pairsOrder is from where on the rows of equations, with 0 on their diagonal, pass
// on so many columns that ordering them in pairs with a variable is worth the
// denser factor: on a control problem of order 120 000 ten times over.
const pairsOrder = 1000

// newKKT finds the pattern; all runs on a program share one kkt, with its ordering.
// The error wraps solver.ErrTooLarge.
func newKKT(q *program) (*kkt, error) {
	if k := q.system; k != nil {
		k.forget()
		clear(k.e)
		k.singular, k.degenerate, k.noSticky = 0, false, false
		return k, nil
	}
	n, m := q.n, q.m
	k := &kkt{q: q, n: n, m: m}
	nnz := int64(n+m) + 2*int64(len(q.hesCol)) + 2*int64(len(q.jacCol))
	need, limit := 12*nnz+16*(int64(len(q.hesCol))+int64(len(q.jacCol)))+64*int64(n+m), q.opt.MemoryLimit()
	if need > limit || int64(n)+int64(m) > math.MaxInt32 {
		return nil, fmt.Errorf("constrained: %w", &solver.TooLargeError{What: "KKT matrix", Need: need, Have: limit})
	}
	k.memory = limit - need
	k.pattern()
	k.base, k.rhs, k.r, k.last = make([]float64, n+m), make([]float64, n+m), make([]float64, n+m), make([]float64, n+m)
	k.e, k.one, k.sum = make([]float64, m), make([]float64, n), make([]float64, n+m)
	if n+m <= denseOrder {
		k.dense = newSymmetric(n + m)
	}
	q.system = k
	return k, nil
}

// pattern lays out the rows: variables first, columns increasing.
func (k *kkt) pattern() {
	q, n, m := k.q, k.n, k.m
	ptr := make([]int64, n+m+1)
	for i := range n + m {
		ptr[i+1]++
	}
	for i := range n {
		for p := q.hesStart[i]; p < q.hesStart[i+1]; p++ {
			if j := int(q.hesCol[p]); j != i {
				ptr[i+1]++
				ptr[j+1]++
			}
		}
	}
	for i := range m {
		ptr[n+i+1] += q.jacStart[i+1] - q.jacStart[i]
	}
	for _, j := range q.jacCol {
		ptr[j+1]++
	}
	for i := range n + m {
		ptr[i+1] += ptr[i]
	}
	next := append([]int64(nil), ptr[:n+m]...)
	col := make([]int32, ptr[n+m])
	put := func(i, j int) int64 {
		at := next[i]
		col[at] = int32(j)
		next[i]++
		return at
	}
	k.hesAt, k.hesMirror = make([]int64, len(q.hesCol)), make([]int64, len(q.hesCol))
	k.jacAt, k.jacMirror = make([]int64, len(q.jacCol)), make([]int64, len(q.jacCol))
	k.diagonal = make([]int64, n+m)
	for i := range n {
		for p := q.hesStart[i]; p < q.hesStart[i+1]; p++ {
			if j := int(q.hesCol[p]); j != i {
				k.hesAt[p] = put(i, j)
			}
		}
		k.diagonal[i] = put(i, i)
	}
	for i := range n {
		for p := q.hesStart[i]; p < q.hesStart[i+1]; p++ {
			if j := int(q.hesCol[p]); j != i {
				k.hesMirror[p] = put(j, i)
			} else {
				k.hesAt[p], k.hesMirror[p] = k.diagonal[i], k.diagonal[i]
			}
		}
	}
	for i := range m {
		for p := q.jacStart[i]; p < q.jacStart[i+1]; p++ {
			j := int(q.jacCol[p])
			k.jacAt[p], k.jacMirror[p] = put(n+i, j), put(j, n+i)
		}
		k.diagonal[n+i] = put(n+i, n+i)
	}
	k.matrix = &matrix.CSR{Rows: n + m, Cols: n + m, RowPtr: ptr, Col: col, Val: make([]float64, len(col))}
}

// fill enters H (nil = 0), ∇c and the diagonal a (nil = 0), without shifts.
func (k *kkt) fill(h, jac, a []float64) {
	val := k.matrix.Val
	clear(k.base)
	if h == nil {
		for p := range k.hesAt {
			val[k.hesAt[p]], val[k.hesMirror[p]] = 0, 0
		}
	}
	for p, v := range h {
		val[k.hesAt[p]], val[k.hesMirror[p]] = v, v
	}
	for i := range k.n {
		if last := k.q.hesStart[i+1] - 1; h != nil && last >= k.q.hesStart[i] && int(k.q.hesCol[last]) == i {
			k.base[i] = h[last]
		}
		if a != nil {
			k.base[i] += a[i]
		}
	}
	for p, v := range jac {
		val[k.jacAt[p]], val[k.jacMirror[p]] = v, v
	}
}

// shift enters the diagonal.
func (k *kkt) shift(dw, dc float64) {
	val := k.matrix.Val
	for i, at := range k.diagonal[:k.n] {
		val[at] = k.base[i] + dw
	}
	for i, at := range k.diagonal[k.n:] {
		val[at] = -k.e[i] - dc
	}
	k.dw, k.dc = dw, dc
}

// factor factors the matrix with shifts and returns its inertia. Entries that are
// not finite give errNoStep.
func (k *kkt) factor(ctx context.Context) (positive, negative, zero int, err error) {
	k.q.stats.Factorizations++
	if k.dense != nil {
		if k.matrix.CheckFinite("KKT matrix") != nil {
			return 0, 0, 0, errNoStep
		}
		k.dense.factor(k.matrix)
		positive, negative, zero = k.dense.positive, k.dense.negative, k.dense.zero
	} else {
		if err = k.factorSparse(ctx); err != nil {
			return 0, 0, 0, err
		}
		positive, negative, zero = k.sparse.Inertia()
	}
	if k.dw == 0 && k.dc == 0 {
		k.q.stats.Inertia = [3]int{positive, negative, zero}
	}
	return positive, negative, zero, nil
}

func (k *kkt) factorSparse(ctx context.Context) (err error) {
	if k.analysis == nil {
		opt := &direct.LDLTOptions{MaxBytes: k.memory, Pairs: k.n+k.m >= pairsOrder}
		opt.Threads = k.q.opt.Threads
		if k.analysis, err = direct.AnalyzeLDLT(ctx, k.matrix, opt); err != nil {
			return fmt.Errorf("constrained: KKT matrix: %w", err)
		}
	}
	if k.sparse == nil {
		k.sparse, err = k.analysis.Factor(ctx, k.matrix, k.q.opt.Threads)
	} else {
		err = k.sparse.Refactor(ctx, k.matrix)
	}
	switch {
	case errors.Is(err, solver.ErrNonFinite):
		return errNoStep
	case err != nil:
		return fmt.Errorf("constrained: KKT matrix: %w", err)
	}
	return nil
}

// Refinement.
const (
	refineSteps   = 10
	refineEnough  = 1e-13
	refineTooMuch = 1e-5 // from here on the matrix counts as singular
)

// solve solves for right, with refinement, and returns ‖r‖/(‖right‖ + min(‖x‖,
// 1e6 ‖right‖)), r the residual of the matrix that was factored.
func (k *kkt) solve(right, x []float64) float64 {
	copy(x, right)
	k.apply(x)
	size := normInf(right)
	if size == 0 {
		clear(x)
		return 0
	}
	ratio := math.Inf(1)
	for step := 0; ; step++ {
		k.matrix.MulVecTo(k.r, false, x)
		for i, b := range right {
			k.r[i] = b - k.r[i]
		}
		now := normInf(k.r) / (size + min(normInf(x), 1e6*size))
		if step > 0 && !(now <= 0.5*ratio) {
			if now <= ratio {
				return now
			}
			for i := range x { // the last step made it worse
				x[i] -= k.last[i]
			}
			return ratio
		}
		if now != now {
			return math.Inf(1)
		}
		ratio = now
		if ratio <= refineEnough && step > 0 || step == refineSteps {
			return ratio
		}
		k.apply(k.r)
		copy(k.last, k.r)
		for i := range x {
			x[i] += k.r[i]
		}
	}
}

func (k *kkt) apply(x []float64) {
	if k.dense != nil {
		k.dense.solve(x)
		return
	}
	k.sparse.Solve(x)
}
