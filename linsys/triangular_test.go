package linsys

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// laplacian is the Dirichlet Laplacian on a box of points.
func laplacian(t testing.TB, nx, ny, nz int) *matrix.CSR {
	t.Helper()
	centre := 2.0
	for _, n := range []int{nx, ny} {
		if n > 1 {
			centre += 2
		}
	}
	a, err := (&matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, Centre: centre, X: -1, Y: -1, Z: -1}).ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// fromRows keeps the nonzero entries of a dense matrix.
func fromRows(t testing.TB, rows ...[]float64) *matrix.CSR {
	t.Helper()
	b, err := matrix.NewCOO(len(rows), len(rows[0]), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		for j, v := range row {
			if v == 0 {
				continue
			}
			if err := b.Append(i, j, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, _, err := b.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func toRows(a *matrix.CSR) [][]float64 {
	d := make([][]float64, a.Rows)
	for i := range d {
		d[i] = make([]float64, a.Cols)
	}
	a.DoNonZero(func(i, j int, v float64) { d[i][j] = v })
	return d
}

func kershaw(t testing.TB) *matrix.CSR {
	return fromRows(t, []float64{3, -2, 0, 2}, []float64{-2, 3, -2, 0}, []float64{0, -2, 3, -2}, []float64{2, 0, -2, 3})
}

// randomSparse has about per entries a row off the diagonal, and a diagonal
// larger than the sum of their sizes by the factor dominance.
func randomSparse(t testing.TB, n, per int, dominance float64, symmetric bool, seed uint64) *matrix.CSR {
	s := rng.New(seed)
	d := make([][]float64, n)
	for i := range d {
		d[i] = make([]float64, n)
	}
	for i := range n {
		for range per {
			j, v := s.Below(n), s.Normal()
			d[i][j] = v
			if symmetric {
				d[j][i] = v
			}
		}
	}
	for i := range n {
		d[i][i] = 0
		sum := 0.0
		for _, v := range d[i] {
			sum += math.Abs(v)
		}
		d[i][i] = dominance*sum + 0.1
	}
	return fromRows(t, d...)
}

func randomVector(n int, seed uint64) []float64 {
	s := rng.New(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

// sharedMatrix reads a matrix of the shared collection.
func sharedMatrix(t testing.TB, name string) *matrix.CSR {
	t.Helper()
	f, err := matio.ReadFile(filepath.Join("../../shared/data/linsys", name), nil)
	if err != nil {
		t.Skipf("the shared collection is not there: %v", err)
	}
	return f.Sparse
}

// product writes L D U out.
func (m *LDU) product() [][]float64 {
	n := len(m.inv)
	full := func(t *triangle) [][]float64 {
		d := make([][]float64, n)
		for i := range d {
			d[i] = make([]float64, n)
			d[i][i] = 1
			col, val := t.row(i)
			for k, c := range col {
				d[i][c] = val[k]
			}
		}
		return d
	}
	l, u := full(&m.lower), full(&m.upper)
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, n)
		for k := range n {
			if f := l[i][k] / m.inv[k]; f != 0 {
				kern.Axpy(f, u[k], out[i])
			}
		}
	}
	return out
}

// inverseError is ‖x − M⁻¹ A x‖∞ for a random x.
func inverseError(a *matrix.CSR, m Preconditioner) float64 {
	x := randomVector(a.Rows, 7)
	b, z := make([]float64, a.Rows), make([]float64, a.Rows)
	a.MulVecTo(b, false, x)
	m.Apply(z, b)
	worst := 0.0
	for i := range x {
		worst = max(worst, math.Abs(z[i]-x[i]))
	}
	return worst
}

// plainPCG counts the iterations that bring the true residual to tol.
func plainPCG(a matrix.Operator, m Preconditioner, b []float64, tol float64, most int) (x []float64, iterations int) {
	n := len(b)
	x = make([]float64, n)
	r, z, q := slices.Clone(b), make([]float64, n), make([]float64, n)
	apply := func() {
		copy(z, r)
		if m != nil {
			m.Apply(z, r)
		}
	}
	apply()
	p := slices.Clone(z)
	gamma := kern.Dot(r, z)
	for iterations < most && math.Sqrt(kern.Dot(r, r)) > tol*math.Sqrt(kern.Dot(b, b)) {
		a.MulVecTo(q, false, p)
		alpha := gamma / kern.Dot(p, q)
		kern.CGUpdate(alpha, p, q, x, r)
		apply()
		next := kern.Dot(r, z)
		kern.Xpby(z, next/gamma, p)
		gamma = next
		iterations++
	}
	return x, iterations
}

// definite are the preconditioners for positive definite matrices.
func definite(t testing.TB, a *matrix.CSR) map[string]Preconditioner {
	t.Helper()
	out := map[string]Preconditioner{}
	add := func(name string, m Preconditioner, err error) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		out[name] = m
	}
	jacobi, err := NewJacobi(a)
	add("jacobi", jacobi, err)
	block, err := NewBlockJacobi(a, 3)
	add("block jacobi", block, err)
	ssor, err := NewSSOR(a, 1.2)
	add("ssor", ssor, err)
	ic, err := NewIC0(a)
	add("ic0", ic, err)
	mic, err := NewMIC0(a, 0.97)
	add("mic0", mic, err)
	ict, err := NewICT(a, 10, 1e-3)
	add("ict", ict, err)
	for _, degree := range []int{1, 2, 3, 8} {
		cheb, err := NewChebyshev(a, degree, 1)
		add(fmt.Sprint("chebyshev ", degree), cheb, err)
	}
	return out
}

func TestSymmetricPositiveDefinite(t *testing.T) {
	matrices := map[string]*matrix.CSR{
		"5-point": laplacian(t, 1, 17, 13),
		"7-point": laplacian(t, 5, 7, 6),
		"kershaw": kershaw(t),
		"random":  randomSparse(t, 120, 5, 1, true, 1),
		"weak":    randomSparse(t, 60, 3, 1.01, true, 2),
	}
	for name, a := range matrices {
		for precond, m := range definite(t, a) {
			checkDefinite(t, name+", "+precond, a.Rows, m)
		}
	}
	for _, name := range []string{"494_bus.mtx", "bcsstk01.mtx", "gr_30_30.mtx", "nos7.mtx", "mesh1e1.mtx"} {
		t.Run(name, func(t *testing.T) {
			a := sharedMatrix(t, name)
			for precond, m := range definite(t, a) {
				checkDefinite(t, precond, a.Rows, m)
			}
		})
	}
}

func checkDefinite(t *testing.T, name string, n int, m Preconditioner) {
	t.Helper()
	mu, mv := make([]float64, n), make([]float64, n)
	for k := range uint64(20) {
		u, v := randomVector(n, 2*k), randomVector(n, 2*k+1)
		m.Apply(mu, u)
		m.Apply(mv, v)
		uu, vv := kern.Dot(u, mu), kern.Dot(v, mv)
		if !(uu > 0) || !(vv > 0) {
			t.Errorf("%s: uᵀMu = %g, vᵀMv = %g", name, uu, vv)
		}
		if diff := math.Abs(kern.Dot(u, mv) - kern.Dot(v, mu)); !(diff <= 1e-10*math.Sqrt(uu*vv)) {
			t.Errorf("%s: uᵀMv − vᵀMu = %g where √(uᵀMu vᵀMv) = %g", name, diff, math.Sqrt(uu*vv))
		}
	}
}

// Blocks of all sizes in any order that their graph allows have the bits of
// one pass over the rows.
func TestBlocksKeepBits(t *testing.T) {
	for seed := range uint64(5) {
		a := randomSparse(t, 300, 2, 1.1, false, seed)
		m, err := NewILU0(a)
		if err != nil {
			t.Fatal(err)
		}
		m.SetThreads(2)
		r := randomVector(a.Rows, seed)
		want, got := make([]float64, a.Rows), make([]float64, a.Rows)
		m.Apply(want, r)
		for _, size := range []int32{2, 3, 7, 64, 400} {
			s := &m.sweeps
			s.starts = rowBlocks(m.lower, size)
			s.plan[0] = newSchedule(pattern{m.lower.ptr, m.lower.col}.join(s.starts), false)
			s.plan[1] = newSchedule(pattern{m.upper.ptr, m.upper.col}.join(s.starts), true)
			for range 20 {
				s.alone = 0
				clear(got)
				m.Apply(got, r)
				if !slices.Equal(got, want) {
					t.Fatalf("seed %d: blocks of %d rows differ", seed, size)
				}
			}
		}
	}
}

// Joining blocks that were joined gives the pattern of the larger blocks.
func TestJoinTwice(t *testing.T) {
	lower, _, _ := strict(randomSparse(t, 301, 4, 1, false, 3))
	p := pattern{lower.ptr, lower.col}
	rows := rowBlocks(lower, 8)
	fine := p.join(rows)
	pairs := fine.pairs(rows, 16)
	got := fine.join(pairs)
	for k, b := range pairs {
		pairs[k] = rows[b]
	}
	want := p.join(pairs)
	if !slices.Equal(got.ptr, want.ptr) {
		t.Fatalf("pointers %v, want %v", got.ptr, want.ptr)
	}
	for b := range len(want.ptr) - 1 {
		x, y := want.col[want.ptr[b]:want.ptr[b+1]], got.col[got.ptr[b]:got.ptr[b+1]]
		slices.Sort(x)
		slices.Sort(y)
		if !slices.Equal(x, y) {
			t.Errorf("block %d needs %v, want %v", b, y, x)
		}
	}
}

// Blocks end where lines of a grid do.
func TestBlocksFollowGrid(t *testing.T) {
	_, _, upper := strict(laplacian(t, 1, 50, 300))
	starts := rowBlocks(upper.transpose(), smallestBlock)
	for i := 0; i <= 50*300; i += 300 {
		if !slices.Contains(starts, int32(i)) {
			t.Errorf("no block begins at %d", i)
		}
	}
	for b := range len(starts) - 1 {
		if rows := starts[b+1] - starts[b]; rows < 1 || rows > smallestBlock {
			t.Errorf("block %d has %d rows", b, rows)
		}
	}
}

func TestThreadsKeepBits(t *testing.T) {
	a := laplacian(t, 40, 40, 40)
	ic, err := NewMIC0(a, 0.97)
	if err != nil {
		t.Fatal(err)
	}
	ssor, err := NewEisenstat(a, 1.2)
	if err != nil {
		t.Fatal(err)
	}
	cheb, err := NewChebyshev(a, 4, 2)
	if err != nil {
		t.Fatal(err)
	}
	if ic.sweeps.starts == nil || ssor.sweeps.starts == nil {
		t.Fatal("one thread is used")
	}
	cases := []struct {
		name  string
		apply func(z, r []float64)
		set   func(threads int)
	}{
		{"mic0", ic.Apply, func(n int) { ic.SetThreads(n); ic.sweeps.alone = 0 }},
		{"eisenstat", func(z, r []float64) { ssor.MulVecTo(z, false, r) }, func(n int) { ssor.SetThreads(n); ssor.sweeps.alone = 0 }},
		{"chebyshev", cheb.Apply, func(n int) { cheb.threads = n }},
	}
	r := randomVector(a.Rows, 1)
	want, got := make([]float64, a.Rows), make([]float64, a.Rows)
	for _, c := range cases {
		c.set(1)
		c.apply(want, r)
		for range 4 {
			c.set(2)
			clear(got)
			c.apply(got, r)
			if !slices.Equal(got, want) {
				t.Errorf("%s: two threads differ from one", c.name)
			}
		}
	}
}

func TestApplyAllocatesNothing(t *testing.T) {
	a := laplacian(t, 1, 30, 30)
	ms := definite(t, a)
	ilu, err := NewILU0(a)
	if err != nil {
		t.Fatal(err)
	}
	ms["ilu0"] = ilu
	r, z := randomVector(a.Rows, 1), make([]float64, a.Rows)
	for name, m := range ms {
		if n := testing.AllocsPerRun(10, func() { m.Apply(z, r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestPreconditionersRefuse(t *testing.T) {
	rectangular := fromRows(t, []float64{1, 0, 1}, []float64{0, 1, 0})
	zeroDiagonal := fromRows(t, []float64{2, 1, 0}, []float64{1, 0, 1}, []float64{0, 1, 2})
	negative := fromRows(t, []float64{2, 1}, []float64{1, -2})
	emptyRow := fromRows(t, []float64{2, 0, 0}, []float64{0, 0, 0}, []float64{0, 0, 2})
	makers := map[string]func(a *matrix.CSR) error{
		"ic0":       func(a *matrix.CSR) error { _, err := NewIC0(a); return err },
		"mic0":      func(a *matrix.CSR) error { _, err := NewMIC0(a, 0.97); return err },
		"ict":       func(a *matrix.CSR) error { _, err := NewICT(a, 10, 1e-3); return err },
		"ssor":      func(a *matrix.CSR) error { _, err := NewSSOR(a, 1.2); return err },
		"eisenstat": func(a *matrix.CSR) error { _, err := NewEisenstat(a, 1.2); return err },
		"chebyshev": func(a *matrix.CSR) error { _, err := NewChebyshev(a, 3, 1); return err },
		"ilu0":      func(a *matrix.CSR) error { _, err := NewILU0(a); return err },
		"ilut":      func(a *matrix.CSR) error { _, err := NewILUT(a, 10, 1e-3); return err },
		"jacobi":    func(a *matrix.CSR) error { _, err := NewJacobi(a); return err },
		"block":     func(a *matrix.CSR) error { _, err := NewBlockJacobi(a, 2); return err },
	}
	for name, make := range makers {
		if err := make(rectangular); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%s of 2×3: %v", name, err)
		}
		switch name {
		case "ilu0", "ilut", "block":
			if err := make(emptyRow); !errors.Is(err, solver.ErrSingular) {
				t.Errorf("%s with an empty row: %v", name, err)
			}
		case "jacobi":
		default:
			for _, a := range []*matrix.CSR{zeroDiagonal, negative, emptyRow} {
				if err := make(a); !errors.Is(err, solver.ErrNotPositiveDefinite) {
					t.Errorf("%s of %v: %v", name, toRows(a), err)
				}
			}
		}
	}
	for name, err := range map[string]error{
		"tau":    func() error { _, err := NewMIC0(negative, 1.5); return err }(),
		"omega":  func() error { _, err := NewSSOR(negative, 2); return err }(),
		"nan":    func() error { _, err := NewSSOR(negative, math.NaN()); return err }(),
		"fill":   func() error { _, err := NewILUT(negative, -1, 0); return err }(),
		"drop":   func() error { _, err := NewICT(negative, 1, 1); return err }(),
		"degree": func() error { _, err := NewChebyshev(negative, 0, 1); return err }(),
		"block":  func() error { _, err := NewBlockJacobi(negative, 7); return err }(),
	} {
		if !errors.Is(err, solver.ErrOption) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEmptyMatrix(t *testing.T) {
	a, err := matrix.NewCSR(0, 0, []int64{0}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range definite(t, a) {
		m.Apply(nil, nil)
	}
}

// Factors that overflow are refused, not handed on.
func TestOverflow(t *testing.T) {
	a := fromRows(t, []float64{1e-300, 1}, []float64{1e300, 1})
	for _, make := range []func(*matrix.CSR) (*LDU, error){
		NewILU0,
		func(a *matrix.CSR) (*LDU, error) { return NewILUT(a, 5, 0) },
	} {
		m, err := make(a)
		if err == nil {
			z := []float64{0, 0}
			m.Apply(z, []float64{1, 1})
			if !finite(z[0] + z[1]) {
				t.Errorf("M⁻¹ (1,1) = %v", z)
			}
		} else if !errors.Is(err, solver.ErrSingular) {
			t.Error(err)
		}
	}
}
