package block

import (
	"math"

	"solve/loss"
)

// update computes the step d in a block from g = ∇_b f, without moving. id is
// the number of a fixed block, −1 for others.
type update interface {
	step(b []int32, id int, g, d []float64) error
}

func newUpdate(r *run) update {
	if r.forests {
		return newForestUpdate(r)
	}
	switch r.opt.Update {
	case LB, PG:
		return &gradientUpdate{r}
	case LA:
		return newLipschitzUpdate(r)
	case Diag:
		return &diagonalUpdate{r}
	case HB, Exact:
		return &matrixUpdate{r}
	case Newton:
		return &newtonUpdate{r}
	case TMP:
		return &twoMetricUpdate{r: r}
	}
	return &projectedNewtonUpdate{r: r}
}

// proximal stores the step to prox_{Ω_b/L}(x_b − g/L), scale holding 1/L of
// each coordinate; 0 leaves a coordinate where it is.
func proximal(f Objective, b []int32, g []float64, scale func(k int) float64, d []float64) {
	x, pen := f.Point(), f.Penalty()
	for k, j := range b {
		s := scale(k)
		if s == 0 {
			d[k] = 0
			continue
		}
		d[k] = -s * g[k]
		if pen != nil {
			d[k] = pen.Prox(int(j), x[j]-s*g[k], s) - x[j]
		}
	}
}

// inverseOf is 1/v, and 0 for a coordinate that f does not depend on.
func inverseOf(v float64) float64 {
	if v == 0 {
		return 0
	}
	return 1 / v
}

func inverseRoots(v []float64) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = 1 / math.Sqrt(x)
	}
	return out
}

// penaltyChange is Ω_j(x+d) − Ω_j(x) for a step that stays in the box but for
// its rounding.
func penaltyChange(pen *loss.Separable, j int, x, d float64) float64 {
	if d == 0 {
		return 0
	}
	l1, l2, _, _ := pen.At(j)
	y := x + d
	if math.IsInf(l1, 1) {
		return 0
	}
	return l1*(math.Abs(y)-math.Abs(x)) + l2*d*(x+0.5*d)
}
