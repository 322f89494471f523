package bcd

import (
	"fmt"
	"math"

	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// Predict returns the linear predictor X x + x₀ + o of each row; offset nil
// means zeros.
func Predict(x Design, coefficients []float64, intercept float64, offset []float64) ([]float64, error) {
	n, p := x.Dims()
	if len(coefficients) != p {
		return nil, fmt.Errorf("bcd: %d coefficients for a %d×%d matrix: %w", len(coefficients), n, p, solver.ErrDimension)
	}
	if offset != nil && len(offset) != n {
		return nil, fmt.Errorf("bcd: %d offsets for a %d×%d matrix: %w", len(offset), n, p, solver.ErrDimension)
	}
	eta := make([]float64, n)
	switch a := x.(type) {
	case matrix.Operator:
		a.MulVecTo(eta, false, coefficients)
	case *matrix.CSC:
		d := &design{n: n, p: p, ptr: a.ColPtr, row: a.Row, val: a.Val}
		for j, v := range coefficients {
			if v != 0 {
				d.axpy(v, j, eta)
			}
		}
	default:
		return nil, fmt.Errorf("bcd: a matrix of type %T (want *matrix.Dense, *matrix.CSR or *matrix.CSC): %w", x, solver.ErrUnsupported)
	}
	for i := range eta {
		eta[i] += intercept
		if offset != nil {
			eta[i] += offset[i]
		}
	}
	return eta, nil
}

// Response turns linear predictors into what the targets are predicted to be,
// in place: the probability of the upper class for the logistic loss, the mean
// for Poisson's, the predictor itself otherwise.
func Response(l loss.Loss, eta []float64) []float64 {
	switch l.Name() {
	case "logistic":
		for i, v := range eta {
			eta[i] = 1 / (1 + math.Exp(-v))
		}
	case "poisson":
		for i, v := range eta {
			eta[i] = math.Exp(v)
		}
	}
	return eta
}

// Classify returns the label of each predictor: the upper one where it is
// positive.
func Classify(eta []float64, labels [2]float64) []float64 {
	out := make([]float64, len(eta))
	for i, v := range eta {
		out[i] = labels[0]
		if v > 0 {
			out[i] = labels[1]
		}
	}
	return out
}
