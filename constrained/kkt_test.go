package constrained

import (
	"context"
	"math"
	"testing"

	"solve/internal/rng"
	"solve/solver"
)

// linked has n variables, tridiagonal Hessians and m rows x_i + x_{i+1}² = 1: sparse
// enough for any order.
type linked struct{ n, m int }

func (t linked) Values(x, c []float64) float64 {
	f := 0.0
	for i, v := range x {
		f += v * v * v * v
		if i > 0 {
			f += v * x[i-1]
		}
	}
	for i := range c {
		c[i] = x[i] + x[i+1]*x[i+1]
	}
	return f
}

func (t linked) First(x, c, g, jac []float64) float64 {
	for i, v := range x {
		g[i] = 4 * v * v * v
		if i > 0 {
			g[i] += x[i-1]
		}
		if i+1 < t.n {
			g[i] += x[i+1]
		}
	}
	for i := range t.m {
		jac[2*i], jac[2*i+1] = 1, 2*x[i+1]
	}
	return t.Values(x, c)
}

func (t linked) Hessian(x []float64, sigma float64, y, h []float64) {
	at := 0
	for i, v := range x {
		if i > 0 {
			h[at] = sigma
			at++
		}
		h[at] = 12 * sigma * v * v
		if i > 0 && i <= t.m {
			h[at] += 2 * y[i-1]
		}
		at++
	}
}

func (t linked) JacobianPattern() (start []int64, column []int32) {
	start = []int64{0}
	for i := range t.m {
		column = append(column, int32(i), int32(i+1))
		start = append(start, int64(len(column)))
	}
	return start, column
}

func (t linked) HessianPattern() (start []int64, column []int32) {
	start = []int64{0}
	for i := range t.n {
		if i > 0 {
			column = append(column, int32(i-1))
		}
		column = append(column, int32(i))
		start = append(start, int64(len(column)))
	}
	return start, column
}

func linkedProblem(n, m int) *Problem {
	return &Problem{Name: "linked", N: n, M: m, X0: filled(n, 0.7), CLower: filled(m, 1), CUpper: filled(m, 1), Functions: linked{n, m}}
}

// The matrix holds every block where it belongs, and solutions solve its system,
// by the dense and by the sparse factorisation.
func TestKKTSystem(t *testing.T) {
	for _, n := range []int{3, 20, 300} {
		m := n / 2
		q := newProgram(linkedProblem(n, m), &Options{Settings: solver.Settings{Tol: 1e-8}})
		k, err := newKKT(q)
		if err != nil {
			t.Fatal(err)
		}
		pt, h := q.newPoint(), make([]float64, len(q.hesCol))
		q.start(pt.x)
		a, y := filled(n, 0.25), filled(m, 3)
		if !q.first(pt) || !q.hessian(pt.x, 1, y, h) {
			t.Fatal("not finite")
		}
		k.fill(h, pt.jac, a)
		s := rng.New(uint64(n))
		want, got, right := make([]float64, n+m), make([]float64, n+m), make([]float64, n+m)
		for i := range want {
			want[i] = s.Normal()
		}
		// K · want by the parts of the program.
		q.mulHessian(right[:n], h, want[:n])
		for j := range n {
			right[j] += a[j] * want[j]
		}
		q.addJacobianTrans(right[:n], pt.jac, want[n:])
		q.mulJacobian(right[n:], pt.jac, want[:n])
		for i := range m {
			right[n+i] -= 0.5 * want[n+i]
		}
		err = k.newton(context.Background(), 1, func(_ float64, e, b []float64) {
			for i := range e {
				e[i] = 0.5
			}
			copy(b, right)
		}, got)
		if err != nil || k.dw != 0 || k.dc != 0 {
			t.Fatalf("order %d: %v, shifts %g, %g", n+m, err, k.dw, k.dc)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Fatalf("order %d: entry %d is %g, want %g", n+m, i, got[i], want[i])
			}
		}
	}
}

