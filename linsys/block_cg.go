package linsys

import (
	"context"
	"math"

	"solve/internal/par"
	"solve/matrix"
	"solve/solver"
)

// Conjugate gradients for many right-hand sides.
//
// The recurrences are independent, so that every column ends by itself, and
// share what is expensive: the matrix is read once for all columns of a block,
// and the preconditioner, where it can, for the eight that stand side by side.
// A column that has ended makes room for one that waits; the block narrows when
// none is left. Where columns are many each thread has a block of its own.
// O'Leary's block method couples the columns instead, which pays for related
// right-hand sides only.

// blockWidth is how many columns are iterated at a time. More would save little
// of the matrix, and p would no longer stay in cache.
const blockWidth = 16

// blockPreconditioner applies itself to k vectors at once, row-major.
type blockPreconditioner interface {
	ApplyBlock(z, r []float64, k int)
}

// blockCG solves A X = B for the system's columns, A symmetric positive
// definite, and returns an outcome for each. A product for several columns
// counts for each of them. record is given the largest residual under way.
// A system that the loops can't work on as it is is solved column by column.
func blockCG(ctx context.Context, s *system) []outcome {
	if s.kernel != nil || extremeColumn(s) {
		return eachColumn(ctx, s, cg)
	}
	s.reset()
	outcomes := make([]outcome, max(1, s.columns))
	a, blocks := s.separateBlocks()
	queue := newColumnQueue(len(outcomes), blocks)
	if blocks == 1 {
		newBlock(ctx, s, queue, 0, outcomes).run()
		return outcomes
	}
	par.For(s.threads, blocks, func(k int) {
		sub := *s
		sub.a, sub.threads, sub.work = a, 1, new(workspace)
		newBlock(ctx, &sub, queue, k, outcomes).run()
	})
	return outcomes
}

// separateBlocks returns how many blocks are iterated side by side, each on one
// thread, and the matrix for them: as many as there are threads, where there
// are columns for all and nobody listens; or one, on all threads.
func (s *system) separateBlocks() (a matrix.Operator, blocks int) {
	shared, ok := s.a.(interface{ OneThread() *matrix.CSR })
	blocks = par.Threads(s.threads)
	if s.memory > 0 {
		blocks = int(min(int64(blocks), max(1, s.memory/s.blockBytes())))
	}
	if !ok || s.record != nil || s.look != nil || !concurrent(s.m) || par.Chunks(max(1, s.columns), groupWidth) < blocks {
		return nil, 1
	}
	return shared.OneThread(), blocks
}

// blockBytes is the memory of a block of groupWidth columns: five vectors of
// passes, the two tiles, and four of each lane.
func (s *system) blockBytes() int64 {
	return 11 * 8 * groupWidth * int64(max(1, len(s.b)/max(1, s.columns)))
}

// concurrent tells whether goroutines may apply m at the same time.
func concurrent(m Preconditioner) bool {
	switch m.(type) {
	case nil, *Diagonal, *BlockDiagonal:
		return true
	}
	return false
}

// extremeColumn tells whether some column's squares are out of range.
func extremeColumn(s *system) bool {
	largest := make([]float64, max(1, s.columns))
	for i, t := range s.b {
		j := i % len(largest)
		largest[j] = max(largest[j], math.Abs(t))
	}
	for _, size := range largest {
		if size > 0 && size < smallB || size > largeB {
			return true
		}
	}
	return false
}

// eachColumn runs a method on one column after the other.
func eachColumn(ctx context.Context, s *system, run method) []outcome {
	columns := max(1, s.columns)
	n := len(s.b) / columns
	sub := *s
	sub.b, sub.x = make([]float64, n), make([]float64, n)
	outcomes := make([]outcome, columns)
	for j := range outcomes {
		for i := range n {
			sub.b[i], sub.x[i] = s.b[i*columns+j], s.x[i*columns+j]
		}
		outcomes[j] = run(ctx, &sub)
		for i, t := range sub.x {
			s.x[i*columns+j] = t
		}
	}
	return outcomes
}

// lane is a column under way.
type lane struct {
	*loop
	sys    system // of this column alone
	index  int    // in B
	k      int
	gamma  float64
	alpha  float64 // of the step that x still has to do
	beta   float64
	square float64 // rᵀr
	gain   float64 // rᵀM⁻¹r, where M is diagonal or missing
	fresh  bool    // the next direction is the preconditioned residual
	ended  bool
	tri    *tridiagonal
	recent energyWindow
}

// block holds the columns: the vectors of the pass have len(lanes) of them.
type block struct {
	*system
	pass        blockPass
	ctx         context.Context
	n, columns  int
	tile        tile // of columns that wait
	lanes, idle []*lane
	in, out     []float64 // a column for an operator that takes one
	outcomes    []outcome
	iter        int
	err         error // of record
}

