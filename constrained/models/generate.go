package models

import (
	"fmt"
	"math"

	"solve/constrained"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

const (
	generatedEquations = 10
	rightHandSize      = 0.3 // standard deviation of b
	labelNoise         = 0.5 // of the sign's argument
)

// GenerateLogistic is the problem of Logistic with n samples of d features and 10
// equations, from one stream of seed: X, row by row, and w of standard normal
// numbers, a normal number e for each label, the sign of x_iᵀw/√d + e/2, then A,
// row by row, and b of normal numbers times 0.3. The error wraps solver.ErrInput or
// is a *solver.TooLargeError.
func GenerateLogistic(n, d int, seed uint64) (*constrained.Problem, error) {
	if err := checkSize(n, d, d); err != nil {
		return nil, err
	}
	s := rng.New(seed)
	x := normals(s, n, d, 1)
	w := normals(s, 1, d, 1)
	labels := drawLabels(s, x, n, w.Data, math.Sqrt(float64(d)))
	a := normals(s, generatedEquations, d, 1)
	b := normals(s, 1, generatedEquations, rightHandSize)
	return Logistic(x, labels, a, b.Data)
}

// GenerateSparseLogistic is GenerateLogistic with rows of perRow ones each, as
// categories make them when they are coded one-hot: the d features are cut into
// perRow groups, one of each group is 1. The sign's argument is x_iᵀw/√perRow + e/2.
func GenerateSparseLogistic(n, d, perRow int, seed uint64) (*constrained.Problem, error) {
	if err := checkSize(n, d, perRow); err != nil {
		return nil, err
	}
	if perRow < 1 || perRow > d {
		return nil, fmt.Errorf("models: rows of %d entries in %d columns: %w", perRow, d, solver.ErrInput)
	}
	s := rng.New(seed)
	x := &matrix.CSR{Rows: n, Cols: d, RowPtr: make([]int64, n+1), Col: make([]int32, n*perRow), Val: ones(n * perRow)}
	for i := range n {
		for g := range perRow {
			lo, hi := g*d/perRow, (g+1)*d/perRow
			x.Col[i*perRow+g] = int32(lo + s.Below(hi-lo))
		}
		x.RowPtr[i+1] = int64((i + 1) * perRow)
	}
	w := normals(s, 1, d, 1)
	labels := drawLabels(s, x, n, w.Data, math.Sqrt(float64(perRow)))
	a := normals(s, generatedEquations, d, 1)
	b := normals(s, 1, generatedEquations, rightHandSize)
	return Logistic(x, labels, a, b.Data)
}

// checkSize refuses sizes without data and those that take too much memory.
func checkSize(n, d, perRow int) error {
	if n < 1 || d < 1 {
		return fmt.Errorf("models: %d samples of %d features: %w", n, d, solver.ErrInput)
	}
	need := 8 * (2*float64(n)*float64(perRow) + 6*float64(n) + float64(d)*float64(d))
	if need > float64(solver.DefaultMaxMemory) {
		return fmt.Errorf("models: %d samples of %d features: %w", n, d,
			&solver.TooLargeError{What: "the model", Need: bytesOf(need), Have: solver.DefaultMaxMemory})
	}
	return nil
}

func normals(s *rng.Stream, rows, cols int, scale float64) *matrix.Dense {
	x := &matrix.Dense{Rows: rows, Cols: cols, Data: make([]float64, rows*cols)}
	for k := range x.Data {
		x.Data[k] = scale * s.Normal()
	}
	return x
}

func drawLabels(s *rng.Stream, x matrix.Operator, n int, w []float64, size float64) []float64 {
	labels := make([]float64, n)
	x.MulVecTo(labels, false, w)
	for i, t := range labels {
		labels[i] = -1
		if t/size+labelNoise*s.Normal() > 0 {
			labels[i] = 1
		}
	}
	return labels
}
