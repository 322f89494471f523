package models

import (
	"errors"
	"math"
	"testing"

	"solve/constrained"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// point is a point near the start of p that no rule made.
func point(p *constrained.Problem, seed uint64) []float64 {
	s := rng.New(seed)
	x := make([]float64, p.N)
	for j := range x {
		x[j] = 0.3 * s.Normal()
	}
	return x
}

func small(t *testing.T) []*constrained.Problem {
	t.Helper()
	var out []*constrained.Problem
	add := func(p *constrained.Problem, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	for _, n := range []int{1, 2, 3, 6} {
		add(Control(n))
	}
	add(GenerateLogistic(30, 5, 3))
	add(GenerateLogistic(600, 12, 4))
	add(GenerateSparseLogistic(90, 20, 6, 5))
	x := normals(rng.New(8), 7, 3, 1)
	add(Logistic(x, []float64{1, -1, 1, 1, -1, -1, 1}, nil, nil))
	return out
}

func close(got, want, tol float64) bool {
	return math.Abs(got-want) <= tol*max(1, math.Abs(want))
}

func TestPlainAgrees(t *testing.T) {
	for _, p := range small(t) {
		x := point(p, 1)
		plain, err := p.Functions.(Plain).Plain(x)
		if err != nil {
			t.Fatal(err)
		}
		start, column := p.JacobianPattern()
		c, again := make([]float64, p.M), make([]float64, p.M)
		gradient, jacobian := make([]float64, p.N), make([]float64, len(column))
		f := p.First(x, c, gradient, jacobian)
		if g := p.Values(x, again); !close(g, f, 1e-14) || !close(f, plain.Objective, 1e-13) {
			t.Errorf("%s: f = %v, %v, plainly %v", p.Name, f, g, plain.Objective)
		}
		for j, v := range gradient {
			if !close(v, plain.Gradient[j], 1e-13) {
				t.Errorf("%s: ∇f_%d = %v, plainly %v", p.Name, j, v, plain.Gradient[j])
			}
		}
		for i := range c {
			if !close(c[i], plain.Constraints[i], 1e-12) || !close(again[i], plain.Constraints[i], 1e-12) {
				t.Errorf("%s: c_%d = %v, %v, plainly %v", p.Name, i, c[i], again[i], plain.Constraints[i])
			}
			for k := start[i]; k < start[i+1]; k++ {
				if k > start[i] && column[k] <= column[k-1] {
					t.Fatalf("%s: the columns of row %d are not increasing", p.Name, i)
				}
				if want := plain.Jacobian.At(i, int(column[k])); !close(jacobian[k], want, 1e-13) {
					t.Errorf("%s: ∇c_%d,%d = %v, plainly %v", p.Name, i, column[k], jacobian[k], want)
				}
			}
		}
		if plain.Jacobian.NNZ() > len(column) {
			t.Errorf("%s: the Jacobian has %d entries, plainly %d", p.Name, len(column), plain.Jacobian.NNZ())
		}
		if _, err := p.Functions.(Plain).Plain(x[1:]); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%s: a short x: %v", p.Name, err)
		}
	}
}

// TestDerivatives holds gradients and Hessians against differences of Values and
// First.
func TestDerivatives(t *testing.T) {
	for _, p := range small(t) {
		x, y := point(p, 2), make([]float64, p.M)
		for i := range y {
			y[i] = 0.2*float64(i) - 0.7
		}
		_, jCol := p.JacobianPattern()
		hStart, hCol := p.HessianPattern()
		jStart, _ := p.JacobianPattern()
		c, jacobian := make([]float64, p.M), make([]float64, len(jCol))
		// lagrangian is σ∇f + ∇cᵀy at x.
		lagrangian := func(x []float64, sigma float64) []float64 {
			g := make([]float64, p.N)
			p.First(x, c, g, jacobian)
			for j := range g {
				g[j] *= sigma
			}
			for i := range y {
				for k := jStart[i]; k < jStart[i+1]; k++ {
					g[jCol[k]] += y[i] * jacobian[k]
				}
			}
			return g
		}
		const h = 1e-5
		gradient := make([]float64, p.N)
		p.First(x, c, gradient, jacobian)
		for _, sigma := range []float64{1, 0, 2.5} {
			hessian := make([]float64, len(hCol))
			p.Hessian(x, sigma, y, hessian)
			dense := make([]float64, p.N*p.N)
			for i := range p.N {
				for k := hStart[i]; k < hStart[i+1]; k++ {
					dense[i*p.N+int(hCol[k])], dense[int(hCol[k])*p.N+i] = hessian[k], hessian[k]
				}
			}
			for j := range p.N {
				before := x[j]
				x[j] = before + h
				up, right := p.Values(x, c), lagrangian(x, sigma)
				x[j] = before - h
				down, left := p.Values(x, c), lagrangian(x, sigma)
				x[j] = before
				if d := (up - down) / (2 * h); sigma == 1 && !close(gradient[j], d, 1e-8) {
					t.Errorf("%s: ∇f_%d = %v, by differences %v", p.Name, j, gradient[j], d)
				}
				for i := range p.N {
					if d := (right[i] - left[i]) / (2 * h); !close(dense[i*p.N+j], d, 1e-7) {
						t.Errorf("%s, σ = %v: H_%d,%d = %v, by differences %v", p.Name, sigma, i, j, dense[i*p.N+j], d)
					}
				}
			}
		}
	}
}

// sineOptimum is the optimum of Control(n): the sine transform diagonalises the
// Laplacian A, w = (I + 0.1A²)⁻¹w_d, and ½‖w−w_d‖² + 0.05‖Aw‖² is a sum over its
// components.
func sineOptimum(n int) float64 {
	sine := make([]float64, n*n)
	for i := range n {
		for k := range n {
			sine[i*n+k] = math.Sqrt(2/float64(n+1)) * math.Sin(math.Pi*float64((i+1)*(k+1))/float64(n+1))
		}
	}
	target := make([]float64, n*n)
	for p := range target {
		target[p] = controlTarget(p/n+1, p%n+1, n)
	}
	product := func(a, b []float64) []float64 {
		c := make([]float64, n*n)
		for i := range n {
			for k := range n {
				for j := range n {
					c[i*n+j] += a[i*n+k] * b[k*n+j]
				}
			}
		}
		return c
	}
	hat := product(product(sine, target), sine)
	h := 2 / float64(n+1)
	sum := 0.0
	for p, v := range hat {
		i, j := p/n+1, p%n+1
		lambda := (4 - 2*math.Cos(math.Pi*float64(i)/float64(n+1)) - 2*math.Cos(math.Pi*float64(j)/float64(n+1))) / (h * h)
		weight := controlCost * lambda * lambda
		sum += v * v / 2 * weight / (1 + weight)
	}
	return sum
}

// TestControlOptimum compares with the optima that other authors' programs find.
func TestControlOptimum(t *testing.T) {
	for _, c := range []struct {
		n    int
		want float64
	}{{3, 9.64444205181163}, {10, 116.835219238151}, {30, 1040.7302353224}, {100, 7534.7805547}} {
		if got := sineOptimum(c.n); math.Abs(got-c.want) > 1e-8*c.want {
			t.Errorf("n = %d: %.15g, want %.15g", c.n, got, c.want)
		}
	}
}

// TestGenerateIsReproducible fixes the first and last numbers drawn.
func TestGenerateIsReproducible(t *testing.T) {
	p, err := GenerateLogistic(200, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := p.Functions.(*logistic)
	if got := m.x.(*denseSamples).At(0, 0); !close(got, -0.03426732, 1e-8) {
		t.Errorf("X_00 = %v", got)
	}
	q, err := GenerateLogistic(200, 20, 1)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := m.b[9], q.Functions.(*logistic).b[9]; a != b {
		t.Errorf("b_9 = %v and %v", a, b)
	}
}

func TestRefusals(t *testing.T) {
	x := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 2, 3, 4}}
	nan := &matrix.Dense{Rows: 2, Cols: 2, Data: []float64{1, 2, 3, math.NaN()}}
	fn := &matrix.Func{Rows: 2, Cols: 2}
	labels := []float64{1, -1}
	of := func(x matrix.Operator, labels []float64, a *matrix.Dense, b []float64) error {
		_, err := Logistic(x, labels, a, b)
		return err
	}
	control := func(n int) error { _, err := Control(n); return err }
	generate := func(n, d int) error { _, err := GenerateLogistic(n, d, 1); return err }
	sparse := func(perRow int) error { _, err := GenerateSparseLogistic(9, 5, perRow, 1); return err }
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"grid 0", control(0), solver.ErrInput},
		{"grid −3", control(-3), solver.ErrInput},
		{"grid 10⁶", control(1e6), solver.ErrTooLarge},
		{"grid 2⁶²", control(1 << 62), solver.ErrTooLarge},
		{"no samples", generate(0, 4), solver.ErrInput},
		{"no features", generate(4, 0), solver.ErrInput},
		{"large", generate(1<<40, 1<<40), solver.ErrTooLarge},
		{"long rows", sparse(6), solver.ErrInput},
		{"empty rows", sparse(0), solver.ErrInput},
		{"labels", of(x, labels[:1], nil, nil), solver.ErrDimension},
		{"zero label", of(x, []float64{1, 0}, nil, nil), solver.ErrInput},
		{"right-hand side", of(x, labels, x, labels[:1]), solver.ErrDimension},
		{"infinite right-hand side", of(x, labels, x, []float64{0, math.Inf(1)}), solver.ErrNonFinite},
		{"equations", of(x, labels, nan, labels), solver.ErrNonFinite},
		{"samples", of(nan, labels, nil, nil), solver.ErrNonFinite},
		{"an operator", of(fn, labels, nil, nil), solver.ErrUnsupported},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.err, c.want)
		}
	}
}

