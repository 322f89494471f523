package verify

import (
	"math"

	"solve/matrix"
)

// ScaleWeights sets W to the weights w (nil = equal), scaled to a sum of 1, or,
// where sum is set, of the number of samples that have one.
func (f *Fit) ScaleWeights(w []float64, sum bool) {
	f.W = make([]float64, len(f.Y))
	var total compensated
	count := 0
	for i := range f.W {
		f.W[i] = 1
		if w != nil {
			f.W[i] = w[i]
		}
		if f.W[i] > 0 {
			count++
		}
		total.add(f.W[i])
	}
	target := 1.0
	if sum {
		target = float64(count)
	}
	for i := range f.W {
		f.W[i] *= target / total.value()
	}
}

// Standardize sets ColumnScale to the weighted standard deviations of the
// columns of X; 0 for those that are constant.
func (f *Fit) Standardize() {
	cols := len(f.L1)
	var all compensated
	for _, w := range f.W {
		all.add(w)
	}
	total := all.value()
	mean, weight, spread := make([]float64, cols), make([]float64, cols), make([]float64, cols)
	stored := make([]int, cols)
	f.entries(func(i, j int, v float64) {
		mean[j] += f.W[i] * v / total
		weight[j] += f.W[i]
		stored[j]++
	})
	f.entries(func(i, j int, v float64) { spread[j] += f.W[i] * (v - mean[j]) * (v - mean[j]) })
	f.ColumnScale = make([]float64, cols)
	for j := range cols {
		v := spread[j]
		if stored[j] < len(f.Y) { // else rounding alone would add the square of a large mean
			v += math.Max(0, total-weight[j]) * mean[j] * mean[j]
		}
		if square := v/total + mean[j]*mean[j]; v/total > constantShare*square {
			f.ColumnScale[j] = math.Sqrt(v / total)
		}
	}
}

// constantShare is the variance, relative to the mean square, up to which a
// column counts as constant.
const constantShare = 1e-24

// entries calls visit for every stored entry of X.
func (f *Fit) entries(visit func(i, j int, v float64)) {
	switch a := f.X.(type) {
	case *matrix.Dense:
		for i := range a.Rows {
			for j, v := range a.Row(i) {
				visit(i, j, v)
			}
		}
	case *matrix.CSR:
		for i := range a.Rows {
			for k := a.RowPtr[i]; k < a.RowPtr[i+1]; k++ {
				visit(i, int(a.Col[k]), a.Val[k])
			}
		}
	case *matrix.CSC:
		for j := range a.Cols {
			for k := a.ColPtr[j]; k < a.ColPtr[j+1]; k++ {
				visit(int(a.Row[k]), j, a.Val[k])
			}
		}
	}
}
