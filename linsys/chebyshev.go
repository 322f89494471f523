package linsys

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/internal/rng"
	"solve/matrix"
	"solve/solver"
)

const (
	// The interval of NewChebyshev: its upper end is spectrumMargin times
	// the largest Ritz value of lanczosSteps steps, its lower end the upper
	// one over spectrumRatio.
	lanczosSteps   = 10
	spectrumMargin = 1.1
	spectrumRatio  = 30
	lanczosSeed    = 0x5eed
)

// Chebyshev is z = p(D⁻¹A) D⁻¹ r with the polynomial p of degree d−1 that
// makes 1 − λ p(λ) smallest on an interval: the scaled Chebyshev polynomial
// (Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., §12.3.2). It
// is symmetric, and positive definite if the spectrum of D⁻¹A lies in
// (0, lo+hi).
type Chebyshev struct {
	op      matrix.Operator
	inv     []float64 // D⁻¹
	degree  int
	lo, hi  float64
	threads int

	a       *matrix.CSR // op's rows, if it has them: a pass then includes the product
	q, d    []float64   // A z, and the step of z
	other   []float64   // z of every second pass
	advance func(int)

	// of the pass under way
	from, to, r []float64
	keep, add   float64
}

// NewChebyshev returns the Chebyshev preconditioner of a symmetric matrix
// with a positive diagonal, on [λ/30, λ] with λ = 1.1 times the largest Ritz
// value of ten Lanczos steps from a fixed random vector. It takes degree−1
// products of A, on up to threads goroutines (0 = GOMAXPROCS), with the same
// bits for any number. The error wraps solver.ErrNotPositiveDefinite where an
// entry of the diagonal isn't positive.
func NewChebyshev(a *matrix.CSR, degree, threads int) (*Chebyshev, error) {
	if err := checkSquare(a); err != nil {
		return nil, err
	}
	diag, _ := upperPart(a)
	m, err := NewChebyshevOperator(a, diag, degree, 0, 0)
	if err != nil {
		return nil, err
	}
	m.a, m.threads = a, threads
	return m, nil
}

// NewChebyshevOperator is NewChebyshev on one thread for any symmetric
// operator with diagonal diag and for the interval [lo, hi] of eigenvalues
// of D⁻¹A. hi = 0 stands for the estimate, lo = 0 for hi/30.
func NewChebyshevOperator(op matrix.Operator, diag []float64, degree int, lo, hi float64) (*Chebyshev, error) {
	n, cols := op.Dims()
	if n != cols || len(diag) != n {
		return nil, fmt.Errorf("linsys: chebyshev: %d entries of a diagonal for an operator of %d×%d: %w", len(diag), n, cols, solver.ErrDimension)
	}
	if degree < 1 {
		return nil, &solver.OptionError{Name: "degree", Value: fmt.Sprint(degree), Want: "1 or more"}
	}
	if err := checkPositiveDiagonal(diag); err != nil {
		return nil, err
	}
	m := &Chebyshev{op: op, degree: degree, lo: lo, hi: hi, threads: 1,
		inv: make([]float64, n), q: make([]float64, n), d: make([]float64, n), other: make([]float64, n)}
	m.advance = m.chunk
	for i, v := range diag {
		m.inv[i] = 1 / v
	}
	if m.hi == 0 {
		m.hi = spectrumMargin * m.largestRitz()
	}
	if m.lo == 0 {
		m.lo = m.hi / spectrumRatio
	}
	if n > 0 && !(m.lo > 0 && m.lo < m.hi && m.hi <= math.MaxFloat64) {
		return nil, fmt.Errorf("linsys: chebyshev: eigenvalues from %.3g to %.3g are not those of a positive definite matrix: %w",
			m.lo, m.hi, solver.ErrNotPositiveDefinite)
	}
	return m, nil
}

// Interval returns the ends of the interval.
func (m *Chebyshev) Interval() (lo, hi float64) { return m.lo, m.hi }

// largestRitz estimates the largest eigenvalue of D^{−1/2} A D^{−1/2} by the
// Lanczos process (Golub & Van Loan, Matrix Computations, §10.1).
func (m *Chebyshev) largestRitz() float64 {
	n := len(m.inv)
	steps := min(lanczosSteps, n)
	t := &tridiagonal{diag: make([]float64, 0, steps), off: make([]float64, 0, steps)}
	root := make([]float64, n)
	v, old, scaled := make([]float64, n), make([]float64, n), make([]float64, n)
	stream := rng.New(lanczosSeed)
	for i, d := range m.inv {
		root[i] = math.Sqrt(d)
		v[i] = stream.Normal()
	}
	beta := 0.0
	norm := math.Sqrt(kern.Dot(v, v))
	for range steps {
		if !(norm > 0) {
			break
		}
		w := m.q
		for i := range v {
			v[i] /= norm
			scaled[i] = root[i] * v[i]
		}
		m.op.MulVecTo(w, false, scaled)
		for i := range w {
			w[i] = root[i]*w[i] - beta*old[i]
		}
		alpha := kern.Dot(w, v)
		kern.Axpy(-alpha, v, w)
		t.appendEntries(alpha, beta)
		beta = math.Sqrt(kern.Dot(w, w))
		norm = beta
		old, v, m.q = v, w, old
	}
	_, hi := t.extremes()
	return hi
}

// chebyshevChunk cuts the vectors into chunks for threads.
const chebyshevChunk = 1 << 13

// Apply computes z = p(D⁻¹A) D⁻¹ r by the three-term recurrence.
func (m *Chebyshev) Apply(z, r []float64) {
	checkApply("Chebyshev", len(m.inv), z, r)
	theta, delta := (m.hi+m.lo)/2, (m.hi-m.lo)/2
	sigma := theta / delta
	rho := 1 / sigma
	m.keep, m.add = 0, 1/theta
	m.r, m.from = r, nil
	for k := range m.degree {
		m.to = z // in the last pass
		if (m.degree-k)%2 == 0 {
			m.to = m.other
		}
		if k > 0 {
			next := 1 / (2*sigma - rho)
			m.keep, m.add = next*rho, 2*next/delta
			rho = next
			if m.a == nil {
				m.op.MulVecTo(m.q, false, m.from)
			}
		}
		par.For(m.threads, par.Chunks(len(z), chebyshevChunk), m.advance)
		m.from = m.to
	}
	m.r, m.from, m.to = nil, nil, nil
}

// chunk does d ← keep·d + add·D⁻¹(r − A z), z ← z + d on a chunk, from z = 0
// where there's no earlier one.
func (m *Chebyshev) chunk(c int) {
	lo, hi := par.Bounds(c, len(m.inv), chebyshevChunk)
	to, r, q, d, inv := m.to[lo:hi], m.r[lo:hi], m.q[lo:hi], m.d[lo:hi], m.inv[lo:hi]
	if m.from == nil {
		for i := range to {
			d[i] = m.add * inv[i] * r[i]
		}
		copy(to, d)
		return
	}
	if m.a != nil {
		kern.SpMV(m.a.RowPtr[lo:hi+1], m.a.Col, m.a.Val, m.from, q)
	}
	from := m.from[lo:hi]
	for i := range to {
		d[i] = m.keep*d[i] + m.add*inv[i]*(r[i]-q[i])
		to[i] = from[i] + d[i]
	}
}
