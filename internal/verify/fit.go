package verify

import (
	"fmt"
	"math"

	"solve/solver"
)

// Fit is min P(x) = Σ w_i ℓ(X_i x + x₀ + o_i; y_i) + Ω(x̃), x̃_j = s_j x_j, with
// Ω = Σ L1_j|x̃_j| + L2_j x̃_j²/2 over the box Lower ≤ x ≤ Upper, or with groups
// Σ_g GroupL2_g‖x̃_g‖₂ beside them.
type Fit struct {
	X         any       // *matrix.Dense, *matrix.CSR or *matrix.CSC
	Y         []float64 // as the loss takes them
	W         []float64 // weights as scaled
	Offset    []float64 // nil = zeros
	Loss      string    // name of package loss
	Delta     float64
	Intercept bool

	L1, L2       []float64 // p; L1_j = +Inf leaves column j out
	Lower, Upper []float64 // p or nil
	ColumnScale  []float64 // s; nil = ones; 0 leaves column j out
	Groups       [][]int32
	GroupL2      []float64

	Threads int
}

// FitCertificate is what Certify found.
type FitCertificate struct {
	Objective float64 // P
	Gap       float64 // P − D ≥ P − P*, absolute; NaN where no dual point is known
	KKT       float64 // largest distance of −∇ to the subdifferential of the penalty, in x̃
	Margin    float64 // smallest L1_j − |∇_j| of a zero coefficient; +Inf without one
}

func (f *Fit) offset(i int) float64 {
	if f.Offset == nil {
		return 0
	}
	return f.Offset[i]
}

func (f *Fit) scale(j int) float64 {
	if f.ColumnScale == nil {
		return 1
	}
	return f.ColumnScale[j]
}

func (f *Fit) bounds(j int) (lo, hi float64) {
	lo, hi = math.Inf(-1), math.Inf(1)
	if f.Lower != nil {
		lo = f.Lower[j] * f.scale(j)
	}
	if f.Upper != nil {
		hi = f.Upper[j] * f.scale(j)
	}
	return lo, hi
}

// absent tells whether column j takes no part.
func (f *Fit) absent(j int) bool { return math.IsInf(f.L1[j], 1) || f.scale(j) == 0 }

// Null returns P at x = 0 with the intercept fitted, and the largest |X̃_jᵀθ|
// there: what tolerances are relative to. Where bounds leave 0 out it is the
// loss at the feasible x nearest to it, which no weight of the penalty changes.
// P is counted from the loss of a perfect fit, which is 0 but for the Poisson
// loss, where P itself may be 0 or negative.
func (f *Fit) Null() (objective, gradient float64, err error) {
	l, ok := pointLosses(f.Loss, f.Delta)
	if !ok {
		return 0, 0, fmt.Errorf("verify: loss %q: %w", f.Loss, solver.ErrUnsupported)
	}
	x0 := 0.0
	if f.Intercept {
		x0 = f.nullIntercept(l)
	}
	x := make([]float64, len(f.L1))
	for j := range x {
		if f.Lower != nil {
			x[j] = math.Max(x[j], f.Lower[j])
		}
		if f.Upper != nil {
			x[j] = math.Min(x[j], f.Upper[j])
		}
	}
	r := f.evaluate(l, x, x0)
	for j, c := range f.transposedAll([][]float64{r.theta})[0] {
		if !f.absent(j) {
			gradient = math.Max(gradient, math.Abs(c)/f.scale(j))
		}
	}
	return math.Max(r.loss-f.Saturated(), f.noise()), gradient, nil
}

// noise is what rounding may leave of P where the predictor fits perfectly:
// residuals as large as the last digits of targets and offsets or, of the
// Poisson loss, the last digits of the loss itself.
func (f *Fit) noise() float64 {
	var sum compensated
	for i, y := range f.Y {
		switch f.Loss {
		case "squared", "huber", "smooth-huber":
			r := 4 * epsilon * (math.Abs(y) + math.Abs(f.offset(i)))
			sum.add(f.W[i] * r * r)
		case "poisson":
			sum.add(f.W[i] * 4 * epsilon * (y + math.Abs(entropy(y))))
		}
	}
	return sum.value()
}

const epsilon = 0x1p-52

// Saturated is the loss of a perfect fit: Σ w (y − y log y) of the Poisson loss,
// 0 of the others.
func (f *Fit) Saturated() float64 {
	if f.Loss != "poisson" {
		return 0
	}
	var sum compensated
	for i, y := range f.Y {
		sum.add(f.W[i] * (y - entropy(y)))
	}
	return sum.value()
}

// infeasible tells whether x leaves its bounds, or a column that takes no part
// has a coefficient other than the feasible one nearest to 0.
func (f *Fit) infeasible(x []float64) bool {
	for j, v := range x {
		lo, hi := math.Inf(-1), math.Inf(1)
		if f.Lower != nil {
			lo = f.Lower[j]
		}
		if f.Upper != nil {
			hi = f.Upper[j]
		}
		if !(v >= lo && v <= hi) || f.absent(j) && v != math.Max(lo, math.Min(hi, 0)) {
			return true
		}
	}
	return false
}

