package linsys

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

// rowsOf builds a matrix from rows of numbers.
func rowsOf(t testing.TB, rows ...[]float64) *matrix.CSR {
	t.Helper()
	d := &matrix.Dense{Rows: len(rows), Cols: len(rows[0]), Data: slices.Concat(rows...)}
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// poisson is the 3-, 5- or 7-point Laplacian.
func poisson(t testing.TB, nx, ny, nz int) *matrix.CSR {
	t.Helper()
	s := &matrix.Stencil{Nx: nx, Ny: ny, Nz: nz, Centre: 2, X: -1, Y: -1, Z: -1}
	if ny > 1 {
		s.Centre += 2
	}
	if nx > 1 {
		s.Centre += 2
	}
	a, err := s.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func diagonal(t testing.TB, d ...float64) *matrix.CSR {
	t.Helper()
	rows := make([][]float64, len(d))
	for i := range d {
		rows[i] = make([]float64, len(d))
		rows[i][i] = d[i]
	}
	return rowsOf(t, rows...)
}

func normals(seed uint64, n int) []float64 {
	s := rng.New(seed)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

// randomDense is r×c with independent normal entries.
func randomDense(seed uint64, r, c int) *mat.Dense { return mat.NewDense(r, c, normals(seed, r*c)) }

// randomSPD is G Gᵀ/n + I/10.
func randomSPD(seed uint64, n int) *mat.Dense {
	g := randomDense(seed, n, n)
	var a mat.Dense
	a.Mul(g, g.T())
	a.Scale(1/float64(n), &a)
	for i := range n {
		a.Set(i, i, a.At(i, i)+0.1)
	}
	symmetrise(&a)
	return &a
}

// randomSymmetric is indefinite.
func randomSymmetric(seed uint64, n int) *mat.Dense {
	a := randomDense(seed, n, n)
	symmetrise(a)
	return a
}

func symmetrise(a *mat.Dense) {
	n, _ := a.Dims()
	for i := range n {
		for j := range i {
			a.Set(i, j, a.At(j, i))
		}
	}
}

// operatorOf shares the numbers of a gonum matrix.
func operatorOf(a *mat.Dense) *matrix.Dense {
	r, c := a.Dims()
	return &matrix.Dense{Rows: r, Cols: c, Data: a.RawMatrix().Data}
}

// denseSolve is the slow reference: LU, or QR for a tall matrix.
func denseSolve(t testing.TB, a *mat.Dense, b []float64) []float64 {
	t.Helper()
	var x mat.VecDense
	if err := x.SolveVec(a, mat.NewVecDense(len(b), b)); err != nil {
		t.Fatal(err)
	}
	return x.RawVector().Data
}

func norm2(x []float64) float64 {
	s := 0.0
	for _, t := range x {
		s += t * t
	}
	return math.Sqrt(s)
}

func distance(x, y []float64) float64 {
	s := 0.0
	for i := range x {
		s = math.Hypot(s, x[i]-y[i])
	}
	return s
}

// trueResidual is ‖b − A x‖ in plain loops.
func trueResidual(a matrix.Operator, b, x []float64) float64 {
	r := make([]float64, len(b))
	a.MulVecTo(r, false, x)
	return distance(b, r)
}

func newSystem(a matrix.Operator, b []float64) *system {
	_, cols := a.Dims()
	return &system{a: a, b: b, x: make([]float64, cols), tol: 1e-8, maxIter: 1000, threads: 1, directions: 1}
}

// jacobi is D⁻¹.
type jacobi []float64

func newJacobi(a interface{ At(i, j int) float64 }, n int) jacobi {
	d := make(jacobi, n)
	for i := range d {
		d[i] = 1 / a.At(i, i)
	}
	return d
}

func (d jacobi) Apply(z, r []float64) {
	for i, t := range r {
		z[i] = d[i] * t
	}
}

// mapping is a function as a preconditioner.
type mapping func(z, r []float64)

func (f mapping) Apply(z, r []float64) { f(z, r) }

var squareMethods = map[string]method{
	"cg": cg, "fcg": fcg, "minres": minres, "gmres": gmres, "bicgstab": bicgstab,
	"lsmr": lsmr, "lsqr": lsqr, "dpcg": deflatedCG,
}

// needs tells which matrices a method is for.
func needs(name string) (definite, symmetric bool) {
	switch name {
	case "cg", "fcg", "dpcg":
		return true, true
	case "minres":
		return false, true
	}
	return false, false
}

// solved checks a claim of tolerance against b − A x in plain loops.
func solved(t *testing.T, name string, s *system, out outcome) {
	t.Helper()
	if out.reason != solver.Tolerance {
		t.Errorf("%s: %s after %d iterations, relative residual %.3g: %s", name, out.reason, out.iterations, out.residual, out.breakdown)
		return
	}
	honest(t, name, s, out)
}

// honest checks that the outcome's residual is that of x, and that tolerance
// is claimed only where it is met.
func honest(t *testing.T, name string, s *system, out outcome) {
	t.Helper()
	for _, v := range s.x {
		if !finite(v) {
			t.Fatalf("%s: x has a %g", name, v)
		}
	}
	normB := norm2(s.b)
	if normB == 0 {
		return
	}
	rho := trueResidual(s.a, s.b, s.x) / normB
	if math.Abs(rho-out.residual) > 1e-6*rho+1e-14 {
		t.Errorf("%s: residual %.6g is reported, x has %.6g", name, out.residual, rho)
	}
	leastSquares := out.optimality == out.optimality
	if out.reason == solver.Tolerance && !leastSquares && rho*normB > max(s.tol*normB, s.atol)*(1+1e-6) {
		t.Errorf("%s: tolerance claimed at relative residual %.3g", name, rho)
	}
}

func TestMethodsAgainstDenseSolve(t *testing.T) {
	for name, run := range squareMethods {
		definite, symmetric := needs(name)
		for seed := range uint64(6) {
			n := 5 + int(seed)*17
			kinds := []*mat.Dense{randomSPD(seed, n)}
			if !definite {
				kinds = append(kinds, randomSymmetric(seed, n))
			}
			if !symmetric {
				kinds = append(kinds, randomDense(seed, n, n))
			}
			for _, a := range kinds {
				b := normals(seed+100, n)
				for _, preconditioned := range []bool{false, true} {
					s := newSystem(operatorOf(a), b)
					s.tol, s.maxIter = 1e-11, 50*n
					s.x = normals(seed+7, n)
					if preconditioned {
						d := newJacobi(a, n)
						for i := range d {
							d[i] = math.Min(math.Abs(d[i]), 10)
						}
						s.m = d
					}
					out := run(context.Background(), s)
					solved(t, name, s, out)
					want := denseSolve(t, a, b)
					if d := distance(s.x, want); d > 1e-6*norm2(want) {
						t.Errorf("%s, n = %d, preconditioned %v: x is off by %.3g, ‖x‖ = %.3g", name, n, preconditioned, d, norm2(want))
					}
				}
			}
		}
	}
}

func TestZeroRightHandSide(t *testing.T) {
	for name, run := range squareMethods {
		s := newSystem(poisson(t, 1, 1, 9), make([]float64, 9))
		s.x = normals(1, 9)
		out := run(context.Background(), s)
		if out.reason != solver.Tolerance || out.iterations != 0 || norm2(s.x) != 0 || out.residual != 0 {
			t.Errorf("%s: %s after %d iterations, ‖x‖ = %g", name, out.reason, out.iterations, norm2(s.x))
		}
	}
}

func TestGoodStartNeedsNoIteration(t *testing.T) {
	for name, run := range squareMethods {
		s := newSystem(poisson(t, 1, 1, 5), []float64{1, 1, 1, 1, 1})
		s.x = []float64{2.5, 4, 4.5, 4, 2.5}
		out := run(context.Background(), s)
		if out.reason != solver.Tolerance || out.iterations != 0 || s.x[2] != 4.5 {
			t.Errorf("%s: %s after %d iterations", name, out.reason, out.iterations)
		}
	}
}

// A preconditioner that returns NaN at its third call leaves a finite x that
// is no worse than the start, and no claim.
func TestNaNOfPreconditionerIsNoticed(t *testing.T) {
	for name, run := range squareMethods {
		if name == "lsmr" || name == "lsqr" {
			continue // take none
		}
		s := newSystem(poisson(t, 1, 20, 20), normals(3, 400))
		calls := 0
		s.m = mapping(func(z, r []float64) {
			copy(z, r)
			if calls++; calls >= 3 {
				z[17] = math.NaN()
			}
		})
		out := run(context.Background(), s)
		honest(t, name, s, out)
		if out.reason != solver.EvaluationError || out.breakdown == "" || out.residual > 1 {
			t.Errorf("%s: %s (%q), relative residual %g", name, out.reason, out.breakdown, out.residual)
		}
	}
}

func TestIterationLimit(t *testing.T) {
	for name, run := range squareMethods {
		for _, limit := range []int{0, 1, 3} {
			s := newSystem(poisson(t, 1, 20, 20), normals(3, 400))
			s.maxIter = limit
			out := run(context.Background(), s)
			honest(t, name, s, out)
			if out.reason != solver.IterationLimit || out.iterations != limit {
				t.Errorf("%s: %s after %d iterations of %d", name, out.reason, out.iterations, limit)
			}
		}
	}
}

func TestRecordStopsARun(t *testing.T) {
	enough := errors.New("enough")
	for name, run := range squareMethods {
		s := newSystem(poisson(t, 1, 20, 20), normals(3, 400))
		last := 0
		s.record = func(iter int, recursive, truth float64) error {
			if iter != last+1 || !(recursive > 0) {
				t.Errorf("%s: iteration %d after %d, residual %g", name, iter, last, recursive)
			}
			if last = iter; iter == 4 {
				return enough
			}
			return nil
		}
		out := run(context.Background(), s)
		honest(t, name, s, out)
		if out.reason != solver.Interrupted || !errors.Is(out.err, enough) || out.iterations != 4 {
			t.Errorf("%s: %s after %d iterations, %v", name, out.reason, out.iterations, out.err)
		}
	}
}

func TestContextStopsARun(t *testing.T) {
	for name, run := range squareMethods {
		for _, limited := range []bool{false, true} {
			ctx, cancel := context.WithCancelCause(context.Background())
			cause, want := context.Canceled, solver.Interrupted
			if limited {
				cause, want = context.DeadlineExceeded, solver.TimeLimit
			}
			s := newSystem(poisson(t, 1, 20, 20), normals(3, 400))
			s.record = func(iter int, _, _ float64) error {
				if iter == 5 {
					cancel(cause)
				}
				return nil
			}
			out := run(ctx, s)
			honest(t, name, s, out)
			if out.reason != want || out.err == nil || out.iterations != 5 {
				t.Errorf("%s: %s after %d iterations, %v", name, out.reason, out.iterations, out.err)
			}
			cancel(nil)
		}
	}
}

func TestNoAllocationInAnIteration(t *testing.T) {
	if underRace {
		t.Skip("allocates by itself")
	}
	for name, run := range squareMethods {
		a := poisson(t, 1, 40, 50)
		for _, m := range []Preconditioner{nil, newJacobi(a, 2000)} {
			s := newSystem(a, normals(5, 2000))
			s.tol, s.m, s.restart, s.directions, s.normA = 0, m, 10, 3, 8
			s.memory = 12 * 8 * 2000 // cycles can't get longer
			if m != nil {
				s.flexible, s.memory = true, 2*s.memory
			}
			work := func(iterations int) float64 {
				return testing.AllocsPerRun(3, func() {
					s.maxIter = iterations
					clear(s.x)
					if out := run(context.Background(), s); out.iterations != iterations {
						t.Fatalf("%s: %d iterations of %d: %s", name, out.iterations, iterations, out.breakdown)
					}
				})
			}
			work(80)
			if few, many := work(20), work(80); few != many {
				t.Errorf("%s: %g allocations in 20 iterations, %g in 80", name, few, many)
			}
		}
	}
}

// On two threads, of a matrix that is multiplied on both.
func TestNoAllocationOnThreads(t *testing.T) {
	if underRace {
		t.Skip("allocates by itself")
	}
	a := poisson(t, 1, 200, 200)
	s := newSystem(a.Parallel(2), normals(5, 40000))
	s.tol, s.m, s.normA, s.threads = 0, newJacobi(a, 40000), 8, 2
	work := func(iterations int) float64 {
		return testing.AllocsPerRun(2, func() {
			s.maxIter = iterations
			clear(s.x)
			cg(context.Background(), s)
		})
	}
	work(20)
	if few, many := work(5), work(20); few != many {
		t.Errorf("%g allocations in 5 iterations, %g in 20", few, many)
	}
}

func TestSameBitsOnAnyNumberOfThreads(t *testing.T) {
	a := poisson(t, 1, 220, 220)
	n := 220 * 220
	for name, run := range squareMethods {
		var first []float64
		for _, threads := range []int{1, 2, 3} {
			s := newSystem(a.Parallel(threads), normals(5, n))
			s.m, s.threads, s.maxIter, s.directions = newJacobi(a, n), threads, 12, 2
			out := run(context.Background(), s)
			if out.iterations != 12 {
				t.Fatalf("%s: %d iterations: %s", name, out.iterations, out.breakdown)
			}
			if first == nil {
				first = s.x
			} else if !slices.Equal(first, s.x) {
				t.Errorf("%s: %d threads give other bits than one", name, threads)
			}
		}
	}
}

// A right-hand side near the ends of the range.
func TestExtremeRightHandSide(t *testing.T) {
	a := poisson(t, 1, 6, 6)
	for name, run := range squareMethods {
		want := newSystem(a, normals(7, 36))
		wanted := run(context.Background(), want)
		for _, k := range []int{-1000, -600, 600, 1010} {
			s := newSystem(a, normals(7, 36))
			for i := range s.b {
				s.b[i] = math.Ldexp(s.b[i], k)
			}
			out := run(context.Background(), s)
			if out.reason != solver.Tolerance || out.iterations != wanted.iterations || math.Abs(out.residual-wanted.residual) > 1e-12 {
				t.Errorf("%s, scaled by 2^%d: %s after %d iterations, relative residual %g", name, k, out.reason, out.iterations, out.residual)
			}
			for i, v := range s.x {
				if e := math.Ldexp(want.x[i], k); math.Abs(v-e) > 1e-9*math.Abs(e) {
					t.Fatalf("%s, scaled by 2^%d: x[%d] = %g, want %g", name, k, i, v, e)
				}
			}
		}
	}
	s := newBlockSystem(a, 8, 3)
	for i := range s.b {
		if i%3 == 1 {
			s.b[i] = math.Ldexp(s.b[i], -1000)
		}
	}
	for j, out := range blockCG(context.Background(), s) {
		if out.reason != solver.Tolerance {
			t.Errorf("column %d: %s", j, out.reason)
		}
	}
}
