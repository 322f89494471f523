package models

import (
	"fmt"
	"math"
	"slices"

	"solve/constrained"
	"solve/internal/kern"
	"solve/internal/verify"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// logistic is the problem of Logistic.
type logistic struct {
	x       samples
	labels  []float64 // ±1, as given
	targets []float64 // the same, 0 and 1
	loss    loss.Loss
	a       *matrix.Dense
	b       []float64

	eta, slope, weight []float64 // X x, the first and second derivatives of the loss there
	last               []float64 // the x that they belong to
	jStart             []int64
	jCol               []int32
	hStart             []int64
	hCol               []int32
}

// samples is the matrix X, with a sample a row.
type samples interface {
	matrix.Operator
	// gram sets the rows of the lower triangle of XᵀDX/N one after another.
	gram(weight, lower []float64)
	// entries calls fn for every entry that may not be zero, row by row.
	entries(fn func(i, j int, v float64))
}

// Logistic is logistic regression on a sphere under linear equations,
//
//	min (1/N) Σ log(1 + exp(−y_i x_iᵀw))  subject to  A w = b, ‖w‖² = 1,
//
// for the rows x_i of x, a *matrix.Dense or *matrix.CSR of shape N×d, labels y_i
// of −1 or 1, and A of shape k×d (nil: none). The k+1 constraints come in this
// order; w and the multipliers start from ones. Nothing is copied. The error wraps
// solver.ErrDimension, solver.ErrInput, solver.ErrNonFinite or
// solver.ErrUnsupported, or is a *solver.TooLargeError.
func Logistic(x matrix.Operator, labels []float64, a *matrix.Dense, b []float64) (*constrained.Problem, error) {
	if a == nil {
		_, d := x.Dims()
		a = &matrix.Dense{Cols: d}
	}
	m := &logistic{labels: labels, loss: loss.Logistic(), a: a, b: b}
	if err := m.check(x); err != nil {
		return nil, fmt.Errorf("models: %w", err)
	}
	n, d := x.Dims()
	m.targets = make([]float64, n)
	for i, y := range labels {
		m.targets[i] = (y + 1) / 2
	}
	m.eta, m.slope, m.weight = make([]float64, n), make([]float64, n), make([]float64, n)
	m.patterns(d)
	rows := a.Rows + 1
	p := &constrained.Problem{
		Name: fmt.Sprintf("logistic-%d-%d", n, d), N: d, M: rows,
		X0: ones(d), Y0: ones(rows),
		CLower: make([]float64, rows), CUpper: make([]float64, rows),
		Linear: make([]bool, rows), Functions: m,
	}
	for i := range a.Rows {
		p.Linear[i] = true
	}
	return p, nil
}

// check refuses what contradicts itself, and keeps x.
func (m *logistic) check(x matrix.Operator) error {
	n, d := x.Dims()
	switch {
	case n < 1 || d < 1:
		return fmt.Errorf("%d samples of %d features: %w", n, d, solver.ErrInput)
	case len(m.labels) != n:
		return fmt.Errorf("%d labels for %d samples: %w", len(m.labels), n, solver.ErrDimension)
	case m.a.Cols != d || m.a.Rows != len(m.b):
		return fmt.Errorf("equations: a matrix %d×%d and %d right-hand sides for %d features: %w", m.a.Rows, m.a.Cols, len(m.b), d, solver.ErrDimension)
	}
	if need := 8 * float64(d) * (float64(d) + 2*float64(m.a.Rows)); need > float64(solver.DefaultMaxMemory) {
		return &solver.TooLargeError{What: "the dense Hessian", Need: bytesOf(need), Have: solver.DefaultMaxMemory}
	}
	for i, y := range m.labels {
		if y != 1 && y != -1 {
			return &solver.EntryError{What: "label, not ±1", Row: i + 1, Value: y, Err: solver.ErrInput}
		}
	}
	if i := slices.IndexFunc(m.b, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }); i >= 0 {
		return &solver.EntryError{What: "right-hand side", Row: i + 1, Value: m.b[i], Err: solver.ErrNonFinite}
	}
	if err := m.a.CheckFinite("equations"); err != nil {
		return err
	}
	switch x := x.(type) {
	case *matrix.Dense:
		m.x = newDenseSamples(x)
		return x.CheckFinite("samples")
	case *matrix.CSR:
		m.x = sparseSamples{x}
		return x.CheckFinite("samples")
	}
	return fmt.Errorf("samples of type %T: %w", x, solver.ErrUnsupported)
}

