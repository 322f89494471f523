package constrained

import (
	"errors"
	"math"
	"testing"

	"solve/solver"
)

// twisted is f = x³y + sin y subject to x² + y = 1, −y² free, with derivatives that
// can be bent.
type twisted struct{ gradient, jacobian, hessian float64 }

func (t twisted) Values(x, c []float64) float64 {
	c[0], c[1] = x[0]*x[0]+x[1], -x[1]*x[1]
	return x[0]*x[0]*x[0]*x[1] + math.Sin(x[1])
}

func (t twisted) First(x, c, g, j []float64) float64 {
	g[0], g[1] = 3*x[0]*x[0]*x[1]+t.gradient, x[0]*x[0]*x[0]+math.Cos(x[1])
	j[0], j[1], j[2] = 2*x[0], 1, -2*x[1]+t.jacobian
	return t.Values(x, c)
}

func (t twisted) Hessian(x []float64, sigma float64, y, h []float64) {
	h[0], h[1], h[2] = sigma*6*x[0]*x[1]+2*y[0], sigma*3*x[0]*x[0]+t.hessian, -sigma*math.Sin(x[1])-2*y[1]
}

func (twisted) JacobianPattern() ([]int64, []int32) { return []int64{0, 2, 3}, []int32{0, 1, 1} }
func (twisted) HessianPattern() ([]int64, []int32)  { return []int64{0, 1, 3}, []int32{0, 0, 1} }

func twistedProblem(t twisted) *Problem {
	return &Problem{N: 2, M: 2, X0: []float64{0.7, -0.3}, CLower: []float64{1, math.Inf(-1)}, CUpper: []float64{1, math.Inf(1)}, Functions: t}
}

// Right derivatives pass; each wrong one is named, and no other.
func TestCheckDerivatives(t *testing.T) {
	p := twistedProblem(twisted{})
	compared, wrong, err := CheckDerivatives(p, p.X0)
	if err != nil || len(wrong) > 0 || compared != 2*(1+2+2) {
		t.Errorf("%d compared, %v, %v", compared, wrong, err)
	}
	for _, tt := range []struct {
		bent  twisted
		first DerivativeError
	}{
		{twisted{gradient: 0.01}, DerivativeError{Row: -1, Col: 0}},
		{twisted{jacobian: 0.01}, DerivativeError{Row: 1, Col: 1}},
		{twisted{hessian: 0.01}, DerivativeError{Second: true, Row: 1, Col: 0}},
	} {
		p := twistedProblem(tt.bent)
		_, wrong, err := CheckDerivatives(p, p.X0)
		if err != nil || len(wrong) == 0 {
			t.Fatalf("%+v: %v, %v", tt.bent, wrong, err)
		}
		if w := wrong[0]; w.Second != tt.first.Second || w.Row != tt.first.Row || w.Col != tt.first.Col {
			t.Errorf("%+v: %+v", tt.bent, wrong)
		}
	}
	if _, _, err := CheckDerivatives(p, []float64{math.NaN(), 0}); !errors.Is(err, solver.ErrNonFinite) {
		t.Error(err)
	}
	if _, _, err := CheckDerivatives(p, []float64{1}); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}

func TestKKTMatrix(t *testing.T) {
	p := twistedProblem(twisted{})
	x, y := []float64{0.7, -0.3}, []float64{2, 5}
	k, err := KKTMatrix(p, x, y)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{
		{6*0.7*-0.3 + 4, 3 * 0.49, 1.4, 0},
		{3 * 0.49, -math.Sin(-0.3) - 10, 1, 0.6},
		{1.4, 1, 0, 0},
		{0, 0.6, 0, 0},
	}
	for i, row := range want {
		for j, v := range row {
			if math.Abs(k.At(i, j)-v) > 1e-14 {
				t.Errorf("(%d,%d) is %v, want %v", i, j, k.At(i, j), v)
			}
		}
	}
	if err := k.CheckSymmetric(); err != nil {
		t.Error(err)
	}
	if _, err := KKTMatrix(p, x, y[:1]); !errors.Is(err, solver.ErrDimension) {
		t.Error(err)
	}
}
