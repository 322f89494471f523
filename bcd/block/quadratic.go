package block

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// quadratic is f(x) = ½xᵀAx − bᵀx. It maintains the gradient g = Ax − b: a
// move costs the rows that it touches, and every refreshEvery-th move pays for
// a product with A, so that rounding cannot pile up.
type quadratic struct {
	a       *matrix.CSR
	b       []float64
	penalty *loss.Separable

	diagonal, rowSums []float64
	point, grad       []float64
	value, low        float64 // f, compensated
	moves             int
	changed           []int32 // rows of grad that the last move changed, if few
	all               bool    // they are many
	local             []int32 // scratch: places in a block, −1 outside
	cost              Cost
}

const refreshEvery = 50 // moves

// NewQuadratic returns f(x) = ½xᵀAx − bᵀx for a symmetric positive definite A
// with a positive diagonal; definiteness itself is met by the factorisations
// of its blocks. A and b are kept and not modified; penalty may be nil.
func NewQuadratic(a *matrix.CSR, b []float64, penalty *loss.Separable) (Objective, error) {
	return newQuadratic(a, b, penalty)
}

func newQuadratic(a *matrix.CSR, b []float64, penalty *loss.Separable) (*quadratic, error) {
	n := a.Rows
	if n == 0 || a.Cols != n || len(b) != n {
		return nil, fmt.Errorf("block: a quadratic of A %d×%d and %d entries of b: %w", n, a.Cols, len(b), solver.ErrDimension)
	}
	if err := a.CheckFinite("matrix"); err != nil {
		return nil, err
	}
	if err := a.CheckSymmetric(); err != nil {
		return nil, fmt.Errorf("block: %w", err)
	}
	for i, v := range b {
		if v-v != 0 {
			return nil, &solver.EntryError{What: "b", Row: i + 1, Value: v, Err: solver.ErrNonFinite}
		}
	}
	if penalty != nil {
		if err := penalty.Validate(n); err != nil {
			return nil, fmt.Errorf("block: penalty: %w", err)
		}
	}
	f := &quadratic{
		a: a, b: b, penalty: penalty, diagonal: make([]float64, n), point: make([]float64, n), grad: make([]float64, n),
		local: make([]int32, n),
	}
	for i := range n {
		f.local[i] = -1
		if f.diagonal[i] = a.At(i, i); !(f.diagonal[i] > 0) {
			return nil, fmt.Errorf("block: diagonal entry %d is %v: %w", i+1, f.diagonal[i], solver.ErrNotPositiveDefinite)
		}
	}
	f.Start(nil)
	return f, nil
}

func (f *quadratic) Name() string             { return "quadratic" }
func (f *quadratic) Dim() int                 { return f.a.Rows }
func (f *quadratic) Penalty() *loss.Separable { return f.penalty }
func (f *quadratic) Quadratic() bool          { return true }
func (f *quadratic) Lower() float64           { return math.Inf(-1) }
func (f *quadratic) Lipschitz() []float64     { return f.diagonal }
func (f *quadratic) Point() []float64         { return f.point }
func (f *quadratic) Gradient() []float64      { return f.grad }
func (f *quadratic) Cost() Cost               { return f.cost }

func (f *quadratic) RowSums(context.Context, int) ([]float64, error) {
	if f.rowSums == nil {
		f.rowSums = make([]float64, f.a.Rows)
		for i := range f.rowSums {
			_, val := f.a.Row(i)
			for _, v := range val {
				f.rowSums[i] += math.Abs(v)
			}
		}
	}
	return f.rowSums, nil
}

func (f *quadratic) Start(x []float64) {
	if x == nil {
		clear(f.point)
	} else {
		copy(f.point, x)
	}
	f.recompute()
	f.moves, f.value, f.low = 0, 0, 0
	for i, x := range f.point {
		f.add(0.5 * x * (f.grad[i] - f.b[i]))
	}
}

func (f *quadratic) recompute() {
	f.a.MulVecTo(f.grad, false, f.point)
	kern.Axpy(-1, f.b, f.grad)
	f.touch(int64(f.a.Rows), int64(f.a.NNZ()))
	f.all = true
}

