package bcd

import (
	"fmt"
	"math"

	"solve/internal/kern"
	"solve/internal/par"
	"solve/loss"
	"solve/solver"
)

// model is a problem in the coordinates that the solver works in: rows of
// weight zero are gone, columns are scaled where standardised and, where dense
// and with an intercept, centred.
type model struct {
	problem *Problem
	threads int

	n, p  int
	d     *design
	y     []float64
	w     []float64 // scaled
	o     []float64 // offsets, and what coefficients add that cannot move; nil = zeros
	given []float64 // offsets of the caller
	omega float64   // the weight of every row; 0 where they differ

	loss      loss.Loss
	squared   bool
	intercept bool
	labels    *[2]float64

	scale  []float64 // s: x̃_j = s_j x_j; nil = ones
	inv    []float64 // 1/s_j, 0 for constant columns
	shift  []float64 // means subtracted from dense columns; nil = zeros
	factor []float64 // v; nil = ones
	lo, hi []float64 // nil = none

	norm   []float64 // ‖X_j‖₂
	absent []bool    // columns that take no part: zero, or of infinite penalty factor

	groups      [][]int32 // columns by group; nil = a separable penalty
	groupOf     []int32
	groupWeight []float64

	lambdaMax float64
}

// point is a linear predictor with what the loss says of it.
type point struct {
	x0         float64
	eta, theta []float64 // η with offset; θ = ∇F(η)
	value      float64   // F(η)
}

// l1l2 returns λ_j and μ_j, the weights of |x_j| and x_j²/2, at λ.
func (m *model) l1l2(lambda float64, j int) (l1, l2 float64) {
	p := m.problem
	v := 1.0
	if m.factor != nil {
		v = m.factor[j]
	}
	switch p.penalty() {
	case L1:
		return lambda * v, p.L2
	case ElasticNet:
		return lambda * v * p.Alpha, lambda*v*(1-p.Alpha) + p.L2
	case SparseGroup:
		return lambda * p.Alpha, p.L2
	}
	return 0, p.L2
}

// l1Share is the part of λ that weighs |x|.
func (m *model) l1Share() float64 {
	switch m.problem.penalty() {
	case L1, Group:
		return 1
	case ElasticNet:
		return m.problem.Alpha
	case SparseGroup:
		return 1
	}
	return 0
}

func (m *model) bounds(j int) (lo, hi float64) {
	if m.lo == nil {
		return math.Inf(-1), math.Inf(1)
	}
	return m.lo[j], m.hi[j]
}

// prepare checks the problem and makes a model of it.
func prepare(p *Problem, opt *Options) (*model, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	m := &model{problem: p, threads: par.Threads(opt.Threads), loss: p.loss(), intercept: p.Intercept}
	m.squared = m.loss.Name() == loss.Squared().Name()
	n, cols := p.X.Dims()
	if err := m.memory(opt.MemoryLimit()); err != nil {
		return nil, err
	}
	keep := positive(p.Weights)
	m.d = newDesign(p.X, keep, opt.MemoryLimit(), m.threads)
	m.n, m.p = m.d.n, cols
	rows := kept(n, keep)
	m.y = pick(p.Y, rows)
	if p.Offset != nil {
		m.o = pick(p.Offset, rows)
		m.given = m.o
	}
	m.setWeights(p.Weights, rows)
	if err := m.target(); err != nil {
		return nil, err
	}
	m.setColumns()
	return m, nil
}

// memory estimates what the copies and the vectors of length n and p take.
func (m *model) memory(limit int64) error {
	n, p := m.problem.X.Dims()
	need := 16 * 8 * (int64(n) + int64(p))
	if dense, ok := m.problem.X.(interface{ At(i, j int) float64 }); ok {
		if s, sparse := dense.(interface{ NNZ() int }); sparse {
			need += 12 * int64(s.NNZ())
		} else {
			need += 8 * int64(stride(n)) * int64(p)
		}
	}
	if need > limit {
		return fmt.Errorf("bcd: %w", &solver.TooLargeError{What: fmt.Sprintf("a fit of %d×%d", n, p), Need: need, Have: limit})
	}
	return nil
}

// positive returns which weights are, or nil if all are.
func positive(w []float64) []bool {
	for i := range w {
		if w[i] == 0 {
			keep := make([]bool, len(w))
			for k := range w {
				keep[k] = w[k] > 0
			}
			return keep
		}
	}
	return nil
}

func pick(x []float64, rows []int) []float64 {
	out := make([]float64, len(rows))
	for k, i := range rows {
		out[k] = x[i]
	}
	return out
}

// setWeights scales the weights to the sum 1, or to the number of rows.
func (m *model) setWeights(w []float64, rows []int) {
	total := 1.0
	if m.problem.Scale == Sum {
		total = float64(len(rows))
	}
	m.w = make([]float64, m.n)
	equal := true
	for k, i := range rows {
		m.w[k] = 1
		if w != nil {
			m.w[k] = w[i]
			equal = equal && w[i] == w[rows[0]]
		}
	}
	if equal {
		m.omega = total / float64(m.n)
		for k := range m.w {
			m.w[k] = m.omega
		}
		return
	}
	largest := 0.0
	for _, v := range m.w {
		largest = max(largest, v)
	}
	for k := range m.w {
		m.w[k] /= largest
	}
	factor := total / kern.Sum(m.w)
	for k := range m.w {
		m.w[k] *= factor
	}
}

