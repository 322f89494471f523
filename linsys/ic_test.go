package linsys

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"solve/matrix"
)

// The incomplete factorisation of a tridiagonal matrix is the factorisation.
func TestIC0TridiagonalIsExact(t *testing.T) {
	a := laplacian(t, 1, 1, 50)
	m, err := NewIC0(a)
	if err != nil {
		t.Fatal(err)
	}
	if e := inverseError(a, m); e > 1e-12 {
		t.Errorf("‖x − M⁻¹Ax‖ = %g", e)
	}
	for i, inv := range m.inv { // the pivots are (i+1)/i
		if want := float64(i+2) / float64(i+1); math.Abs(1/inv-want) > 1e-14*want {
			t.Errorf("pivot %d is %v, want %v", i+1, 1/inv, want)
		}
	}
	if _, its := plainPCG(a, m, randomVector(a.Rows, 1), 1e-10, 10); its != 1 {
		t.Errorf("%d iterations", its)
	}
}

// The product of the factors has A's entries on A's pattern, which that of
// the factors is.
func TestIC0AgreesOnPattern(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"5-point": laplacian(t, 1, 6, 8),
		"7-point": laplacian(t, 3, 4, 5),
		"random":  randomSparse(t, 50, 4, 1, true, 1),
	} {
		m, err := NewIC0(a)
		if err != nil {
			t.Fatal(err)
		}
		if m.Shift() != 0 || m.NNZ() != a.NNZ() {
			t.Errorf("%s: shift %g, %d entries where A has %d", name, m.Shift(), m.NNZ(), a.NNZ())
		}
		product := m.product()
		for i := range a.Rows {
			col, val := a.Row(i)
			left, _ := m.lower.row(i)
			if !slices.Equal(left, col[:len(left)]) {
				t.Errorf("%s: row %d of L has columns %v, A %v", name, i, left, col)
			}
			for k, c := range col {
				if d := math.Abs(product[i][c] - val[k]); d > 1e-13*a.At(i, i) {
					t.Errorf("%s: (%d,%d) is off by %g", name, i, c, d)
				}
			}
		}
	}
}

func TestKershaw(t *testing.T) {
	a := kershaw(t)
	f, err := newIC(a)
	if err != nil {
		t.Fatal(err)
	}
	f.reset(0)
	if k := f.factor(0); k != 3 {
		t.Errorf("breakdown in row %d", k)
	}
	for i, want := range []float64{3, 5. / 3, 3. / 5, -5} {
		if math.Abs(f.d[i]-want) > 1e-14*math.Abs(want) {
			t.Errorf("pivot %d is %v, want %v", i+1, f.d[i], want)
		}
	}
	m, err := NewIC0(a)
	if err != nil {
		t.Fatal(err)
	}
	if m.Shift() < firstShift {
		t.Errorf("shift %g", m.Shift())
	}
	// The smallest shift of the sequence that works: the one before doesn't.
	f.reset(m.Shift() / shiftGrowth)
	if f.factor(0) < 0 {
		t.Errorf("a shift of %g is enough, %g was taken", m.Shift()/shiftGrowth, m.Shift())
	}
	if _, its := plainPCG(a, m, []float64{1, 2, 3, 4}, 1e-10, 20); its > 5 {
		t.Errorf("%d iterations", its)
	}
}

func TestMIC0KeepsRowSums(t *testing.T) {
	for name, a := range map[string]*matrix.CSR{
		"5-point": laplacian(t, 1, 9, 7),
		"7-point": laplacian(t, 4, 5, 3),
		"random":  randomSparse(t, 60, 3, 2, true, 1),
	} {
		m, err := NewMIC0(a, 1)
		if err != nil {
			t.Fatal(err)
		}
		if m.Replaced() != 0 {
			t.Errorf("%s: %d pivots replaced", name, m.Replaced())
		}
		for i, row := range m.product() {
			sum, want := 0.0, 0.0
			for _, v := range row {
				sum += v
			}
			_, val := a.Row(i)
			for _, v := range val {
				want += v
			}
			if math.Abs(sum-want) > 1e-12*a.At(i, i) {
				t.Errorf("%s: row %d sums to %v, A's to %v", name, i, sum, want)
			}
		}
	}
}

// Without a Dirichlet boundary the last pivots vanish: the safeguard has to
// catch them.
func TestMIC0Safeguard(t *testing.T) {
	a := laplacian(t, 1, 12, 12)
	for i := range a.Rows {
		sum := 0.0
		col, val := a.Row(i)
		for k, c := range col {
			if int(c) != i {
				sum += val[k]
			}
		}
		for k, c := range col {
			if int(c) == i {
				val[k] = -sum
			}
		}
	}
	m, err := NewMIC0(a, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.Replaced() == 0 {
		t.Error("no pivot replaced")
	}
	checkDefinite(t, "neumann", a.Rows, m)
}

// Iterations fall from the diagonal to IC(0), MIC(0) and ICT on a Poisson
// problem.
func TestPoissonIterations(t *testing.T) {
	a := laplacian(t, 1, 100, 100)
	b := randomVector(a.Rows, 3)
	ms := definite(t, a)
	last := 1 << 30
	for _, name := range []string{"jacobi", "ic0", "mic0", "ict"} {
		x, its := plainPCG(a, ms[name], b, 1e-8, 1000)
		if its >= last {
			t.Errorf("%s takes %d iterations, the one before %d", name, its, last)
		}
		last = its
		r := make([]float64, a.Rows)
		a.MulVecTo(r, false, x)
		for i := range r {
			if math.Abs(r[i]-b[i]) > 1e-5 {
				t.Fatalf("%s: residual %g", name, r[i]-b[i])
			}
		}
		t.Logf("%s: %d iterations", name, its)
	}
}

func BenchmarkIncomplete(b *testing.B) {
	for name, a := range map[string]*matrix.CSR{"512²": laplacian(b, 1, 512, 512), "64³": laplacian(b, 64, 64, 64)} {
		b.Run("ic0 "+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := NewIC0(a); err != nil {
					b.Fatal(err)
				}
			}
		})
		m, err := NewIC0(a)
		if err != nil {
			b.Fatal(err)
		}
		r, z := randomVector(a.Rows, 1), make([]float64, a.Rows)
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprint("apply ", name, " threads ", threads), func(b *testing.B) {
				m.SetThreads(threads)
				for b.Loop() {
					m.Apply(z, r)
				}
			})
		}
		b.Run("ict "+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := NewICT(a, 10, 1e-3); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ilut "+name, func(b *testing.B) {
			for b.Loop() {
				if _, err := NewILUT(a, 10, 1e-3); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
