package linsys

import "math"

// maxCoefficients bounds the order of the tridiagonal matrix that CG keeps;
// what comes later would hardly move its ends.
const maxCoefficients = 1 << 14

// tridiagonal is the Lanczos matrix T of M⁻¹A as CG's coefficients give it
// (Saad, §6.7.3): T_kk = 1/α_k + β_{k−1}/α_{k−1}, T_{k,k+1} = √β_k/α_k. Its
// eigenvalues, the Ritz values, lie between those of M⁻¹A.
type tridiagonal struct {
	diag, off []float64 // off_k couples k−1 and k; off_0 = 0
	alpha     float64   // the last one
	complete  bool      // takes no more
}

func newTridiagonal(w *workspace, maxIter int) *tridiagonal {
	n := min(max(maxIter, 0), maxCoefficients)
	if cap(w.coef) < 2*n {
		w.coef = make([]float64, 2*n)
	}
	c := w.coef[:2*n]
	return &tridiagonal{diag: c[:0:n], off: c[n:n]}
}

// append adds a step of CG: its α, and the β that its direction was made with,
// 0 in the first.
func (t *tridiagonal) append(alpha, beta float64) {
	if t.complete || len(t.diag) == cap(t.diag) {
		return
	}
	d, e := 1/alpha, 0.0
	if beta > 0 {
		d += beta / t.alpha
		e = math.Sqrt(beta) / t.alpha
	}
	t.diag, t.off, t.alpha = append(t.diag, d), append(t.off, e), alpha
}

// appendEntries adds a row of T itself.
func (t *tridiagonal) appendEntries(diag, off float64) {
	if len(t.diag) < cap(t.diag) {
		t.diag, t.off = append(t.diag, diag), append(t.off, off)
	}
}

// extremes returns the smallest and the largest eigenvalue of T, 0 and 0 when
// it is empty, by bisection on Sturm counts.
func (t *tridiagonal) extremes() (lo, hi float64) {
	n := len(t.diag)
	if n == 0 {
		return 0, 0
	}
	left, right := math.Inf(1), math.Inf(-1)
	for k, d := range t.diag {
		radius := math.Abs(t.off[k])
		if k+1 < n {
			radius += math.Abs(t.off[k+1])
		}
		left, right = min(left, d-radius), max(right, d+radius)
	}
	if !finite(left) || !finite(right) {
		return 0, 0
	}
	return t.bisect(1, left, right), t.bisect(n, left, right)
}

// bisectionSteps bring an eigenvalue 1e-16 times the largest to 1 %, the
// largest ones to full accuracy.
const bisectionSteps = 64

// bisect returns the k-th smallest eigenvalue, which lies in [left, right].
func (t *tridiagonal) bisect(k int, left, right float64) float64 {
	for range bisectionSteps {
		mid := left + (right-left)/2
		if mid <= left || mid >= right || right-left <= 1e-9*min(math.Abs(left), math.Abs(right)) {
			break
		}
		if t.below(mid) >= k {
			right = mid
		} else {
			left = mid
		}
	}
	return left + (right-left)/2
}

// below returns the number of eigenvalues of T less than x: that of negative
// pivots of T − xI.
func (t *tridiagonal) below(x float64) int {
	count, q := 0, 1.0
	for k, d := range t.diag {
		e := t.off[k]
		q = d - x - e*e/q
		if q == 0 {
			q = -math.SmallestNonzeroFloat64
			if e != 0 {
				q = -roundoff * math.Abs(e)
			}
		}
		if q < 0 {
			count++
		}
	}
	return count
}
