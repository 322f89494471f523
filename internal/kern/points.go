package kern

import (
	"fmt"
	"math"
)

// SoA holds N points of dimension D as a structure of arrays: coordinate k of
// point j is Coord[k][j].
type SoA struct {
	D, N  int
	Coord [][]float64
}

// NewSoA copies n points of dimension d from row-major storage.
func NewSoA(points []float64, n, d int) *SoA {
	checkLen("NewSoA", "points", len(points), n*d)
	s := &SoA{D: d, N: n, Coord: make([][]float64, d)}
	buf := make([]float64, n*d)
	for k := range s.Coord {
		c := buf[k*n : (k+1)*n : (k+1)*n]
		for j := range c {
			c[j] = points[j*d+k]
		}
		s.Coord[k] = c
	}
	return s
}

// check panics unless x has the dimension of s and columns j0 … j0+n−1 exist.
func (s *SoA) check(kernel string, x []float64, j0, n int) {
	checkLen(kernel, "x", len(x), s.D)
	checkLen(kernel, "y.Coord", len(s.Coord), s.D)
	for k := range s.Coord {
		if j0 < 0 || j0+n > len(s.Coord[k]) {
			panic(fmt.Sprintf("kern: %s: columns %d…%d of %d points", kernel, j0, j0+n, len(s.Coord[k])))
		}
	}
}

// sqTile is the number of distances that the kernels without a special
// dimension keep in a buffer on the stack.
const sqTile = 256

// SqDistRow computes dst_j = Σ_k (x_k − y_{k,j0+j})², in the difference form
// that doesn't cancel.
func SqDistRow(dst []float64, x []float64, y *SoA, j0 int) {
	y.check("SqDistRow", x, j0, len(dst))
	sqDistRow(dst, x, y, j0)
}

// MaxRowSq is MaxRow with c_j the squared distance of x and point j0+j of y.
func MaxRowSq(x []float64, y *SoA, j0 int, g []float64, invEps float64) float64 {
	y.check("MaxRowSq", x, j0, len(g))
	if y.D >= 1 && y.D <= 3 {
		return maxRowSq(x, y, j0, g, invEps)
	}
	var buf [sqTile]float64
	m := math.Inf(-1)
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		c := buf[:e-j]
		sqDistRow(c, x, y, j0+j)
		m = math.Max(m, maxRow(g[j:e], c, invEps))
	}
	return m
}

// RowLSESq is RowLSE with c_j the squared distance of x and point j0+j of y.
func RowLSESq(x []float64, y *SoA, j0 int, g []float64, invEps float64) (max, sum float64) {
	y.check("RowLSESq", x, j0, len(g))
	acc := emptyLSE()
	if y.D >= 1 && y.D <= 3 {
		for j := 0; j < len(g); j += lseTile {
			e := min(j+lseTile, len(g))
			acc.add(rowLSESqTile(x, y, j0+j, g[j:e], invEps))
		}
		return acc.max, acc.sum
	}
	var buf [sqTile]float64
	for j := 0; j < len(g); j += sqTile {
		e := min(j+sqTile, len(g))
		c := buf[:e-j]
		sqDistRow(c, x, y, j0+j)
		acc.add(rowLSE(g[j:e], c, invEps))
	}
	return acc.max, acc.sum
}

// rowLSESqTile is RowLSESq on one tile of dimension 1, 2 or 3.
func rowLSESqTile(x []float64, y *SoA, j0 int, g []float64, invEps float64) (max, sum float64) {
	max = maxRowSq(x, y, j0, g, invEps)
	if math.IsInf(max, -1) {
		if math.IsNaN(planRowSqSum(0, x, y, j0, g, invEps)) {
			return max, math.NaN()
		}
		return max, 0
	}
	return max, planRowSqSum(-max, x, y, j0, g, invEps)
}

// PlanRowSq is PlanRow with c_j the squared distance of x and point j0+j of y.
func PlanRowSq(dst []float64, f float64, x []float64, y *SoA, j0 int, g []float64, invEps float64) (sum float64) {
	checkLen("PlanRowSq", "g", len(g), len(dst))
	y.check("PlanRowSq", x, j0, len(dst))
	if y.D >= 1 && y.D <= 3 {
		return planRowSq(dst, f, x, y, j0, g, invEps)
	}
	for j := 0; j < len(dst); j += sqTile {
		c := dst[j:min(j+sqTile, len(dst))]
		sqDistRow(c, x, y, j0+j)
		sum += planRow(c, f, g[j:j+len(c)], c, invEps)
	}
	return sum
}
