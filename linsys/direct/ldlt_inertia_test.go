package direct

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/matrix"
)

// exactInertia eliminates a densely with complete pivoting in 300 bits,
// where only what is exactly zero comes out below 10⁻⁶⁰.
func exactInertia(a *matrix.CSR) inertia {
	n := a.Rows
	num := func(v float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(v) }
	m := make([][]*big.Float, n)
	for i := range m {
		m[i] = make([]*big.Float, n)
		for j := range m[i] {
			m[i][j] = num(0)
		}
	}
	a.DoNonZero(func(i, j int, v float64) { m[i][j] = num(v) })
	left := make([]int, n) // rows without pivot
	for i := range left {
		left[i] = i
	}
	var count inertia
	product := new(big.Float).SetPrec(300)
	larger := func(x, y *big.Float) bool { return new(big.Float).Abs(x).Cmp(new(big.Float).Abs(y)) > 0 }
	eliminate := func(p int) {
		d := m[p][p]
		count.add(float64(d.Sign()))
		left = slices.DeleteFunc(left, func(i int) bool { return i == p })
		for _, i := range left {
			if m[i][p].Sign() == 0 {
				continue
			}
			f := num(0).Quo(m[i][p], d)
			for _, j := range left {
				if m[p][j].Sign() != 0 {
					m[i][j].Sub(m[i][j], product.Mul(f, m[p][j]))
				}
			}
		}
	}
	tiny := num(1e-60)
	for len(left) > 0 {
		d, p, q := left[0], left[0], left[0]
		for _, i := range left {
			if larger(m[i][i], m[d][d]) {
				d = i
			}
			for _, j := range left {
				if i != j && (p == q || larger(m[i][j], m[p][q])) {
					p, q = i, j
				}
			}
		}
		switch {
		case p != q && larger(m[p][q], m[d][d]) && larger(m[p][q], tiny):
			// The congruence that adds row and column q to p gives p a diagonal.
			for _, j := range left {
				m[p][j].Add(m[p][j], m[q][j])
			}
			for _, j := range left {
				m[j][p].Add(m[j][p], m[j][q])
			}
			if !larger(m[p][p], tiny) { // subtract it instead
				for range 2 {
					for _, j := range left {
						m[p][j].Sub(m[p][j], m[q][j])
					}
					for _, j := range left {
						m[j][p].Sub(m[j][p], m[j][q])
					}
				}
			}
			eliminate(p)
		case larger(m[d][d], tiny):
			eliminate(d)
		default:
			count.zero += len(left)
			left = nil
		}
	}
	return count
}

// The signs of the eigenvalues, from a dense solver.
func TestLDLTInertiaIsThatOfEigenvalues(t *testing.T) {
	for seed := range uint64(20) {
		a := saddle(t, seed, 30+int(seed), 12, seed%2 == 0)
		dense := mat.NewSymDense(a.Rows, nil)
		a.DoNonZero(func(i, j int, v float64) { dense.SetSym(i, j, v) })
		var e mat.EigenSym
		if !e.Factorize(dense, false) {
			t.Fatal("no eigenvalues")
		}
		var want inertia
		for _, v := range e.Values(nil) {
			if math.Abs(v) < 1e-12 {
				v = 0
			}
			want.add(v)
		}
		if p, n, z := mustLDLT(t, a, nil, 1).Inertia(); p != want.positive || n != want.negative || z != want.zero {
			t.Errorf("seed %d: inertia (%d, %d, %d), want %v", seed, p, n, z, want)
		}
	}
}

func TestLDLTSaddlePoints(t *testing.T) {
	natural := &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Ordering: "natural"}}
	for seed := range uint64(60) {
		n := 3 + int(seed)*2
		m := n / (2 + int(seed%3))
		name := fmt.Sprintf("seed %d, %d unknowns, %d constraints", seed, n, m)
		a := saddle(t, seed, n, m, true)
		checkInertia(t, name, a, nil, inertia{n, m, 0})
		checkInertia(t, name+", pairs", a, &LDLTOptions{Pairs: true}, inertia{n, m, 0})
		checkInertia(t, name+", natural order", a, natural, inertia{n, m, 0})
	}
}

func TestLDLTSemidefiniteSaddlePoints(t *testing.T) {
	for seed := range uint64(25) {
		n := 3 + int(seed)
		a := saddle(t, seed, n, n/3, false)
		checkInertia(t, fmt.Sprintf("seed %d", seed), a, nil, exactInertia(a))
	}
}

func TestLDLTRandomIndefinite(t *testing.T) {
	for seed := range uint64(30) {
		a := randomIndefinite(t, seed, 2+int(seed)*3/2, 1+int(seed%5), []float64{0, 1, 4}[seed%3])
		want := exactInertia(a)
		for _, ordering := range []string{"", "natural"} {
			opt := &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Ordering: ordering}}
			checkInertia(t, fmt.Sprintf("seed %d, order %q", seed, ordering), a, opt, want)
		}
		checkInertia(t, fmt.Sprintf("seed %d, pairs", seed), a, &LDLTOptions{Pairs: true}, want)
	}
}

// A congruence by a diagonal matrix leaves the inertia as it is.
func TestLDLTScaledSaddlePoints(t *testing.T) {
	for seed := range uint64(20) {
		n, m := 40+int(seed), 15
		a := saddle(t, seed, n, m, true)
		r := rng.NewStream(seed, 1)
		d := make([]float64, n+m)
		for i := range d {
			d[i] = math.Pow(10, 16*r.Float64()-8)
		}
		b := &matrix.CSR{Rows: n + m, Cols: n + m, RowPtr: a.RowPtr, Col: a.Col, Val: slices.Clone(a.Val)}
		for i := range n + m {
			for p := a.RowPtr[i]; p < a.RowPtr[i+1]; p++ {
				b.Val[p] *= d[i] * d[a.Col[p]]
			}
		}
		if p, q, z := mustLDLT(t, b, nil, 1).Inertia(); p != n || q != m || z != 0 {
			t.Errorf("seed %d: inertia (%d, %d, %d), want (%d, %d, 0)", seed, p, q, z, n, m)
		}
	}
}

