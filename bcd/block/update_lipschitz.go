package block

import "math"

// lipschitzUpdate is the gradient update with an estimate L̂ of L_b: from its
// last value (1 at first; a variable block takes the largest of its members'),
// L̂ is doubled until
//
//	f(x+d) ≤ f(x) + gᵀd + (L̂/2)‖d‖²,
//
// without a penalty f(x) − ‖g‖²/(2L̂).
type lipschitzUpdate struct {
	r        *run
	variable []float64 // estimates of the variables
}

// doublings bounds the search: 2^200 is beyond any Lipschitz constant at
// which a step could still be told from none.
const doublings = 200

func newLipschitzUpdate(r *run) *lipschitzUpdate {
	u := &lipschitzUpdate{r: r}
	if r.blocks == nil {
		u.variable = make([]float64, r.obj.Dim())
		for j := range u.variable {
			u.variable[j] = 1
		}
	}
	return u
}

func (u *lipschitzUpdate) estimate(b []int32, id int) float64 {
	if id >= 0 {
		return max(u.r.known[id].estimate, 1)
	}
	l := 0.0
	for _, j := range b {
		l = math.Max(l, u.variable[j])
	}
	return l
}

func (u *lipschitzUpdate) keep(b []int32, id int, l float64) {
	if id >= 0 {
		u.r.known[id].estimate = l
		return
	}
	for _, j := range b {
		u.variable[j] = l
	}
}

func (u *lipschitzUpdate) step(b []int32, id int, g, d []float64) error {
	l := u.estimate(b, id)
	for range doublings {
		proximal(u.r.obj, b, g, func(int) float64 { return 1 / l }, d)
		slope, square := 0.0, 0.0
		for k, v := range d {
			slope += g[k] * v
			square += v * v
		}
		bound := slope + 0.5*l*square
		if u.r.obj.Change(b, g, d) <= bound+u.r.slack() {
			break
		}
		l *= 2
	}
	u.keep(b, id, l)
	return nil
}

// slack is the rounding of a difference of two values of f.
func (r *run) slack() float64 {
	if r.obj.Quadratic() {
		return 0 // its Change has no cancellation
	}
	return 4 * 0x1p-52 * math.Abs(r.obj.Value())
}
