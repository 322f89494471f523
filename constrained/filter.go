package constrained

import "math"

// Constants of the filter line search (Wächter & Biegler 2006, §2.3).
const (
	gammaTheta  = 1e-5 // least relative decrease of the violation
	gammaPhi    = 1e-8 // least decrease of the barrier function per violation
	armijo      = 1e-8
	powerTheta  = 1.1
	powerPhi    = 2.3
	gammaAlpha  = 0.05
	roundSlack  = 10 * 0x1p-52
	explosion   = 5 // orders of magnitude by which the barrier function may grow
	filterTurns = 5 // refusals by the filter in a row, until it is cleared
)

// filter holds pairs (θ, φ) that no iterate may be dominated by.
type filter struct {
	entries        [][2]float64
	most, small    float64 // θ_max, θ_min
	refusals       int
	resets         int
	refusedByEntry bool // the last refused trial failed against an entry
}

// open sets the limits from the violation of the first iterate.
func (f *filter) open(theta float64) {
	f.clear()
	f.most, f.small = 1e4*math.Max(1, theta), 1e-4*math.Max(1, theta)
}

func (f *filter) clear() { f.entries = f.entries[:0] }

// add enters the margin of a point, and drops the entries that it dominates.
func (f *filter) add(theta, phi float64) {
	theta, phi = (1-gammaTheta)*theta, phi-gammaPhi*theta
	kept := f.entries[:0]
	for _, e := range f.entries {
		if e[0] < theta || e[1] < phi {
			kept = append(kept, e)
		}
	}
	f.entries = append(kept, [2]float64{theta, phi})
}

func (f *filter) admits(theta, phi float64) bool {
	for _, e := range f.entries {
		if !atMost(theta, e[0], e[0]) && !atMost(phi, e[1], e[1]) {
			return false
		}
	}
	return true
}

// atMost is a ≤ b up to rounding of size.
func atMost(a, b, size float64) bool { return a-b <= roundSlack*math.Abs(size) }

// reference is where a line search starts: violation, barrier function, its slope
// along the direction.
type reference struct{ theta, phi, slope float64 }

// switching tells whether a step of that length is to be judged by the decrease of
// the barrier function alone.
func (f *filter) switching(r reference, alpha float64) bool {
	return r.slope < 0 && r.theta <= f.small && alpha*math.Pow(-r.slope, powerPhi) > math.Pow(r.theta, powerTheta)
}

func (r reference) sufficient(alpha, phi float64) bool {
	return atMost(phi, r.phi+armijo*alpha*r.slope, r.phi)
}

// improves tells whether a trial is better than the reference in one of both ways.
func (r reference) improves(theta, phi float64) bool {
	if phi > r.phi && math.Log10(phi-r.phi) > explosion+math.Max(1, math.Log10(math.Abs(r.phi))) {
		return false
	}
	return atMost(theta, (1-gammaTheta)*r.theta, r.theta) || atMost(phi-r.phi, -gammaPhi*r.theta, r.phi)
}

// accepts judges the trial of a step of length alpha.
func (f *filter) accepts(r reference, alpha, theta, phi float64) bool {
	f.refusedByEntry = false
	if !finite(theta) || !finite(phi) || theta > f.most {
		return false
	}
	if f.switching(r, alpha) {
		if !r.sufficient(alpha, phi) {
			return false
		}
	} else if !r.improves(theta, phi) {
		return false
	}
	if !f.admits(theta, phi) {
		f.refusedByEntry = true
		return false
	}
	return true
}

// shortest is the step below which no trial could be accepted for its decrease.
func (f *filter) shortest(r reference) float64 {
	least := gammaTheta
	if r.slope < 0 {
		least = math.Min(least, gammaPhi*r.theta/-r.slope)
		if r.theta <= f.small {
			least = math.Min(least, math.Pow(r.theta, powerTheta)/math.Pow(-r.slope, powerPhi))
		}
	}
	return gammaAlpha * least
}

// searched counts iterations that the filter made short, and clears it when they
// become a habit.
func (f *filter) searched() {
	if !f.refusedByEntry {
		f.refusals = 0
		return
	}
	if f.refusals++; f.refusals >= filterTurns && f.resets < filterTurns {
		f.clear()
		f.refusals = 0
		f.resets++
	}
}