func (f *quadratic) touch(rows, entries int64) {
	f.cost.Columns += rows
	f.cost.Flops += 2 * entries
}

// Value is f as Start computed it, plus the changes of all moves since. Of
// differences of f, which are what is looked at, that keeps more digits than
// evaluating f anew.
func (f *quadratic) Value() float64 { return f.value + f.low }

// add adds v to the value with compensation.
func (f *quadratic) add(v float64) {
	t := f.value + v
	if math.Abs(f.value) >= math.Abs(v) {
		f.low += (f.value - t) + v
	} else {
		f.low += (v - t) + f.value
	}
	f.value = t
}

func (f *quadratic) Partial(b []int32, g []float64) {
	for k, j := range b {
		g[k] = f.grad[j]
	}
}

// enter marks the places of a block in local; leave takes the marks away.
func (f *quadratic) enter(b []int32) {
	for k, j := range b {
		f.local[j] = int32(k)
	}
}

func (f *quadratic) leave(b []int32) {
	for _, j := range b {
		f.local[j] = -1
	}
}

func (f *quadratic) Bound(b []int32, h []float64) {
	f.enter(b)
	clear(h[:len(b)*len(b)])
	for r, j := range b {
		col, val := f.a.Row(int(j))
		for e, c := range col {
			if s := f.local[c]; s >= 0 {
				h[r*len(b)+int(s)] = val[e]
			}
		}
		f.touch(1, int64(len(col)))
	}
	f.leave(b)
}

func (f *quadratic) Curvature(b []int32, h []float64) { f.Bound(b, h) }

func (f *quadratic) Product(b []int32, d, out []float64) {
	clear(out)
	f.spread(b, d, out)
}

// spread computes out += A_·b d.
func (f *quadratic) spread(b []int32, d, out []float64) {
	ptr, cols, vals := f.a.RowPtr, f.a.Col, f.a.Val
	var entries int64
	for k, j := range b {
		v := d[k]
		if v == 0 {
			continue
		}
		lo, hi := ptr[j], ptr[j+1]
		col, val := cols[lo:hi], vals[lo:hi]
		for e, c := range col {
			out[c] += v * val[e]
		}
		entries += hi - lo
	}
	f.touch(int64(len(b)), entries)
}

// Change is gᵀd + ½dᵀA_bb d.
func (f *quadratic) Change(b []int32, g, d []float64) float64 {
	f.enter(b)
	linear, square := 0.0, 0.0
	for k, j := range b {
		linear += g[k] * d[k]
		sum := 0.0
		col, val := f.a.Row(int(j))
		for e, c := range col {
			if s := f.local[c]; s >= 0 {
				sum += val[e] * d[s]
			}
		}
		square += d[k] * sum
		f.touch(1, int64(len(col)))
	}
	f.leave(b)
	return linear + 0.5*square
}

// Move adds the change ½dᵀ(g + g⁺) to the value.
func (f *quadratic) Move(b []int32, d []float64) {
	before := f.slope(b, d)
	for k, j := range b {
		f.point[j] += d[k]
	}
	if f.moves++; f.moves%refreshEvery == 0 {
		f.recompute()
	} else {
		f.spread(b, d, f.grad)
		f.note(b)
	}
	f.add(0.5 * (before + f.slope(b, d)))
}

// slope is g_bᵀd.
func (f *quadratic) slope(b []int32, d []float64) float64 {
	sum := 0.0
	for k, j := range b {
		sum += f.grad[j] * d[k]
	}
	return sum
}

// note lists the rows of the gradient that a move of block b changed, unless
// they are so many that looking at all is cheaper.
func (f *quadratic) note(b []int32) {
	f.changed = f.changed[:0]
	f.all = false
	for _, j := range b {
		col, _ := f.a.Row(int(j))
		if len(f.changed)+len(col) > f.a.Rows/64 {
			f.all = true
			return
		}
		f.changed = append(f.changed, col...)
	}
}

// Changed lists the coordinates whose partial derivative the last move
// changed, some of them more than once; all means that any may have changed.
func (f *quadratic) Changed() (coordinates []int32, all bool) { return f.changed, f.all }
