package constrained

import (
	"math"

	"solve/internal/kern"
	"solve/internal/rng"
	"solve/linsys/direct"
	"solve/matrix"
	"solve/solver"
)

// blockSketch is the step of a sketch with q columns: S of normal numbers
// (BlockGaussian), a random sign in a random column for each row (CountSketch), or q
// columns of the identity (BlockKaczmarz).
type blockSketch struct {
	kind string
	q    int
	s    []float64 // Sᵀ, q×n (BlockGaussian)
	u    []float64 // SᵀK, q×n
	gram []float64 // SᵀKKᵀS, q×q, and its factor
	copy []float64
	rhs  []float64 // Sᵀ(Kz − b)
	pick []int     // a permutation of the rows (BlockKaczmarz)
	work kern.GemmWork
}

// gramShift times the mean of the diagonal is added to it.
const gramShift = 1e-14

func newBlockSketch(kind string, q, n int, limit int64) (*blockSketch, error) {
	if q == 0 {
		q = min(defaultBlock, n/2)
	}
	q = max(1, min(q, n))
	sketches := 1
	if kind == BlockGaussian {
		sketches = 2
	}
	if need := 8 * int64(q) * int64(sketches*n+2*q); need > limit {
		return nil, &solver.TooLargeError{What: "the sketch", Need: need, Have: limit}
	}
	b := &blockSketch{
		kind: kind, q: q, u: make([]float64, q*n),
		gram: make([]float64, q*q), copy: make([]float64, q*q), rhs: make([]float64, q),
	}
	switch kind {
	case BlockGaussian:
		b.s = make([]float64, q*n)
	case BlockKaczmarz:
		b.pick = make([]int, n)
		for i := range b.pick {
			b.pick[i] = i
		}
	}
	return b, nil
}

// step projects t.z once.
func (b *blockSketch) step(t *sketcher) {
	n := len(t.z)
	clear(b.u)
	clear(b.rhs)
	switch b.kind {
	case BlockGaussian:
		b.drawGaussian(t.stream, t.a, t.b)
	case CountSketch:
		b.drawCount(t.stream, t.a, t.b)
	default:
		b.drawRows(t.stream, t.a, t.b)
	}
	for k := range b.rhs {
		b.rhs[k] += kern.Dot(b.u[k*n:(k+1)*n], t.z)
	}
	clear(b.gram)
	kern.Syrk(b.q, n, 1, b.u, n, b.gram, b.q, &b.work)
	if !b.solve() {
		return
	}
	for k, w := range b.rhs {
		kern.Axpy(-w, b.u[k*n:(k+1)*n], t.z)
	}
}

// The draws set u = SᵀK and rhs = −Sᵀb.

func (b *blockSketch) drawGaussian(stream *rng.Stream, a *matrix.CSR, rhs []float64) {
	n := a.Rows
	normals(stream, b.s)
	for k := range b.q {
		s := b.s[k*n : (k+1)*n]
		a.MulVecTo(b.u[k*n:(k+1)*n], false, s)
		b.rhs[k] = -kern.Dot(s, rhs)
	}
}

func (b *blockSketch) drawCount(stream *rng.Stream, a *matrix.CSR, rhs []float64) {
	n := a.Rows
	for i := range n {
		draw := stream.Below(2 * b.q)
		bucket, sign := draw/2, float64(2*(draw%2)-1)
		col, val := a.Row(i)
		kern.ScatterAxpy(sign, col, val, b.u[bucket*n:(bucket+1)*n])
		b.rhs[bucket] -= sign * rhs[i]
	}
}

func (b *blockSketch) drawRows(stream *rng.Stream, a *matrix.CSR, rhs []float64) {
	n := a.Rows
	for k := range b.q {
		other := k + stream.Below(n-k)
		b.pick[k], b.pick[other] = b.pick[other], b.pick[k]
		i := b.pick[k]
		col, val := a.Row(i)
		kern.ScatterAxpy(1, col, val, b.u[k*n:(k+1)*n])
		b.rhs[k] = -rhs[i]
	}
}

// solve overwrites rhs with (SᵀKKᵀS)⁺ rhs, by Cholesky factorisation of the matrix
// with a shift that grows until it has one. It reports whether there is a step.
func (b *blockSketch) solve() bool {
	trace := 0.0
	for k := range b.q {
		trace += b.gram[k*(b.q+1)]
	}
	if !(trace > 0) || math.IsInf(trace, 1) {
		return false
	}
	copy(b.copy, b.gram)
	for shift := gramShift * trace / float64(b.q); shift < trace; shift *= 100 {
		for k := range b.q {
			b.gram[k*(b.q+1)] += shift
		}
		factor, err := direct.FactorDense(b.q, b.gram, 1)
		if err == nil {
			factor.Solve(b.rhs)
			return true
		}
		copy(b.gram, b.copy)
	}
	return false
}
