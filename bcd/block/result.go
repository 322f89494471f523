package block

import (
	"math"

	"solve/loss"
	"solve/solver"
)

// Result is where a descent ended and how it went there.
type Result struct {
	solver.Verdict
	Certificates []solver.Certificate // kkt_residual, or relative_residual of a quadratic without penalty

	Partition, Rule, Update string // as resolved
	BlockSize               int    // 0 for graph and given blocks

	X          []float64
	Objective  float64 // f + penalty
	Iterations int
	Cost       Cost    // of this run
	History    []Point // evenly thinned beyond historyLimit iterations, the last always kept

	Support int // nonzero entries of X
	// SupportFixedAt is the last iteration that changed which variables are 0
	// or at a bound; Nondegeneracy is δ = min_j dist(−∇_j f, boundary of
	// ∂Ω_j) over the variables at a kink or bound, NaN where there are none.
	SupportFixedAt int
	Nondegeneracy  float64
	Warnings       []string
}

// Point is the state after an iteration; iteration 0 is the start.
type Point struct {
	Iteration int
	Objective float64
	Gap       float64 // f − f*, exact from Options.Solution; NaN without
	Residual  float64 // relative; NaN where it was not computed
	Block     int     // variables of the block
	Cost      Cost
}

// historyLimit is the most points that are kept.
const historyLimit = 20_000

// history keeps every stride-th point.
type history struct {
	points []Point
	stride int
	last   Point
}

func (h *history) add(p Point) {
	h.last = p
	if p.Iteration%h.stride != 0 {
		return
	}
	if len(h.points) >= historyLimit {
		kept := h.points[:0]
		for k, q := range h.points {
			if k%2 == 0 {
				kept = append(kept, q)
			}
		}
		h.points = kept
		h.stride *= 2
		if p.Iteration%h.stride != 0 {
			return
		}
	}
	h.points = append(h.points, p)
}

func (h *history) all() []Point {
	if n := len(h.points); n == 0 || h.points[n-1].Iteration != h.last.Iteration {
		return append(h.points, h.last)
	}
	return h.points
}

// place says where x_j is: on a smooth piece, at the kink 0, at a bound.
type place int8

const (
	smooth place = iota
	kink
	atLower
	atUpper
)

func placeOf(pen *loss.Separable, j int, x float64) place {
	l1, _, lower, upper := pen.At(j)
	switch {
	case x <= lower:
		return atLower
	case x >= upper:
		return atUpper
	case x == 0 && l1 > 0:
		return kink
	}
	return smooth
}

// nondegeneracy is the least distance of −∇_j f from the boundary of ∂Ω_j over
// the variables that are at a kink or bound; negative where it is outside.
func nondegeneracy(f Objective) float64 {
	g, x, pen := f.Gradient(), f.Point(), f.Penalty()
	if pen == nil {
		return math.NaN()
	}
	least := math.Inf(1)
	for j, v := range g {
		l1, l2, lower, upper := pen.At(j)
		if math.IsInf(l1, 1) || lower == upper {
			continue
		}
		u := -v - l2*x[j]
		rise, fall := l1, -l1 // one-sided slopes of L1_j|·| at x_j
		if x[j] > 0 {
			fall = l1
		} else if x[j] < 0 {
			rise = -l1
		}
		switch placeOf(pen, j, x[j]) {
		case kink:
			least = math.Min(least, math.Min(rise-u, u-fall))
		case atLower:
			least = math.Min(least, rise-u)
		case atUpper:
			least = math.Min(least, u-fall)
		}
	}
	if math.IsInf(least, 1) {
		return math.NaN()
	}
	return least
}
