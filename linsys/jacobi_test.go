package linsys

import (
	"errors"
	"math"
	"testing"

	"solve/solver"
)

func TestJacobi(t *testing.T) {
	a := fromRows(t, []float64{4, 1, 0, 0}, []float64{1, -2, 0, 0}, []float64{0, 0, 0, 1}, []float64{0, 0, 1, 5e-324})
	r, z := []float64{1, 1, 3, 7}, make([]float64, 4)
	m, err := NewJacobi(a)
	if err != nil {
		t.Fatal(err)
	}
	m.Apply(z, r)
	if z[0] != 0.25 || z[1] != -0.5 || z[2] != 3 || z[3] != 7 {
		t.Errorf("%v", z)
	}
	if m, err = NewAbsJacobi(a); err != nil {
		t.Fatal(err)
	}
	m.Apply(z, r)
	if z[0] != 0.25 || z[1] != 0.5 || z[2] != 3 || z[3] != 7 {
		t.Errorf("of sizes: %v", z)
	}
}

// On a block diagonal matrix block Jacobi is the inverse.
func TestBlockJacobiInvertsBlocks(t *testing.T) {
	for size := 1; size <= maxBlockSize; size++ {
		const n = 20 // not a multiple of most sizes
		a := toRows(randomSparse(t, n, 15, 0.3, false, uint64(size)))
		for i := range a {
			for j := range a {
				if i/size != j/size {
					a[i][j] = 0
				}
			}
		}
		blocks := fromRows(t, a...)
		m, err := NewBlockJacobi(blocks, size)
		if err != nil {
			t.Fatal(err)
		}
		if e := inverseError(blocks, m); e > 1e-10 {
			t.Errorf("size %d: ‖x − M⁻¹Ax‖ = %g", size, e)
		}
	}
	// Pivots off the diagonal.
	swap := fromRows(t, []float64{0, 2}, []float64{4, 0})
	m, err := NewBlockJacobi(swap, 2)
	if err != nil {
		t.Fatal(err)
	}
	if e := inverseError(swap, m); e != 0 {
		t.Errorf("‖x − M⁻¹Ax‖ = %g", e)
	}
}

// For several vectors it does to each what Apply does.
func TestBlockJacobiOfSeveralVectors(t *testing.T) {
	const n = 20
	a := poisson(t, 1, 4, 5)
	for _, size := range []int{1, 3, 6} {
		m, err := NewBlockJacobi(a, size)
		if err != nil {
			t.Fatal(err)
		}
		for k := 1; k <= 9; k++ {
			r, z := normals(uint64(k), n*k), make([]float64, n*k)
			m.ApplyBlock(z, r, k)
			for j := range k {
				rj, zj, want := make([]float64, n), make([]float64, n), make([]float64, n)
				for i := range n {
					rj[i], zj[i] = r[i*k+j], z[i*k+j]
				}
				m.Apply(want, rj)
				if e := distance(zj, want); e > 1e-15*norm2(want) {
					t.Errorf("blocks of %d, vector %d of %d: off by %g", size, j, k, e)
				}
			}
		}
	}
}

func TestBlockJacobiSingular(t *testing.T) {
	_, err := NewBlockJacobi(fromRows(t, []float64{1, 0, 0}, []float64{0, 1, 1}, []float64{0, 1, 1}), 1)
	if err != nil {
		t.Error(err)
	}
	_, err = NewBlockJacobi(fromRows(t, []float64{1, 0, 0, 0}, []float64{0, 1, 0, 0}, []float64{0, 0, 1, 2}, []float64{0, 0, 2, 4}), 2)
	if !errors.Is(err, solver.ErrSingular) {
		t.Error(err)
	}
}

func TestBlockSize(t *testing.T) {
	for _, b := range []int{1, 2, 3, 6} {
		grid := toRows(laplacian(t, 1, 4, 5))
		n := len(grid) * b
		rows := make([][]float64, n)
		for i := range rows {
			rows[i] = make([]float64, n)
			for j := range rows[i] {
				rows[i][j] = grid[i/b][j/b] * (1 + float64((i*7+j*3)%5))
			}
		}
		rows[0][b-1] = 0 // a hole by chance
		if b == 1 {
			rows[0][0] = 4
		}
		if got := blockSize(fromRows(t, rows...)); got != b {
			t.Errorf("block size %d, want %d", got, b)
		}
	}
	if got := blockSize(fromRows(t, []float64{1, 0}, []float64{0, 1})); got != 1 {
		t.Errorf("identity: %d", got)
	}
}

func TestInvertBlockStaysSymmetric(t *testing.T) {
	a := toRows(randomSparse(t, 6, 4, 0.4, true, 8))
	block := make([]float64, 0, 36)
	for _, row := range a {
		block = append(block, row...)
	}
	if !invertBlock(block, 6) || !isSymmetricBlock(block, 6) {
		t.Errorf("%v", block)
	}
	for i := range 6 {
		for j := range 6 {
			sum := 0.0
			for k := range 6 {
				sum += a[i][k] * block[k*6+j]
			}
			if i == j {
				sum--
			}
			if math.Abs(sum) > 1e-12 {
				t.Errorf("(%d,%d) of A A⁻¹ − I is %g", i, j, sum)
			}
		}
	}
}
