package bcd

import "fmt"

// degenerate is the distance to the edge of its interval, relative to λ, below
// which a gradient leaves it open whether its coefficient is zero.
const degenerate = 1e-8

// warn says what a user should know about the numbers.
func (s *Solver) warn(res *Result) {
	if d := res.Stats.Nondegeneracy; res.Lambda > 0 && d < degenerate*res.Lambda {
		res.Warnings = append(res.Warnings, fmt.Sprintf(
			"a zero coefficient is within %.1g λ of entering: the support need not be unique", d/res.Lambda))
	}
	if res.Stats.Support > s.m.n {
		res.Warnings = append(res.Warnings, fmt.Sprintf("%d coefficients of %d rows: they are not unique unless a ridge makes them so", res.Stats.Support, s.m.n))
	}
	constant := 0
	for j, v := range s.m.norm {
		if v == 0 && !(s.m.factor != nil && s.m.absent[j] && s.m.factor[j] > 0 && s.m.factor[j]-s.m.factor[j] != 0) {
			constant++
		}
	}
	if constant > 0 {
		res.Warnings = append(res.Warnings, fmt.Sprintf("%d columns are zero or constant: their coefficients are zero", constant))
	}
}
