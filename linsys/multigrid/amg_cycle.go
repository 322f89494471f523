package multigrid

import (
	"math"

	"solve/internal/par"
)

// amgLevel is one level of a hierarchy. All its vectors are in the scaled
// variables of its matrix: x̂ = S⁻¹x, b̂ = S b.
type amgLevel[T amgFloat] struct {
	m       *scaledMatrix[T]
	p, pt   *amgCSR[T] // from and to the next coarser level, scaled; nil on the coarsest
	x, b, r []T
	y, d    []T // of the smoothers that need them
	kind    string
	cheb    []chebCoefficients[T]
	weight  []T
	threads int

	step                 int // of Chebyshev
	blockLoops, rowLoops int
	coarseLoops          int
	coarseCuts           []int

	forwardFn, backwardFn, forwardFromFn, backwardFromFn func(int)
	coupleFn, addResidualFn, addCouplingFn, residualFn   func(int)
	chebStartFn, chebStepFn, jacobiStartFn, jacobiStepFn func(int)
	restrictFn, prolongFn                                func(int)
}

// each runs a loop over fixed blocks.
func (l *amgLevel[T]) each(n int, fn func(int)) { par.For(l.threads, n, fn) }

// smallLevel is the number of entries below which a level stays on one
// thread: handing out work would take longer than doing it.
const smallLevel = 3 * chunkEntries

// hierarchy is a multigrid hierarchy in the precision T.
type hierarchy[T amgFloat] struct {
	levels []*amgLevel[T]
	coarse coarseSolver
	rhs    []float64 // of the coarsest level
	w      bool

	z, in               []float64 // of the call under way
	factor, back        float64
	peaks               []float64
	loadFn, storeFn     func(int)
	peakFn              func(int)
	vectorChunks        int
	vectorThreads, rows int
}

// vectorChunk is the length of a block of a vector.
const vectorChunk = 1 << 14

func (h *hierarchy[T]) bind(rows, threads int) {
	h.rows = rows
	h.vectorChunks = par.Chunks(rows, vectorChunk)
	h.vectorThreads = threads
	if rows < 3*vectorChunk {
		h.vectorThreads = 1
	}
	h.peaks = make([]float64, h.vectorChunks)
	h.peakFn = func(c int) {
		lo, hi := par.Bounds(c, rows, vectorChunk)
		h.peaks[c] = peak(h.in[lo:hi], h.levels[0].m.scale[lo:hi])
	}
	h.loadFn = func(c int) {
		lo, hi := par.Bounds(c, rows, vectorChunk)
		in, scale, b, f := h.in[lo:hi], h.levels[0].m.scale[lo:hi], h.levels[0].b[lo:hi], h.factor
		for i, v := range in {
			b[i] = T(v * scale[i] * f)
		}
	}
	h.storeFn = func(c int) {
		lo, hi := par.Bounds(c, rows, vectorChunk)
		z, scale, x, f := h.z[lo:hi], h.levels[0].m.scale[lo:hi], h.levels[0].x[lo:hi], h.back
		for i, v := range x {
			z[i] = float64(v) * scale[i] * f
		}
	}
}

// peak returns max |r_i s_i|.
func peak(r, s []float64) float64 {
	top := 0.0
	for i, v := range r {
		top = max(top, math.Abs(v*s[i]))
	}
	return top
}

// apply runs one cycle. The right-hand side is brought to about one by a
// power of two, so that float32 neither overflows nor loses what is small.
func (h *hierarchy[T]) apply(z, r []float64) {
	h.z, h.in = z, r
	par.For(h.vectorThreads, h.vectorChunks, h.peakFn)
	top := 0.0
	for _, p := range h.peaks {
		top = max(top, p)
	}
	exponent := 0
	if top > 0 && !math.IsInf(top, 0) {
		_, exponent = math.Frexp(top)
		exponent = min(max(exponent, -1000), 1000)
	}
	h.factor, h.back = math.Ldexp(1, -exponent), math.Ldexp(1, exponent)
	par.For(h.vectorThreads, h.vectorChunks, h.loadFn)
	h.cycle(0)
	par.For(h.vectorThreads, h.vectorChunks, h.storeFn)
	h.z, h.in = nil, nil
}

// cycle computes levels[k].x from levels[k].b.
func (h *hierarchy[T]) cycle(k int) {
	l := h.levels[k]
	if k == len(h.levels)-1 {
		h.solveCoarsest(l)
		return
	}
	l.presmooth()
	h.correct(k)
	if h.w && k+2 < len(h.levels) {
		l.residual()
		h.correct(k)
	}
	l.postsmooth()
}

// residual computes r = b − Â x.
func (l *amgLevel[T]) residual() {
	l.each(l.rowLoops, l.residualFn)
	if l.blockLoops > 1 {
		l.couple()
		l.each(l.blockLoops, l.addCouplingFn)
	}
}

// correct adds P e to x, where e comes from the coarser level for Pᵀ r.
func (h *hierarchy[T]) correct(k int) {
	l := h.levels[k]
	l.each(l.coarseLoops, l.restrictFn)
	h.cycle(k + 1)
	l.each(l.rowLoops, l.prolongFn)
}

func (h *hierarchy[T]) solveCoarsest(l *amgLevel[T]) {
	if h.coarse == nil {
		l.presmooth()
		l.postsmooth()
		return
	}
	for i, v := range l.b {
		h.rhs[i] = float64(v)
	}
	h.coarse.solve(h.rhs)
	for i, v := range h.rhs {
		l.x[i] = T(v)
	}
}

// bindTransfer makes the loops between l and the next coarser level.
func (l *amgLevel[T]) bindTransfer(coarse *amgLevel[T]) {
	l.coarseCuts = cutRows(l.pt.ptr, chunkEntries)
	l.coarseLoops = len(l.coarseCuts) - 1
	r, p, m := l.pt, l.p, l.m
	l.restrictFn = func(c int) {
		for i := l.coarseCuts[c]; i < l.coarseCuts[c+1]; i++ {
			coarse.b[i] = rowTimes(r.col[r.ptr[i]:r.ptr[i+1]], r.val[r.ptr[i]:r.ptr[i+1]], l.r)
		}
	}
	l.prolongFn = func(c int) {
		x, e := l.x, coarse.x
		for i := m.chunks[c]; i < m.chunks[c+1]; i++ {
			from, to := p.ptr[i], p.ptr[i+1]
			col := p.col[from:to]
			val := p.val[from:to:to][:len(col)]
			sum := x[i]
			for k, j := range col {
				sum += val[k] * e[j]
			}
			x[i] = sum
		}
	}
}

func (h *hierarchy[T]) bytes() int64 {
	var v T
	b := 8 * int64(len(h.rhs)+len(h.peaks))
	for _, l := range h.levels {
		b += l.m.bytes() + sizeOf(v)*int64(len(l.x)+len(l.b)+len(l.r)+len(l.y)+len(l.d)+len(l.weight))
		if l.p != nil {
			b += l.p.bytes() + l.pt.bytes()
		}
	}
	if h.coarse != nil {
		b += h.coarse.bytes()
	}
	return b
}
