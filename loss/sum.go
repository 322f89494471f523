package loss

import "math"

// compensated is a running sum and the rounding errors that it has made.
type compensated struct{ sum, err float64 }

func (c *compensated) add(v float64) {
	s := c.sum + v
	t := s - c.sum
	c.err += (c.sum - (s - t)) + (v - t)
	c.sum = s
}

// merge adds a sum and its rounding errors.
func (c *compensated) merge(sum, err float64) {
	c.add(sum)
	c.err += err
}

// value returns the sum. The compensation of an infinite sum is NaN and means
// nothing.
func (c *compensated) value() float64 {
	if isFinite(c.sum) {
		return c.sum + c.err
	}
	return c.sum
}

// slack is what rounding may add, relatively, to a dual point on the boundary
// of a domain.
const slack = 8 * 0x1p-52

// nonNegative returns a, or 0 where a is negative by no more than the rounding
// of numbers of size scale. ok is false for what is truly negative, and NaN.
func nonNegative(a, scale float64) (v float64, ok bool) {
	switch {
	case a >= 0:
		return a, true
	case a >= -slack*scale:
		return 0, true
	}
	return a, false
}

// norm2 returns ‖v‖₂ without overflow or underflow on the way.
func norm2(v []float64) float64 {
	s := 0.0
	for _, a := range v {
		s += a * a
	}
	if s > 0x1p-900 && s < math.Inf(1) {
		return math.Sqrt(s)
	}
	big := 0.0
	for _, a := range v {
		big = max(big, math.Abs(a))
	}
	if big == 0 || !isFinite(big) {
		return big
	}
	s = 0
	for _, a := range v {
		a /= big
		s += a * a
	}
	return big * math.Sqrt(s)
}