// patterns are full: the Jacobian is A above 2wᵀ, the Hessian XᵀDX/N + 2yI.
func (m *logistic) patterns(d int) {
	rows := m.a.Rows + 1
	m.jStart, m.jCol = make([]int64, rows+1), make([]int32, rows*d)
	for k := range m.jCol {
		m.jCol[k] = int32(k % d)
	}
	for i := range rows {
		m.jStart[i+1] = int64((i + 1) * d)
	}
	m.hStart, m.hCol = make([]int64, d+1), make([]int32, 0, d*(d+1)/2)
	for i := range d {
		for j := range i + 1 {
			m.hCol = append(m.hCol, int32(j))
		}
		m.hStart[i+1] = int64(len(m.hCol))
	}
}

// constraints writes A w − b and ‖w‖² − 1.
func (m *logistic) constraints(w, c []float64) {
	k := m.a.Rows
	for i := range k {
		c[i] = kern.Dot(m.a.Row(i), w) - m.b[i]
	}
	c[k] = kern.Dot(w, w) - 1
}

// Values implements constrained.Functions.
func (m *logistic) Values(w, c []float64) float64 {
	m.constraints(w, c)
	m.last = m.last[:0]
	m.x.MulVecTo(m.eta, false, w)
	return m.loss.Value(m.eta, m.targets, nil) / float64(len(m.eta))
}

// derivatives leaves the derivatives of the loss at w.
func (m *logistic) derivatives(w []float64) float64 {
	m.x.MulVecTo(m.eta, false, w)
	m.last = append(m.last[:0], w...)
	return m.loss.Derivatives(m.eta, m.targets, nil, m.slope, m.weight) / float64(len(m.eta))
}

// First implements constrained.Functions.
func (m *logistic) First(w, c, gradient, jacobian []float64) float64 {
	m.constraints(w, c)
	f := m.derivatives(w)
	m.x.MulVecTo(gradient, true, m.slope)
	for j := range gradient {
		gradient[j] /= float64(len(m.slope))
	}
	at := copy(jacobian, m.a.Data)
	for j, v := range w {
		jacobian[at+j] = 2 * v
	}
	return f
}

// Hessian implements constrained.Functions.
func (m *logistic) Hessian(w []float64, sigma float64, y, hessian []float64) {
	if sigma == 0 {
		clear(hessian)
	} else {
		if !slices.Equal(m.last, w) {
			m.derivatives(w)
		}
		m.x.gram(m.weight, hessian)
	}
	sphere := 2 * y[m.a.Rows]
	for i := range w {
		row := hessian[m.hStart[i]:m.hStart[i+1]]
		if sigma != 0 && sigma != 1 {
			for k := range row {
				row[k] *= sigma
			}
		}
		row[i] += sphere
	}
}

// JacobianPattern implements constrained.Functions.
func (m *logistic) JacobianPattern() ([]int64, []int32) { return m.jStart, m.jCol }

// HessianPattern implements constrained.Functions.
func (m *logistic) HessianPattern() ([]int64, []int32) { return m.hStart, m.hCol }

// Plain implements Plain, with a loss of its own.
func (m *logistic) Plain(w []float64) (verify.Values, error) {
	n, d := m.x.Dims()
	if len(w) != d {
		return verify.Values{}, fmt.Errorf("models: x has %d entries for %d variables: %w", len(w), d, solver.ErrDimension)
	}
	margin := make([]float64, n)
	m.x.entries(func(i, j int, v float64) { margin[i] += m.labels[i] * v * w[j] })
	k := m.a.Rows
	v := verify.Values{Gradient: make([]float64, d), Constraints: make([]float64, k+1)}
	for i, t := range margin {
		v.Objective += (math.Log1p(math.Exp(-math.Abs(t))) + max(0, -t)) / float64(n)
		margin[i] = -m.labels[i] / (1 + math.Exp(t)) / float64(n)
	}
	m.x.entries(func(i, j int, x float64) { v.Gradient[j] += margin[i] * x })
	jacobian := &matrix.Dense{Rows: k + 1, Cols: d, Data: make([]float64, (k+1)*d)}
	v.Constraints[k] = -1
	for j, value := range w {
		for i := range k {
			jacobian.Data[i*d+j] = m.a.At(i, j)
			v.Constraints[i] += m.a.At(i, j) * value
		}
		jacobian.Data[k*d+j] = 2 * value
		v.Constraints[k] += value * value
	}
	for i, value := range m.b {
		v.Constraints[i] -= value
	}
	var err error
	if v.Jacobian, err = jacobian.ToCSR(); err != nil {
		return verify.Values{}, fmt.Errorf("models: %w", err)
	}
	return v, nil
}