// An indefinite Hessian is shifted until the inertia is right, dependent rows get
// a shift of their own.
func TestShifts(t *testing.T) {
	p := write("", []float64{1, 1}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
		c := x[0].add(x[1])
		return x[0].mul(x[1]).times(5), []jet{c, c.times(2)}
	})
	q := newProgram(p, &Options{Settings: solver.Settings{Tol: 1e-8}})
	k, err := newKKT(q)
	if err != nil {
		t.Fatal(err)
	}
	pt, h, x := q.newPoint(), make([]float64, 3), make([]float64, 4)
	q.start(pt.x)
	q.first(pt)
	q.hessian(pt.x, 1, zeros(2), h)
	system := func(_ float64, e, right []float64) {
		clear(e)
		for i := range right {
			right[i] = 1
		}
	}
	k.fill(h, pt.jac, nil)
	if err := k.newton(context.Background(), 1, system, x); err != nil {
		t.Fatal(err)
	}
	if k.dc != rowShift || !(k.dw > 5) { // Zᵀ∇²f Z = −5 on the null space of the rows
		t.Errorf("shifts %g, %g", k.dw, k.dc)
	}
	last := k.dw
	k.fill(h, pt.jac, nil)
	if err := k.newton(context.Background(), 1, system, x); err != nil || k.dw > last {
		t.Errorf("again: %v, shift %g after %g", err, k.dw, last)
	}
	h[0] = math.NaN()
	k.fill(h, pt.jac, nil)
	if err := k.newton(context.Background(), 1, system, x); err != errNoStep {
		t.Errorf("NaN: %v", err)
	}
}

// Least-squares multipliers make ∇f + ∇cᵀy orthogonal to the rows; for dependent
// rows the shortest have equal shares.
func TestMultipliers(t *testing.T) {
	p := write("", []float64{1, 2, 3}, zeros(2), zeros(2), nil, nil, func(x []jet) (jet, []jet) {
		c := x[0].add(x[1], x[2])
		return x[0].sq().add(x[1].times(4)), []jet{c, c}
	})
	q := newProgram(p, &Options{Settings: solver.Settings{Tol: 1e-8}})
	k, err := newKKT(q)
	if err != nil {
		t.Fatal(err)
	}
	pt, y := q.newPoint(), zeros(2)
	q.start(pt.x)
	q.first(pt)
	ok, err := k.minimumNorm(context.Background(), pt.g, pt.jac, nil, 1e-10, y)
	if err != nil || !ok || math.Abs(y[0]+1) > 1e-12 || math.Abs(y[1]+1) > 1e-12 { // −(2+4+0)/3 in equal shares
		t.Errorf("%v, %v, %v", y, ok, err)
	}
	if ok, err = k.leastSquares(context.Background(), pt.g, pt.jac, nil, y); err != nil || !ok || math.Abs(y[0]+y[1]+2) > 1e-6 {
		t.Errorf("%v, %v, %v", y, ok, err)
	}
	if r := q.rank(pt.jac, nil); r != 1 {
		t.Errorf("rank %d", r)
	}
}

// A larger problem takes the sparse factorisation through a whole run.
func TestSparseRun(t *testing.T) {
	for _, m := range []string{Auto, IPM} {
		solved(t, linkedProblem(400, 150), &Options{Method: m})
	}
}

// Iterations allocate nothing beyond what the filter grows by.
func TestIterationsAllocateNothing(t *testing.T) {
	p := linkedProblem(40, 15)
	allocations := func(iterations int) float64 {
		opt := &Options{Method: IPM, Settings: solver.Settings{MaxIter: iterations}}
		return testing.AllocsPerRun(5, func() {
			if r, _ := Solve(context.Background(), p, opt); r == nil || r.Stats.Iterations != iterations {
				t.Fatal("ended early")
			}
		})
	}
	if few, many := allocations(3), allocations(9); many > few+3 {
		t.Errorf("%g allocations in 3 iterations, %g in 9", few, many)
	}
}