// newBlock prepares block number which of those that the queue serves. It has
// eight columns where it isn't alone.
func newBlock(ctx context.Context, s *system, queue *columnQueue, which int, outcomes []outcome) *block {
	columns := len(outcomes)
	n := len(s.b) / columns
	width := min(blockWidth, columns)
	if len(queue.shares) > 1 {
		width = groupWidth
	}
	b := &block{system: s, ctx: ctx, n: n, columns: columns, outcomes: outcomes, in: s.work.take(n), out: s.work.take(n)}
	b.tile = tile{queue: queue, share: which, columns: columns, b: s.b, x: s.x}
	p := &b.pass
	p.init(s, n)
	for _, x := range []*[]float64{&p.x, &p.r, &p.p, &p.q} {
		*x = s.work.take(n * width)
	}
	p.z = p.r
	if b.preconditions() {
		p.z = s.work.take(n * width)
	}
	for range width {
		b.idle = append(b.idle, b.newLane())
	}
	return b
}

// preconditions tells whether M⁻¹ is applied in passes of its own.
func (b *block) preconditions() bool { return b.m != nil && b.pass.inv == nil }

func (b *block) run() {
	for b.fill(); len(b.lanes) > 0; b.fill() {
		b.advance()
	}
}

func (b *block) newLane() *lane {
	c := &lane{sys: *b.system}
	c.sys.work, c.sys.record = new(workspace), nil
	c.sys.b, c.sys.x = make([]float64, b.n), make([]float64, b.n)
	return c
}

// fill delivers the columns that have ended, puts waiting ones in their
// places and closes the gaps that stay.
func (b *block) fill() {
	first := b.lanes == nil
	for at, c := range b.lanes {
		if !c.ended {
			continue
		}
		b.deliver(c)
		if b.begin(c) {
			b.load(at, c)
		}
	}
	if first {
		for _, c := range b.idle {
			if b.begin(c) {
				b.lanes = append(b.lanes, c)
			}
		}
		b.pass.width = len(b.lanes)
		for at, c := range b.lanes {
			b.load(at, c)
		}
		return
	}
	b.narrow()
}

// begin gives the lane the next column that needs work; false if none does.
func (b *block) begin(c *lane) bool {
	for ; b.tile.next(c); b.deliver(c) {
		c.sys.work.used, c.sys.normA = 0, b.normA
		c.loop = c.sys.newLoop(b.ctx)
		c.k, c.gamma, c.alpha, c.fresh, c.ended, c.recent = 0, 0, 0, true, false, energyWindow{}
		started := c.startFrom(c.sys.b)
		if started && b.err == nil && b.ctx.Err() == nil {
			c.tri = newTridiagonal(c.work, c.maxIter)
			b.measure(c)
			return true
		}
		c.tri = nil
		switch {
		case started && b.err != nil:
			c.out.reason, c.out.err = solver.Interrupted, b.err
		case started:
			c.tick(0, c.bestNorm, c.bestNorm)
		}
	}
	c.ended = true
	return false
}

// measure computes rᵀr and rᵀM⁻¹r of the residual in the lane's t.
func (b *block) measure(c *lane) {
	c.square = c.v.dot(c.t, c.t)
	c.gain = c.square
	if b.pass.inv != nil {
		b.m.Apply(b.out, c.t)
		c.gain = c.v.dot(b.out, c.t)
	}
}

// column of a block vector: entry i is number from + i·stride.
func (b *block) place(at int) (from, stride int) {
	stride, from = b.pass.group(at / groupWidth)
	return from + at%groupWidth, stride
}

// load writes the lane's vectors into column at of the block.
func (b *block) load(at int, c *lane) {
	k, stride := b.place(at)
	x, r, p := b.pass.x, b.pass.r, b.pass.p
	for i, t := range c.t {
		x[k], r[k], p[k] = c.sys.x[i], t, 0
		k += stride
	}
}

// unload computes the lane's x, in column at of the block, in its own vector.
func (b *block) unload(at int, c *lane) {
	k, stride := b.place(at)
	x, p := b.pass.x, b.pass.p
	for i := range c.sys.x {
		c.sys.x[i] = x[k] + c.alpha*p[k]
		k += stride
	}
}

// column copies column at of a block vector.
func (b *block) column(dst, src []float64, at int) {
	k, stride := b.place(at)
	for i := range dst {
		dst[i] = src[k]
		k += stride
	}
}

func (b *block) setColumn(dst []float64, at int, src []float64) {
	k, stride := b.place(at)
	for _, t := range src {
		dst[k] = t
		k += stride
	}
}

// deliver writes the lane's x and outcome; x is in its own vector.
func (b *block) deliver(c *lane) {
	if c.tri != nil {
		c.out.lo, c.out.hi = c.tri.extremes()
		c.out.energy = c.recent.estimate()
		c.out = c.finish()
	}
	for i, t := range c.sys.x {
		b.system.x[i*b.columns+c.index] = t
	}
	b.outcomes[c.index] = c.out
	b.normA = c.sys.normA
}

