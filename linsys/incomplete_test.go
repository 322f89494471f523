package linsys

import (
	"errors"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// scaledSymmetric is D A D with powers of two up to 10^±spread.
func scaledSymmetric(a *matrix.CSR, spread float64, seed uint64) (b *matrix.CSR, d []float64) {
	s := rng.New(seed)
	d = make([]float64, a.Rows)
	for i := range d {
		d[i] = powerOfTwo(math.Pow(10, spread*(2*s.Float64()-1)))
	}
	return scaleBoth(a, d, d), d
}

// scaledResidual is the largest entry of D⁻¹ (b − D A D x) over that of D⁻¹ b.
func scaledResidual(a *matrix.CSR, d, b, x []float64) float64 {
	y, r := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		y[i] = d[i] * x[i]
	}
	a.MulVecTo(r, false, y)
	worst, size := 0.0, 0.0
	for i := range r {
		worst = math.Max(worst, math.Abs(b[i]/d[i]-r[i]))
		size = math.Max(size, math.Abs(b[i]/d[i]))
	}
	return worst / size
}

// However badly rows and columns are scaled, what is solved is solved in
// every row, and the inertia stays.
func TestBadlyScaledFactorisations(t *testing.T) {
	for seed := range uint64(8) {
		base := randomSparse(t, 120, 4, 1, true, seed)
		negative := 0
		if seed%2 == 1 {
			for i := range base.Rows {
				for k := base.RowPtr[i]; k < base.RowPtr[i+1] && i%3 == 0; k++ {
					if int(base.Col[k]) == i {
						base.Val[k] *= -float64(i % 2) // 0 or −a_ii
					}
				}
			}
			_, negative, _ = inertiaOf(t, base)
		}
		a, d := scaledSymmetric(base, []float64{40, 75, 140, 5}[seed/2], seed)
		methods := []string{LDLT, Cholesky}
		if negative > 0 {
			methods = methods[:1]
		}
		b := make([]float64, 2*a.Rows)
		for i := range b {
			b[i] = d[i/2] * randomVector(1, seed*1000+uint64(i))[0]
		}
		for _, method := range methods {
			p := &Problem{A: a, B: &matrix.Dense{Rows: a.Rows, Cols: 2, Data: b}}
			s, err := New(t.Context(), p, &Options{Method: method})
			if err != nil {
				t.Fatal(err)
			}
			eng, err := s.engine(t.Context())
			if err != nil {
				t.Errorf("seed %d, %s: %v", seed, method, err)
				continue
			}
			f := eng.(*factored).f.(symmetricFactor)
			block := append([]float64(nil), b...)
			f.SolveColumns(make([]float64, f.SolveSpace(2)), block, 2)
			right, x := make([]float64, a.Rows), make([]float64, a.Rows)
			for j := range 2 {
				column(p.B, j, right)
				copy(x, right)
				f.Solve(x)
				if r := scaledResidual(base, d, right, x); !(r < 1e-11) {
					t.Errorf("seed %d, %s: scaled residual %g", seed, method, r)
				}
				column(&matrix.Dense{Rows: a.Rows, Cols: 2, Data: block}, j, x)
				if r := scaledResidual(base, d, right, x); !(r < 1e-11) {
					t.Errorf("seed %d, %s, two at once: scaled residual %g", seed, method, r)
				}
			}
			var st Stats
			eng.describe(&st)
			if st.PositivePivots != a.Rows-negative || st.NegativePivots != negative {
				t.Errorf("seed %d, %s: inertia %d, %d, want %d negative", seed, method, st.PositivePivots, st.NegativePivots, negative)
			}
		}
	}
}

func inertiaOf(t *testing.T, a *matrix.CSR) (positive, negative, zero int) {
	t.Helper()
	s, err := New(t.Context(), &Problem{A: a, B: oneColumn(make([]float64, a.Rows))}, &Options{Method: LDLT})
	if err != nil {
		t.Fatal(err)
	}
	eng, err := s.engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var st Stats
	eng.describe(&st)
	return st.PositivePivots, st.NegativePivots, st.ZeroPivots
}

