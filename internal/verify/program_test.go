package verify

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"solve/matrix"
	"solve/solver"
)

var inf = math.Inf(1)

// jacobian is the one whose rows are given.
func jacobian(t *testing.T, n int, rows ...[]float64) *matrix.CSR {
	t.Helper()
	d := &matrix.Dense{Rows: len(rows), Cols: n}
	for _, r := range rows {
		d.Data = append(d.Data, r...)
	}
	a, err := d.ToCSR()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// hs71 are the values of problem 71 of Hock and Schittkowski at x.
func hs71(t *testing.T, x []float64) Values {
	a, b, c, d := x[0], x[1], x[2], x[3]
	return Values{
		Objective:   a*d*(a+b+c) + c,
		Gradient:    []float64{d*(a+b+c) + a*d, a * d, a*d + 1, a * (a + b + c)},
		Constraints: []float64{a * b * c * d, a*a + b*b + c*c + d*d},
		Jacobian:    jacobian(t, 4, []float64{b * c * d, a * c * d, a * b * d, a * b * c}, []float64{2 * a, 2 * b, 2 * c, 2 * d}),
	}
}

var hs71Limits = Program{
	Lower: []float64{1, 1, 1, 1}, Upper: []float64{5, 5, 5, 5},
	CLower: []float64{25, 40}, CUpper: []float64{inf, 40},
}

// The published solution of HS71 passes at its nine digits; every entry of x and
// of y, changed by a tenth, fails.
func TestProgramHS71(t *testing.T) {
	x := []float64{1, 4.742999637, 3.821149979, 1.379408294}
	y := []float64{-0.5522936599, 0.1614685670}
	c, err := hs71Limits.Certify(x, y, hs71(t, x))
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(c.Objective-17.0140172891520) > 1e-7 {
		t.Errorf("objective %.12g", c.Objective)
	}
	if !meets(c.Certificates(1e-7)) || meets(c.Certificates(1e-14)) {
		t.Errorf("%+v", c)
	}
	for k := range 6 {
		u, w := slices.Clone(x), slices.Clone(y)
		if k < 4 {
			u[k] *= 1.1
		} else {
			w[k-4] *= 1.1
		}
		if c, err = hs71Limits.Certify(u, w, hs71(t, u)); err != nil || meets(c.Certificates(1e-4)) {
			t.Errorf("entry %d changed: %+v, %v", k, c, err)
		}
	}
}

func meets(certs []solver.Certificate) bool {
	return !slices.ContainsFunc(certs, func(c solver.Certificate) bool { return !c.OK })
}

// line is min g·x with one variable between limits.
func line(t *testing.T, x, g, lower, upper float64) ProgramCertificate {
	t.Helper()
	c, err := Program{Lower: []float64{lower}, Upper: []float64{upper}}.Certify([]float64{x}, nil, Values{Objective: g * x, Gradient: []float64{g}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// One variable: what its multiplier counts as.
func TestProgramBounds(t *testing.T) {
	tests := []struct {
		x, g, lower, upper                 float64
		dual, violation, complement, bound float64
	}{
		{2, 0, -inf, inf, 0, 0, 0, 0},           // nothing to object to
		{2, 3, -inf, inf, 3, 0, 0, 0},           // a slope without a bound
		{2, 3, 2, inf, 0, 0, 0, 0},              // held by its lower bound
		{2, -3, 2, inf, 3, 0, 0, 0},             // the lower bound does not stop it
		{2, -3, -inf, 2, 0, 0, 0, 0},            // held by its upper bound
		{2.25, 3, 2, inf, 0, 0, 0.75, 0},        // off the bound: complementarity
		{9, 3, 2, inf, 3, 0, 0, 0},              // far off: dual infeasibility
		{1.75, 3, 2, inf, 0, 0, 0.75, 0.25},     // outside
		{2, 3, 2, 2, 0, 0, 0, 0},                // fixed: any slope will do
		{2, -3, 2, 2, 0, 0, 0, 0},               //
		{2.25, 3, 2, 2, 0, 0, 0, 0.25},          // fixed elsewhere
		{2, -3, -5, 10, 3, 0, 0, 0},             // two bounds, neither near
		{10, -3, -5, 10, 0, 0, 0, 0},            // at the right one
		{-5, -3, -5, 10, 3, 0, 0, 0},            // at the wrong one
		{math.NaN(), 3, 2, inf, nan, 0, 0, nan}, // NaN is never fine
	}
	for _, tt := range tests {
		c := line(t, tt.x, tt.g, tt.lower, tt.upper)
		got := []float64{c.DualInfeasibility, c.ConstraintViolation, c.Complementarity, c.BoundViolation}
		for k, want := range []float64{tt.dual, tt.violation, tt.complement, tt.bound} {
			if got[k] != want && !(math.IsNaN(got[k]) && math.IsNaN(want)) {
				t.Errorf("x %v, slope %v in [%v, %v]: %v, want %v at %d", tt.x, tt.g, tt.lower, tt.upper, got, want, k)
			}
		}
	}
}

var nan = math.NaN()

// A constraint's multiplier has the sign of the limit that it pushes against, and
// whatever is not a number fails.
func TestProgramConstraints(t *testing.T) {
	limits := func(lo, hi float64) Program {
		return Program{Lower: []float64{-inf}, Upper: []float64{inf}, CLower: []float64{lo}, CUpper: []float64{hi}}
	}
	// min g x subject to lo ≤ x ≤ hi as a constraint: ∇L = g + y.
	certify := func(p Program, x, g, y float64) ProgramCertificate {
		c, err := p.Certify([]float64{x}, []float64{y}, Values{Objective: g * x, Gradient: []float64{g}, Constraints: []float64{x}, Jacobian: jacobian(t, 1, []float64{1})})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		lo, hi, x, g, y float64
		ok              bool
	}{
		{1, inf, 1, 2, -2, true},
		{-inf, 1, 1, -2, 2, true},
		{1, inf, 1, -2, 2, false}, // a lower limit cannot hold what rises
		{-inf, 1, 1, 2, -2, false},
		{1, 1, 1, 2, -2, true}, // an equation holds both
		{1, 1, 1, -2, 2, true},
		{0, 3, 2, 2, -2, false}, // between the limits
		{0, 3, 0, 2, -2, true},
		{0, 3, 3, -2, 2, true},
		{0, 3, 3, 0, 0, true},
		{0, 3, 4, 0, 0, false},
		{0, 3, 2, nan, 0, false},
		{0, 3, 2, 0, nan, false},
		{0, 3, nan, 0, 0, false},
		{0, 3, inf, 0, 0, false},
		{-inf, inf, 2, 0, 1, false}, // a free row has no multiplier
	} {
		if c := certify(limits(tt.lo, tt.hi), tt.x, tt.g, tt.y); meets(c.Certificates(1e-8)) != tt.ok {
			t.Errorf("%+v: %+v", tt, c)
		}
	}
	if c := certify(limits(1, 1), 1.001, 2, -2); c.Complementarity != 0 || c.DualInfeasibility != 0 || c.ConstraintViolation == 0 {
		t.Errorf("an equation that is off: %+v", c)
	}
	v := Values{Objective: nan, Gradient: []float64{0}}
	if c, _ := (Program{Lower: []float64{-inf}, Upper: []float64{inf}}).Certify([]float64{0}, nil, v); meets(c.Certificates(1)) {
		t.Error("an objective that is no number passes")
	}
}

// The tolerance of the dual infeasibility grows with the gradient, no other does.
func TestProgramTolerances(t *testing.T) {
	for _, c := range (ProgramCertificate{GradientNorm: 1e6}).Certificates(1e-8) {
		want := 1e-8
		if c.Name == "dual_infeasibility" {
			want = 1e-2
		}
		if math.Abs(c.Tol-want) > 1e-12*want {
			t.Errorf("%s: tolerance %g", c.Name, c.Tol)
		}
	}
	// Each number alone decides, and at its tolerance.
	for k, c := range []ProgramCertificate{{DualInfeasibility: 1}, {ConstraintViolation: 1}, {BoundViolation: 1}, {Complementarity: 1}} {
		for i, cert := range c.Certificates(1) {
			if !cert.OK || cert.Value != map[bool]float64{true: 1}[i == k] {
				t.Errorf("%s: %+v", cert.Name, cert)
			}
		}
		if meets(c.Certificates(0.999)) {
			t.Errorf("%+v passes", c)
		}
	}
}

func TestProgramDimensions(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	v := hs71(t, x)
	for _, bad := range [][2][]float64{{x[:3], {0, 0}}, {x, {0}}, {x, nil}} {
		if _, err := hs71Limits.Certify(bad[0], bad[1], v); !errors.Is(err, solver.ErrDimension) {
			t.Errorf("%d, %d: %v", len(bad[0]), len(bad[1]), err)
		}
	}
}

// Random strictly convex quadratics with bounds and rows, made around a point and
// multipliers that satisfy the conditions exactly: it passes at rounding level,
// and every single change of x or y fails.
func TestProgramRandomQuadratics(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 1))
	for range 100 {
		n, m := 2+r.IntN(5), 1+r.IntN(4)
		p := Program{Lower: make([]float64, n), Upper: make([]float64, n), CLower: make([]float64, m), CUpper: make([]float64, m)}
		x, y, z := make([]float64, n), make([]float64, m), make([]float64, n)
		for j := range x {
			x[j] = 1 + 2*r.Float64()
			if p.Lower[j], p.Upper[j], z[j] = side(r, x[j]); j == 0 { // a free one, or else the multipliers are not unique
				p.Lower[j], p.Upper[j], z[j] = -inf, inf, 0
			}
		}
		rows := make([][]float64, m)
		value := make([]float64, m)
		for i := range rows {
			rows[i] = make([]float64, n)
			for j := range rows[i] {
				rows[i][j] = 0.5 + r.Float64()
				value[i] += rows[i][j] * x[j]
			}
			var w float64
			p.CLower[i], p.CUpper[i], w = side(r, value[i])
			y[i] = -w
		}
		at := func(u []float64) Values {
			v := Values{Gradient: make([]float64, n), Constraints: make([]float64, m), Jacobian: jacobian(t, n, rows...)}
			for j := range u { // ∇f = z − Aᵀy + 2(u − x)
				v.Gradient[j] = z[j] + 2*(u[j]-x[j])
				for i := range rows {
					v.Gradient[j] -= y[i] * rows[i][j]
				}
			}
			for i := range rows {
				for j := range u {
					v.Constraints[i] += rows[i][j] * u[j]
				}
			}
			return v
		}
		c, err := p.Certify(x, y, at(x))
		if err != nil || !meets(c.Certificates(1e-12)) {
			t.Fatalf("%+v, %v", c, err)
		}
		for k := range n + m {
			u, w := slices.Clone(x), slices.Clone(y)
			if k < n {
				u[k] += 0.1
			} else {
				w[k-n] += 0.1
			}
			if c, err := p.Certify(u, w, at(u)); err != nil || meets(c.Certificates(1e-3)) {
				t.Fatalf("entry %d changed: %+v, %v", k, c, err)
			}
		}
	}
}

// side draws limits around a value and a multiplier that fits them.
func side(r *rand.Rand, value float64) (lower, upper, z float64) {
	switch r.IntN(4) {
	case 0:
		return value, inf, 1 + r.Float64()
	case 1:
		return -inf, value, -1 - r.Float64()
	case 2:
		return value - 5, value + 5, 0
	}
	return -inf, inf, 0
}

// Proofs that nothing is feasible, and vectors that prove nothing.
func TestContradiction(t *testing.T) {
	type row struct {
		a      []float64
		lo, hi float64
	}
	free := [2]float64{-inf, inf}
	tests := []struct {
		name   string
		bounds [][2]float64
		rows   []row
		u      []float64
		want   bool
	}{
		{"x+y = 1 and x+y = 2", [][2]float64{free, free}, []row{{[]float64{1, 1}, 1, 1}, {[]float64{1, 1}, 2, 2}}, []float64{1, -1}, true},
		{"the other way round", [][2]float64{free, free}, []row{{[]float64{1, 1}, 1, 1}, {[]float64{1, 1}, 2, 2}}, []float64{-1, 1}, true},
		{"the wrong combination", [][2]float64{free, free}, []row{{[]float64{1, 1}, 1, 1}, {[]float64{1, 1}, 2, 2}}, []float64{1, 1}, false},
		{"the same row twice", [][2]float64{free, free}, []row{{[]float64{1, 1}, 1, 1}, {[]float64{1, 1}, 1, 1}}, []float64{1, -1}, false},
		{"x+y ≥ 3 in the unit square", [][2]float64{{0, 1}, {0, 1}}, []row{{[]float64{1, 1}, 3, inf}}, []float64{1}, true},
		{"x+y ≥ 2 in the unit square", [][2]float64{{0, 1}, {0, 1}}, []row{{[]float64{1, 1}, 2, inf}}, []float64{1}, false},
		{"x−y ≤ −1, x ≥ 0, y ≤ ½", [][2]float64{{0, inf}, {-inf, 0.5}}, []row{{[]float64{1, -1}, -inf, -1}}, []float64{1}, true},
		{"x−y ≤ −1, x ≥ 0", [][2]float64{{0, inf}, free}, []row{{[]float64{1, -1}, -inf, -1}}, []float64{1}, false},
		{"no limit on that side", [][2]float64{{0, 1}}, []row{{[]float64{1}, -inf, 3}}, []float64{1}, false},
		{"0 = 1", [][2]float64{free}, []row{{[]float64{0}, 1, 1}}, []float64{1}, true},
		{"0 = 0", [][2]float64{free}, []row{{[]float64{0}, 0, 0}}, []float64{1}, false},
		{"nothing", [][2]float64{free}, []row{{[]float64{0}, 1, 1}}, []float64{0}, false},
		{"not a number", [][2]float64{free}, []row{{[]float64{0}, 1, 1}}, []float64{nan}, false},
	}
	for _, tt := range tests {
		n := len(tt.bounds)
		var p Program
		x := make([]float64, n)
		for j, b := range tt.bounds {
			p.Lower, p.Upper = append(p.Lower, b[0]), append(p.Upper, b[1])
			x[j] = 0.25 * float64(j+1)
		}
		var rows [][]float64
		v := Values{Gradient: make([]float64, n)}
		for _, r := range tt.rows {
			p.CLower, p.CUpper = append(p.CLower, r.lo), append(p.CUpper, r.hi)
			rows = append(rows, r.a)
			value := 0.0
			for j := range x {
				value += r.a[j] * x[j]
			}
			v.Constraints = append(v.Constraints, value)
		}
		v.Jacobian = jacobian(t, n, rows...)
		for _, shift := range []float64{0, 100, -100} { // any point will do
			for i, r := range tt.rows {
				for j := range x {
					v.Constraints[i] += r.a[j] * shift
				}
			}
			for j := range x {
				x[j] += shift
			}
			kernel, gap := p.Contradiction(tt.u, x, v)
			if Contradicts(kernel, gap) != tt.want {
				t.Errorf("%s, at %v: kernel %g, gap %g", tt.name, x, kernel, gap)
			}
		}
	}
}

func TestCrossedBound(t *testing.T) {
	p := hs71Limits
	if k := p.CrossedBound(); k != -1 {
		t.Errorf("%d", k)
	}
	p.Lower, p.CUpper = []float64{1, 5, 1, 1}, []float64{25, 40} // fixed, not crossed
	if k := p.CrossedBound(); k != -1 {
		t.Errorf("%d", k)
	}
	p.CUpper = hs71Limits.CUpper
	p.CLower = []float64{25, 41}
	if k := p.CrossedBound(); k != 5 {
		t.Errorf("%d, want the second constraint", k)
	}
	p.Lower = []float64{1, 1, 6, 1}
	if k := p.CrossedBound(); k != 2 {
		t.Errorf("%d, want the third variable", k)
	}
}

// f = −x² + y² with y = 0 as a constraint falls along (1, 0) and along no other
// direction that keeps the constraint.
func TestDescent(t *testing.T) {
	p := Program{Lower: []float64{0, -inf}, Upper: []float64{inf, inf}, CLower: []float64{0}, CUpper: []float64{0}}
	at := func(x []float64) (Values, error) {
		return Values{
			Objective: -x[0]*x[0] + x[1]*x[1], Gradient: []float64{-2 * x[0], 2 * x[1]},
			Constraints: []float64{x[1]}, Jacobian: jacobian(t, 2, []float64{0, 1}),
		}, nil
	}
	for _, tt := range []struct {
		d  []float64
		ok bool
	}{{[]float64{1, 0}, true}, {[]float64{0, 0}, false}, {[]float64{-1, 0}, false}, {[]float64{1, 0.5}, false}, {[]float64{1, nan}, false}} {
		violation, end, err := p.Descent([]float64{0, 0}, tt.d, at)
		if err != nil {
			t.Fatal(err)
		}
		if ok := violation <= 1e-8 && end < -1e10; ok != tt.ok {
			t.Errorf("along %v: violation %g, at the end %g", tt.d, violation, end)
		}
	}
	ending := func(x []float64) (Values, error) {
		v, err := at(x)
		if x[0] > 1e5 {
			v.Objective = nan
		}
		return v, err
	}
	if _, end, err := p.Descent([]float64{0, 0}, []float64{1, 0}, ending); err != nil || !math.IsInf(end, 1) {
		t.Errorf("f that ends: %g, %v", end, err)
	}
	failing := func([]float64) (Values, error) { return Values{}, solver.ErrUnsupported }
	if _, _, err := p.Descent([]float64{0, 0}, []float64{1, 0}, failing); !errors.Is(err, solver.ErrUnsupported) {
		t.Error(err)
	}
}

// The multipliers of HS71's bounds follow from the others; each one changed shows.
func TestBoundMultipliers(t *testing.T) {
	x, y := []float64{1, 4.742999637, 3.821149979, 1.379408294}, []float64{-0.5522936599, 0.1614685670}
	v, z := hs71(t, x), []float64{1.087871231, 0, 0, 0}
	if far := hs71Limits.BoundMultipliers(y, z, v); far > 1e-7 {
		t.Errorf("%g", far)
	}
	for j := range z {
		w := slices.Clone(z)
		w[j] += 0.1
		if far := hs71Limits.BoundMultipliers(y, w, v); far < 1e-3 {
			t.Errorf("z%d changed: %g", j+1, far)
		}
	}
	free := hs71Limits
	free.Lower, free.Upper = []float64{-inf, 1, 1, 1}, []float64{inf, 5, 5, 5}
	if far := free.BoundMultipliers(y, []float64{0, 0, 0, 0}, v); far > 1e-7 {
		t.Errorf("a variable without bounds: %g", far)
	}
}

// A ray proves nothing from a point that is not feasible, nor where it leaves a limit
// whose terms are small beside the point.
func TestDescentNeedsFeasiblePoints(t *testing.T) {
	p := Program{Lower: []float64{-inf, -inf}, Upper: []float64{inf, inf}, CLower: []float64{-inf}, CUpper: []float64{1}}
	row := []float64{0, 1e-3}
	at := func(x []float64) (Values, error) {
		return Values{
			Objective: -x[0] - x[1], Gradient: []float64{-1, -1},
			Constraints: []float64{row[0]*x[0] + row[1]*x[1]}, Jacobian: jacobian(t, 2, row),
		}, nil
	}
	for _, tt := range []struct {
		row, x, d []float64
		ok        bool
	}{
		{[]float64{0, 1}, []float64{1e10, 1}, []float64{1, 0}, true},
		{[]float64{0, 1}, []float64{1e10, 2}, []float64{1, 0}, false},
		{[]float64{1e-17, 1}, []float64{1e10, 0}, []float64{1, 0}, false},
	} {
		row = tt.row
		violation, end, err := p.Descent(tt.x, tt.d, at)
		if err != nil {
			t.Fatal(err)
		}
		if ok := violation <= 1e-8 && end < 0; ok != tt.ok {
			t.Errorf("%v from %v: violation %g, at the end %g", tt.row, tt.x, violation, end)
		}
	}
}

// Multipliers of 1e10 that cancel leave more than a tolerance to rounding, but a
// wrong multiplier is still seen.
func TestBoundMultipliersOfLargeTerms(t *testing.T) {
	p := Program{Lower: []float64{0}, Upper: []float64{inf}, CLower: []float64{0, 0}, CUpper: []float64{0, 0}}
	v := Values{Gradient: []float64{1}, Constraints: []float64{0, 0}, Jacobian: jacobian(t, 1, []float64{3}, []float64{-3})}
	y := []float64{1e10, 1e10}
	if far := p.BoundMultipliers(y, []float64{1 + 1e-6}, v); far != 0 {
		t.Errorf("rounding counts: %g", far)
	}
	if far := p.BoundMultipliers(y, []float64{1.1}, v); far < 0.09 {
		t.Errorf("%g for a multiplier that is off by 0.1", far)
	}
	if far := p.BoundMultipliers(y, []float64{nan}, v); far == far {
		t.Errorf("%g for NaN", far)
	}
}
