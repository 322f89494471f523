package verify

import (
	"math"
	"testing"

	"solve/matrix"
)

func rowsOf(r, c int, v ...float64) (LinearSystem, *matrix.Dense) {
	d := &matrix.Dense{Rows: r, Cols: c, Data: v}
	return LinearSystem{Rows: r, Cols: c, A: DenseRows(d)}, d
}

func TestLinearByHand(t *testing.T) {
	s, d := rowsOf(2, 2, 3, -4, 0, 2)
	s.B = []float64{3, 4}
	c, err := Linear(s, []float64{1, 1}) // A x = (−1, 2), r = (4, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "relative residual", c.RelativeResidual, math.Sqrt(20)/5, 1e-14)
	near(t, "backward error", c.BackwardError, 4/(7*1+4.0), 1e-14)
	near(t, "componentwise", c.Componentwise, 4/(7+3.0), 1e-14)
	if !math.IsNaN(c.Optimality) {
		t.Errorf("optimality %g of a system", c.Optimality)
	}
	sparse, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	s.A = SparseRows(sparse)
	again, err := Linear(s, []float64{1, 1})
	if err != nil || again.RelativeResidual != c.RelativeResidual || again.BackwardError != c.BackwardError {
		t.Errorf("sparse rows give %+v, dense ones %+v (%v)", again, c, err)
	}
}

// Rows (1,0), (0,1), (1,1) and b = 1: x = (2/3, 2/3), ‖r‖ = 1/√3.
func TestLeastSquaresByHand(t *testing.T) {
	s, _ := rowsOf(3, 2, 1, 0, 0, 1, 1, 1)
	s.B, s.LeastSquares = []float64{1, 1, 1}, true
	c, err := Linear(s, []float64{2. / 3, 2. / 3})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "relative residual", c.RelativeResidual, 1./3, 1e-14)
	if c.Optimality > 1e-15 {
		t.Errorf("optimality %g at the optimum", c.Optimality)
	}
	for _, cert := range c.Certificates(1e-8, 0) {
		if !cert.OK {
			t.Errorf("%s is not ok at the optimum", cert.Name)
		}
	}
	off, _ := Linear(s, []float64{0.7, 2. / 3})
	if ok := off.Certificates(1e-8, 0); ok[1].OK {
		t.Errorf("optimality %g passes", off.Optimality)
	}
	// With λ = 1 the optimum solves (AᵀA + I) x = Aᵀb: x = 2/4 each.
	s.Damp = 1
	if c, _ = Linear(s, []float64{.5, .5}); c.Optimality > 1e-15 {
		t.Errorf("damped optimality %g at the optimum", c.Optimality)
	}
}

func TestLinearExtremes(t *testing.T) {
	for _, scale := range []float64{1e-200, 1e-150, 1e150} {
		s, _ := rowsOf(2, 2, scale, 0, 0, scale)
		s.B = []float64{scale, scale}
		c, err := Linear(s, []float64{1, 1.5})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "relative residual", c.RelativeResidual, .5/math.Sqrt2, 1e-14)
	}
	s, _ := rowsOf(1, 1, 1)
	s.B = []float64{0}
	if c, _ := Linear(s, []float64{0}); c.RelativeResidual != 0 || c.BackwardError != 0 || c.Componentwise != 0 {
		t.Errorf("0 = 0 gives %+v", c)
	}
	c, _ := Linear(s, []float64{math.NaN()})
	for _, cert := range c.Certificates(1e-8, 0)[:1] {
		if cert.OK {
			t.Errorf("NaN passes as %s %g", cert.Name, cert.Value)
		}
	}
	if _, err := Linear(s, nil); err == nil {
		t.Error("no x passes")
	}
}

func TestAbsoluteTolerance(t *testing.T) {
	s, _ := rowsOf(1, 1, 1)
	s.B = []float64{1e-6}
	c, _ := Linear(s, []float64{0})
	if c.Certificates(1e-8, 0)[0].OK || !c.Certificates(1e-8, 1e-5)[0].OK {
		t.Error("an absolute tolerance has no say")
	}
}

// The path Laplacian has the constants for kernel, and (1,0,0) is no image.
func TestNullVector(t *testing.T) {
	s, _ := rowsOf(3, 3, 1, -1, 0, -1, 2, -1, 0, -1, 1)
	s.B = []float64{1, 0, 0}
	kernel, defect := NullVector(s, []float64{1, 1, 1})
	near(t, "defect", defect, 1/math.Sqrt(3), 1e-14)
	if kernel != 0 {
		t.Errorf("‖A z‖ = %g", kernel)
	}
	s.B = []float64{1, 0, -1}
	if _, defect = NullVector(s, []float64{1, 1, 1}); defect != 0 {
		t.Errorf("defect %g of a consistent system", defect)
	}
}

func TestProjectConstants(t *testing.T) {
	s, _ := rowsOf(4, 4, 1, -1, 0, 0, -1, 1, 0, 0, 0, 0, 1, -1, 0, 0, -1, 1)
	b := []float64{3, 1, 5, 5}
	s.ProjectConstants(b)
	for i, want := range []float64{1, -1, 0, 0} {
		near(t, "projected", b[i], want, 1e-15)
	}
}

// Neither tiny nor huge numbers hide that x is no least-squares solution.
func TestLeastSquaresExtremes(t *testing.T) {
	for _, scale := range []float64{1e-300, 1e-165, 1e-100, 1e100, 1e165, 1e300} {
		s, _ := rowsOf(3, 2, scale, 2*scale, 3*scale, 4*scale, 5*scale, 6*scale)
		s.B, s.LeastSquares = []float64{scale, 0, 0}, true
		c, err := Linear(s, []float64{0, 0})
		if err != nil {
			t.Fatal(err)
		}
		near(t, "optimality", c.Optimality, math.Sqrt(5)/math.Sqrt(91), 1e-12)
	}
}