// Interior-point systems: the diagonal of H spans many orders of magnitude.
func TestLDLTBarrierSystems(t *testing.T) {
	for seed := range uint64(30) {
		n, m := 60, 20
		r := rng.New(seed)
		s := newSymmetric(t, n+m)
		for i := range n {
			s.add(i, i, math.Pow(10, 16*r.Float64()-8))
		}
		for k := range m {
			s.add(n+k, k, 1)
			for range 3 {
				s.add(n+k, m+r.Below(n-m), r.Normal())
			}
		}
		for i := m; i < n; i++ { // the last constraint is dense
			s.add(n+m-1, i, 1)
		}
		a := s.csr()
		want := inertia{n, m, 0}
		if seed == 0 {
			want = exactInertia(a)
		}
		checkInertia(t, fmt.Sprintf("seed %d", seed), a, nil, want)
	}
}

// With the constraints first many columns of theirs have no pivot in the front
// that they begin in.
func TestLDLTPassesColumnsOn(t *testing.T) {
	for seed := range uint64(10) {
		n, m := 400, 150
		s := newSymmetric(t, n+m)
		r := rng.New(seed)
		perm := make([]int32, n+m)
		for i := range perm {
			perm[i] = int32((n + i) % (n + m))
		}
		for i := range n {
			s.add(i, i, 4)
			if i > 0 {
				s.add(i, i-1, -1)
			}
		}
		for k := range m {
			s.add(n+k, 2*k, 1+r.Float64())
			s.add(n+k, 2*k+1+r.Below(20), 1+r.Float64())
		}
		a := s.csr()
		opt := &LDLTOptions{AnalyzeOptions: AnalyzeOptions{Perm: perm}}
		checkInertia(t, fmt.Sprintf("seed %d", seed), a, opt, inertia{n, m, 0})
		f := mustLDLT(t, a, opt, 2)
		if f.Delayed() < m/4 {
			t.Errorf("seed %d: %d columns were passed on", seed, f.Delayed())
		}
		if f.NNZ() <= f.s.FactorNNZ() {
			t.Errorf("seed %d: %d entries, predicted %d", seed, f.NNZ(), f.s.FactorNNZ())
		}
	}
}

// Constraints that are given twice are so many zero eigenvalues, wherever
// their columns are passed on to.
func TestLDLTDependentConstraints(t *testing.T) {
	for seed := range uint64(20) {
		n, m, twice := 80, 25, 1+int(seed%7)
		r := rng.New(seed)
		s := newSymmetric(t, n+m+twice)
		at := r.Perm(n + m + twice)
		for i := range n {
			s.add(at[i], at[i], 1+r.Float64())
			if j := (i + 7) % n; j != i {
				s.add(at[i], at[j], 0.3)
			}
		}
		for k := range m {
			for c := range 4 {
				j, v := (k+c*r.Below(9))%n, 1+r.Float64()
				s.add(at[n+k], at[j], v)
				if k < twice {
					s.add(at[n+m+k], at[j], -2*v)
				}
			}
		}
		checkInertia(t, fmt.Sprintf("seed %d", seed), s.csr(), nil, inertia{n, m, twice})
	}
}

func TestLDLTSmall(t *testing.T) {
	for _, c := range []struct {
		rows [][]float64
		want inertia
	}{
		{[][]float64{{1, 0}, {0, -1}}, inertia{1, 1, 0}},
		{[][]float64{{0, 1}, {1, 0}}, inertia{1, 1, 0}},
		{[][]float64{{0}}, inertia{0, 0, 1}},
		{[][]float64{{-3}}, inertia{0, 1, 0}},
		{[][]float64{{0, 0, 1}, {0, 0, 0}, {1, 0, 0}}, inertia{1, 1, 1}},
		{[][]float64{{1, 1}, {1, 1}}, inertia{1, 0, 1}},
		{[][]float64{{1, -1, 0}, {-1, 2, -1}, {0, -1, 1}}, inertia{2, 0, 1}},
		{[][]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}}, inertia{1, 2, 0}},
		{[][]float64{{1, 2, 3}, {2, 4, 6}, {3, 6, 9}}, inertia{1, 0, 2}},
		{[][]float64{{1e-20, 0}, {0, 1}}, inertia{2, 0, 0}},
		{[][]float64{{1e-20, 1}, {1, 1e-20}}, inertia{1, 1, 0}},
		{[][]float64{{2, 0, 1, 0}, {0, 2, 1, 0}, {1, 1, 0, 0}, {0, 0, 0, -1e-9}}, inertia{2, 2, 0}},
		{[][]float64{{1, 0, 1, 1}, {0, 1, 1, 1}, {1, 1, 0, 0}, {1, 1, 0, 0}}, inertia{2, 1, 1}}, // dependent constraints
	} {
		f := mustLDLT(t, sparse(t, c.rows), nil, 1)
		if p, n, z := f.Inertia(); p != c.want.positive || n != c.want.negative || z != c.want.zero {
			t.Errorf("%v: inertia (%d, %d, %d), want %v", c.rows, p, n, z, c.want)
		}
	}
	x := []float64{1, 1}
	mustLDLT(t, sparse(t, [][]float64{{1, 0}, {0, -1}}), nil, 1).Solve(x)
	if x[0] != 1 || x[1] != -1 {
		t.Errorf("x = %v", x)
	}
}
