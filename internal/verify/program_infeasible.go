package verify

import "math"

// Contradiction measures how well u proves that no x within the bounds meets the
// limits of the constraints with u_i ≠ 0, which have to be linear: uᵀc, whose
// range over the bounds follows from its value and its derivatives at any one x,
// never comes to where the limits want it (Farkas). v are the values at x.
//
// kernel is the largest |(∇cᵀu)_j| of a variable without the bound that would
// stop it, relative to Σ_i |u_i ∂_j c_i|, and has to be at rounding level; gap is
// the distance between the two ranges relative to the sizes of all terms, and has
// to be positive.
func (p Program) Contradiction(u, x []float64, v Values) (kernel, gap float64) {
	kernel, gap = p.above(u, x, v)
	reverse := make([]float64, len(u))
	for i, w := range u {
		reverse[i] = -w
	}
	if k, g := p.above(reverse, x, v); !Contradicts(kernel, gap) && Contradicts(k, g) {
		return k, g
	}
	return kernel, gap
}

// Contradicts tells whether the two numbers of Contradiction make a proof.
func Contradicts(kernel, gap float64) bool { return kernel <= 1e-12 && gap > 1e-10 }

// above compares the least value of uᵀc over the bounds with the largest that the
// limits allow.
func (p Program) above(u, x []float64, v Values) (kernel, gap float64) {
	slope, size := make([]compensated, len(x)), make([]float64, len(x))
	var excess compensated
	scale := 0.0
	term := func(t float64) {
		excess.add(t)
		scale += math.Abs(t)
	}
	for i, w := range u {
		limit := p.CUpper[i]
		switch {
		case w == 0:
			continue
		case w < 0:
			limit = p.CLower[i]
		}
		term(w * v.Constraints[i])
		term(-w * limit)
		cols, vals := v.Jacobian.Row(i)
		for k, j := range cols {
			slope[j].add(w * vals[k])
			size[j] += math.Abs(w * vals[k])
		}
	}
	for j := range x {
		g := slope[j].value()
		bound := p.Lower[j]
		if g < 0 {
			bound = p.Upper[j]
		}
		if g == 0 {
			continue
		}
		term(-g * x[j])
		if math.IsInf(bound, 0) {
			kernel = worse(kernel, ratio(math.Abs(g), size[j]))
		} else {
			term(g * bound)
		}
	}
	return kernel, ratio(excess.value(), scale)
}

// CrossedBound finds a variable, or else a constraint, whose lower limit is above
// its upper one: nothing satisfies it. The index counts from 0, constraints after
// the variables; −1 = there is none.
func (p Program) CrossedBound() int {
	for j := range p.Lower {
		if p.Lower[j] > p.Upper[j] {
			return j
		}
	}
	for i := range p.CLower {
		if p.CLower[i] > p.CUpper[i] {
			return len(p.Lower) + i
		}
	}
	return -1
}

// descentSteps are how far Descent follows a direction, in sizes of the point.
var descentSteps = []float64{1, 1e2, 1e4, 1e6, 1e8}

// Descent follows the objective from x along a direction. violation is the larger of
// what the limits miss at x, in the units of the program, and on the way, relative
// to the sizes of the terms in the limit: from a point that is not feasible no ray
// proves anything, and neither does one that leaves a limit which is far away only
// because its terms are small. end is the objective at the end: +Inf unless it falls
// from step to step.
func (p Program) Descent(x, direction []float64, at func(x []float64) (Values, error)) (violation, end float64, err error) {
	v, err := at(x)
	if err != nil {
		return 0, 0, err
	}
	c, err := p.Certify(x, make([]float64, len(p.CLower)), v)
	if err != nil {
		return 0, 0, err
	}
	violation, end = worse(c.ConstraintViolation, c.BoundViolation), v.Objective
	y, unit := make([]float64, len(x)), math.Max(1, maxAbs(x))/maxAbs(direction)
	for _, t := range descentSteps {
		for j := range y {
			y[j] = x[j] + t*unit*direction[j]
		}
		if v, err = at(y); err != nil {
			return 0, 0, err
		}
		if violation = worse(violation, p.relativeViolation(y, v)); !(v.Objective < end) {
			return violation, math.Inf(1), nil
		}
		end = v.Objective
	}
	return violation, end, nil
}

// relativeViolation is the largest violation of a limit relative to max(1, |x_j|)
// or max(1, Σ_j |x_j ∂_j c_i|).
func (p Program) relativeViolation(x []float64, v Values) float64 {
	largest := 0.0
	for j, t := range x {
		largest = worse(largest, outside(t, p.Lower[j], p.Upper[j])/math.Max(1, math.Abs(t)))
	}
	for i, value := range v.Constraints {
		size := 1.0
		cols, vals := v.Jacobian.Row(i)
		for k, j := range cols {
			size += math.Abs(vals[k] * x[j])
		}
		largest = worse(largest, outside(value, p.CLower[i], p.CUpper[i])/size)
	}
	return largest
}
