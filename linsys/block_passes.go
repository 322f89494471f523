package linsys

import "solve/internal/par"

// perColumn is a number for each column of a block.
type perColumn [blockWidth]float64

// blockPass does the vector passes of block CG over row-major n×width
// vectors, a chunk of rows after the other; sums are added pairwise, so that
// they don't depend on the threads. It is not for concurrent use.
type blockPass struct {
	threads int
	fn      func(int) // chunk, made once

	op         pass
	n, width   int
	coef       perColumn
	p, q, x, r []float64
	sums       []perColumn // by chunk
}

const (
	passBlockDots pass = iota
	passBlockDirections
	passBlockUpdate
)

// blockRows is the rows of a chunk.
const blockRows = chunkLength / blockWidth

func (b *blockPass) init(threads int) { b.threads, b.fn = par.Threads(threads), b.chunk }

func (b *blockPass) run(op pass) perColumn {
	b.op = op
	chunks := par.Chunks(b.n, blockRows)
	if cap(b.sums) < chunks {
		b.sums = make([]perColumn, chunks)
	}
	b.sums = b.sums[:chunks]
	if b.n*b.width < parallelFrom {
		for c := range chunks {
			b.chunk(c)
		}
	} else {
		par.For(b.threads, chunks, b.fn)
	}
	for step := 1; step < chunks; step *= 2 {
		for i := 0; i+step < chunks; i += 2 * step {
			for j, t := range b.sums[i+step] {
				b.sums[i][j] += t
			}
		}
	}
	if chunks == 0 {
		return perColumn{}
	}
	return b.sums[0]
}

// dots returns pᵀq of every column.
func (b *blockPass) dots(n, width int, p, q []float64) perColumn {
	b.n, b.width, b.p, b.q = n, width, p, q
	return b.run(passBlockDots)
}

// directions computes p = z + β p.
func (b *blockPass) directions(n, width int, beta perColumn, z, p []float64) {
	b.n, b.width, b.coef, b.r, b.p = n, width, beta, z, p
	b.run(passBlockDirections)
}

// update computes x += α p and r −= α q, and returns rᵀr.
func (b *blockPass) update(n, width int, alpha perColumn, p, q, x, r []float64) perColumn {
	b.n, b.width, b.coef, b.p, b.q, b.x, b.r = n, width, alpha, p, q, x, r
	return b.run(passBlockUpdate)
}

func (b *blockPass) chunk(c int) {
	lo, hi := par.Bounds(c, b.n, blockRows)
	lo, hi = lo*b.width, hi*b.width
	part := func(x []float64) []float64 { return x[lo:hi] }
	switch b.op {
	case passBlockDots:
		b.sums[c] = blockDots(b.width, part(b.p), part(b.q))
	case passBlockDirections:
		blockDirections(b.width, b.coef, part(b.r), part(b.p))
	case passBlockUpdate:
		b.sums[c] = blockUpdate(b.width, b.coef, part(b.p), part(b.q), part(b.x), part(b.r))
	}
}

func blockDots(width int, p, q []float64) (sum perColumn) {
	if width < blockWidth {
		for ; len(p) >= width && len(q) >= width; p, q = p[width:], q[width:] {
			for j := range width {
				sum[j] += p[j] * q[j]
			}
		}
		return sum
	}
	var s0, s1, s2, s3, s4, s5, s6, s7 float64
	for ; len(p) >= 8 && len(q) >= 8; p, q = p[8:], q[8:] {
		s0 += p[0] * q[0]
		s1 += p[1] * q[1]
		s2 += p[2] * q[2]
		s3 += p[3] * q[3]
		s4 += p[4] * q[4]
		s5 += p[5] * q[5]
		s6 += p[6] * q[6]
		s7 += p[7] * q[7]
	}
	return perColumn{s0, s1, s2, s3, s4, s5, s6, s7}
}

func blockDirections(width int, beta perColumn, z, p []float64) {
	if width < blockWidth {
		for ; len(p) >= width && len(z) >= width; p, z = p[width:], z[width:] {
			for j := range width {
				p[j] = z[j] + beta[j]*p[j]
			}
		}
		return
	}
	for ; len(p) >= 8 && len(z) >= 8; p, z = p[8:], z[8:] {
		u, v := (*perColumn)(p), (*perColumn)(z)
		u[0] = v[0] + beta[0]*u[0]
		u[1] = v[1] + beta[1]*u[1]
		u[2] = v[2] + beta[2]*u[2]
		u[3] = v[3] + beta[3]*u[3]
		u[4] = v[4] + beta[4]*u[4]
		u[5] = v[5] + beta[5]*u[5]
		u[6] = v[6] + beta[6]*u[6]
		u[7] = v[7] + beta[7]*u[7]
	}
}

// blockUpdate is axpy for x, and axpy with the sum of squares for r.
func blockUpdate(width int, alpha perColumn, p, q, x, r []float64) perColumn {
	blockAxpy(width, alpha, p, x)
	for j, a := range alpha {
		alpha[j] = -a
	}
	blockAxpy(width, alpha, q, r)
	return blockDots(width, r, r)
}

func blockAxpy(width int, alpha perColumn, p, x []float64) {
	if width < blockWidth {
		for ; len(p) >= width && len(x) >= width; p, x = p[width:], x[width:] {
			for j := range width {
				x[j] += alpha[j] * p[j]
			}
		}
		return
	}
	for ; len(p) >= 8 && len(x) >= 8; p, x = p[8:], x[8:] {
		u, v := (*perColumn)(x), (*perColumn)(p)
		u[0] += alpha[0] * v[0]
		u[1] += alpha[1] * v[1]
		u[2] += alpha[2] * v[2]
		u[3] += alpha[3] * v[3]
		u[4] += alpha[4] * v[4]
		u[5] += alpha[5] * v[5]
		u[6] += alpha[6] * v[6]
		u[7] += alpha[7] * v[7]
	}
}
