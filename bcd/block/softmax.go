package block

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/loss"
	"solve/matrix"
)

// softmax is f(Ξ) = Σ_i w_i ℓ((XΞ)_i; y_i) with Ξ of shape p×K, row by row:
// coordinate j·K+k is the weight of column j for class k. It maintains the
// predictors XΞ and the derivatives, both n×K.
type softmax struct {
	x       *columns
	loss    loss.Softmax
	class   []int
	w       []float64
	penalty *loss.Separable
	squares []float64 // Σ_i w_i x_ij²

	lipschitz, rowSums      []float64
	point, eta, resid, grad []float64
	fresh                   bool
	value                   float64
	shift, prob             []float64 // scratch, n×K
	weights                 []float64 // scratch, n
	cost                    Cost
}

// NewSoftmax returns the multinomial logistic objective of K classes 0…K−1
// with K weights for each column of X: Dim is p·K. The quadratic upper bound
// is Böhning's, for a block that touches q classes ½(I − 11ᵀ/m) ⊗ Xᵀdiag(w)X
// with m = min(K, q+1). Other arguments are those of NewGLM.
func NewSoftmax(x matrix.Operator, class []int, classes int, w []float64, penalty *loss.Separable) (Objective, error) {
	c, err := columnsOf(x)
	if err != nil {
		return nil, err
	}
	y := make([]float64, len(class))
	if err := checkTargets(c.n, y, w); err != nil {
		return nil, err
	}
	l := loss.Softmax{K: classes}
	if err := l.CheckTarget(class); err != nil {
		return nil, fmt.Errorf("block: %w", err)
	}
	p, n := c.p*classes, c.n*classes
	if penalty != nil {
		if err := penalty.Validate(p); err != nil {
			return nil, fmt.Errorf("block: penalty: %w", err)
		}
	}
	f := &softmax{
		x: c, loss: l, class: class, w: w, penalty: penalty, squares: c.squares(w, 1), lipschitz: make([]float64, p),
		point: make([]float64, p), grad: make([]float64, p), eta: make([]float64, n), resid: make([]float64, n),
		shift: make([]float64, n), prob: make([]float64, n), weights: make([]float64, c.n),
	}
	for j, s := range f.squares {
		for k := range classes {
			f.lipschitz[j*classes+k] = l.CoordinateCurvature() * s
		}
	}
	f.Start(nil)
	return f, nil
}

func (f *softmax) Name() string             { return "softmax" }
func (f *softmax) Dim() int                 { return len(f.point) }
func (f *softmax) Penalty() *loss.Separable { return f.penalty }
func (f *softmax) Quadratic() bool          { return false }
func (f *softmax) Lower() float64           { return 0 }
func (f *softmax) Lipschitz() []float64     { return f.lipschitz }
func (f *softmax) Point() []float64         { return f.point }
func (f *softmax) Value() float64           { return f.value }
func (f *softmax) Cost() Cost               { return f.cost }

// RowSums are those of the full Böhning bound: the K entries of a row of
// ½(I − 11ᵀ/K) sum to 1 − 1/K in absolute value.
func (f *softmax) RowSums(ctx context.Context, threads int) ([]float64, error) {
	if f.rowSums != nil {
		return f.rowSums, nil
	}
	k := f.loss.K
	columns, err := f.x.absRowSums(ctx, threads, f.w, 1-1/float64(k))
	if err != nil {
		return nil, err
	}
	f.rowSums = make([]float64, len(f.point))
	for c := range f.rowSums {
		f.rowSums[c] = columns[c/k]
	}
	return f.rowSums, nil
}

func (f *softmax) touch(columns, entries int64) {
	f.cost.Columns += columns
	f.cost.Flops += 2 * entries
}

// split returns the column and the class of a coordinate.
func (f *softmax) split(c int32) (j, k int) { return int(c) / f.loss.K, int(c) % f.loss.K }

// each calls fn with the entries x_ij of column j and the places of row i in
// the n×K arrays.
func (f *softmax) each(j int, fn func(place int, x float64)) {
	if f.x.sparse == nil {
		for i, v := range f.x.column(j) {
			fn(i*f.loss.K, v)
		}
		return
	}
	row, val := f.x.sparse.Row(j)
	for e, i := range row {
		fn(int(i)*f.loss.K, val[e])
	}
}

// add computes η += X_j d for class k.
func (f *softmax) add(c int32, d float64, eta []float64) {
	j, k := f.split(c)
	f.each(j, func(place int, x float64) { eta[place+k] += d * x })
	f.touch(1, f.x.size(j))
}

