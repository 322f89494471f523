package direct

import "solve/internal/kern"

// Solve overwrites x, of the order of A, with A⁻¹ x. Where A is singular and
// the system consistent, it is one of the solutions: unknowns with a zero
// pivot are set to 0. It allocates nothing.
func (f *LDLT) Solve(x []float64) {
	c := f.s.c
	checkRightSide(len(x), c.n)
	y := f.x
	for k, i := range c.perm {
		y[k] = f.scale[k] * x[i]
	}
	for q := range f.nodes {
		f.forward(&f.nodes[q], y)
	}
	for q := len(f.nodes) - 1; q >= 0; q-- {
		f.backward(&f.nodes[q], y)
	}
	for k, i := range c.perm {
		x[i] = f.scale[k] * y[k]
	}
}

// forward eliminates the unknowns of a node from the rows below and divides
// by D.
func (f *LDLT) forward(n *pivotNode, y []float64) {
	r, k := len(n.index), n.pivots
	t := f.t[:r]
	for i, j := range n.index[:k] {
		t[i] = y[j]
	}
	clear(t[k:])
	for i := range k {
		kern.Axpy(-t[i], n.u[i*r+i+1:(i+1)*r], t[i+1:])
	}
	divide(n.d, t[:k], 1)
	for i, j := range n.index[:k] {
		y[j] = t[i]
	}
	for i, j := range n.index[k:] {
		y[j] += t[k+i]
	}
}

// divide overwrites the rows of t, of the given width, with D⁻¹ t.
func divide(d, t []float64, width int) {
	for i := 0; i < len(d); i += 2 {
		row := t[i/2*width:][:width]
		if d[i+1] == 0 {
			for l := range row {
				row[l] *= d[i]
			}
			continue
		}
		next := t[(i/2+1)*width:][:width]
		for l, v := range row {
			w := next[l]
			row[l], next[l] = d[i]*v+d[i+1]*w, d[i+1]*v+d[i+2]*w
		}
		i += 2
	}
}

// backward finds the unknowns of a node, those below being known.
func (f *LDLT) backward(n *pivotNode, y []float64) {
	r := len(n.index)
	t := f.t[:r]
	for i, j := range n.index {
		t[i] = y[j]
	}
	for i := n.pivots - 1; i >= 0; i-- {
		t[i] -= kern.Dot(n.u[i*r+i+1:(i+1)*r], t[i+1:])
		y[n.index[i]] = t[i]
	}
}

// SolveBlock overwrites the k right-hand sides in x, n×k and row-major, with
// A⁻¹ times them, on as many goroutines as the factorisation. It allocates
// only where an earlier call did not have as many columns.
func (f *LDLT) SolveBlock(x []float64, k int) {
	n := f.s.c.n
	checkRightSide(len(x), n*k)
	if n > 0 && k > 0 {
		if f.blocks.solve == nil {
			f.blocks.solve = f.solveColumns
		}
		f.blocks.run(f.threads, f.s.c.n+len(f.t), x, k)
	}
}

// SolveColumns is SolveBlock on the calling goroutine alone, in the caller's
// space of at least SolveSpace(k) numbers. Calls with a space and an x each may
// run at the same time.
func (f *LDLT) SolveColumns(space, x []float64, k int) {
	checkRightSide(len(x), f.s.c.n*k)
	f.solveColumns(space, x, k, k)
}

// SolveSpace is how many numbers SolveColumns works in for k right-hand sides.
func (f *LDLT) SolveSpace(k int) int { return (f.s.c.n + len(f.t)) * k }

// solveColumns solves for m columns of x, whose rows are stride apart.
func (f *LDLT) solveColumns(space, x []float64, stride, m int) {
	c := f.s.c
	y, t := space[:c.n*m], space[c.n*m:]
	for k, i := range c.perm {
		scale(y[k*m:][:m], x[int(i)*stride:][:m], f.scale[k])
	}
	for q := range f.nodes {
		forwardColumns(&f.nodes[q], y, t, m)
	}
	for q := len(f.nodes) - 1; q >= 0; q-- {
		backwardColumns(&f.nodes[q], y, t, m)
	}
	for k, i := range c.perm {
		scale(x[int(i)*stride:][:m], y[k*m:][:m], f.scale[k])
	}
}

func forwardColumns(n *pivotNode, y, t []float64, m int) {
	r, k := len(n.index), n.pivots
	for i, j := range n.index[:k] {
		copy(t[i*m:][:m], y[int(j)*m:])
	}
	rest := t[k*m:][:(r-k)*m]
	clear(rest)
	for i := range k {
		for j := i + 1; j < k; j++ {
			kern.Axpy(-n.u[i*r+j], t[i*m:][:m], t[j*m:][:m])
		}
	}
	if k > 0 {
		kern.SubTN(r-k, m, k, n.u[k:], r, t, m, rest, m)
	}
	divide(n.d, t, m)
	for i, j := range n.index[:k] {
		copy(y[int(j)*m:][:m], t[i*m:])
	}
	for i, j := range n.index[k:] {
		kern.Axpy(1, rest[i*m:][:m], y[int(j)*m:][:m])
	}
}

func backwardColumns(n *pivotNode, y, t []float64, m int) {
	r := len(n.index)
	for i, j := range n.index {
		copy(t[i*m:][:m], y[int(j)*m:])
	}
	k := n.pivots
	if k > 0 && k < r {
		kern.SubNN(k, m, r-k, n.u[k:], r, t[k*m:], m, t, m)
	}
	for i := k - 1; i >= 0; i-- {
		own := t[i*m:][:m]
		for j := i + 1; j < k; j++ {
			kern.Axpy(-n.u[i*r+j], t[j*m:][:m], own)
		}
		copy(y[int(n.index[i])*m:][:m], own)
	}
}
