package loss

import (
	"fmt"
	"math"

	"solve/solver"
)

// Separable is the penalty
//
//	Ω(x) = Σ_j L1_j|x_j| + (L2_j/2)x_j² + [Lower_j ≤ x_j ≤ Upper_j],
//
// which covers the lasso, the elastic net, ridge, sign constraints and boxes.
// A slice is empty (absent: 0, 0, −Inf, +Inf), of length 1 (the same for all
// coordinates) or of length p. L1_j = 0 leaves a coordinate unpenalised, L1_j =
// +Inf excludes it: x_j = 0. Validate once; the other methods trust.
type Separable struct{ L1, L2, Lower, Upper []float64 }

// At returns the parameters of coordinate j.
func (s *Separable) At(j int) (l1, l2, lower, upper float64) {
	return pick(s.L1, j, 0), pick(s.L2, j, 0), pick(s.Lower, j, math.Inf(-1)), pick(s.Upper, j, math.Inf(1))
}

func pick(v []float64, j int, absent float64) float64 {
	switch len(v) {
	case 0:
		return absent
	case 1:
		return v[0]
	}
	return v[j]
}

// Validate checks the parameters for p coordinates: L1 ≥ 0, L2 ≥ 0 and finite,
// Lower ≤ Upper with a finite point between, and 0 in the box of an excluded
// coordinate. Errors wrap ErrDimension, ErrNonFinite, ErrNegative or ErrInput
// of package solver.
func (s *Separable) Validate(p int) error {
	for _, v := range []struct {
		name string
		len  int
	}{{"l1", len(s.L1)}, {"l2", len(s.L2)}, {"lower bound", len(s.Lower)}, {"upper bound", len(s.Upper)}} {
		if v.len > 1 && v.len != p {
			return fmt.Errorf("%s has %d entries, want 1 or %d: %w", v.name, v.len, p, solver.ErrDimension)
		}
	}
	for i, v := range s.L1 {
		if err := checkEntry("l1", i, v, true); err != nil {
			return err
		}
	}
	for i, v := range s.L2 {
		if err := checkEntry("l2", i, v, false); err != nil {
			return err
		}
	}
	for j := range max(len(s.L1), len(s.Lower), len(s.Upper)) {
		l1, _, lower, upper := s.At(j)
		switch {
		case math.IsNaN(lower) || math.IsInf(lower, 1):
			return &solver.EntryError{What: "lower bound", Row: j + 1, Value: lower, Err: solver.ErrNonFinite}
		case math.IsNaN(upper) || math.IsInf(upper, -1):
			return &solver.EntryError{What: "upper bound", Row: j + 1, Value: upper, Err: solver.ErrNonFinite}
		case lower > upper:
			return fmt.Errorf("bounds of coordinate %d: lower %v exceeds upper %v: %w", j+1, lower, upper, solver.ErrInput)
		case math.IsInf(l1, 1) && (lower > 0 || upper < 0):
			return fmt.Errorf("coordinate %d is excluded, but 0 is outside its bounds [%v, %v]: %w", j+1, lower, upper, solver.ErrInput)
		}
	}
	return nil
}

func checkEntry(what string, i int, v float64, infinite bool) error {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 1) && !infinite:
		return &solver.EntryError{What: what, Row: i + 1, Value: v, Err: solver.ErrNonFinite}
	case v < 0:
		return &solver.EntryError{What: what, Row: i + 1, Value: v, Err: solver.ErrNegative}
	}
	return nil
}

// Value returns Ω(x), +Inf outside the box.
func (s *Separable) Value(x []float64) float64 {
	var sum compensated
	for j, v := range x {
		l1, l2, lower, upper := s.At(j)
		if v < lower || v > upper {
			return math.Inf(1)
		}
		if v != 0 {
			sum.add(l1 * math.Abs(v))
			if l2 != 0 {
				sum.add(0.5 * l2 * v * v)
			}
		}
	}
	return sum.value()
}

// Prox returns argmin_x ½(x−z)² + step·Ω_j(x) for step ≥ 0: soft-thresholded,
// shrunk, then clipped, which is right because the problem is convex and has
// one dimension.
func (s *Separable) Prox(j int, z, step float64) float64 {
	l1, l2, lower, upper := s.At(j)
	if math.IsInf(l1, 1) {
		return 0
	}
	return clip(softThreshold(z, step*l1)/(1+step*l2), lower, upper)
}

