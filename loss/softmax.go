package loss

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/solver"
)

// Softmax is the K-class loss ℓ(η_i; y_i) = ln Σ_k e^{η_ik} − η_{i,y_i}. The
// predictors η, and all that has their shape, are stored row by row, n×K; the
// targets are class numbers 0…K−1, as Classes gives them. w nil means ones.
type Softmax struct{ K int }

// softmaxBlock is how many exponentials are taken at a time.
const softmaxBlock = 512

// CheckTarget returns a *TargetError for the first class outside 0…K−1.
func (s Softmax) CheckTarget(class []int) error {
	if s.K < 2 {
		return &solver.OptionError{Name: "classes", Value: fmt.Sprint(s.K), Want: "2 or more"}
	}
	for i, c := range class {
		if c < 0 || c >= s.K {
			return &TargetError{Loss: "softmax", Index: i, Value: float64(c), Want: fmt.Sprintf("classes 0 to %d", s.K-1), Err: solver.ErrInput}
		}
	}
	return nil
}

// Value returns Σ w_i ℓ(η_i; y_i).
func (s Softmax) Value(eta []float64, class []int, w []float64) float64 {
	return s.rows(eta, class, w, nil, nil)
}

// Derivatives stores grad_i = w_i (π_i − e_{y_i}), n×K, and, unless prob is
// nil, the probabilities π_ik = e^{η_ik}/Σ_l e^{η_il}, and returns the value.
// grad and prob must not overlap eta.
func (s Softmax) Derivatives(eta []float64, class []int, w, grad, prob []float64) float64 {
	return s.rows(eta, class, w, grad, prob)
}

// rows is Derivatives, or Value where grad is nil.
func (s Softmax) rows(eta []float64, class []int, w, grad, prob []float64) float64 {
	perBlock := max(1, softmaxBlock/s.K)
	var buf []float64
	if grad == nil {
		buf = make([]float64, perBlock*s.K)
	}
	var top [softmaxBlock]int // the largest predictor of each row
	var sum compensated
	for first := 0; first < len(class); first += perBlock {
		last := min(first+perBlock, len(class))
		from, to := first*s.K, last*s.K
		e := buf
		if grad != nil {
			e = grad[from:]
		}
		e = e[:to-from]
		s.exponentials(e, eta[from:to], top[:])
		for i := first; i < last; i++ {
			weight := 1.0
			if w != nil {
				weight = w[i]
			}
			k, row := top[i-first], e[(i-first)*s.K:][:s.K]
			rest := sumExcept(row, k)
			if weight != 0 {
				sum.add(weight * (math.Log1p(rest) + (eta[i*s.K+k] - eta[i*s.K+class[i]])))
			}
			if grad == nil {
				continue
			}
			inv := 1 / (1 + rest)
			for l := range row {
				row[l] *= inv
			}
			if prob != nil {
				copy(prob[i*s.K:(i+1)*s.K], row)
			}
			finishGradient(row, class[i], k, rest*inv, weight)
		}
	}
	return sum.value()
}

// exponentials stores e^{η_ik − max_l η_il} for a block of rows and, in top,
// where each row has its largest entry.
func (s Softmax) exponentials(dst, eta []float64, top []int) {
	for i := 0; i*s.K < len(eta); i++ {
		row, out := eta[i*s.K:(i+1)*s.K], dst[i*s.K:(i+1)*s.K]
		k, m := 0, row[0]
		for l, v := range row {
			if v > m {
				k, m = l, v
			}
		}
		top[i] = k
		for l, v := range row {
			out[l] = v - m
		}
	}
	kern.Exp(dst, dst)
}

// sumExcept returns Σ_{l≠k} e_l.
func sumExcept(e []float64, k int) float64 {
	sum := 0.0
	for _, v := range e[:k] {
		sum += v
	}
	for _, v := range e[k+1:] {
		sum += v
	}
	return sum
}

// finishGradient turns the probabilities p into w(p − e_class). others is
// Σ_{l≠top} p_l: where class is top, −others is p_class − 1 without the
// cancellation.
func finishGradient(p []float64, class, top int, others, w float64) {
	if class == top {
		p[class] = -others
	} else {
		p[class]--
	}
	if w == 0 {
		clear(p)
		return
	}
	if w != 1 {
		for l := range p {
			p[l] *= w
		}
	}
}

// HessianMul computes dst_i = w_i (diag(π_i) − π_iπ_iᵀ) v_i for every row, the
// product with the Hessian with respect to η; prob holds the π of
// Derivatives. dst may be v.
func (s Softmax) HessianMul(dst, prob, w, v []float64) {
	for i := 0; i*s.K < len(v); i++ {
		p, vi, out := prob[i*s.K:(i+1)*s.K], v[i*s.K:(i+1)*s.K], dst[i*s.K:(i+1)*s.K]
		mean := 0.0
		for l, pl := range p {
			mean += pl * vi[l]
		}
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		for l, pl := range p {
			out[l] = weight * pl * (vi[l] - mean)
		}
	}
}

// Conjugate returns Σ w_i ℓ*(θ_i/w_i; y_i), where ℓ*(t; y) = Σ_k a_k ln a_k
// for a = t + e_y in the simplex and +Inf elsewhere. A sample of weight 0 asks
// for θ_i = 0.
func (s Softmax) Conjugate(theta []float64, class []int, w []float64) float64 {
	var sum compensated
	for i, c := range class {
		row := theta[i*s.K : (i+1)*s.K]
		weight := 1.0
		if w != nil {
			weight = w[i]
		}
		if weight == 0 {
			for _, t := range row {
				if t != 0 {
					return math.Inf(1)
				}
			}
			continue
		}
		v := simplexEntropy(row, c, weight)
		if math.IsInf(v, 1) {
			return v
		}
		sum.add(weight * v)
	}
	return sum.value()
}

// simplexEntropy returns Σ a_k ln a_k for a = t/w + e_class.
func simplexEntropy(t []float64, class int, w float64) float64 {
	total, h := 0.0, 0.0
	for k, v := range t {
		a := v / w
		if k == class {
			a++
		}
		total += a
		a, ok := nonNegative(a, 1)
		if !ok {
			return math.Inf(1)
		}
		if a > 0 {
			h += a * math.Log(a)
		}
	}
	if math.Abs(total-1) > slack*math.Sqrt(float64(len(t))) {
		return math.Inf(1)
	}
	return h
}

// Curvature is ½, the largest eigenvalue that diag(π) − ππᵀ can have. For a
// single entry η_ik the bound is CoordinateCurvature.
func (s Softmax) Curvature() float64 { return 0.5 }

// CoordinateCurvature is ¼, the largest diagonal entry of diag(π) − ππᵀ.
func (s Softmax) CoordinateCurvature() float64 { return 0.25 }

// SelfConcordance is M = 2 in |D³ℓ[u,u,v]| ≤ M ‖v‖_∞ D²ℓ[u,u].
func (s Softmax) SelfConcordance() float64 { return 2 }

// BohningBound returns the diagonal and off-diagonal entries of the matrix
// B = ½(I − 11ᵀ/m), m = min(K, q+1), of order q, that bounds every q×q
// principal submatrix of diag(π) − ππᵀ from above, so that the Hessian of
// F(XΞ) with respect to q classes of Ξ is at most B ⊗ Xᵀdiag(w)X.
func (s Softmax) BohningBound(q int) (diagonal, off float64) {
	m := float64(min(s.K, q+1))
	return 0.5 * (1 - 1/m), -0.5 / m
}