// predicted is η, θ = ∇F(η) and F.
type predicted struct {
	eta, theta []float64
	loss       float64
}

func (f *Fit) evaluate(l pointLoss, x []float64, x0 float64) predicted {
	r := predicted{eta: f.times(x), theta: make([]float64, len(f.Y))}
	var sum compensated
	for i, y := range f.Y {
		r.eta[i] += x0 + f.offset(i)
		if f.W[i] == 0 {
			continue
		}
		r.theta[i] = f.W[i] * l.slope(r.eta[i], y)
		sum.add(f.W[i] * l.value(r.eta[i], y))
	}
	r.loss = sum.value()
	return r
}

func (f *Fit) penalty(x []float64) float64 {
	var sum compensated
	for j, v := range x {
		if v == 0 {
			continue
		}
		t := v * f.scale(j)
		sum.add(f.L1[j]*math.Abs(t) + f.L2[j]*t*t/2)
	}
	for g, group := range f.Groups {
		sum.add(f.GroupL2[g] * f.groupNorm(group, x))
	}
	return sum.value()
}

func (f *Fit) groupNorm(group []int32, x []float64) float64 {
	norm := 0.0
	for _, j := range group {
		norm = math.Hypot(norm, x[j]*f.scale(int(j)))
	}
	return norm
}

// Certify judges the coefficients x (len p) and the intercept x0.
func (f *Fit) Certify(x []float64, x0 float64) (FitCertificate, error) {
	c, err := CertifyPath([]Fit{*f}, [][]float64{x}, []float64{x0})
	if err != nil {
		return FitCertificate{}, err
	}
	return c[0], nil
}

// CertifyPath judges answers of fits that differ in the weights of the penalty
// only, such as those along a path; X is read once for several of them.
func CertifyPath(fits []Fit, x [][]float64, x0 []float64) ([]FitCertificate, error) {
	first := &fits[0]
	l, ok := pointLosses(first.Loss, first.Delta)
	if !ok {
		return nil, fmt.Errorf("verify: loss %q: %w", first.Loss, solver.ErrUnsupported)
	}
	out := make([]FitCertificate, len(fits))
	for lo := 0; lo < len(fits); lo += together {
		hi := min(lo+together, len(fits))
		certifyTogether(l, fits[lo:hi], x[lo:hi], x0[lo:hi], out[lo:hi])
	}
	return out, nil
}

// certifyTogether fills out for at most together fits.
func certifyTogether(l pointLoss, fits []Fit, x [][]float64, x0 []float64, out []FitCertificate) {
	first := &fits[0]
	at := make([]predicted, len(fits))
	theta := make([][]float64, len(fits))
	for k := range fits {
		at[k] = fits[k].evaluate(l, x[k], x0[k])
		theta[k] = at[k].theta
	}
	c := first.transposedAll(theta)
	var phi [][]float64 // dual points that are not θ
	var of []int
	for k := range fits {
		f := &fits[k]
		f.unscale(c[k])
		out[k] = FitCertificate{Objective: at[k].loss + f.penalty(x[k]), Gap: math.NaN()}
		out[k].KKT, out[k].Margin = f.kkt(x[k], c[k])
		if f.Intercept {
			out[k].KKT = math.Max(out[k].KKT, math.Abs(sum(at[k].theta)))
		}
		switch p, changed, ok := f.feasible(at[k].theta); {
		case f.infeasible(x[k]) || out[k].Objective-out[k].Objective != 0: // an infinite loss proves nothing
			out[k].Gap, out[k].KKT = math.Inf(1), math.Inf(1)
		case !ok:
		case changed:
			phi, of = append(phi, p), append(of, k)
		default:
			out[k].Gap = f.gap(l, at[k], p, c[k], x[k], false)
		}
	}
	if len(phi) == 0 {
		return
	}
	for i, c := range first.transposedAll(phi) {
		f := &fits[of[i]]
		f.unscale(c)
		for _, j := range f.free() {
			c[j] = 0 // what projection left of it is rounding
		}
		out[of[i]].Gap = f.gap(l, at[of[i]], phi[i], c, x[of[i]], true)
	}
}

func (f *Fit) unscale(c []float64) {
	for j := range c {
		if f.absent(j) {
			c[j] = 0
		} else if f.ColumnScale != nil {
			c[j] /= f.ColumnScale[j]
		}
	}
}

// Certificates judges c: the gap relative to the null objective, or, where no
// dual point is known, the KKT residual relative to the null gradient.
func (c FitCertificate) Certificates(tol, null, gradient float64) []solver.Certificate {
	ratio := func(a, b float64) float64 {
		if a == 0 {
			return 0
		}
		return a / b
	}
	kkt := solver.Certificate{Name: "kkt_residual", Value: ratio(c.KKT, gradient), Tol: math.NaN(), OK: true}
	if math.IsNaN(c.Gap) {
		kkt.Tol, kkt.OK = tol, kkt.Value <= tol
		return []solver.Certificate{kkt}
	}
	gap := solver.Certificate{Name: "dual_gap", Value: ratio(c.Gap, null), Tol: tol}
	gap.OK = gap.Value <= tol
	return []solver.Certificate{gap, kkt}
}
