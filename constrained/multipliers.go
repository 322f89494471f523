package constrained

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Multipliers larger than this are of no use to start from.
const mostMultiplier = 1e3

// denseMultipliers is the number of entries of ∇c, as a dense matrix, up to which
// singular value decompositions are affordable.
const denseMultipliers = 250_000

// leastSquares writes y that minimises ‖g + ∇cᵀy‖² + Σ (s_i − y_i)² over the
// inequalities, s the gradient of what the method adds for the slack of row i (nil
// without inequalities). It writes 0 and returns false where that y is larger than
// 1e3 or not finite. The error is that of ctx, or memory.
func (k *kkt) leastSquares(ctx context.Context, g, jac, s, y []float64) (bool, error) {
	clear(y)
	if k.m == 0 {
		return true, nil
	}
	k.fillLeastSquares(g, jac, s)
	for _, dc := range []float64{0, rowShift} {
		k.shift(0, dc)
		positive, negative, zero, err := k.factorQuiet(ctx)
		if err == errNoStep {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if positive != k.n || negative != k.m || zero != 0 || !(k.solve(k.rhs, k.sum) <= refineTooMuch) {
			continue
		}
		if normInf(k.sum[k.n:]) <= mostMultiplier {
			copy(y, k.sum[k.n:])
			return true, nil
		}
		return false, nil
	}
	return false, nil
}

// fillLeastSquares enters the augmented system of leastSquares.
func (k *kkt) fillLeastSquares(g, jac, s []float64) {
	for j := range k.one {
		k.one[j] = 1
	}
	k.fill(nil, jac, k.one)
	clear(k.e)
	for j, v := range g {
		k.rhs[j] = -v
	}
	clear(k.rhs[k.n:])
	if s == nil {
		return
	}
	for i, equation := range k.q.equation {
		if !equation {
			k.e[i], k.rhs[k.n+i] = 1, -s[i]
		}
	}
}

// factorQuiet is factor for matrices that are not the KKT matrix of an iterate.
func (k *kkt) factorQuiet(ctx context.Context) (positive, negative, zero int, err error) {
	inertia := k.q.stats.Inertia
	positive, negative, zero, err = k.factor(ctx)
	k.q.stats.Inertia = inertia
	return positive, negative, zero, err
}

// minimumNorm writes the y of least norm among those that minimise ‖g + ∇cᵀy‖² +
// Σ (s_i − y_i)², as leastSquares does, singular values below rcond times the
// largest being taken for zero. Programs too large for a singular value
// decomposition are regularised to the same effect.
func (k *kkt) minimumNorm(ctx context.Context, g, jac, s []float64, rcond float64, y []float64) (bool, error) {
	clear(y)
	if k.m == 0 {
		return true, nil
	}
	if int64(k.m)*int64(k.n+k.q.inequalities) > denseMultipliers {
		return k.regularised(ctx, g, jac, s, rcond, y)
	}
	a, b := k.q.stackedTranspose(jac, s != nil), mat.NewVecDense(k.n+k.slacks(s), nil)
	for j, v := range g {
		b.SetVec(j, -v)
	}
	if s != nil {
		at := k.n
		for i, equation := range k.q.equation {
			if !equation {
				b.SetVec(at, s[i])
				at++
			}
		}
	}
	var svd mat.SVD
	if a == nil || !svd.Factorize(a, mat.SVDThin) {
		return false, nil
	}
	values := svd.Values(nil)
	rank := 0
	for _, v := range values {
		if v > rcond*values[0] {
			rank++
		}
	}
	if rank == 0 {
		return true, nil
	}
	var x mat.Dense
	svd.SolveTo(&x, b, rank)
	for i := range y {
		y[i] = x.At(i, 0)
	}
	return finite(normInf(y)), nil
}

func (k *kkt) slacks(s []float64) int {
	if s == nil {
		return 0
	}
	return k.q.inequalities
}

// stackedTranspose is ∇cᵀ over the rows of the identity that belong to
// inequalities, as slack columns have; nil where entries are not finite.
func (q *program) stackedTranspose(jac []float64, slacks bool) *mat.Dense {
	rows := q.n
	if slacks {
		rows += q.inequalities
	}
	a := mat.NewDense(rows, q.m, nil)
	at := q.n
	for i := range q.m {
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			if !finite(jac[k]) {
				return nil
			}
			a.Set(int(q.jacCol[k]), i, jac[k])
		}
		if slacks && !q.equation[i] {
			a.Set(at, i, 1)
			at++
		}
	}
	return a
}

// regularised is minimumNorm by Tikhonov's method: δ_c = (rcond ‖∇c‖)².
func (k *kkt) regularised(ctx context.Context, g, jac, s []float64, rcond float64, y []float64) (bool, error) {
	k.fillLeastSquares(g, jac, s)
	k.shift(0, math.Pow(rcond*max(1, norm2(jac)), 2))
	if _, _, _, err := k.factorQuiet(ctx); err == errNoStep {
		return false, nil
	} else if err != nil {
		return false, err
	}
	k.solve(k.rhs, k.sum)
	copy(y, k.sum[k.n:])
	return finite(normInf(y)), nil
}

// rank is the numerical rank of the rows of ∇c that are marked (nil = all), those
// with singular values above 1e-8 of the largest; −1 where that is too large to
// compute.
func (q *program) rank(jac []float64, marked []bool) int {
	rows := 0
	for i := range q.m {
		if marked == nil || marked[i] {
			rows++
		}
	}
	if rows == 0 {
		return 0
	}
	if int64(rows)*int64(q.n) > denseMultipliers {
		return -1
	}
	a := mat.NewDense(rows, q.n, nil)
	at := 0
	for i := range q.m {
		if marked != nil && !marked[i] {
			continue
		}
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			a.Set(at, int(q.jacCol[k]), jac[k])
		}
		at++
	}
	var svd mat.SVD
	if !svd.Factorize(a, mat.SVDNone) {
		return -1
	}
	values := svd.Values(nil)
	rank := 0
	for _, v := range values {
		if v > 1e-8*values[0] {
			rank++
		}
	}
	return rank
}

// dependent lists the marked rows whose gradients depend on marked rows before, by
// the method of Gram and Schmidt.
func (q *program) dependent(jac []float64, marked []bool) []int {
	var basis [][]float64
	var list []int
	for i := range q.m {
		if !marked[i] {
			continue
		}
		v := make([]float64, q.n)
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			v[q.jacCol[k]] = jac[k]
		}
		size := norm2(v)
		for range 2 { // twice is enough for orthogonality
			for _, b := range basis {
				t := dot(b, v)
				for j := range v {
					v[j] -= t * b[j]
				}
			}
		}
		left := norm2(v)
		if !(left > 1e-8*size) {
			list = append(list, i)
			continue
		}
		for j := range v {
			v[j] /= left
		}
		basis = append(basis, v)
	}
	return list
}
