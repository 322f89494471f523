package constrained

import "math"

func normInf(x []float64) float64 {
	most := 0.0
	for _, v := range x {
		most = max(most, math.Abs(v)) // NaN stays
	}
	return most
}

func norm1(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Abs(v)
	}
	return sum
}

func norm2(x []float64) float64 {
	scale, sum := 0.0, 1.0
	for _, v := range x {
		switch a := math.Abs(v); {
		case a == 0:
		case a > scale:
			sum = 1 + sum*(scale/a)*(scale/a)
			scale = a
		default: // NaN too
			sum += (a / scale) * (a / scale)
		}
	}
	return scale * math.Sqrt(sum)
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// mulJacobian overwrites dst with ∇c x.
func (q *program) mulJacobian(dst, jac, x []float64) {
	for i := range dst {
		sum := 0.0
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			sum += jac[k] * x[q.jacCol[k]]
		}
		dst[i] = sum
	}
}

// addJacobianTrans adds ∇cᵀy to dst.
func (q *program) addJacobianTrans(dst, jac, y []float64) {
	for i, v := range y {
		if v == 0 {
			continue
		}
		for k := q.jacStart[i]; k < q.jacStart[i+1]; k++ {
			dst[q.jacCol[k]] += jac[k] * v
		}
	}
}

// mulHessian overwrites dst with H x, H given by its lower triangle.
func (q *program) mulHessian(dst, h, x []float64) {
	clear(dst)
	for i := range dst {
		sum := 0.0
		for k := q.hesStart[i]; k < q.hesStart[i+1]; k++ {
			j := q.hesCol[k]
			sum += h[k] * x[j]
			if int(j) != i {
				dst[j] += h[k] * x[i]
			}
		}
		dst[i] += sum
	}
}
