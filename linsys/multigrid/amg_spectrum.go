package multigrid

import (
	"context"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
)

// lanczosSteps and fewLanczosSteps, for large matrices, are what the estimate
// of a spectral radius takes. The largest eigenvalue converges first, and it
// is wanted to some percent.
const (
	lanczosSteps    = 12
	fewLanczosSteps = 7
	largeRows       = 10000
	// signEntries is the size of the blocks in which signs are chosen: large
	// ones, for what leads out of them is lost.
	signEntries = 1 << 18
)

// spectralRadius estimates the largest eigenvalue of D⁻¹A, and never above
// max_i Σ_j |a_ij|/a_ii. That bound itself is returned where the Rayleigh
// quotient of a vector of signs comes close, as for five- and seven-point
// matrices; otherwise some Lanczos steps on D^{-1/2} A D^{-1/2}, from above as
// a rule, unless the matrix may be unsymmetric. An estimate that is too large
// costs iterations: the prolongation is then smoothed too little.
func spectralRadius(ctx context.Context, threads int, a *amgCSR[float64], diag []float64, symmetric bool) (float64, error) {
	long := cutRows(a.ptr, signEntries)
	rows := make([]rowSums, max(0, len(long)-1))
	sign := make([]int8, a.rows)
	err := forRows(ctx, threads, long, func(c, lo, hi int) { rows[c] = sumRows(a, diag, sign, lo, hi) })
	if err != nil {
		return 0, err
	}
	bound, energy, trace := 1.0, 0.0, 0.0
	for _, r := range rows {
		bound = max(bound, r.bound)
		energy += r.energy
		trace += r.trace
	}
	if !symmetric || a.rows < 3 || energy >= 0.92*bound*trace {
		return bound, nil
	}
	ritz, err := lanczos(ctx, threads, a, diag, cutRows(a.ptr, chunkEntries))
	return min(bound, ritz), err
}

// rowSums belongs to a block of rows: max Σ_j |a_ij|/a_ii, and sᵀAs and sᵀDs
// for the signs s.
type rowSums struct{ bound, energy, trace float64 }

// sumRows chooses each sign so that the entries to earlier rows of the block
// add to sᵀAs, all entries out of the block being left out.
func sumRows(a *amgCSR[float64], diag []float64, sign []int8, lo, hi int) rowSums {
	var r rowSums
	for i := lo; i < hi; i++ {
		if diag[i] == 0 {
			continue
		}
		sum, lean := 0.0, 0.0
		for k := a.ptr[i]; k < a.ptr[i+1]; k++ {
			v := a.val[k]
			sum += math.Abs(v)
			if j := int(a.col[k]); j >= lo && j < i {
				lean += v * float64(sign[j])
			}
		}
		sign[i] = 1
		if lean < 0 {
			sign[i] = -1
		}
		r.bound = max(r.bound, sum/diag[i])
		r.energy += diag[i] + 2*math.Abs(lean)
		r.trace += diag[i]
	}
	return r
}

// lanczosRun is the state of the Lanczos iteration for D^{-1/2} A D^{-1/2}.
type lanczosRun struct {
	a         *amgCSR[float64]
	root      []float64 // D^{-1/2}
	q, old, w []float64
	scaled    []float64 // D^{-1/2} q
	part      []float64 // sums of the blocks, added up in order
}

// lanczos returns the largest Ritz value plus its residual norm, which is an
// upper bound of the nearest eigenvalue.
func lanczos(ctx context.Context, threads int, a *amgCSR[float64], diag []float64, cuts []int) (float64, error) {
	n, steps := a.rows, lanczosSteps
	if n > largeRows {
		steps = fewLanczosSteps
	}
	l := &lanczosRun{a, make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, len(cuts)-1)}
	sum := func(fn func(lo, hi int) float64) (float64, error) {
		err := forRows(ctx, threads, cuts, func(c, lo, hi int) { l.part[c] = fn(lo, hi) })
		total := 0.0
		for _, v := range l.part {
			total += v
		}
		return total, err
	}
	norm2, err := sum(func(lo, hi int) float64 { return l.start(diag, lo, hi) })
	var alpha, beta []float64
	norm := math.Sqrt(norm2)
	for j := 0; j < min(steps, n) && err == nil; j++ {
		previous := norm
		if j == 0 {
			previous = 0
		}
		var al float64
		_, err = sum(func(lo, hi int) float64 { return l.normalise(norm, lo, hi) })
		if err == nil {
			al, err = sum(func(lo, hi int) float64 { return l.multiply(previous, lo, hi) })
		}
		if err == nil {
			norm2, err = sum(func(lo, hi int) float64 { return l.subtract(al, lo, hi) })
		}
		norm = math.Sqrt(norm2)
		alpha, beta = append(alpha, al), append(beta, norm)
		if !(norm > 1e-10*math.Abs(alpha[0])) {
			break
		}
		l.old, l.q, l.w = l.q, l.w, l.old
	}
	if err != nil {
		return 0, err
	}
	return largestRitz(alpha, beta), nil
}

