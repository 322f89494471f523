package problems

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// marginalError is the largest relative error of a row or column sum.
func marginalError(e Entropic) float64 {
	worst := 0.0
	columns := make([]float64, len(e.B))
	for i, ai := range e.A {
		row := 0.0
		for j, p := range e.Plan.Row(i) {
			row += p
			columns[j] += p
		}
		worst = max(worst, math.Abs(row-ai)/ai)
	}
	for j, bj := range e.B {
		worst = max(worst, math.Abs(columns[j]-bj)/bj)
	}
	return worst
}

// stationarity is the largest violation of the optimality condition: log P +
// C/ε is a sum u_i + v_j, so its mixed second differences vanish.
func stationarity(e Entropic) float64 {
	z := func(i, j int) float64 { return math.Log(e.Plan.At(i, j)) + e.Cost.At(i, j)/e.Reg }
	worst := 0.0
	for i := range e.A {
		for j := range e.B {
			size := 1 + math.Abs(z(i, j)) + e.Cost.At(i, j)/e.Reg
			worst = max(worst, math.Abs(z(i, j)+z(0, 0)-z(i, 0)-z(0, j))/size)
		}
	}
	return worst
}

func checkOptimal(t rapid.TB, e Entropic) {
	t.Helper()
	if m := marginalError(e); !(m < 1e-13) {
		t.Errorf("%s: marginals off by %g", e.Name, m)
	}
	if s := stationarity(e); !(s < 1e-13) {
		t.Errorf("%s: not stationary: %g", e.Name, s)
	}
}

// Feasible and stationary is optimal, the problem being strictly convex.
func TestPlansAreOptimal(t *testing.T) {
	for _, e := range EntropicOracles() {
		if e.Plan == nil {
			continue
		}
		checkOptimal(t, e)
		checkOptimal(t, e.Transposed())
		checkOptimal(t, e.Scaled(7.5))
		rows := []int{0} // the first point split in two, the rest backwards
		for i := len(e.A) - 1; i >= 0; i-- {
			rows = append(rows, i)
		}
		checkOptimal(t, e.RowsPicked(rows))
	}
}

func TestTwoByTwoIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SliceOfN(rapid.Float64Range(-10, 10), 4, 4).Draw(t, "cost")
		a1 := rapid.Float64Range(0.01, 0.99).Draw(t, "a1")
		b1 := rapid.Float64Range(0.01, 0.99).Draw(t, "b1")
		eps := math.Exp(rapid.Float64Range(-2, 6).Draw(t, "log eps"))
		checkOptimal(t, TwoByTwo([4]float64(c), a1, b1, eps))
	})
}

func TestSwapValues(t *testing.T) {
	for eps, want := range map[float64]float64{0.1: 4.5397868702434395e-05, 0.01: 3.7200759760208356e-44} {
		for _, e := range []Entropic{Swap(eps), TwoByTwo([4]float64{0, 1, 1, 0}, 0.5, 0.5, eps)} {
			if math.Abs(e.TransportCost-want) > 1e-14*want {
				t.Errorf("%s, eps %g: cost %v, want %v", e.Name, eps, e.TransportCost, want)
			}
		}
	}
}

// The values were computed by an independent Sinkhorn iteration on the same
// discretisation.
func TestGaussiansValues(t *testing.T) {
	for _, want := range []struct{ eps, cost, kl float64 }{
		{1, 0.713694538575979, 0.388814348317177},
		{0.1, 0.339218940641788, 1.401916819105317},
	} {
		e := Gaussians(0, 1, 0.5, 0.8, want.eps)
		if len(e.A) != 181 {
			t.Errorf("%d points, want 181", len(e.A))
		}
		if math.Abs(e.TransportCost-want.cost) > 1e-14 || math.Abs(e.KL-want.kl) > 1e-14 {
			t.Errorf("eps %g: cost %.15f, KL %.15f, want %.15f, %.15f", want.eps, e.TransportCost, e.KL, want.cost, want.kl)
		}
	}
}

// The discrete problem has the continuous values: plain Sinkhorn in the log
// domain, slow and independent of the solvers, agrees with the formula.
func TestGaussiansBySinkhorn(t *testing.T) {
	e := Gaussians(0, 1, 0.5, 0.8, 1)
	n := len(e.A)
	f, g := make([]float64, n), make([]float64, n)
	logSum := func(weight []float64, exponent func(k int) float64) float64 {
		top := math.Inf(-1)
		for k := range weight {
			top = max(top, exponent(k))
		}
		sum := 0.0
		for k, w := range weight {
			sum += w * math.Exp(exponent(k)-top)
		}
		return top + math.Log(sum)
	}
	for range 60 {
		for i := range f {
			f[i] = -logSum(e.B, func(j int) float64 { return g[j] - e.Cost.At(i, j)/e.Reg })
		}
		for j := range g {
			g[j] = -logSum(e.A, func(i int) float64 { return f[i] - e.Cost.At(i, j)/e.Reg })
		}
	}
	cost, kl := 0.0, 0.0
	for i := range f {
		for j := range g {
			z := f[i] + g[j] - e.Cost.At(i, j)/e.Reg
			p := e.A[i] * e.B[j] * math.Exp(z)
			cost += p * e.Cost.At(i, j)
			kl += p * z
		}
	}
	if math.Abs(cost-e.TransportCost) > 1e-13 || math.Abs(kl-e.KL) > 1e-13 {
		t.Errorf("Sinkhorn gives cost %.15f, KL %.15f, the formula %.15f, %.15f", cost, kl, e.TransportCost, e.KL)
	}
}

func TestInvariancesKeepValues(t *testing.T) {
	e := TwoByTwo([4]float64{3, 1, -2, 4}, 0.2, 0.7, 0.5)
	again := func(x Entropic) Entropic { return known(x.Name, x.A, x.B, x.Cost, x.Reg, x.Plan) }
	for _, x := range []Entropic{
		e.Scaled(3),
		e.Shifted([]float64{2, -1}, []float64{0.5, 4}),
		e.Transposed(),
		e.RowsPicked([]int{1, 0}),
		e.RowsPicked([]int{0, 1, 1, 0, 1}),
	} {
		checkOptimal(t, x)
		y := again(x)
		if math.Abs(x.TransportCost-y.TransportCost) > 1e-14*(1+math.Abs(y.TransportCost)) || math.Abs(x.KL-y.KL) > 1e-14 {
			t.Errorf("%s: values %v, %v, but the plan has %v, %v", x.Name, x.TransportCost, x.KL, y.TransportCost, y.KL)
		}
	}
	if e.Cost.At(0, 0) != 3 || e.A[0] != 0.2 {
		t.Error("a map changed its input")
	}
}