// The preconditioners of D A D are those of A between two scalings, and stay
// definite.
func TestBadlyScaledPreconditioners(t *testing.T) {
	base := laplacian(t, 1, 12, 11)
	for _, spread := range []float64{20, 70} {
		a, d := scaledSymmetric(base, spread, 3)
		for _, name := range []string{SSOR, IC0, MIC0, ICT} {
			build := func(a *matrix.CSR) Preconditioner {
				s, err := New(t.Context(), &Problem{A: a, B: oneColumn(make([]float64, a.Rows))}, &Options{Method: FCG, Preconditioner: name})
				if err != nil {
					t.Fatal(err)
				}
				eng, err := s.engine(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return eng.(*iterative).system.m
			}
			want, got := build(base), build(a)
			r := randomVector(a.Rows, 5)
			x, y, scaled := make([]float64, a.Rows), make([]float64, a.Rows), make([]float64, a.Rows)
			want.Apply(x, r)
			for i := range r {
				scaled[i] = d[i] * r[i]
			}
			got.Apply(y, scaled)
			for i := range x {
				if e := math.Abs(y[i]*d[i] - x[i]); !(e < 1e-12) {
					t.Fatalf("%s, 10^±%g: entry %d is off by %g", name, spread, i, e)
				}
			}
			if allocs := testing.AllocsPerRun(5, func() { got.Apply(y, scaled) }); allocs != 0 {
				t.Errorf("%s: %g allocations", name, allocs)
			}
		}
	}
}

func TestBadlyScaledCG(t *testing.T) {
	base := laplacian(t, 1, 20, 19)
	a, d := scaledSymmetric(base, 8, 2)
	b := make([]float64, a.Rows)
	for i := range b {
		b[i] = d[i] * randomVector(1, uint64(i))[0]
	}
	for _, name := range []string{Jacobi, SSOR, IC0, MIC0, ICT} {
		res, err := Solve(t.Context(), &Problem{A: a, B: oneColumn(b)}, &Options{Method: CG, Preconditioner: name})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkTrueResidual(t, a, res, b)
	}
}

func TestIncompleteFactorsTooLarge(t *testing.T) {
	a := laplacian(t, 1, 40, 40)
	b := oneColumn(make([]float64, a.Rows))
	unsymmetric := &matrix.CSR{Rows: a.Rows, Cols: a.Cols, RowPtr: a.RowPtr, Col: a.Col, Val: append([]float64(nil), a.Val...)}
	unsymmetric.Val[1] = -0.5
	for _, c := range []struct {
		a                      *matrix.CSR
		method, preconditioner string
		need                   int64
	}{
		{a, CG, ICT, ICTBytes(a, fillPerRow)},
		{unsymmetric, GMRES, ILUT, ILUTBytes(a, fillPerRow)},
	} {
		s, err := New(t.Context(), &Problem{A: c.a, B: b}, &Options{Method: c.method, Preconditioner: c.preconditioner, Settings: solver.Settings{MaxMemory: c.need - 1}})
		if err != nil {
			t.Fatal(err)
		}
		var large *solver.TooLargeError
		if _, err := s.engine(t.Context()); !errors.As(err, &large) || large.Need != c.need {
			t.Errorf("%s: %v", c.preconditioner, err)
		}
	}
}

// A matrix of 3×3 blocks has its blocks inverted where they are definite.
func TestJacobiOfBlocks(t *testing.T) {
	chosen := func(a *matrix.CSR) Preconditioner {
		s, err := New(t.Context(), &Problem{A: a, B: oneColumn(make([]float64, a.Rows))}, &Options{Method: MINRES, Preconditioner: Jacobi})
		if err != nil {
			t.Fatal(err)
		}
		eng, err := s.engine(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return eng.(*iterative).system.m
	}
	blocks := func(off float64) *matrix.CSR {
		rows := make([][]float64, 12)
		for i := range rows {
			rows[i] = make([]float64, len(rows))
			for j := range rows {
				switch {
				case i == j:
					rows[i][j] = 4
				case i/3 == j/3:
					rows[i][j] = off
				case i/3-j/3 == 1 || j/3-i/3 == 1:
					rows[i][j] = 0.1
				}
			}
		}
		return fromRows(t, rows...)
	}
	if m, ok := chosen(blocks(1)).(*BlockDiagonal); !ok || m.size != 3 {
		t.Error("definite blocks are not used")
	}
	if _, ok := chosen(blocks(-5)).(*Diagonal); !ok {
		t.Error("indefinite blocks are used")
	}
	if _, ok := chosen(laplacian(t, 1, 6, 6)).(*Diagonal); !ok {
		t.Error("a scalar equation has blocks")
	}
}