// narrow closes the gaps of ended lanes. Group by group, columns only move
// towards the beginning.
func (b *block) narrow() {
	var from, stride [blockWidth]int
	live := b.lanes[:0]
	for at, c := range b.lanes {
		if !c.ended {
			from[len(live)], stride[len(live)] = b.place(at)
			live = append(live, c)
		}
	}
	if len(live) == len(b.lanes) {
		return
	}
	b.lanes, b.pass.width = live, len(live)
	for g := 0; g < len(live); g += groupWidth {
		last := min(g+groupWidth, len(live))
		for _, x := range [][]float64{b.pass.x, b.pass.r, b.pass.p} {
			to, _ := b.place(g)
			for i := range b.n {
				for at := g; at < last; at++ {
					x[to] = x[from[at]+i*stride[at]]
					to++
				}
			}
		}
	}
}

// advance does an iteration of every column and judges it.
func (b *block) advance() {
	b.direct()
	b.descend()
	worst := 0.0
	b.iter++
	for j, c := range b.lanes {
		if c.ended {
			continue
		}
		c.k++
		c.tri.append(c.alpha, c.beta)
		c.recent.add(c.alpha * c.gamma)
		norm := math.Sqrt(c.square)
		worst = max(worst, norm/c.normB)
		b.judge(j, c, norm)
	}
	if b.record != nil && b.err == nil {
		b.err = b.record(b.iter, worst, math.NaN())
		if b.err != nil {
			b.interrupt()
		}
	}
}

// direct computes the next directions, p = z + β p with z = M⁻¹r, and q = A p;
// x follows the directions before.
func (b *block) direct() {
	var gammas perColumn
	pass := &b.pass
	if b.preconditions() {
		b.precondition()
		gammas = pass.dots()
	} else if b.m != nil {
		for _, c := range b.lanes {
			c.loop.out.precApplied++
		}
	}
	for j, c := range b.lanes {
		gamma := c.gain
		if b.preconditions() {
			gamma = *gammas.at(j)
		}
		if !(gamma > 0) || math.IsInf(gamma, 1) {
			b.unload(j, c)
			c.badPreconditioner(c.k, gamma)
			c.ended = true
		}
		c.beta = 0
		if !c.fresh {
			c.beta = gamma / c.gamma
		}
		c.gamma, c.fresh = gamma, false
		*pass.alpha.at(j), *pass.beta.at(j) = c.alpha, c.beta
	}
	deltas := pass.multiply(b.multiplyColumns)
	for j, c := range b.lanes {
		c.loop.out.matvecs++
		c.alpha = 0
		if c.ended {
			continue
		}
		if delta := *deltas.at(j); !(delta > 0) || math.IsInf(delta, 1) {
			b.unload(j, c)
			b.column(b.in, pass.p, j)
			c.badCurvature(c.k, delta, c.v.dot(b.in, b.in))
			c.ended = true
			continue
		}
		c.alpha = c.gamma / *deltas.at(j)
	}
}

// descend updates the residuals.
func (b *block) descend() {
	for j, c := range b.lanes {
		*b.pass.alpha.at(j) = c.alpha
	}
	squares, gains := b.pass.step()
	for j, c := range b.lanes {
		c.square, c.gain = *squares.at(j), *gains.at(j)
	}
}

func (b *block) precondition() {
	z, r := b.pass.z, b.pass.r
	for _, c := range b.lanes {
		c.loop.out.precApplied++
	}
	if m, ok := b.m.(blockPreconditioner); ok {
		for g := 0; g*groupWidth < len(b.lanes); g++ {
			width, from := b.pass.group(g)
			m.ApplyBlock(z[from:from+b.n*width], r[from:from+b.n*width], width)
		}
		return
	}
	for at := range b.lanes {
		b.column(b.in, r, at)
		b.m.Apply(b.out, b.in)
		b.setColumn(z, at, b.out)
	}
}

func (b *block) multiplyColumns() {
	for at := range b.lanes {
		b.column(b.in, b.pass.p, at)
		b.a.MulVecTo(b.out, false, b.in)
		b.setColumn(b.pass.q, at, b.out)
	}
}

// judge lets the lane look at its residual; it needs x for the true one.
func (b *block) judge(at int, c *lane, norm float64) {
	looks := norm <= c.target || c.k%sampleEvery == 0
	if looks {
		b.unload(at, c)
	}
	switch c.judge(c.k, norm) {
	case stop:
		if !looks {
			b.unload(at, c)
		}
		c.ended = true
	case restart:
		b.setColumn(b.pass.x, at, c.sys.x)
		b.setColumn(b.pass.r, at, c.t)
		b.measure(c)
		c.alpha, c.fresh = 0, true
		c.tri.complete = true
	}
}

// interrupt ends all lanes because record has failed.
func (b *block) interrupt() {
	for at, c := range b.lanes {
		if !c.ended {
			b.unload(at, c)
			c.ended = true
			c.out.reason, c.out.err = solver.Interrupted, b.err
		}
	}
}
