package loss

import (
	"fmt"
	"math"

	"solve/solver"
)

// Grouped is the sparse group penalty
//
//	Ω(x) = Σ_g λ_g (Mix·‖x_g‖₁ + (1−Mix)·ω_g‖x_g‖₂) + (L2/2)‖x‖².
//
// Groups are index lists (from 0) that partition the coordinates; Lambda has
// one entry, or one a group; Weights are the ω_g, nil for √|g|. Mix = 0 is the
// group lasso, Mix = 1 the lasso. λ_g = +Inf excludes a group. Block vectors
// list a group's coordinates in the order of Groups[g]. Validate once; the
// other methods trust.
type Grouped struct {
	Groups  [][]int32
	Lambda  []float64
	Weights []float64
	Mix, L2 float64
}

// levels returns the factors of ‖x_g‖₁ and ‖x_g‖₂.
func (p *Grouped) levels(g int) (l1, l2 float64) {
	lambda := pick(p.Lambda, g, 0)
	if math.IsInf(lambda, 1) {
		return lambda, lambda // whatever the other factors, 0 among them
	}
	return lambda * p.Mix, lambda * (1 - p.Mix) * p.weight(g)
}

func (p *Grouped) weight(g int) float64 {
	if p.Weights == nil {
		return math.Sqrt(float64(len(p.Groups[g])))
	}
	return p.Weights[g]
}

// Validate checks the parameters for n coordinates and that the groups
// partition them. Errors wrap ErrDimension, ErrNonFinite, ErrNegative,
// ErrOption or ErrInput of package solver.
func (p *Grouped) Validate(n int) error {
	if len(p.Lambda) != 1 && len(p.Lambda) != len(p.Groups) {
		return fmt.Errorf("lambda has %d entries, want 1 or %d, the number of groups: %w", len(p.Lambda), len(p.Groups), solver.ErrDimension)
	}
	if p.Weights != nil && len(p.Weights) != len(p.Groups) {
		return fmt.Errorf("there are %d group weights, want %d, the number of groups: %w", len(p.Weights), len(p.Groups), solver.ErrDimension)
	}
	for g, v := range p.Lambda {
		if err := checkEntry("lambda", g, v, true); err != nil {
			return err
		}
	}
	for g, v := range p.Weights {
		if err := checkEntry("group weight", g, v, false); err != nil {
			return err
		}
	}
	if !(p.Mix >= 0 && p.Mix <= 1) {
		return &solver.OptionError{Name: "mix", Value: fmt.Sprint(p.Mix), Want: "a number in [0,1]"}
	}
	if !(p.L2 >= 0) || math.IsInf(p.L2, 1) {
		return &solver.OptionError{Name: "l2", Value: fmt.Sprint(p.L2), Want: "a finite number ≥ 0"}
	}
	return p.checkPartition(n)
}

func (p *Grouped) checkPartition(n int) error {
	owner := make([]int32, n)
	total := 0
	for g, group := range p.Groups {
		if len(group) == 0 {
			return fmt.Errorf("group %d is empty: %w", g+1, solver.ErrInput)
		}
		for _, j := range group {
			if j < 0 || int(j) >= n {
				return fmt.Errorf("group %d has coordinate %d of %d: %w", g+1, int(j)+1, n, solver.ErrDimension)
			}
			if owner[j] != 0 {
				return fmt.Errorf("coordinate %d is in groups %d and %d: %w", j+1, owner[j], g+1, solver.ErrInput)
			}
			owner[j] = int32(g + 1)
		}
		total += len(group)
	}
	if total != n {
		for j, o := range owner {
			if o == 0 {
				return fmt.Errorf("coordinate %d is in no group: %w", j+1, solver.ErrInput)
			}
		}
	}
	return nil
}

// gather copies the coordinates of group g from x to buf, which grows.
func (p *Grouped) gather(buf []float64, g int, x []float64) []float64 {
	buf = buf[:0]
	for _, j := range p.Groups[g] {
		buf = append(buf, x[j])
	}
	return buf
}