// start fills q with numbers neither smooth nor oscillating: every
// eigenvector has a part in them.
func (l *lanczosRun) start(diag []float64, lo, hi int) float64 {
	for i := lo; i < hi; i++ {
		if d := diag[i]; d > 0 {
			l.root[i] = 1 / math.Sqrt(d)
		}
		l.q[i] = float64(int32(uint32(i+1)*2654435769)) / (1 << 31)
	}
	return kern.Dot(l.q[lo:hi], l.q[lo:hi])
}

func (l *lanczosRun) normalise(norm float64, lo, hi int) float64 {
	q, scaled, root, f := l.q[lo:hi], l.scaled[lo:hi], l.root[lo:hi], 1/norm
	for i, v := range q {
		v *= f
		q[i], scaled[i] = v, v*root[i]
	}
	return 0
}

// multiply computes w = D^{-1/2} A D^{-1/2} q − β q_old and returns qᵀw.
func (l *lanczosRun) multiply(beta float64, lo, hi int) float64 {
	kern.SpMV(l.a.ptr[lo:hi+1], l.a.col, l.a.val, l.scaled, l.w[lo:hi])
	w, root, old := l.w[lo:hi], l.root[lo:hi], l.old[lo:hi]
	for i := range w {
		w[i] = w[i]*root[i] - beta*old[i]
	}
	return kern.Dot(w, l.q[lo:hi])
}

// subtract computes w −= α q and returns wᵀw.
func (l *lanczosRun) subtract(alpha float64, lo, hi int) float64 {
	kern.Axpy(-alpha, l.q[lo:hi], l.w[lo:hi])
	return kern.Dot(l.w[lo:hi], l.w[lo:hi])
}

// largestRitz returns the largest eigenvalue of the tridiagonal matrix with
// the given diagonal and off-diagonal, by bisection on Sturm counts, plus
// its residual: the last of beta times the last component of its vector.
func largestRitz(alpha, beta []float64) float64 {
	k := len(alpha)
	low, high := alpha[0], 0.0
	for i, v := range alpha {
		r := v
		if i > 0 {
			r += beta[i-1]
		}
		if i < k-1 {
			r += beta[i]
		}
		high = max(high, r)
	}
	for range 60 {
		mid := (low + high) / 2
		if positivePivots(alpha, beta, mid) > 0 {
			low = mid
		} else {
			high = mid
		}
	}
	// the eigenvector by its three-term recurrence, from the front
	prev, cur, norm := 0.0, 1.0, 1.0
	for i := range k - 1 {
		next := (high - alpha[i]) * cur
		if i > 0 {
			next -= beta[i-1] * prev
		}
		prev, cur = cur, next/beta[i]
		norm += cur * cur
	}
	return high + beta[k-1]*math.Min(1, math.Abs(cur)/math.Sqrt(norm))
}

// positivePivots counts the eigenvalues above x.
func positivePivots(alpha, beta []float64, x float64) int {
	count, d := 0, 1.0
	for i, v := range alpha {
		e := 0.0
		if i > 0 {
			e = beta[i-1] * beta[i-1] / d
		}
		d = v - x - e
		if d == 0 {
			d = math.SmallestNonzeroFloat64
		}
		if d > 0 {
			count++
		}
	}
	return count
}

// sumChunks adds up fn over chunks in their order.
func sumChunks(ctx context.Context, threads, n int, fn func(lo, hi int) int) (int, error) {
	part := make([]int, par.Chunks(n, vectorChunk))
	err := par.ForCtx(ctx, threads, len(part), func(c int) {
		lo, hi := par.Bounds(c, n, vectorChunk)
		part[c] = fn(lo, hi)
	})
	total := 0
	for _, k := range part {
		total += k
	}
	return total, err
}
