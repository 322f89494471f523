package linsys

import (
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
)

func TestICTWithoutDroppingIsExact(t *testing.T) {
	for seed := range uint64(3) {
		a := randomSparse(t, 80, 3, 1, true, seed)
		m, err := NewICT(a, a.Rows, 0)
		if err != nil {
			t.Fatal(err)
		}
		if e := inverseError(a, m); e > 1e-9 {
			t.Errorf("‖x − M⁻¹Ax‖ = %g", e)
		}
		product := m.product()
		for i, row := range toRows(a) {
			for j, v := range row {
				if math.Abs(product[i][j]-v) > 1e-12*a.At(i, i) {
					t.Errorf("(%d,%d): %v, want %v", i, j, product[i][j], v)
				}
			}
		}
	}
}

func TestICTKeepsWithinBounds(t *testing.T) {
	a := laplacian(t, 8, 8, 8)
	const p = 4
	m, err := NewICT(a, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _, upper := strict(a)
	for i := range a.Rows {
		mine, _ := m.upper.row(i)
		theirs, _ := upper.row(i)
		if len(mine) > len(theirs)+p || !slices.IsSorted(mine) {
			t.Errorf("row %d of Lᵀ has columns %v, A has %v", i, mine, theirs)
		}
	}
	held := int64(24*len(m.upper.col) + 8*len(m.inv))
	if bound := ICTBytes(a, p); bound < held || bound > 20*held {
		t.Errorf("%d bytes bound %d", bound, held)
	}
}

// A diagonal scaling by powers of two scales the factors and changes nothing
// else.
func TestICTIgnoresScale(t *testing.T) {
	a := randomSparse(t, 100, 4, 0.8, true, 5)
	m, err := NewICT(a, 3, 1e-2)
	if err != nil {
		t.Fatal(err)
	}
	s := rng.New(1)
	d := make([]float64, a.Rows)
	for i := range d {
		d[i] = math.Ldexp(1, s.Below(40)-20)
	}
	scaled, err := NewICT(scaleBoth(a, d, d), 3, 1e-2)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.upper.col, scaled.upper.col) || m.Shift() != scaled.Shift() {
		t.Error("the pattern depends on the scale")
	}
}

func TestICTSharedMatrices(t *testing.T) {
	for _, name := range []string{"494_bus.mtx", "bcsstk01.mtx", "bcsstk15.mtx.gz", "nos7.mtx", "gr_30_30.mtx"} {
		t.Run(name, func(t *testing.T) {
			a := sharedMatrix(t, name)
			ic, err := NewIC0(a)
			if err != nil {
				t.Fatal(err)
			}
			ict, err := NewICT(a, 10, 1e-3)
			if err != nil {
				t.Fatal(err)
			}
			jacobi, err := NewJacobi(a)
			if err != nil {
				t.Fatal(err)
			}
			b := randomVector(a.Rows, 1)
			_, with := plainPCG(a, ict, b, 1e-8, 5000)
			_, zero := plainPCG(a, ic, b, 1e-8, 5000)
			_, diag := plainPCG(a, jacobi, b, 1e-8, 5000)
			t.Logf("iterations: ict %d (shift %g, %d entries), ic0 %d (shift %g, %d entries), jacobi %d",
				with, ict.Shift(), ict.NNZ(), zero, ic.Shift(), ic.NNZ(), diag)
			if with > zero || zero > diag {
				t.Errorf("ict %d, ic0 %d, jacobi %d iterations", with, zero, diag)
			}
		})
	}
}

func TestPickerTakesTheLargest(t *testing.T) {
	s := rng.New(3)
	var p picker
	for trial := range 500 {
		n := 1 + s.Below(40)
		size := make([]float64, n)
		p.start()
		for c := range size {
			size[c] = float64(s.Below(1 + trial%30)) // many are equal
			p.offer(int32(c), size[c])
		}
		most := s.Below(n + 3)
		got := p.largest(most)
		if len(got) != min(most, n) || !slices.IsSorted(got) {
			t.Fatalf("%d of %d: %v", most, n, got)
		}
		least, sum := math.Inf(1), 0.0
		for _, c := range got {
			least = min(least, size[c])
			sum += size[c]
		}
		slices.Sort(size)
		slices.Reverse(size)
		for _, v := range size[:len(got)] {
			sum -= v
		}
		if sum != 0 {
			t.Fatalf("%d of %v: columns %v", most, size, got)
		}
	}
}