// Value returns Ω(x) for all coordinates.
func (p *Grouped) Value(x []float64) float64 {
	var sum compensated
	var buf []float64
	for g := range p.Groups {
		l1, l2 := p.levels(g)
		buf = p.gather(buf, g, x)
		norm := norm2(buf)
		if norm == 0 {
			continue
		}
		abs, square := 0.0, 0.0
		for _, v := range buf {
			abs += math.Abs(v)
			square += v * v
		}
		sum.add(l1*abs + l2*norm)
		if p.L2 != 0 {
			sum.add(0.5 * p.L2 * square)
		}
	}
	return sum.value()
}

// Prox replaces the block vector z by argmin_x ½‖x−z‖² + step·Ω_g(x), step > 0:
// the group soft-threshold of the soft-threshold (Simon et al. 2013), shrunk.
func (p *Grouped) Prox(g int, z []float64, step float64) {
	l1, l2 := p.levels(g)
	t := step * l1
	for i, v := range z {
		z[i] = softThreshold(v, t)
	}
	norm := norm2(z)
	if t = step * l2; norm <= t {
		clear(z)
		return
	}
	scale := (1 - t/norm) / (1 + step*p.L2)
	for i := range z {
		z[i] *= scale
	}
}

// Score returns ‖ST(u_g, λ_g·Mix)‖₂ of the block vector u: with L2 = 0, u_g is
// in ∂Ω_g(0) when that is at most λ_g(1−Mix)ω_g, which Threshold returns.
func (p *Grouped) Score(g int, u []float64) float64 {
	l1, _ := p.levels(g)
	return thresholdedNorm(u, l1)
}

// Threshold returns λ_g(1−Mix)ω_g.
func (p *Grouped) Threshold(g int) float64 {
	_, l2 := p.levels(g)
	return l2
}

// thresholdedNorm returns ‖ST(u, t)‖₂.
func thresholdedNorm(u []float64, t float64) float64 {
	s := 0.0
	for _, v := range u {
		v = softThreshold(v, t)
		s += v * v
	}
	if s > 0x1p-900 && s < math.Inf(1) {
		return math.Sqrt(s)
	}
	v := make([]float64, len(u))
	for i := range u {
		v[i] = softThreshold(u[i], t)
	}
	return norm2(v)
}

// Conjugate returns Ω*(u) for all coordinates: Σ_g (‖ST(u_g, λ_g·Mix)‖₂ −
// λ_g(1−Mix)ω_g)₊²/(2·L2), which is 0 or +Inf where L2 = 0.
func (p *Grouped) Conjugate(u []float64) float64 {
	var sum compensated
	var buf []float64
	for g := range p.Groups {
		l1, l2 := p.levels(g)
		buf = p.gather(buf, g, u)
		excess := thresholdedNorm(buf, l1) - l2
		size := l1*math.Sqrt(float64(len(buf))) + l2
		switch {
		case excess <= slack*size || math.IsInf(size, 1):
		case p.L2 == 0:
			return math.Inf(1)
		default:
			sum.add(excess * (excess / (2 * p.L2)))
		}
	}
	return sum.value()
}

// Distance returns dist(−grad, ∂Ω_g(x)) for block vectors x and grad: the
// violation of optimality when the smooth part has the gradient grad.
func (p *Grouped) Distance(g int, x, grad []float64) float64 {
	l1, l2 := p.levels(g)
	norm := norm2(x)
	if norm == 0 {
		return max(0, thresholdedNorm(grad, l1)-l2)
	}
	if math.IsInf(l1+l2, 1) {
		return math.Inf(1)
	}
	v := make([]float64, len(x))
	for i, xi := range x {
		r := grad[i] + p.L2*xi + l2*(xi/norm)
		switch {
		case xi > 0:
			v[i] = r + l1
		case xi < 0:
			v[i] = r - l1
		default:
			v[i] = softThreshold(r, l1)
		}
	}
	return norm2(v)
}
