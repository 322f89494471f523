package multigrid

// Symmetric l1 Gauss–Seidel on the scaled matrix I + L + U + E, where L and U
// are the triangles of the diagonal blocks and −E, the coupling, holds what
// leads out of a block and takes off what the scaling added to the diagonal.
// Within a block the sweeps are sequential; blocks see each other's values of
// the sweep before, whatever the number of threads.
//
// Each half of a symmetric sweep reuses what the other half computed (the
// idea of Conrad & Wallach, Alternating methods for sets of linear equations,
// Numer. Math. 32, 1979), so that from x = 0 a forward and a backward sweep
// and the residual read the matrix one and a half times, and a forward and a
// backward sweep from another x as often.

// forward solves (I + L) x = b in one block: the forward sweep from x = 0.
//
// Each row waits for the one before. It takes that value from a register and
// everything else first, so that it waits for one product and one sum.
func (m *scaledMatrix[T]) forward(lo, hi int, b, x []T) {
	ptr, mid := m.ptr[lo:hi], m.mid[lo:hi]
	b, own := b[lo:hi], x[lo:hi]
	var last T
	for i, from := range ptr {
		sum := b[i]
		if end := mid[i]; end > from {
			near := int(end - from - 1)
			col := m.col[from:end]
			val := m.val[from:end:end][:len(col)]
			for k, j := range col[:near] {
				sum -= val[k] * x[j]
			}
			if int(col[near]) != lo+i-1 {
				last = x[col[near]]
			}
			sum -= val[near] * last
		}
		own[i] = sum
		last = sum
	}
}

// backward solves (I + U) x = y in one block, with y in x, and leaves y − x
// in d.
func (m *scaledMatrix[T]) backward(lo, hi int, x, d []T) {
	ptr, mid := m.ptr[lo:hi+1], m.mid[lo:hi]
	d, own := d[lo:hi], x[lo:hi]
	var last T
	for i := len(mid) - 1; i >= 0; i-- {
		from, end := mid[i], ptr[i+1]
		if from == end {
			d[i], last = 0, own[i]
			continue
		}
		near := int(end - from - 1)
		col := m.col[from:end]
		val := m.val[from:end:end][:len(col)]
		var sum T
		for k, j := range col[:near] {
			sum += val[k] * x[j]
		}
		if int(col[near]) != lo+i+1 {
			last = x[col[near]]
		}
		y := own[i] - sum
		step := val[near] * last
		last = y - step
		own[i], d[i] = last, sum+step
	}
}

// lowerTimes replaces d by L d in one block.
func (m *scaledMatrix[T]) lowerTimes(lo, hi int, d []T) {
	ptr, mid := m.ptr[lo:hi], m.mid[lo:hi]
	for i := len(ptr) - 1; i >= 0; i-- {
		from, end := ptr[i], mid[i]
		col := m.col[from:end]
		val := m.val[from:end:end][:len(col)]
		var sum T
		for k, j := range col {
			sum += val[k] * d[j]
		}
		d[lo+i] = sum
	}
}

// forwardFrom is the forward sweep of one block from another x than zero, and
// leaves U x of the old x in d.
func (m *scaledMatrix[T]) forwardFrom(lo, hi int, b, x, d []T) {
	ptr, mid := m.ptr[lo:hi+1], m.mid[lo:hi]
	b, d, own := b[lo:hi], d[lo:hi], x[lo:hi]
	var last T
	for i, centre := range mid {
		from, end := ptr[i], ptr[i+1]
		col := m.col[centre:end]
		val := m.val[centre:end:end][:len(col)]
		var upper T
		for k, j := range col {
			upper += val[k] * x[j]
		}
		d[i] = upper
		sum := b[i] - upper
		if centre > from {
			near := int(centre - from - 1)
			col = m.col[from:centre]
			val = m.val[from:centre:centre][:len(col)]
			for k, j := range col[:near] {
				sum -= val[k] * x[j]
			}
			if int(col[near]) != lo+i-1 {
				last = x[col[near]]
			}
			sum -= val[near] * last
		}
		own[i] = sum
		last = sum
	}
}

// couple computes −E x for the rows of block c that have a part in it.
func (m *scaledMatrix[T]) couple(c int, x []T) {
	bd := &m.boundary[c]
	bd.now, bd.before = bd.before, bd.now
	for k, i := range bd.row {
		sum := bd.excess[k] * x[i]
		for l := bd.ptr[k]; l < bd.ptr[k+1]; l++ {
			sum -= bd.val[l] * x[bd.col[l]]
		}
		bd.now[k] = sum
	}
}

// add puts the coupling times f into y, and that of the call of couple before
// times g.
func (bd *boundary[T]) add(f, g T, y []T) {
	for k, i := range bd.row {
		y[i] += f*bd.now[k] + g*bd.before[k]
	}
}

// presmoothSGS is a forward and a backward sweep from x = 0:
//
//	(I + L) x₁ = b,  (I + U) x = x₁ − E x₁,  r = b − A x = L (x₁ − x) + E (x₁ − x)
func (l *amgLevel[T]) presmoothSGS() {
	l.each(l.blockLoops, l.forwardFn)
	l.couple()
	l.each(l.blockLoops, l.backwardFn)
	if l.blockLoops > 1 {
		l.couple()
		l.each(l.blockLoops, l.addResidualFn)
	}
}

// postsmoothSGS is a forward and a backward sweep from x:
//
//	(I + L) x₁ = b − U x − E x,  (I + U) x₂ = x₁ + U x − E (x₁ − x)
func (l *amgLevel[T]) postsmoothSGS() {
	l.couple()
	l.each(l.blockLoops, l.forwardFromFn)
	l.couple()
	l.each(l.blockLoops, l.backwardFromFn)
}

func (l *amgLevel[T]) couple() {
	if l.blockLoops > 1 {
		l.each(l.blockLoops, l.coupleFn)
	}
}

func (l *amgLevel[T]) bindSGS() {
	m := l.m
	l.blockLoops = len(m.blocks) - 1
	l.coupleFn = func(c int) { m.couple(c, l.x) }
	l.forwardFn = func(c int) { m.forward(m.blocks[c], m.blocks[c+1], l.b, l.x) }
	l.backwardFn = func(c int) {
		bd := &m.boundary[c]
		bd.add(1, 0, l.x)
		m.backward(m.blocks[c], m.blocks[c+1], l.x, l.r)
		bd.add(-1, 0, l.r)
		m.lowerTimes(m.blocks[c], m.blocks[c+1], l.r)
	}
	l.addResidualFn = func(c int) { m.boundary[c].add(1, -1, l.r) }
	l.addCouplingFn = func(c int) { m.boundary[c].add(1, 0, l.r) }
	l.forwardFromFn = func(c int) {
		bd := &m.boundary[c]
		bd.add(1, 0, l.b)
		m.forwardFrom(m.blocks[c], m.blocks[c+1], l.b, l.x, l.r)
	}
	l.backwardFromFn = func(c int) {
		lo, hi := m.blocks[c], m.blocks[c+1]
		x, d := l.x[lo:hi], l.r[lo:hi]
		for i, v := range d {
			x[i] += v
		}
		m.boundary[c].add(1, -1, l.x)
		m.backward(lo, hi, l.x, l.r)
	}
}
