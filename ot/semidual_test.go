package ot

import (
	"context"
	"math"
	"slices"
	"testing"

	"solve/internal/rng"
	"solve/matrix"
)

// semidualOf is the semi-dual function of p at its ε, with stored costs
// unless p's are.
func semidualOf(t testing.TB, p *Problem) *semidual {
	t.Helper()
	opt := &Options{}
	opt.Threads = 1
	if err := p.validate(opt); err != nil {
		t.Fatal(err)
	}
	r, err := p.costs(1)
	if err != nil {
		t.Fatal(err)
	}
	q, err := p.reduce(r, opt)
	if err != nil {
		t.Fatal(err)
	}
	return newSemidual(q, 1)
}

func evaluate(t testing.TB, s *semidual, p *point) {
	t.Helper()
	if err := s.eval(context.Background(), p, 1, nil); err != nil {
		t.Fatal(err)
	}
}

// at is the semi-dual point of β.
func at(t testing.TB, s *semidual, beta []float64) *point {
	t.Helper()
	p := newPoint(s.n, s.m)
	copy(p.beta, beta)
	evaluate(t, s, p)
	return p
}

// somePoint is a β with entries in [−1,1).
func somePoint(t testing.TB, s *semidual, seed uint64) *point {
	t.Helper()
	return at(t, s, points(rng.New(seed), s.m, 1).Data)
}

// A pass against plain loops: α, h, c and e by their definitions.
func TestPassByDefinition(t *testing.T) {
	for _, eps := range []float64{1e-3, 0.1, 1, 1e6} {
		p := random(23, 11, 2)
		p.Reg = eps
		s := semidualOf(t, p)
		got := somePoint(t, s, 3)
		c := storedCost(p)
		h, col := 0.0, make([]float64, 11)
		for i, a := range p.A {
			top := math.Inf(-1)
			for j := range p.B {
				top = max(top, got.beta[j]-c.At(i, j)/eps)
			}
			sum := 0.0
			for j := range p.B {
				sum += math.Exp(got.beta[j] - c.At(i, j)/eps - top)
			}
			lse := top + math.Log(sum)
			h += a * lse
			closeTo(t, "α", got.alpha[i], math.Log(a)-lse, 1e-12)
			for j := range p.B {
				col[j] += a * math.Exp(got.beta[j]-c.At(i, j)/eps-lse)
			}
		}
		e := 0.0
		for j, b := range p.B {
			h -= b * got.beta[j]
			e += math.Abs(col[j] - b)
			closeTo(t, "c", got.c[j], col[j], 1e-11)
		}
		closeTo(t, "h", got.h, h, 1e-12)
		closeTo(t, "e", got.e, e, 1e-11)
	}
}

// The shift by the previous α, however far off, does not change a pass.
func TestPassFromAnyShift(t *testing.T) {
	p := random(9, 7, 5)
	p.Reg = 1e-3
	s := semidualOf(t, p)
	want := somePoint(t, s, 1)
	for _, shift := range []float64{1e-3, 10, 400, 2000, -400, -2000} {
		got := newPoint(s.n, s.m)
		copy(got.beta, want.beta)
		for i := range got.alpha {
			got.alpha[i] = want.alpha[i] + shift
		}
		evaluate(t, s, got)
		for i := range got.alpha {
			closeTo(t, "α", got.alpha[i], want.alpha[i], 1e-13)
		}
		for j := range got.c {
			closeTo(t, "c", got.c[j], want.c[j], 1e-12)
		}
	}
}

// ∇h by central differences.
func TestGradient(t *testing.T) {
	for _, size := range [][2]int{{6, 6}, {9, 4}} {
		p := random(size[0], size[1], 12)
		p.Reg = 0.2
		s := semidualOf(t, p)
		x := somePoint(t, s, 7)
		g := make([]float64, s.m)
		s.gradient(g, x)
		const step = 1e-5
		for j := range g {
			moved := append([]float64(nil), x.beta...)
			moved[j] += step
			up := at(t, s, moved).h
			moved[j] -= 2 * step
			down := at(t, s, moved).h
			if d := math.Abs((up-down)/(2*step) - g[j]); !(d <= 1e-9) {
				t.Errorf("∂h/∂β_%d = %g, by differences %g", j, g[j], (up-down)/(2*step))
			}
		}
	}
}

