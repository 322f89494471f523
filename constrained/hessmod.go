package constrained

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
)

// The rule of the paper from eigenvalues: where the Hessian, restricted to the kernel
// of ∇c, has one below leastCurvature, ξ_B + ‖H‖_F is added to its diagonal.
const leastCurvature = 1e-6

// eigenOrder is up to where eigenvalues are computed although only the accuracy of
// the inner solver depends on them.
const eigenOrder = 200

// frobenius is ‖H + tI‖_F of a Hessian given by its lower triangle.
func (q *program) frobenius(h []float64, t float64) float64 {
	sum := float64(q.n) * t * t
	for i := range q.n {
		for k := q.hesStart[i]; k < q.hesStart[i+1]; k++ {
			if int(q.hesCol[k]) == i {
				sum += h[k] * (h[k] + 2*t)
			} else {
				sum += 2 * h[k] * h[k]
			}
		}
	}
	return math.Sqrt(max(0, sum))
}

// leastReducedCurvature is the least eigenvalue of ZᵀHZ, Z an orthonormal basis of the
// kernel of ∇c (its rows taken for independent); +Inf where m ≥ n.
func (q *program) leastReducedCurvature(h, jac []float64) float64 {
	if q.m >= q.n {
		return math.Inf(1)
	}
	dense := mat.NewSymDense(q.n, nil)
	for i := range q.n {
		for k := q.hesStart[i]; k < q.hesStart[i+1]; k++ {
			dense.SetSym(i, int(q.hesCol[k]), h[k])
		}
	}
	if q.m > 0 {
		var qr mat.QR
		var full mat.Dense
		qr.Factorize(q.denseJacobian(jac).T())
		qr.QTo(&full)
		z := full.Slice(0, q.n, q.m, q.n)
		var hz, reduced mat.Dense
		hz.Mul(dense, z)
		reduced.Mul(z.T(), &hz)
		free := q.n - q.m
		dense = mat.NewSymDense(free, nil)
		for i := range free {
			for j := range i + 1 {
				dense.SetSym(i, j, (reduced.At(i, j)+reduced.At(j, i))/2)
			}
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(dense, false) {
		return math.Inf(-1)
	}
	return eigen.Values(nil)[0]
}

// denseJacobian is ∇c as a dense matrix, m > 0.
func (q *program) denseJacobian(jac []float64) *mat.Dense {
	a := mat.NewDense(q.m, q.n, nil)
	for i := range q.m {
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			a.Set(i, int(q.jacCol[k]), jac[k])
		}
	}
	return a
}

// leastSingular is √ξ_G, the square root of the least eigenvalue of ∇c∇cᵀ.
func (q *program) leastSingular(jac []float64) float64 {
	switch {
	case q.m == 0:
		return 1
	case q.m > q.n:
		return 0
	}
	var svd mat.SVD
	if !svd.Factorize(q.denseJacobian(jac), mat.SVDNone) {
		return 0
	}
	return svd.Values(nil)[q.m-1]
}

// leastGram is ξ_G, by inverse iteration where the order is large: (∇c∇cᵀ)⁻¹ v is −w
// of [I ∇cᵀ; ∇c 0] (u,w) = (0,v). It overwrites the matrix of k.
func (k *kkt) leastGram(ctx context.Context, jac []float64) (float64, error) {
	q := k.q
	if q.n+q.m <= eigenOrder || q.m == 0 || q.m > q.n {
		return math.Pow(q.leastSingular(jac), 2), nil
	}
	one := make([]float64, q.n)
	for j := range one {
		one[j] = 1
	}
	k.fill(nil, jac, one)
	clear(k.e)
	k.shift(0, 0)
	_, _, zero, err := k.factorQuiet(ctx)
	if err != nil || zero > 0 {
		return 0, err
	}
	const iterations = 8
	right, x := make([]float64, q.n+q.m), make([]float64, q.n+q.m)
	stream := rng.New(1)
	for i := range q.m {
		right[q.n+i] = stream.Normal()
	}
	least := 0.0
	for range iterations {
		size := norm2(right)
		k.solve(right, x)
		least = size / norm2(x[q.n:])
		for i, v := range x[q.n:] {
			right[q.n+i] = v * least / size
		}
	}
	if !finite(least) {
		return 0, nil
	}
	return least, nil
}