func (f *softmax) Start(x []float64) {
	if x == nil {
		clear(f.point)
	} else {
		copy(f.point, x)
	}
	clear(f.eta)
	for c, v := range f.point {
		if v != 0 {
			f.add(int32(c), v, f.eta)
		}
	}
	f.refresh()
}

func (f *softmax) refresh() {
	f.value = f.loss.Derivatives(f.eta, f.class, f.w, f.resid, nil)
	f.fresh = false
}

func (f *softmax) Gradient() []float64 {
	if !f.fresh {
		f.transposed(f.resid, f.grad)
		f.fresh = true
	}
	return f.grad
}

// transposed computes G = XᵀU of shape p×K.
func (f *softmax) transposed(u, g []float64) {
	clear(g)
	for j := range f.x.p {
		row := g[j*f.loss.K : (j+1)*f.loss.K]
		f.each(j, func(place int, x float64) { kern.Axpy(x, u[place:place+f.loss.K], row) })
	}
	f.touch(int64(f.x.p*f.loss.K), f.x.entries()*int64(f.loss.K))
}

func (f *softmax) Partial(b []int32, g []float64) {
	for t, c := range b {
		if f.fresh {
			g[t] = f.grad[c]
			continue
		}
		j, k := f.split(c)
		sum := 0.0
		f.each(j, func(place int, x float64) { sum += x * f.resid[place+k] })
		g[t] = sum
		f.touch(1, f.x.size(j))
	}
}

// distinct counts the classes of a block.
func (f *softmax) distinct(b []int32) int {
	seen := make([]bool, f.loss.K)
	q := 0
	for _, c := range b {
		if _, k := f.split(c); !seen[k] {
			seen[k] = true
			q++
		}
	}
	return q
}

func (f *softmax) Bound(b []int32, h []float64) {
	diagonal, off := f.loss.BohningBound(f.distinct(b))
	f.pairs(b, h, func(k, l int) ([]float64, float64) {
		if k == l {
			return f.w, diagonal
		}
		return f.w, off
	})
}

// Curvature has Σ_i w_i x_ij x_il π_ik(δ_kl − π_il) for the coordinates (j,k)
// and (l,m).
func (f *softmax) Curvature(b []int32, h []float64) {
	f.loss.Derivatives(f.eta, f.class, f.w, f.shift, f.prob)
	K := f.loss.K
	f.pairs(b, h, func(k, l int) ([]float64, float64) {
		for i := range f.weights {
			p := f.prob[i*K+k]
			v := -p * f.prob[i*K+l]
			if k == l {
				v = p * (1 - p)
			}
			if f.w != nil {
				v *= f.w[i]
			}
			f.weights[i] = v
		}
		return f.weights, 1
	})
}

// pairs fills h with scale·Σ_i w_i x_ij x_il for each pair of coordinates,
// w and scale given for the pair's classes.
func (f *softmax) pairs(b []int32, h []float64, of func(k, l int) ([]float64, float64)) {
	t := len(b)
	for r, c := range b {
		j, k := f.split(c)
		for s := r; s < t; s++ {
			l, m := f.split(b[s])
			w, scale := of(k, m)
			v := scale * f.x.weighted(j, l, w)
			h[r*t+s], h[s*t+r] = v, v
			f.touch(1, f.x.size(l))
		}
	}
}

// Product multiplies with the full bound: ½(I − 11ᵀ/K) subtracts from each row
// of X D its mean.
func (f *softmax) Product(b []int32, d, out []float64) {
	f.along(b, d)
	K := f.loss.K
	for i := range f.x.n {
		row := f.shift[i*K : (i+1)*K]
		mean, scale := kern.Sum(row)/float64(K), 0.5
		if f.w != nil {
			scale *= f.w[i]
		}
		for k := range row {
			row[k] = scale * (row[k] - mean)
		}
	}
	f.transposed(f.shift, out)
}

func (f *softmax) along(b []int32, d []float64) {
	clear(f.shift)
	for t, c := range b {
		if d[t] != 0 {
			f.add(c, d[t], f.shift)
		}
	}
}

func (f *softmax) Change(b []int32, _, d []float64) float64 {
	f.along(b, d)
	kern.Axpy(1, f.eta, f.shift)
	v := f.loss.Value(f.shift, f.class, f.w) - f.value
	if math.IsNaN(v) {
		return math.Inf(1)
	}
	return v
}

func (f *softmax) Move(b []int32, d []float64) {
	for t, c := range b {
		if d[t] != 0 {
			f.point[c] += d[t]
			f.add(c, d[t], f.eta)
		}
	}
	f.refresh()
}
