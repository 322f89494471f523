package verify

import (
	"math"
	"testing"

	"solve/matrix"
)

// The one-column lasso ½(2x−3)² + λ|x|, λ = ½: x* = 5.5/4.
func oneColumn() (*Fit, float64) {
	return &Fit{
		X: &matrix.Dense{Rows: 1, Cols: 1, Data: []float64{2}}, Y: []float64{3}, W: []float64{1},
		Loss: "squared", L1: []float64{0.5}, L2: []float64{0},
	}, 5.5 / 4
}

func TestFitAtOptimum(t *testing.T) {
	f, x := oneColumn()
	c, err := f.Certify([]float64{x}, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := 0.5*0.25*0.25 + 0.5*x
	if math.Abs(c.Objective-want) > 1e-15 || c.Gap > 1e-15 || c.KKT > 1e-15 {
		t.Errorf("objective %v (want %v), gap %v, KKT %v", c.Objective, want, c.Gap, c.KKT)
	}
	null, gradient, err := f.Null()
	if err != nil || null != 4.5 || gradient != 6 {
		t.Errorf("null objective %v, gradient %v: %v", null, gradient, err)
	}
}

// Away from the optimum the gap is at least the error.
func TestFitGapBoundsError(t *testing.T) {
	f, best := oneColumn()
	at, err := f.Certify([]float64{best}, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{0, 0.5, 1.2, 1.374, 1.376, 2, 10, -3} {
		c, err := f.Certify([]float64{x}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !(c.Gap >= c.Objective-at.Objective-1e-15) || c.KKT == 0 {
			t.Errorf("x = %v: gap %v, error %v, KKT %v", x, c.Gap, c.Objective-at.Objective, c.KKT)
		}
	}
}

// Dense, CSR and CSC, one answer at a time and several: the same certificates.
func TestFitForms(t *testing.T) {
	const n, p = 9, 7
	x := &matrix.Dense{Rows: n, Cols: p, Data: make([]float64, n*p)}
	for k := range x.Data {
		if k%3 != 1 {
			x.Data[k] = math.Sin(float64(k * k))
		}
	}
	csr, err := x.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	base := Fit{Loss: "logistic", Intercept: true, Y: make([]float64, n), W: make([]float64, n), L1: make([]float64, p), L2: make([]float64, p)}
	for i := range base.Y {
		base.Y[i], base.W[i] = float64(i%2), 1.0/n
	}
	for j := range base.L1 {
		base.L1[j], base.L2[j] = 0.05, 0.01
	}
	var answers [][]float64
	var fits []Fit
	x0 := make([]float64, 11)
	for k := range x0 {
		v := make([]float64, p)
		v[k%p], v[(k+3)%p] = 0.3, -0.1*float64(k)
		answers, x0[k] = append(answers, v), 0.1*float64(k)
	}
	var want []FitCertificate
	for _, form := range []any{x, csr, csr.ToCSC()} {
		f := base
		f.X = form
		fits = fits[:0]
		for range answers {
			fits = append(fits, f)
		}
		all, err := CertifyPath(fits, answers, x0)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = all
		}
		for k := range all {
			one, err := f.Certify(answers[k], x0[k])
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []FitCertificate{all[k], one} {
				if math.Abs(c.Gap-want[k].Gap) > 1e-14 || math.Abs(c.Objective-want[k].Objective) > 1e-14 || math.Abs(c.KKT-want[k].KKT) > 1e-14 {
					t.Errorf("%T, answer %d: %+v, want %+v", form, k, c, want[k])
				}
			}
			if !(all[k].Gap > 0) {
				t.Errorf("answer %d has gap %v", k, all[k].Gap)
			}
		}
	}
}

// Fenchel and Young: ℓ(η) + ℓ*(t) ≥ tη, with equality at t = ℓ′(η).
func TestPointLossesAreConjugate(t *testing.T) {
	for _, name := range []string{"squared", "huber", "smooth-huber", "logistic", "poisson", "sqhinge"} {
		l, ok := pointLosses(name, 0.7)
		if !ok {
			t.Fatal(name)
		}
		for _, y := range []float64{0, 1} {
			if name == "sqhinge" {
				y = 2*y - 1
			}
			for eta := -4.0; eta <= 4; eta += 0.37 {
				s := l.slope(eta, y)
				if d := l.value(eta, y) + l.conjugate(s, y) - s*eta; math.Abs(d) > 1e-13 {
					t.Errorf("%s at %v: equality is off by %v", name, eta, d)
				}
				for other := -4.0; other <= 4; other += 0.41 {
					s := l.slope(other, y)
					if d := l.value(eta, y) + l.conjugate(s, y) - s*eta; d < -1e-13 {
						t.Errorf("%s at %v, %v: inequality is off by %v", name, eta, other, d)
					}
				}
				h := 1e-6
				if d := (l.value(eta+h, y) - l.value(eta-h, y)) / (2 * h); math.Abs(d-s) > 1e-5 {
					t.Errorf("%s at %v: slope %v, difference quotient %v", name, eta, s, d)
				}
			}
		}
	}
	if _, ok := pointLosses("cubic", 0); ok {
		t.Error("an unknown loss is known")
	}
}

// A group that moves a little loses its certificate.
func TestGroupFit(t *testing.T) {
	// Orthonormal columns: x = (1 − λω/‖z‖)₊ z, z = Xᵀy/n.
	x := &matrix.Dense{Rows: 4, Cols: 2, Data: []float64{1, 1, 1, -1, -1, 1, -1, -1}}
	f := &Fit{X: x, Y: []float64{3, 1, -1, -3}, W: []float64{.25, .25, .25, .25}, Loss: "squared",
		L1: make([]float64, 2), L2: make([]float64, 2), Groups: [][]int32{{0, 1}}, GroupL2: []float64{0.5}}
	shrink := 1 - 0.5/math.Hypot(2, 1)
	c, err := f.Certify([]float64{2 * shrink, shrink}, 0)
	if err != nil || c.Gap > 1e-15 || c.KKT > 1e-14 {
		t.Errorf("at the optimum: %+v, %v", c, err)
	}
	c, err = f.Certify([]float64{2.2 * shrink, shrink}, 0)
	if err != nil || c.Gap < 1e-3 || c.KKT < 1e-2 {
		t.Errorf("beside it: %+v, %v", c, err)
	}
}

// Coefficients outside their bounds, or of columns that take no part, are no
// answers, however small the objective.
func TestFitInfeasible(t *testing.T) {
	bounded, x := oneColumn()
	bounded.Upper = []float64{1}
	bounded.Lower = []float64{0}
	excluded, _ := oneColumn()
	excluded.L1[0] = math.Inf(1)
	constant, _ := oneColumn()
	constant.ColumnScale = []float64{0}
	for name, f := range map[string]*Fit{"bounded": bounded, "excluded": excluded, "constant": constant} {
		for v, ok := range map[float64]bool{x: false, 0: name != "bounded", 1: name == "bounded"} {
			c, err := f.Certify([]float64{v}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.Certificates(1e-9, 4.5, 6)[0].OK; got != ok {
				t.Errorf("%s column, x = %v: accepted %v, want %v (%+v)", name, v, got, ok, c)
			}
		}
	}
}

// The Poisson loss of large counts is negative: a relative gap must not be.
func TestPoissonNullIsPositive(t *testing.T) {
	f := &Fit{
		X: &matrix.Dense{Rows: 3, Cols: 1, Data: []float64{1, -1, 0.5}}, Y: []float64{100, 50, 70}, W: []float64{1, 1, 1},
		Loss: "poisson", L1: []float64{0.1}, L2: []float64{0}, Intercept: true,
	}
	null, gradient, err := f.Null()
	if err != nil || !(null > 0) {
		t.Fatalf("null objective %v: %v", null, err)
	}
	c, err := f.Certify([]float64{0}, math.Log(220.0/3))
	if err != nil {
		t.Fatal(err)
	}
	if c.Objective > 0 {
		t.Errorf("objective %v: the test wants a negative one", c.Objective)
	}
	if cert := c.Certificates(1e-6, null, gradient)[0]; cert.OK || !(cert.Value > 0) {
		t.Errorf("zero is not optimal, but %+v", cert)
	}
}

// Columns that nothing penalises may depend on each other: at the least-squares
// solution the gap is rounding.
func TestFitDependentFreeColumns(t *testing.T) {
	data := []float64{1, 2, 3, 1, 2, 3, 4, 8, 1, -1, -2, 2, 0.5, 1, 5}
	f := &Fit{
		X: &matrix.Dense{Rows: 5, Cols: 3, Data: data}, Y: []float64{1, 0, 2, -1, 3}, W: []float64{1, 1, 1, 1, 1},
		Loss: "squared", L1: make([]float64, 3), L2: make([]float64, 3),
	}
	// Normal equations of the first and the last column.
	var a, b, d, p, q float64
	for i, y := range f.Y {
		u, v := data[3*i], data[3*i+2]
		a, b, d, p, q = a+u*u, b+u*v, d+v*v, p+u*y, q+v*y
	}
	det := a*d - b*b
	x := []float64{(d*p - b*q) / det, 0, (a*q - b*p) / det}
	for _, groups := range [][][]int32{nil, {{0, 2}, {1}}} {
		f.Groups, f.GroupL2 = groups, make([]float64, len(groups))
		c, err := f.Certify(x, 0)
		if err != nil || !(c.Gap >= 0 && c.Gap < 1e-14) {
			t.Errorf("groups %v: gap %v, KKT %v: %v", groups, c.Gap, c.KKT, err)
		}
	}
}

// The standard deviation of a column does not depend on how far it is from
// zero, and a target that the intercept fits perfectly leaves nothing to do.
func TestStandardizeFarFromZero(t *testing.T) {
	const n = 30
	near := &Fit{Y: make([]float64, n), L1: make([]float64, 1), L2: make([]float64, 1)}
	far := *near
	a, b := &matrix.Dense{Rows: n, Cols: 1}, &matrix.Dense{Rows: n, Cols: 1}
	for i := range n {
		v := float64(i*i%17) / 16
		a.Data, b.Data = append(a.Data, v), append(b.Data, v+1e6)
	}
	near.X, far.X = a, b
	for _, f := range []*Fit{near, &far} {
		f.ScaleWeights(nil, false)
		f.Standardize()
	}
	if s, want := far.ColumnScale[0], near.ColumnScale[0]; math.Abs(s-want) > 1e-9*want {
		t.Errorf("standard deviation %v, want %v", s, want)
	}
	for i := range near.Y {
		near.Y[i] = 0.1
	}
	near.Loss, near.Intercept, near.L1[0] = "squared", true, 1
	null, gradient, err := near.Null()
	if err != nil {
		t.Fatal(err)
	}
	c, err := near.Certify([]float64{0}, 0.1+1e-17)
	if err != nil || !c.Certificates(1e-12, null, gradient)[0].OK {
		t.Errorf("a perfect fit: null objective %v, %+v: %v", null, c, err)
	}
}