// target maps labels and has the loss check the targets.
func (m *model) target() error {
	low, mapped := 0.0, false
	switch m.loss.Name() {
	case "logistic":
		for _, v := range m.y {
			mapped = mapped || v < 0 || v > 1
		}
		if !mapped {
			m.labels = classLabels(m.y)
		}
	case "sqhinge", "hinge":
		low, mapped = -1, true
	}
	if mapped {
		y, classes, err := loss.Labels(m.y, low, 1)
		if err != nil {
			return fmt.Errorf("bcd: %w", err)
		}
		m.y, m.labels = y, &classes
	}
	if err := m.loss.CheckTarget(m.y); err != nil {
		return fmt.Errorf("bcd: %w", err)
	}
	return m.oneSided()
}

// classLabels returns {0,1} where y has only these.
func classLabels(y []float64) *[2]float64 {
	for _, v := range y {
		if v != 0 && v != 1 {
			return nil
		}
	}
	return &[2]float64{0, 1}
}

// oneSided refuses targets at which the intercept would run to infinity.
func (m *model) oneSided() error {
	if !m.intercept {
		return nil
	}
	var edge float64
	switch m.loss.Name() {
	case "logistic":
		if m.y[0] != 0 && m.y[0] != 1 {
			return nil
		}
		edge = m.y[0]
	case "poisson":
	default:
		return nil
	}
	for _, v := range m.y {
		if v != edge {
			return nil
		}
	}
	return fmt.Errorf("bcd: every target is %g: the intercept of the %s loss has no finite minimiser: %w", edge, m.loss.Name(), solver.ErrInput)
}

// setColumns standardises, centres and finds the columns that take no part.
func (m *model) setColumns() {
	p := m.problem
	m.factor = p.PenaltyFactor
	total := kern.Sum(m.w)
	sums, spreads := m.moments(total)
	owned := m.d.dense != nil
	if p.Standardize {
		m.scale, m.inv = make([]float64, m.p), make([]float64, m.p)
		for j := range m.scale {
			mean := sums[j] / total
			if v := spreads[j] / total; v > 1e-24*(v+mean*mean) {
				m.scale[j] = math.Sqrt(v)
				m.inv[j] = 1 / m.scale[j]
			}
		}
		m.fixConstant()
		m.d.scale(m.inv, owned)
	}
	if m.intercept && m.d.dense != nil {
		m.center(sums, total)
	}
	m.norm = m.d.norms(m.threads)
	m.absent = make([]bool, m.p)
	for j := range m.absent {
		m.absent[j] = m.norm[j] == 0 || m.factor != nil && math.IsInf(m.factor[j], 1)
	}
	if p.grouped() {
		m.setGroups()
	}
	if p.bounded() {
		m.lo, m.hi = make([]float64, m.p), make([]float64, m.p)
		for j := range m.lo {
			lo, hi := p.bounds(j)
			if m.scale != nil && m.scale[j] > 0 {
				lo, hi = lo*m.scale[j], hi*m.scale[j]
			}
			m.lo[j], m.hi[j] = lo, hi
		}
	}
}

// fixConstant takes up constant columns, which take no part when standardised,
// where bounds keep their coefficients from zero.
func (m *model) fixConstant() {
	var o []float64
	for j, s := range m.scale {
		lo, hi := m.problem.bounds(j)
		if v := clip(0, lo, hi); s == 0 && v != 0 {
			if o == nil {
				o = make([]float64, m.n)
				copy(o, m.o)
			}
			m.d.axpy(v, j, o)
		}
	}
	if o != nil {
		m.o = o
	}
}

// moments returns Σ w x and Σ w (x − mean)² of every column.
func (m *model) moments(total float64) (sums, spreads []float64) {
	if !m.problem.Standardize && !(m.intercept && m.d.dense != nil) {
		return nil, nil
	}
	sums, spreads = make([]float64, m.p), make([]float64, m.p)
	par.For(m.threads, par.Chunks(m.p, passColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, m.p, passColumns)
		for j := lo; j < hi; j++ {
			sums[j], spreads[j] = m.d.weighted(j, m.w, total)
		}
	})
	return sums, spreads
}

// center subtracts the weighted means from dense columns: the intercept takes
// them up. Columns that are constant to rounding become zero.
func (m *model) center(sums []float64, total float64) {
	m.shift = make([]float64, m.p)
	par.For(m.threads, par.Chunks(m.p, passColumns), func(chunk int) {
		lo, hi := par.Bounds(chunk, m.p, passColumns)
		for j := lo; j < hi; j++ {
			_, v := m.d.column(j)
			mean := sums[j] / total
			if m.inv != nil {
				mean *= m.inv[j]
			}
			m.shift[j] = mean
			tiny := true
			for i := range v {
				v[i] -= mean
				tiny = tiny && math.Abs(v[i]) <= 4e-16*math.Abs(mean)
			}
			if tiny {
				clear(v)
			}
		}
	})
}

// start is the feasible x nearest to 0; nil = 0.
func (m *model) start() []float64 {
	if m.lo == nil {
		return nil
	}
	var x []float64
	for j := range m.lo {
		if v := clip(0, m.lo[j], m.hi[j]); v != 0 {
			if x == nil {
				x = make([]float64, m.p)
			}
			x[j] = v
		}
	}
	return x
}

// delta finds the δ of the Huber losses: the slope far out.
func delta(l loss.Loss) float64 {
	if l.Name() != "huber" && l.Name() != "smooth-huber" {
		return 0
	}
	var slope [1]float64
	l.Derivatives([]float64{1e150}, []float64{0}, nil, slope[:], nil)
	return slope[0]
}
