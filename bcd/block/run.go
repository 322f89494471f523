package block

import (
	"context"
	"errors"
	"math"
	"slices"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/solver"
)

// Keys of the streams of Settings.Seed.
const (
	streamRule  = 1
	streamPower = 2
)

// run is one descent: what the rule and the update share.
type run struct {
	obj     Objective
	opt     *Options
	stream  *rng.Stream
	blocks  [][]int32 // of a fixed partition; nil otherwise
	known   []facts   // of the fixed blocks
	forests bool      // blocks are minimised by message passing
	update  update
	score   []float64 // of each variable, scratch of the rule
	at      []float64 // of each variable, scratch of the residual
	pool    [8][]float64
	values  []float64 // scratch for a block of the Hessian
}

// facts about a fixed block are computed once.
type facts struct {
	lipschitz float64
	diagonal  []float64
	factor    *factor
	forest    *forest
	estimate  float64 // L̂ of the update la
	measured  bool
}

func newRun(ctx context.Context, f Objective, o *Options) (*run, error) {
	blocks, err := fixedBlocks(ctx, f, o)
	if err != nil {
		return nil, err
	}
	r := &run{
		obj: f, opt: o, stream: rng.NewStream(o.Seed, streamRule), blocks: blocks, known: make([]facts, len(blocks)),
		score: make([]float64, f.Dim()), at: make([]float64, f.Dim()),
	}
	r.forests = r.messagePassing()
	if err := r.checkMemory(); err != nil {
		return nil, err
	}
	r.update = newUpdate(r)
	return r, nil
}

// messagePassing tells whether blocks are minimised as forests, without dense
// matrices: those of the graph partitions, and given ones that are forests.
func (r *run) messagePassing() bool {
	f, sparse := r.obj.(*quadratic)
	switch {
	case r.opt.graph():
		return true
	case !sparse || f.penalty != nil || r.opt.Partition != Given || r.opt.Update != Exact:
		return false
	}
	return slices.Contains([]string{Random, Cyclic, GS, GSD}, r.opt.Rule) && areForests(f.a, r.blocks)
}

// checkMemory compares the dense blocks that are kept with what is allowed.
func (r *run) checkMemory() error {
	if r.forests {
		return nil
	}
	largest, kept := float64(r.opt.BlockSize), 0.0
	for _, b := range r.blocks {
		largest = math.Max(largest, float64(len(b)))
		kept += float64(len(b)) * float64(len(b))
	}
	need := 8 * (kept + 4*largest*largest)
	if limit := r.opt.MemoryLimit(); need > float64(limit) {
		return &solver.TooLargeError{What: "the factors of the blocks", Need: int64(math.Min(need, 1<<62)), Have: limit}
	}
	return nil
}

// vector returns the first n numbers of a scratch vector.
func (r *run) vector(slot, n int) []float64 {
	if cap(r.pool[slot]) < n {
		r.pool[slot] = make([]float64, n)
	}
	return r.pool[slot][:n]
}

func (r *run) square(n int) []float64 {
	if cap(r.values) < n*n {
		r.values = make([]float64, n*n)
	}
	return r.values[:n*n]
}

// lipschitzOf returns L_b ≥ λ_max(H_bb), kept for fixed blocks.
func (r *run) lipschitzOf(b []int32, id int) float64 {
	if id >= 0 && r.known[id].measured {
		return r.known[id].lipschitz
	}
	h := r.square(len(b))
	r.obj.Bound(b, h)
	l := largestEigenvalue(h, len(b))
	if id >= 0 {
		r.known[id].lipschitz, r.known[id].measured = l, true
	}
	return l
}

// diagonalOf returns D_j = Σ_{k∈b}|H_jk|, so that diag(D) ⪰ H_bb.
func (r *run) diagonalOf(b []int32, id int) []float64 {
	if id >= 0 && r.known[id].diagonal != nil {
		return r.known[id].diagonal
	}
	var d []float64
	if r.forests {
		d = r.graphDiagonal(b)
	} else {
		d = r.denseDiagonal(b)
	}
	if id >= 0 {
		r.known[id].diagonal = d
	}
	return d
}

func (r *run) denseDiagonal(b []int32) []float64 {
	n := len(b)
	d, h := make([]float64, n), r.square(n)
	r.obj.Bound(b, h)
	for k := range d {
		for _, v := range h[k*n : k*n+n] {
			d[k] += math.Abs(v)
		}
	}
	return d
}

// graphDiagonal does not store the block, which may be large.
func (r *run) graphDiagonal(b []int32) []float64 {
	f := r.obj.(*quadratic)
	d := make([]float64, len(b))
	f.enter(b)
	for k, j := range b {
		col, val := f.a.Row(int(j))
		for e, c := range col {
			if f.local[c] >= 0 {
				d[k] += math.Abs(val[e])
			}
		}
	}
	f.leave(b)
	return d
}

var errEigen = errors.New("block: the eigenvalues of a block did not converge")

// factorOf returns the factor of H_bb, kept for fixed blocks.
func (r *run) factorOf(b []int32, id int) (*factor, error) {
	if id >= 0 && r.known[id].factor != nil {
		return r.known[id].factor, nil
	}
	h := r.square(len(b))
	r.obj.Bound(b, h)
	f := newFactor(h, len(b))
	if f == nil {
		return nil, errEigen
	}
	if id >= 0 {
		r.known[id].factor = f
	}
	return f, nil
}

// change is f(x+d_b) + Ω(x+d_b) − f(x) − Ω(x), given g = ∇_b f.
func (r *run) change(b []int32, g, d []float64) float64 {
	v := r.obj.Change(b, g, d)
	if pen := r.obj.Penalty(); pen != nil {
		x := r.obj.Point()
		for k, j := range b {
			v += penaltyChange(pen, int(j), x[j], d[k])
		}
	}
	return v
}

// residual is ‖s(x)‖₂, s the distances from stationarity.
func (r *run) residual() float64 { return stationarity(r.obj, r.at) }

// gap is f − f* = ½(x−x*)ᵀ∇f of a quadratic, given x*.
func (r *run) gap() float64 {
	if r.opt.Solution == nil {
		return math.NaN()
	}
	x := r.obj.Point()
	for j, v := range r.opt.Solution {
		r.at[j] = x[j] - v
	}
	return 0.5 * kern.Dot(r.at, r.obj.Gradient())
}
