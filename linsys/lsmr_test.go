package linsys

import (
	"context"
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

var leastSquaresMethods = map[string]method{"lsmr": lsmr, "lsqr": lsqr, "sketched": sketched}

// gradient is ‖Aᵀ(b − A x) − λ²x‖ in plain loops.
func gradient(a matrix.Operator, b, x []float64, damp float64) float64 {
	r, g := make([]float64, len(b)), make([]float64, len(x))
	a.MulVecTo(r, false, x)
	for i := range r {
		r[i] = b[i] - r[i]
	}
	a.MulVecTo(g, true, r)
	for j := range g {
		g[j] -= damp * damp * x[j]
	}
	return norm2(g)
}

func TestLeastSquaresOfThreeRows(t *testing.T) {
	a := rowsOf(t, []float64{1, 0}, []float64{0, 1}, []float64{1, 1})
	for name, run := range leastSquaresMethods {
		s := newSystem(a, []float64{1, 1, 1})
		s.tol = 1e-12
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if distance(s.x, []float64{2. / 3, 2. / 3}) > 1e-12 || math.Abs(out.residual-1./3) > 1e-12 || !(out.optimality <= 1e-12) {
			t.Errorf("%s: x = %v, relative residual %g, optimality %g", name, s.x, out.residual, out.optimality)
		}
	}
}

// Tall, wide and square systems against QR; the wide ones for least norm,
// with equal columns so that scaling doesn't change it.
func TestLeastSquaresAgainstQR(t *testing.T) {
	for name, run := range leastSquaresMethods {
		for seed, shape := range [][2]int{{60, 10}, {41, 40}, {30, 30}, {200, 7}} {
			r, c := shape[0], shape[1]
			a := randomDense(uint64(seed), r, c)
			for j := range c { // columns of very different lengths
				for i := range r {
					a.Set(i, j, a.At(i, j)*math.Pow(10, float64(j%5)))
				}
			}
			b := normals(uint64(seed)+50, r)
			s := newSystem(operatorOf(a), b)
			s.tol, s.maxIter = 1e-13, 3000
			s.x = normals(3, c)
			out := run(context.Background(), s)
			honest(t, name, s, out)
			want := denseSolve(t, a, b)
			for j := range want {
				if math.Abs(s.x[j]-want[j]) > 1e-7*(math.Abs(want[j])+norm2(want)*math.Pow(10, float64(-j%5))) {
					t.Errorf("%s, %d×%d: x[%d] = %g, want %g (%s)", name, r, c, j, s.x[j], want[j], out.reason)
					break
				}
			}
		}
	}
}

func TestLeastNorm(t *testing.T) {
	a := randomDense(61, 12, 40)
	for j := range 40 {
		col := mat.NewVecDense(12, mat.Col(nil, j, a))
		col.ScaleVec(1/mat.Norm(col, 2), col)
		a.SetCol(j, col.RawVector().Data)
	}
	b := normals(62, 12)
	var gram mat.Dense
	gram.Mul(a, a.T())
	y := mat.NewVecDense(12, denseSolve(t, &gram, b))
	var want mat.VecDense
	want.MulVec(a.T(), y)
	for _, name := range []string{"lsmr", "lsqr"} {
		s := newSystem(operatorOf(a), b)
		s.tol = 1e-12
		out := leastSquaresMethods[name](context.Background(), s)
		solved(t, name, s, out)
		if d := distance(s.x, want.RawVector().Data); d > 1e-9 {
			t.Errorf("%s: off the solution of least norm by %g", name, d)
		}
	}
}

// Damping solves (AᵀA + λ²I) x = Aᵀb, from any start.
func TestDampedLeastSquares(t *testing.T) {
	for name, run := range leastSquaresMethods {
		for _, shape := range [][2]int{{50, 8}, {8, 20}} {
			r, c := shape[0], shape[1]
			if name == "sketched" && r < c {
				continue
			}
			a := randomDense(63, r, c)
			b := normals(64, r)
			const damp = 1.5
			var normal mat.Dense
			normal.Mul(a.T(), a)
			for j := range c {
				normal.Set(j, j, normal.At(j, j)+damp*damp)
			}
			var rhs mat.VecDense
			rhs.MulVec(a.T(), mat.NewVecDense(r, b))
			want := denseSolve(t, &normal, rhs.RawVector().Data)
			s := newSystem(operatorOf(a), b)
			s.damp, s.tol, s.x = damp, 1e-12, normals(65, c)
			out := run(context.Background(), s)
			if out.reason != solver.Tolerance {
				t.Errorf("%s: %s", name, out.reason)
			}
			if d := distance(s.x, want); d > 1e-8*norm2(want) {
				t.Errorf("%s, %d×%d: off by %g", name, r, c, d)
			}
			if rho := trueResidual(s.a, b, s.x) / norm2(b); math.Abs(rho-out.residual) > 1e-10 {
				t.Errorf("%s: relative residual %g is reported, is %g", name, out.residual, rho)
			}
		}
	}
}

// Columns that are empty get x_j = 0; equal ones share.
func TestLeastSquaresRankDeficient(t *testing.T) {
	a := rowsOf(t, []float64{1, 0, 1}, []float64{2, 0, 2}, []float64{0, 0, 0}, []float64{-1, 0, -1}, []float64{1, 0, 1},
		[]float64{1, 0, 1}, []float64{2, 0, 2}, []float64{0, 0, 0}, []float64{-1, 0, -1}, []float64{1, 0, 1},
		[]float64{1, 0, 1}, []float64{2, 0, 2})
	b := normals(66, 12)
	for name, run := range leastSquaresMethods {
		s := newSystem(a, b)
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if s.x[1] != 0 || math.Abs(s.x[0]-s.x[2]) > 1e-12 {
			t.Errorf("%s: x = %v", name, s.x)
		}
		if (name == "sketched") != (out.breakdown != "") {
			t.Errorf("%s: %q", name, out.breakdown)
		}
	}
}

// A b that is orthogonal to the range is solved by x = 0 at once.
func TestLeastSquaresOrthogonalRightHandSide(t *testing.T) {
	a := rowsOf(t, []float64{1, 0}, []float64{0, 1}, []float64{0, 0})
	for name, run := range leastSquaresMethods {
		s := newSystem(a, []float64{0, 0, 3})
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if out.iterations != 0 || norm2(s.x) != 0 || out.residual != 1 {
			t.Errorf("%s: x = %v after %d iterations, relative residual %g", name, s.x, out.iterations, out.residual)
		}
	}
}

// Operators without entries are neither scaled nor sketched.
func TestLeastSquaresOfFunc(t *testing.T) {
	d := operatorOf(randomDense(67, 30, 9))
	f := &matrix.Func{
		Rows: 30, Cols: 9,
		Mul:      func(dst, x []float64) { d.MulVecTo(dst, false, x) },
		MulTrans: func(dst, x []float64) { d.MulVecTo(dst, true, x) },
	}
	b := normals(68, 30)
	for name, run := range leastSquaresMethods {
		s := newSystem(f, b)
		s.tol = 1e-10
		out := run(context.Background(), s)
		solved(t, name, s, out)
		if g := gradient(d, b, s.x, 0); g > 1e-9*norm2(b)*10 {
			t.Errorf("%s: gradient %g", name, g)
		}
	}
}

// LSMR's gradient decreases, LSQR's residual does, and both end at the same x.
func TestLeastSquaresMonotone(t *testing.T) {
	r, c := 80, 25
	a := operatorOf(randomDense(69, r, c))
	b := normals(70, r)
	ends := map[string][]float64{}
	for _, name := range []string{"lsmr", "lsqr"} {
		last := math.Inf(1)
		for k := 1; k <= 20; k++ {
			s := newSystem(a, b)
			s.maxIter = k
			out := leastSquaresMethods[name](context.Background(), s)
			value := trueResidual(a, b, s.x)
			if name == "lsmr" {
				value = scaledGradient(a, b, s.x)
			}
			if value > last*(1+1e-9) {
				t.Errorf("%s: grows from %g to %g at iteration %d (%s)", name, last, value, k, out.reason)
			}
			last = value
		}
		s := newSystem(a, b)
		s.tol = 1e-12
		leastSquaresMethods[name](context.Background(), s)
		ends[name] = s.x
	}
	if d := distance(ends["lsmr"], ends["lsqr"]); d > 1e-9*norm2(ends["lsqr"]) {
		t.Errorf("lsmr and lsqr differ by %g", d)
	}
}

// scaledGradient is ‖D Aᵀr‖ with D⁻¹ the columns' lengths: what LSMR of the
// scaled columns minimises.
func scaledGradient(a *matrix.Dense, b, x []float64) float64 {
	r, g := make([]float64, len(b)), make([]float64, len(x))
	a.MulVecTo(r, false, x)
	for i := range r {
		r[i] = b[i] - r[i]
	}
	a.MulVecTo(g, true, r)
	for j, q := range columnSquares(a) {
		g[j] /= math.Sqrt(q)
	}
	return norm2(g)
}

// The residual and the gradient that the processes carry are the true ones.
func TestLeastSquaresCarriedResidual(t *testing.T) {
	a := operatorOf(randomDense(71, 60, 20))
	b := normals(72, 60)
	for _, name := range []string{"lsmr", "lsqr"} {
		for k := 1; k < 15; k++ {
			s := newSystem(a, b)
			s.maxIter = k
			carried := 0.0
			s.record = func(_ int, recursive, _ float64) error { carried = recursive; return nil }
			out := leastSquaresMethods[name](context.Background(), s)
			if math.Abs(carried-out.residual) > 1e-11 {
				t.Errorf("%s, iteration %d: %.14g is carried, %.14g is true", name, k, carried, out.residual)
			}
		}
	}
}

// Some 35 iterations whatever the condition number.
func TestSketchAndPrecondition(t *testing.T) {
	r, c := 3000, 40
	for _, decades := range []float64{1, 6, 10} {
		a := randomDense(73, r, c)
		mix := randomDense(74, c, c)
		for j := range c {
			for i := range c {
				mix.Set(i, j, mix.At(i, j)*math.Pow(10, -decades*float64(i)/float64(c-1)))
			}
		}
		var bad mat.Dense
		bad.Mul(a, mix)
		b := normals(75, r)
		s := newSystem(operatorOf(&bad), b)
		s.tol, s.maxIter = 1e-12, 200
		out := sketched(context.Background(), s)
		honest(t, "sketched", s, out)
		ours, qr := gradient(s.a, b, s.x, 0), gradient(s.a, b, denseSolve(t, &bad, b), 0)
		if out.reason == solver.Tolerance && out.iterations > 40 || out.reason != solver.Tolerance && !(out.reason == solver.AtRoundoff && ours < 3*qr) {
			t.Errorf("κ = 1e%g: %s after %d iterations, gradient %g, %g by QR", decades, out.reason, out.iterations, ours, qr)
		}
	}
}

func TestSketchWithinMemory(t *testing.T) {
	s := newSystem(operatorOf(randomDense(76, 100, 10)), normals(77, 100))
	s.memory = 1000
	out := sketched(context.Background(), s)
	solved(t, "sketched", s, out)
	if out.breakdown == "" {
		t.Error("no word about the sketch that was left out")
	}
	if sketchable(39, 10) || !sketchable(40, 10) || sketchable(1<<20, sketchColumns+1) || sketchable(5, 0) {
		t.Error("sketchable is wrong")
	}
}

// Random sparse tall matrices of any rank: tolerance or rounding, never a
// claim that isn't met.
func TestLeastSquaresRandom(t *testing.T) {
	for seed := range uint64(30) {
		random := rng.New(seed)
		r, c := 1+random.Below(40), 1+random.Below(20)
		d := matrix.Dense{Rows: r, Cols: c, Data: make([]float64, r*c)}
		for i := range d.Data {
			if random.Below(4) == 0 {
				d.Data[i] = random.Normal()
			}
		}
		a, err := d.ToCSR()
		if err != nil {
			t.Fatal(err)
		}
		b := normals(seed+500, r)
		for name, run := range leastSquaresMethods {
			s := newSystem(a, b)
			out := run(context.Background(), s)
			solved(t, name, s, out)
			frobenius := norm2(a.Val)
			rest := trueResidual(a, b, s.x)
			if g := gradient(a, b, s.x, 0); rest > 1.01e-8*norm2(b) && g > 1.01e-8*frobenius*rest {
				t.Errorf("%s, seed %d, %d×%d: gradient %g, residual %g", name, seed, r, c, g, rest)
			}
		}
	}
}
