package block

import (
	"context"
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// columns is X (n×p) stored by columns, sparse or dense.
type columns struct {
	n, p   int
	sparse *matrix.CSR // row j is column j of X; nil if dense
	dense  []float64   // column after column
	work   []float64   // length n, zero between calls
}

// columnsOf copies a Dense or shares the kept transpose of a CSR.
func columnsOf(x matrix.Operator) (*columns, error) {
	n, p := x.Dims()
	if n == 0 || p == 0 {
		return nil, fmt.Errorf("block: a %d×%d matrix leaves nothing to minimise: %w", n, p, solver.ErrInput)
	}
	c := &columns{n: n, p: p, work: make([]float64, n)}
	switch m := x.(type) {
	case *matrix.Dense:
		if err := m.CheckFinite("matrix"); err != nil {
			return nil, err
		}
		c.dense = make([]float64, n*p)
		for i := range n {
			for j, v := range m.Row(i) {
				c.dense[j*n+i] = v
			}
		}
	case *matrix.CSR:
		if err := m.CheckFinite("matrix"); err != nil {
			return nil, err
		}
		c.sparse = m.Transpose()
	default:
		return nil, fmt.Errorf("block: columns of a %T: %w", x, solver.ErrUnsupported)
	}
	return c, nil
}

func (c *columns) column(j int) []float64 { return c.dense[j*c.n : (j+1)*c.n] }

// size is the number of stored entries of column j.
func (c *columns) size(j int) int64 {
	if c.sparse == nil {
		return int64(c.n)
	}
	return c.sparse.RowPtr[j+1] - c.sparse.RowPtr[j]
}

// entries is the number of stored entries.
func (c *columns) entries() int64 {
	if c.sparse == nil {
		return int64(len(c.dense))
	}
	return int64(c.sparse.NNZ())
}

// dot returns X_jᵀu.
func (c *columns) dot(j int, u []float64) float64 {
	if c.sparse == nil {
		return kern.Dot(c.column(j), u)
	}
	row, val := c.sparse.Row(j)
	return kern.GatherDot(row, val, u)
}

// axpy computes y += a X_j.
func (c *columns) axpy(j int, a float64, y []float64) {
	if c.sparse == nil {
		kern.Axpy(a, c.column(j), y)
		return
	}
	row, val := c.sparse.Row(j)
	kern.ScatterAxpy(a, row, val, y)
}

// transposed computes g = Xᵀu.
func (c *columns) transposed(u, g []float64) {
	if c.sparse != nil {
		kern.SpMV(c.sparse.RowPtr, c.sparse.Col, c.sparse.Val, u, g)
		return
	}
	for j := range g {
		g[j] = kern.Dot(c.column(j), u)
	}
}

// squares returns scale·Σ_i w_i x_ij² for every column.
func (c *columns) squares(w []float64, scale float64) []float64 {
	s := make([]float64, c.p)
	for j := range s {
		s[j] = scale * c.weighted(j, j, w)
	}
	return s
}

// weighted returns Σ_i w_i x_ij x_ik, w nil meaning ones.
func (c *columns) weighted(j, k int, w []float64) float64 {
	c.load(j, w)
	v := c.dot(k, c.work)
	c.unload(j)
	return v
}

// load puts w∘X_j into work.
func (c *columns) load(j int, w []float64) {
	if c.sparse == nil {
		copy(c.work, c.column(j))
		for i := range w {
			c.work[i] *= w[i]
		}
		return
	}
	row, val := c.sparse.Row(j)
	for e, i := range row {
		v := val[e]
		if w != nil {
			v *= w[i]
		}
		c.work[i] = v
	}
}

func (c *columns) unload(j int) {
	if c.sparse == nil {
		clear(c.work)
		return
	}
	row, _ := c.sparse.Row(j)
	for _, i := range row {
		c.work[i] = 0
	}
}

// gram stores scale·X_bᵀ diag(w) X_b, row-major, and returns the entries read.
func (c *columns) gram(b []int32, w []float64, scale float64, h []float64) int64 {
	var read int64
	t := len(b)
	for r, j := range b {
		c.load(int(j), w)
		for s := r; s < t; s++ {
			v := scale * c.dot(int(b[s]), c.work)
			h[r*t+s], h[s*t+r] = v, v
			read += c.size(int(b[s]))
		}
		c.unload(int(j))
	}
	return read
}

// rowSumChunk is how many columns one worker takes at a time.
const rowSumChunk = 64

// absRowSums returns scale·Σ_k|X_jᵀ diag(w) X_k| for every column j. Column
// by column, its work is that of XᵀX without keeping it.
func (c *columns) absRowSums(ctx context.Context, threads int, w []float64, scale float64) ([]float64, error) {
	sums := make([]float64, c.p)
	if c.sparse != nil {
		c.sparse.Transpose() // before the workers ask for it
	}
	err := par.ForCtx(ctx, threads, par.Chunks(c.p, rowSumChunk), func(chunk int) {
		lo, hi := par.Bounds(chunk, c.p, rowSumChunk)
		product, work := make([]float64, c.p), make([]float64, c.n)
		for j := lo; j < hi; j++ {
			c.products(j, w, work, product)
			sum := 0.0
			for _, v := range product {
				sum += math.Abs(v)
			}
			sums[j] = scale * sum
		}
	})
	if err != nil {
		return nil, fmt.Errorf("block: row sums of the Hessian: %w", solver.ErrInterrupted)
	}
	return sums, nil
}

// products stores X_kᵀ diag(w) X_j for every k; work has length n.
func (c *columns) products(j int, w, work, out []float64) {
	if c.sparse == nil {
		copy(work, c.column(j))
		for i := range w {
			work[i] *= w[i]
		}
		c.transposed(work, out)
		return
	}
	clear(out)
	rows := c.sparse.Transpose()
	row, val := c.sparse.Row(j)
	for e, i := range row {
		v := val[e]
		if w != nil {
			v *= w[i]
		}
		col, x := rows.Row(int(i))
		kern.ScatterAxpy(v, col, x, out)
	}
}