// hessianByDefinition is diag(c + μ b) − P_sᵀ diag(1/a) P_s with the entries
// of P that have max(P_ij/a_i, P_ij/c_j) ≥ θ, and all 8 where 4 of an octet do.
func hessianByDefinition(s *semidual, p *point, theta, mu float64) *matrix.Dense {
	out := &matrix.Dense{Rows: s.m, Cols: s.m, Data: make([]float64, s.m*s.m)}
	for j := range s.m {
		out.Row(j)[j] = p.c[j] + mu*s.b[j]
	}
	cost := make([]float64, s.m)
	for i := range s.n {
		s.cost.costs(i, 0, cost)
		row, large := make([]float64, s.m), make([]bool, s.m)
		for j := range row {
			row[j] = math.Exp(p.alpha[i] + p.beta[j] - cost[j]*s.invEps)
			large[j] = row[j] >= theta*min(s.a[i], p.c[j])
		}
		for j := 0; j < s.m; j += octet {
			end, count := min(j+octet, s.m), 0
			for _, l := range large[j:end] {
				if l {
					count++
				}
			}
			for k := j; k < end; k++ {
				if !large[k] && !(count >= 4 && end-j == octet) {
					row[k] = 0
				}
			}
		}
		for j, v := range row {
			for k, w := range row {
				out.Row(j)[k] -= v * w / s.a[i]
			}
		}
	}
	return out
}

// checkHessian compares every form of a Hessian with h: its products, its
// diagonal, and its lower triangle where it has one.
func checkHessian(t *testing.T, what string, got schur, want *matrix.Dense, tol float64) {
	t.Helper()
	m := want.Rows
	q, unit := make([]float64, m), make([]float64, m)
	for k := range m {
		clear(unit)
		unit[k] = 1
		got.mul(q, unit)
		for j := range q {
			if d := math.Abs(q[j] - want.At(j, k)); !(d <= tol) {
				t.Errorf("%s: S_%d,%d = %g, want %g", what, j, k, q[j], want.At(j, k))
			}
		}
		if d := math.Abs(got.diagonal()[k] - want.At(k, k)); !(d <= tol) {
			t.Errorf("%s: diagonal %d = %g, want %g", what, k, got.diagonal()[k], want.At(k, k))
		}
	}
	if math.IsInf(got.lowerFlops(), 1) {
		return
	}
	lower := make([]float64, m*m)
	got.lower(lower)
	for j := range m {
		for k := range j + 1 {
			if d := math.Abs(lower[j*m+k] - want.At(j, k)); !(d <= tol) {
				t.Errorf("%s: lower triangle (%d,%d) = %g, want %g", what, j, k, lower[j*m+k], want.At(j, k))
			}
		}
	}
}

// The sparsified, the dense and the axis-wise Hessian against the definition.
func TestHessians(t *testing.T) {
	for _, size := range [][2]int{{6, 6}, {13, 6}, {12, 37}} {
		for _, theta := range []float64{0, 1e-3, 0.02, 0.2} {
			for _, mu := range []float64{0, 0.3} {
				p := random(size[0], size[1], 12)
				p.Reg = 0.2
				s := semidualOf(t, p)
				x := somePoint(t, s, 7)
				evalSelecting(t, s, x, theta)
				h := &hessian{s: s}
				h.sparsify(x, theta)
				h.shift(mu)
				checkHessian(t, "sparsified", h, hessianByDefinition(s, x, theta, mu), 1e-14)
			}
		}
	}

	p := random(13, 6, 12)
	s := semidualOf(t, p)
	x := somePoint(t, s, 7)
	for _, limit := range []int64{1 << 30, 1} { // stored, and recomputed
		h := newDenseSchur(s, limit)
		h.moveTo(x)
		h.shift(0.3)
		checkHessian(t, "dense", h, hessianByDefinition(s, x, 0, 0.3), 1e-14)
	}

	g := gridProblem(t, []int{4, 5}, SqEuclidean, 0.7)
	s = semidualOf(t, g)
	s.grid = gridOf(g.Cost.(*gridCost), s.reduced)
	x = somePoint(t, s, 7)
	h := newGridSchur(s, x)
	h.shift(0.3)
	checkHessian(t, "grid", h, hessianByDefinition(s, x, 0, 0.3), 1e-13)
}

