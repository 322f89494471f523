package models

import (
	"math"

	"solve/internal/kern"
	"solve/matrix"
)

// denseSamples makes Gram matrices by blocks: XᵀDX = Σ BᵀB over blocks
// B = D^½X of rows, transposed as they are scaled.
type denseSamples struct {
	*matrix.Dense
	block  []float64 // d×gramRows
	square []float64 // d×d
	work   kern.GemmWork
}

// gramRows is how many samples a block has: it stays in the second cache.
const gramRows = 256

func newDenseSamples(x *matrix.Dense) *denseSamples {
	return &denseSamples{Dense: x, block: make([]float64, x.Cols*gramRows), square: make([]float64, x.Cols*x.Cols)}
}

func (s *denseSamples) gram(weight, lower []float64) {
	d, n := s.Cols, s.Rows
	clear(s.square)
	for lo := 0; lo < n; lo += gramRows {
		rows := min(gramRows, n-lo)
		for i := range rows {
			root := math.Sqrt(weight[lo+i])
			for j, v := range s.Row(lo + i) {
				s.block[j*rows+i] = root * v
			}
		}
		kern.Syrk(d, rows, 1/float64(n), s.block, rows, s.square, d, &s.work)
	}
	at := 0
	for i := range d {
		at += copy(lower[at:], s.square[i*d:i*d+i+1])
	}
}

func (s *denseSamples) entries(fn func(i, j int, v float64)) {
	for i := range s.Rows {
		for j := range s.Cols {
			fn(i, j, s.At(i, j))
		}
	}
}

// sparseSamples adds the outer products of the rows.
type sparseSamples struct{ *matrix.CSR }

func (s sparseSamples) gram(weight, lower []float64) {
	clear(lower)
	for i, t := range weight {
		col, val := s.Row(i)
		t /= float64(len(weight))
		for k, j := range col {
			row := lower[int(j)*(int(j)+1)/2:]
			scale := t * val[k]
			for l, v := range val[:k+1] {
				row[col[l]] += scale * v
			}
		}
	}
}

func (s sparseSamples) entries(fn func(i, j int, v float64)) { s.DoNonZero(fn) }
