package block

import (
	"solve/internal/kern"
	"solve/loss"
	"solve/matrix"
)

// leastSquares is a glm whose Hessian is constant.
type leastSquares struct{ *glm }

// NewLeastSquares returns f(x) = ½ Σ_i w_i ((Xx)_i − y_i)². Arguments are
// those of NewGLM.
func NewLeastSquares(x matrix.Operator, y, w []float64, penalty *loss.Separable) (Objective, error) {
	f, err := newGLM(x, y, loss.Squared(), w, penalty)
	if err != nil {
		return nil, err
	}
	return leastSquares{f}, nil
}

func (f leastSquares) Quadratic() bool { return true }

func (f leastSquares) Curvature(b []int32, h []float64) { f.Bound(b, h) }

// Change is gᵀd + ½‖X_b d‖², without the cancellation of two values.
func (f leastSquares) Change(b []int32, g, d []float64) float64 {
	f.along(b, d)
	if f.w == nil {
		return kern.Dot(g, d) + 0.5*kern.Dot(f.shift, f.shift)
	}
	sum := 0.0
	for i, w := range f.w {
		sum += w * f.shift[i] * f.shift[i]
	}
	return kern.Dot(g, d) + 0.5*sum
}