// What sparsification drops is bounded by θ: n·θ of a column, m·θ of a row.
func TestDroppedMass(t *testing.T) {
	p := clouds(80, 3)
	p.Reg = 1e-3
	s := semidualOf(t, p)
	x := somePoint(t, s, 2)
	const theta = 1e-4
	evalSelecting(t, s, x, theta)
	h := &hessian{s: s}
	h.sparsify(x, theta)
	kept, col := 0, make([]float64, s.m)
	for i := range s.n {
		row := 0.0
		b, r := h.kept.block(i)
		b.each(r, func(j int32, v float64) {
			kept++
			row += v
			col[j] += v
		})
		if lost := s.a[i] - row; !(lost <= float64(s.m)*theta*s.a[i]+1e-15) {
			t.Errorf("row %d lost %g of its mass", i, lost/s.a[i])
		}
	}
	if kept == 0 || kept == s.n*s.m {
		t.Errorf("%d of %d entries kept: nothing was tested", kept, s.n*s.m)
	}
	for j, c := range col {
		if lost := x.c[j] - c; !(lost <= float64(s.n)*theta*x.c[j]+1e-15) {
			t.Errorf("column %d lost %g of its mass", j, lost/x.c[j])
		}
	}
}

// largeEntries returns the entries of row i of P_s that reach a threshold, by
// column: octets hold others.
func largeEntries(h *hessian, i int, theta float64) (col []int32, val []float64) {
	row := make([]float64, h.s.m)
	b, r := h.kept.block(i)
	b.each(r, func(j int32, v float64) { row[j] = v })
	for j, v := range row {
		if v >= theta*min(h.s.a[i], h.c[j]) {
			col, val = append(col, int32(j)), append(val, v)
		}
	}
	return col, val
}

// The axis-wise passes select the entries that passes over all pairs select.
func TestSelectionOnAGrid(t *testing.T) {
	for _, shape := range [][]int{{6, 5}, {3, 4, 5}, {17}} {
		p := gridProblem(t, shape, SqEuclidean, 0.5)
		full, byAxes := semidualOf(t, p), semidualOf(t, p)
		byAxes.grid = gridOf(p.Cost.(*gridCost), byAxes.reduced)
		const theta = 1e-3
		var hessians []*hessian
		for _, s := range []*semidual{full, byAxes} {
			x := somePoint(t, s, 9)
			evalSelecting(t, s, x, theta)
			h := &hessian{s: s}
			h.sparsify(x, theta)
			hessians = append(hessians, h)
		}
		kept := 0
		for i := range full.n {
			cols, vals := largeEntries(hessians[0], i, theta)
			gridCols, gridVals := largeEntries(hessians[1], i, theta)
			kept += len(cols)
			if !slices.Equal(cols, gridCols) {
				t.Fatalf("%v: row %d keeps columns %v and %v", shape, i, cols, gridCols)
			}
			for k := range vals {
				closeTo(t, "kept entry", gridVals[k], vals[k], 1e-11)
			}
		}
		if kept == 0 || kept == full.n*full.m {
			t.Errorf("%v: %d of %d entries kept: nothing was tested", shape, kept, full.n*full.m)
		}
	}
}

