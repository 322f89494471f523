package loss_test

import (
	"fmt"

	"solve/loss"
)

// Five proximal-gradient steps of a lasso with one coefficient, and the
// duality gap that certifies the result.
func Example() {
	x, y := []float64{1, 2, 3}, []float64{2, 4, 7}
	data, penalty := loss.Squared(), &loss.Separable{L1: []float64{3}}

	b, eta, grad := 0.0, make([]float64, 3), make([]float64, 3)
	var gap float64
	for range 5 {
		for i := range x {
			eta[i] = x[i] * b
		}
		value := data.Derivatives(eta, y, nil, grad, nil) + penalty.Value([]float64{b})
		slope := 0.0
		for i := range x {
			slope += x[i] * grad[i]
		}
		// Shrunk until |xᵀθ| ≤ 3, the gradient is a dual feasible point.
		shrink, theta := min(1, 3/max(slope, -slope)), make([]float64, 3)
		for i := range theta {
			theta[i] = shrink * grad[i]
		}
		gap = value + data.Conjugate(theta, y, nil) + penalty.Conjugate([]float64{-shrink * slope})
		step := 1 / (14 * data.Curvature()) // 14 = ‖x‖²
		b = penalty.Prox(0, b-step*slope, step)
	}
	fmt.Printf("coefficient %.4f, gap below 1e-12: %v\n", b, gap < 1e-12)
	// Output: coefficient 2.0000, gap below 1e-12: true
}

// Labels of any two values become the 0 and 1 of the logistic loss.
func ExampleLabels() {
	y, classes, err := loss.Labels([]float64{2, 1, 2}, 0, 1)
	fmt.Println(y, classes, err)
	_, _, err = loss.Labels([]float64{1, 2, 3}, 0, 1)
	fmt.Println(err)
	// Output:
	// [1 0 1] [1 2] <nil>
	// labels have 3 distinct values (1, 2, 3), want 2: unusable input
}
