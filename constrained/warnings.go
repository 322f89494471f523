package constrained

import (
	"fmt"
	"math"

	"solve/solver"
)

// warn says what is unusual about the problem or the answer.
func (s *solving) warn() {
	r := s.res
	add := func(format string, args ...any) { r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...)) }
	outside, first := 0, -1
	for j, x := range s.p.X0 {
		if x < s.p.lower(j) || x > s.p.upper(j) {
			if outside++; first < 0 {
				first = j
			}
		}
	}
	if outside > 0 {
		add("the start violates the bounds of %d variables, %s first: it was moved within them", outside, s.p.VariableName(first))
	}
	if r.Status != solver.Solved {
		return
	}
	if size, gradient := normInf(r.Y), normInf(s.p.evaluate(r.X).Gradient); size > 1e3*math.Max(1, gradient) {
		add("multipliers of size %.1e: the point may satisfy no constraint qualification, and f be less exact than the tolerance", size)
	}
}