// Conjugate gradients and the factorisation solve the same system.
func TestNewtonSystem(t *testing.T) {
	p := random(40, 25, 3)
	s := semidualOf(t, p)
	nw := newNewton(s, &Options{}, &Stats{}, &progress{})
	nw.cur = somePoint(t, s, 1)
	if err := s.eval(context.Background(), nw.cur, 1, nw.selectAt(1e-12)); err != nil {
		t.Fatal(err)
	}
	nw.assemble(1e-12)
	rhs := make([]float64, s.m)
	s.gradient(rhs, nw.cur)
	byCG, byFactor, bySparse, back := make([]float64, s.m), make([]float64, s.m), make([]float64, s.m), make([]float64, s.m)
	pcg(context.Background(), nw.schur, byCG, rhs, 1e-14, maxCG, &cgWork{})
	if err := nw.factorDense(rhs, byFactor); err != nil {
		t.Fatal(err)
	}
	if !nw.analyse(t.Context()) {
		t.Fatal("the sparse system can't be analysed")
	}
	if err := nw.factorSparse(context.Background(), rhs, bySparse); err != nil {
		t.Fatal(err)
	}
	// The factorisation leaves out the equation of one column, which holds
	// but for what sparsification dropped.
	for _, tc := range []struct {
		what string
		y    []float64
		tol  float64
	}{{"conjugate gradients", byCG, 1e-12}, {"dense factorisation", byFactor, 1e-10}, {"sparse factorisation", bySparse, 1e-10}} {
		nw.schur.mul(back, tc.y)
		for j := range back {
			if d := math.Abs(back[j] - rhs[j]); !(d <= tc.tol) {
				t.Errorf("%s: residual %g in entry %d", tc.what, d, j)
			}
		}
		s.centre(tc.y)
	}
	for j := range byCG {
		for _, y := range [][]float64{byFactor, bySparse} {
			if d := math.Abs(byCG[j] - y[j]); !(d <= 1e-9) {
				t.Errorf("solutions differ by %g in entry %d", d, j)
			}
		}
	}
}

// An iteration allocates nothing once its memory is there.
func TestNoAllocations(t *testing.T) {
	if underRace {
		t.Skip("under the race detector pools allocate")
	}
	p := clouds(200, 1)
	p.Reg = 1e-2
	s := semidualOf(t, p)
	x := somePoint(t, s, 1)
	nw := newNewton(s, &Options{}, &Stats{}, &progress{})
	nw.cur = x
	sel := nw.selectAt(1e-3)
	ctx := context.Background()
	if got := testing.AllocsPerRun(20, func() {
		if err := s.eval(ctx, x, 1, nil); err != nil {
			t.Fatal(err)
		}
		s.updateColumns(x, 1)
	}); got > 0 {
		t.Errorf("%g allocations a Sinkhorn iteration", got)
	}
	if err := s.eval(ctx, x, 1, sel); err != nil {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(20, func() {
		if err := s.eval(ctx, x, 1, sel); err != nil {
			t.Fatal(err)
		}
	}); got > 0 {
		t.Errorf("%g allocations a pass with selection", got)
	}
	nw.assemble(1e-3)
	rhs, y, work := make([]float64, s.m), make([]float64, s.m), &cgWork{}
	s.gradient(rhs, x)
	var few, many int
	solve := func(limit int, done *int) float64 {
		*done = pcg(ctx, nw.schur, y, rhs, 1e-14, limit, work)
		return testing.AllocsPerRun(20, func() { pcg(ctx, nw.schur, y, rhs, 1e-14, limit, work) })
	}
	a, b := solve(2, &few), solve(20, &many)
	if many <= few {
		t.Fatalf("%d and %d iterations: nothing to compare", few, many)
	}
	if per := (b - a) / float64(many-few); per > 0 {
		t.Errorf("%g allocations an iteration of conjugate gradients", per)
	}
}

// evalSelecting evaluates x and keeps the entries that θ warrants.
func evalSelecting(t *testing.T, s *semidual, x *point, theta float64) {
	t.Helper()
	sel := &selection{row: theta, col: make([]float64, s.m), fill: 1}
	for j := range sel.col {
		sel.col[j] = theta * x.c[j]
	}
	if err := s.eval(context.Background(), x, 1, sel); err != nil {
		t.Fatal(err)
	}
}
