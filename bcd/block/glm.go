package block

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/loss"
	"solve/matrix"
)

// glm is f(x) = Σ_i w_i ℓ((Xx)_i; y_i). It maintains the predictors η = Xx and
// the derivatives u_i = w_i ℓ'(η_i); the gradient Xᵀu is made when asked for.
type glm struct {
	x       *columns
	loss    loss.Loss
	y, w    []float64
	penalty *loss.Separable

	lipschitz, rowSums []float64
	point, eta, u      []float64
	grad               []float64
	fresh              bool // grad belongs to the point
	value              float64
	shift, second      []float64 // scratch of length n: X d, and ℓ''
	cost               Cost
}

// NewGLM returns f(x) = Σ_i w_i ℓ((Xx)_i; y_i) for the loss ℓ with targets y
// (as ℓ.CheckTarget wants them) and weights w ≥ 0 (nil = ones). X is a
// *matrix.Dense or *matrix.CSR; penalty may be nil. Neither is
// modified, and both are kept. The quadratic upper bound is
// H = sup ℓ”·Xᵀdiag(w)X; a loss without one (Poisson) allows the rules and
// updates that need none.
func NewGLM(x matrix.Operator, y []float64, l loss.Loss, w []float64, penalty *loss.Separable) (Objective, error) {
	return newGLM(x, y, l, w, penalty)
}

func newGLM(x matrix.Operator, y []float64, l loss.Loss, w []float64, penalty *loss.Separable) (*glm, error) {
	c, err := columnsOf(x)
	if err != nil {
		return nil, err
	}
	if err := checkTargets(c.n, y, w); err != nil {
		return nil, err
	}
	if err := l.CheckTarget(y); err != nil {
		return nil, fmt.Errorf("block: %w", err)
	}
	if penalty != nil {
		if err := penalty.Validate(c.p); err != nil {
			return nil, fmt.Errorf("block: penalty: %w", err)
		}
	}
	f := &glm{
		x: c, loss: l, y: y, w: w, penalty: penalty, lipschitz: c.squares(w, 1),
		point: make([]float64, c.p), eta: make([]float64, c.n), u: make([]float64, c.n), grad: make([]float64, c.p),
		shift: make([]float64, c.n), second: make([]float64, c.n),
	}
	for j := range f.lipschitz {
		f.lipschitz[j] *= l.Curvature() // a zero column of an unbounded loss: NaN, replaced below
		if math.IsNaN(f.lipschitz[j]) {
			f.lipschitz[j] = math.Inf(1)
		}
	}
	f.Start(nil)
	return f, nil
}

func (f *glm) Name() string             { return f.loss.Name() }
func (f *glm) Dim() int                 { return f.x.p }
func (f *glm) Penalty() *loss.Separable { return f.penalty }
func (f *glm) Quadratic() bool          { return false }
func (f *glm) Lipschitz() []float64     { return f.lipschitz }
func (f *glm) Point() []float64         { return f.point }
func (f *glm) Value() float64           { return f.value }
func (f *glm) Cost() Cost               { return f.cost }

// Lower is 0 but for the Poisson loss, which may be negative.
func (f *glm) Lower() float64 {
	if f.loss.Name() == loss.Poisson().Name() {
		return math.Inf(-1)
	}
	return 0
}

func (f *glm) RowSums(ctx context.Context, threads int) (sums []float64, err error) {
	if f.rowSums == nil {
		f.rowSums, err = f.x.absRowSums(ctx, threads, f.w, f.loss.Curvature())
	}
	return f.rowSums, err
}

func (f *glm) Start(x []float64) {
	if x == nil {
		clear(f.point)
	} else {
		copy(f.point, x)
	}
	clear(f.eta)
	for j, v := range f.point {
		if v != 0 {
			f.x.axpy(j, v, f.eta)
			f.touch(1, f.x.size(j))
		}
	}
	f.refresh()
}

// refresh follows a change of η.
func (f *glm) refresh() {
	f.value = f.loss.Derivatives(f.eta, f.y, f.w, f.u, nil)
	f.fresh = false
}

func (f *glm) touch(columns, entries int64) {
	f.cost.Columns += columns
	f.cost.Flops += 2 * entries
}

func (f *glm) Gradient() []float64 {
	if !f.fresh {
		f.x.transposed(f.u, f.grad)
		f.touch(int64(f.x.p), f.x.entries())
		f.fresh = true
	}
	return f.grad
}

func (f *glm) Partial(b []int32, g []float64) {
	for k, j := range b {
		if f.fresh {
			g[k] = f.grad[j]
			continue
		}
		g[k] = f.x.dot(int(j), f.u)
		f.touch(1, f.x.size(int(j)))
	}
}

func (f *glm) Bound(b []int32, h []float64) { f.gram(b, f.w, f.loss.Curvature(), h) }

func (f *glm) Curvature(b []int32, h []float64) {
	f.loss.Derivatives(f.eta, f.y, f.w, f.shift, f.second)
	f.gram(b, f.second, 1, h)
}

func (f *glm) gram(b []int32, w []float64, scale float64, h []float64) {
	f.touch(int64(len(b)), f.x.gram(b, w, scale, h))
}

func (f *glm) Product(b []int32, d, out []float64) {
	f.along(b, d)
	for i, w := range f.w {
		f.shift[i] *= w
	}
	f.x.transposed(f.shift, out)
	c := f.loss.Curvature()
	for j := range out {
		out[j] *= c
	}
	f.touch(int64(f.x.p), f.x.entries())
}

// along stores X_b d in shift.
func (f *glm) along(b []int32, d []float64) {
	clear(f.shift)
	for k, j := range b {
		if d[k] != 0 {
			f.x.axpy(int(j), d[k], f.shift)
			f.touch(1, f.x.size(int(j)))
		}
	}
}

func (f *glm) Change(b []int32, _, d []float64) float64 {
	f.along(b, d)
	kern.Axpy(1, f.eta, f.shift)
	return f.loss.Value(f.shift, f.y, f.w) - f.value
}

func (f *glm) Move(b []int32, d []float64) {
	for k, j := range b {
		if d[k] != 0 {
			f.point[j] += d[k]
			f.x.axpy(int(j), d[k], f.eta)
			f.touch(1, f.x.size(int(j)))
		}
	}
	f.refresh()
}