// softThreshold returns sign(z)·max(|z|−t, 0).
func softThreshold(z, t float64) float64 {
	switch {
	case z > t:
		return z - t
	case z < -t:
		return z + t
	case math.IsNaN(z):
		return z
	}
	return 0
}

func clip(x, lower, upper float64) float64 { return min(max(x, lower), upper) }

// Conjugate returns Ω*(u) = sup_x uᵀx − Ω(x), +Inf outside the domain.
func (s *Separable) Conjugate(u []float64) float64 {
	var sum compensated
	for j, v := range u {
		c := s.conjugate(j, v)
		if math.IsInf(c, 1) {
			return c
		}
		sum.add(c)
	}
	return sum.value()
}

func (s *Separable) conjugate(j int, u float64) float64 {
	l1, l2, lower, upper := s.At(j)
	if math.IsInf(l1, 1) {
		return 0
	}
	slope := softThreshold(u, l1)
	if math.Abs(slope) <= slack*l1 {
		slope = 0
	}
	x := clip(maximiser(slope, l2), lower, upper)
	switch {
	case x == 0:
		return 0
	case math.IsInf(x, 0):
		return math.Inf(1)
	case (x > 0) == (slope > 0) && slope != 0:
		return x * (slope - 0.5*l2*x)
	}
	// The box pushed x away from 0, against or without a slope.
	return x*u - l1*math.Abs(x) - 0.5*l2*x*x
}

// maximiser returns argmax_x slope·x − (l2/2)x², ±Inf where there is none.
func maximiser(slope, l2 float64) float64 {
	if slope == 0 {
		return 0
	}
	return slope / l2
}

// Distance returns dist(−g, ∂Ω_j(x)), the violation of optimality at x when
// the smooth part has the derivative g; +Inf where x is outside the domain.
func (s *Separable) Distance(j int, x, g float64) float64 {
	l1, l2, lower, upper := s.At(j)
	if x < lower || x > upper {
		return math.Inf(1)
	}
	if math.IsInf(l1, 1) {
		if x == 0 {
			return 0
		}
		return math.Inf(1)
	}
	from, to := l2*x, l2*x
	if x > 0 {
		from += l1
	} else {
		from -= l1
	}
	if x < 0 {
		to -= l1
	} else {
		to += l1
	}
	if x == lower {
		from = math.Inf(-1)
	}
	if x == upper {
		to = math.Inf(1)
	}
	return max(0, from+g, -g-to)
}

// Decrease returns −min_d gd + (curvature/2)d² + Ω_j(x+d) − Ω_j(x) ≥ 0, what a
// step in coordinate j gains at least when the smooth part has the derivative
// g and at most that curvature (the GS-q score). It is +Inf where the minimum
// is −Inf or x is outside the domain.
func (s *Separable) Decrease(j int, x, g, curvature float64) float64 {
	l1, l2, lower, upper := s.At(j)
	if x < lower || x > upper || math.IsInf(l1, 1) && x != 0 {
		return math.Inf(1)
	}
	if math.IsInf(l1, 1) || lower == upper {
		return 0
	}
	sign, slope := math.Copysign(1, x), softThreshold(g, l1)
	if x != 0 {
		slope = g + l2*x + sign*l1
	}
	if slope == 0 {
		return 0
	}
	if d := -slope / (curvature + l2); d >= lower-x && d <= upper-x && (x == 0 || sign*(x+d) >= 0) && !math.IsInf(d, 0) {
		return -0.5 * slope * d // neither 0 nor a bound in the way
	}
	return decreaseAcross(x, g, curvature, l1, l2, lower, upper)
}

// decreaseAcross is Decrease where the step ends at a bound or crosses 0.
func decreaseAcross(x, g, curvature, l1, l2, lower, upper float64) float64 {
	next := clip(maximiser(softThreshold(curvature*x-g, l1), curvature+l2), lower, upper)
	if math.IsInf(next, 0) {
		return math.Inf(1)
	}
	d := next - x
	sign := math.Copysign(1, x)
	if x == 0 {
		sign = math.Copysign(1, d)
	}
	gain := -d * (g + l2*x + sign*l1 + 0.5*(curvature+l2)*d)
	if sign*next < 0 {
		gain -= 2 * l1 * math.Abs(next) // |x+d| − |x| is sign·d plus this across 0
	}
	return max(0, gain)
}