// TestSparseEqualsDense: the two carriers make the same problem.
func TestSparseEqualsDense(t *testing.T) {
	p, err := GenerateSparseLogistic(300, 23, 7, 9)
	if err != nil {
		t.Fatal(err)
	}
	m := p.Functions.(*logistic)
	dense, err := m.x.(sparseSamples).ToDense()
	if err != nil {
		t.Fatal(err)
	}
	q, err := Logistic(dense, m.labels, m.a, m.b)
	if err != nil {
		t.Fatal(err)
	}
	w := point(p, 6)
	_, column := p.HessianPattern()
	one, other := make([]float64, len(column)), make([]float64, len(column))
	y := ones(p.M)
	p.Hessian(w, 1, y, one)
	q.Hessian(w, 1, y, other)
	for k := range one {
		if !close(one[k], other[k], 1e-13) {
			t.Fatalf("entry %d: %v and %v", k, one[k], other[k])
		}
	}
}

func BenchmarkHessian(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() (*constrained.Problem, error)
	}{
		{"dense-1000x50", func() (*constrained.Problem, error) { return GenerateLogistic(1000, 50, 2) }},
		{"sparse-32561x123x14", func() (*constrained.Problem, error) { return GenerateSparseLogistic(32561, 123, 14, 1) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := c.make()
			if err != nil {
				b.Fatal(err)
			}
			_, column := p.HessianPattern()
			hessian, gradient := make([]float64, len(column)), make([]float64, p.N)
			values, jacobian := make([]float64, p.M), make([]float64, p.M*p.N)
			for b.Loop() {
				p.First(p.X0, values, gradient, jacobian)
				p.Hessian(p.X0, 1, p.Y0, hessian)
			}
		})
	}
}
