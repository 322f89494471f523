package block

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"solve/internal/problems"
	"solve/internal/rng"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// Gauss–Southwell on A = [[4,1],[1,3]], b = (1,2) by hand: x₂ = 2/3, then
// x₁ = 1/12, then x₂ = 23/36, towards (1/11, 7/11).
func TestGaussSouthwellByHand(t *testing.T) {
	a := must[*matrix.CSR](t)(matrix.NewCSR(2, 2, []int64{0, 2, 4}, []int32{0, 1, 0, 1}, []float64{4, 1, 1, 3}))
	f := must[Objective](t)(NewQuadratic(a, []float64{1, 2}, nil))
	for _, step := range []struct {
		k int
		x []float64
	}{{1, []float64{0, 2. / 3}}, {2, []float64{1. / 12, 2. / 3}}, {3, []float64{1. / 12, 23. / 36}}, {80, []float64{1. / 11, 7. / 11}}} {
		for _, o := range []Options{{Partition: Order, Rule: GS, Update: Exact}, {Rule: GS, Update: LB}, {Partition: Sort, Rule: GSL, Update: LB}} {
			o.BlockSize, o.Settings = 1, until(neverSolved, step.k)
			r := descend(t, f, o)
			for j := range r.X {
				if math.Abs(r.X[j]-step.x[j]) > 1e-15 {
					t.Errorf("%s %s after %d: %v, want %v", o.Partition, o.Rule, step.k, r.X, step.x)
				}
			}
		}
	}
}

// combinations calls fn with every partition, rule and update that makes
// sense for f.
func combinations(f Objective, size int, fn func(Options)) {
	for _, partition := range Partitions() {
		for _, rule := range Rules() {
			for _, update := range Updates() {
				o := Options{Partition: partition.Name, Rule: rule.Name, Update: update.Name}
				if !o.graph() {
					o.BlockSize = size
				}
				if _, err := o.resolved(f); err == nil {
					fn(o)
				}
			}
		}
	}
}

// Every combination that is not refused lowers f in each iteration, and ends
// with the objective that a start from its answer has.
func TestEveryCombinationDescends(t *testing.T) {
	for name, f := range everyObjective(t) {
		count := 0
		combinations(f, 5, func(o Options) {
			count++
			o.Settings = until(neverSolved, 30)
			r := descend(t, f, o)
			for k := 1; k < len(r.History); k++ {
				before, after := r.History[k-1].Objective, r.History[k].Objective
				if after > before+1e-12*math.Max(1, math.Abs(before)) {
					t.Errorf("%s, %s %s %s: f rises from %v to %v in iteration %d", name, o.Partition, o.Rule, o.Update, before, after, k)
					break
				}
			}
			if first := r.History[0]; !(r.Objective < first.Objective) {
				t.Errorf("%s, %s %s %s: f stays at %g", name, o.Partition, o.Rule, o.Update, first.Objective)
			}
			f.Start(r.X)
			if got := f.Value(); !near(got, r.Objective, 1e-12) {
				t.Errorf("%s, %s %s %s: objective %v, anew %v", name, o.Partition, o.Rule, o.Update, r.Objective, got)
			}
		})
		if count < 12 {
			t.Errorf("%s: %d combinations", name, count)
		}
	}
}

// Well-conditioned problems are solved by every combination, and the
// certificate holds for a start from the answer.
func TestEveryCombinationSolves(t *testing.T) {
	all := everyObjective(t)
	for _, name := range []string{"least squares, dense", "logistic, dense"} {
		f := all[name]
		combinations(f, 5, func(o Options) {
			o.Settings = until(1e-6, 3000)
			r := descend(t, f, o)
			f.Start(nil)
			scale := math.Sqrt(norm2(f.Gradient()))
			f.Start(r.X)
			if kkt := math.Sqrt(norm2(f.Gradient())) / scale; r.Status != solver.Solved || kkt > 1e-6 {
				t.Errorf("%s, %s %s %s: %s, %s, ‖∇f‖ is %.3g of its start", name, o.Partition, o.Rule, o.Update, r.Reason, r.Detail, kkt)
			}
		})
	}
}

// lasso by cyclic coordinate descent in plain loops.
func slowLasso(x *matrix.Dense, y []float64, pen *loss.Separable) []float64 {
	p := x.Cols
	beta, r := make([]float64, p), slices.Clone(y)
	for range 5000 {
		for j := range p {
			g, l := 0.0, 0.0
			for i := range y {
				g -= x.At(i, j) * r[i]
				l += x.At(i, j) * x.At(i, j)
			}
			next := pen.Prox(j, beta[j]-g/l, 1/l)
			for i := range y {
				r[i] -= x.At(i, j) * (next - beta[j])
			}
			beta[j] = next
		}
	}
	return beta
}

// Every combination that takes a penalty finds the answer of plain coordinate
// descent: 1-norm, elastic net, signs, boxes.
func TestPenalisedProblems(t *testing.T) {
	const n, p = 30, 14
	s := rng.New(8)
	x := must[*matrix.Dense](t)(matrix.NewDense(n, p, randomVector(s, n*p)))
	y := randomVector(s, n)
	for name, pen := range map[string]*loss.Separable{
		"1-norm":           {L1: []float64{4}},
		"elastic net":      {L1: []float64{3}, L2: []float64{2}},
		"non-negative":     {Lower: []float64{0}},
		"non-negative, L1": {L1: []float64{2}, Lower: []float64{0}},
		"box":              {Lower: []float64{-0.1}, Upper: []float64{0.2}},
		"non-positive, L1": {L1: []float64{1}, Upper: []float64{0}},
		"box off zero, L1": {L1: []float64{2}, Lower: []float64{0.05}, Upper: []float64{0.3}},
		"box and 1-norm":   {L1: []float64{2}, Lower: []float64{-0.1}, Upper: []float64{0.1}},
	} {
		f := must[Objective](t)(NewLeastSquares(x, y, nil, pen))
		want := slowLasso(x, y, pen)
		updates := map[string]bool{}
		combinations(f, 4, func(o Options) {
			updates[o.Update] = true
			o.Settings = until(1e-9, 20000)
			r := descend(t, f, o)
			if r.Status != solver.Solved {
				t.Errorf("%s, %s %s %s: %s, %s %v", name, o.Partition, o.Rule, o.Update, r.Reason, r.Detail, r.Certificates)
				return
			}
			for j := range want {
				if math.Abs(r.X[j]-want[j]) > 1e-6 {
					t.Errorf("%s, %s %s %s: x_%d = %g, want %g", name, o.Partition, o.Rule, o.Update, j, r.X[j], want[j])
					return
				}
			}
		})
		if bounds := pen.Lower != nil || pen.Upper != nil; updates[TMP] != (bounds && name != "box and 1-norm") || !updates[PN] || !updates[PG] {
			t.Errorf("%s: updates %v", name, updates)
		}
	}
}

// A logistic loss with a 1-norm: projected Newton and proximal gradient agree.
func TestPenalisedLogistic(t *testing.T) {
	s := rng.New(3)
	x := randomDesign(t, 50, 12, true, 5)
	y := make([]float64, 50)
	for i := range y {
		y[i] = float64(s.Below(2))
	}
	f := must[Objective](t)(NewGLM(x, y, loss.Logistic(), nil, &loss.Separable{L1: []float64{1.5}}))
	var want []float64
	for _, update := range []string{PG, LA, PN, Diag} {
		r := descend(t, f, Options{Update: update, Settings: until(1e-9, 5000)})
		if r.Status != solver.Solved {
			t.Errorf("%s: %s %v", update, r.Reason, r.Certificates)
		}
		if want == nil {
			want = r.X
		}
		for j := range want {
			if math.Abs(r.X[j]-want[j]) > 1e-7 {
				t.Errorf("%s: x_%d = %g, want %g", update, j, r.X[j], want[j])
			}
		}
	}
}

// The same seed gives the same bits, another seed another way.
func TestSameSeedSameBits(t *testing.T) {
	for name, f := range everyObjective(t) {
		for _, rule := range []string{Random, Cyclic, GS} {
			run := func(seed uint64) *Result {
				return descend(t, f, Options{Rule: rule, Update: LA, BlockSize: 3, Settings: solver.Settings{Tol: neverSolved, MaxIter: 25, Seed: seed}})
			}
			one, two, other := run(7), run(7), run(8)
			if !slices.Equal(one.X, two.X) || one.Cost != two.Cost {
				t.Errorf("%s, %s: one seed gives two answers", name, rule)
			}
			if rule != GS && slices.Equal(one.X, other.X) {
				t.Errorf("%s, %s: the seed does not matter", name, rule)
			}
		}
	}
}

// The tournament tree chooses what comparing all scores chooses.
func TestTournamentChoosesTheLargest(t *testing.T) {
	s := rng.New(1)
	for _, n := range []int{1, 2, 5, 64, 100} {
		score := make([]float64, n)
		for i := range score {
			score[i] = float64(s.Below(6)) // many ties
		}
		tree := newTournament(score)
		v := &variableSelector{indices: make([]int, n), scratch: make([]float64, n)}
		for range 50 {
			tree.set(int32(s.Below(n)), float64(s.Below(6)))
			v.tau = 1 + s.Below(min(n, 4))
			got, want := make([]int32, v.tau), make([]int32, v.tau)
			tree.top(got)
			v.top(slices.Clone(score), want)
			if !slices.Equal(got, want) {
				t.Fatalf("n = %d: %v, want %v of %v", n, got, want, score)
			}
		}
	}
}

// On a graph large enough for the tournament, τ ≤ n/64, the run is the one
// that compares all scores.
func TestTournamentRunIsTheScan(t *testing.T) {
	g := must[*problems.LabelledGraph](t)(problems.PaperD(30, 30, 40, 1))
	for _, rule := range []string{GS, GSL, GSD} {
		f := must[*quadratic](t)(newQuadratic(g.A, g.B, nil))
		o := must[*Options](t)((&Options{Rule: rule, Update: Exact, BlockSize: 3}).resolved(f))
		r := must[*run](t)(newRun(context.Background(), f, o))
		l := &descent{run: r}
		if err := l.start(); err != nil {
			t.Fatal(err)
		}
		l.selected = must[selector](t)(newSelector(context.Background(), r))
		score := must[func(int) float64](t)(r.coordinateScore(context.Background()))
		all, v := make([]float64, f.Dim()), &variableSelector{tau: 3, indices: make([]int, 3), scratch: make([]float64, f.Dim())}
		for l.iter = 1; l.iter < 130; l.iter++ {
			for j := range all {
				all[j] = score(j)
			}
			want := v.top(all, make([]int32, 3))
			got, _, _ := l.selected.next(0)
			if !slices.Equal(got, want) {
				t.Fatalf("%s: iteration %d chose %v, want %v", rule, l.iter, got, want)
			}
			gr, d := make([]float64, 3), make([]float64, 3)
			f.Partial(got, gr)
			if err := r.update.step(got, -1, gr, d); err != nil {
				t.Fatal(err)
			}
			l.move(got, d)
		}
	}
}

// On fixed blocks of a quadratic, maximum improvement with matrix updates is
// the rule GSQ, whose score is twice the decrease.
func TestMaximumImprovementIsGSQ(t *testing.T) {
	f := everyObjective(t)["least squares, dense"]
	o := Options{Partition: Order, BlockSize: 3, Update: HB, Settings: until(neverSolved, 20)}
	o.Rule = MI
	one := descend(t, f, o)
	o.Rule = GSQ
	two := descend(t, f, o)
	if !slices.Equal(one.X, two.X) {
		t.Errorf("%v\n%v", one.X, two.X)
	}
}

func TestOptionsAreRefused(t *testing.T) {
	all := everyObjective(t)
	least, quad, logistic, poisson := all["least squares, dense"], all["quadratic"], all["logistic, dense"], all["poisson"]
	positive := must[Objective](t)(NewLeastSquares(randomDesign(t, 9, 6, true, 1), make([]float64, 9), nil, &loss.Separable{Lower: []float64{0}}))
	lasso := must[Objective](t)(NewLeastSquares(randomDesign(t, 9, 6, true, 1), make([]float64, 9), nil, &loss.Separable{L1: []float64{1}}))
	for _, c := range []struct {
		f    Objective
		o    Options
		kind error
	}{
		{least, Options{Partition: "blocks"}, solver.ErrOption},
		{least, Options{Rule: "best"}, solver.ErrOption},
		{least, Options{Update: "step"}, solver.ErrOption},
		{least, Options{Norm: "l3"}, solver.ErrOption},
		{least, Options{BlockSize: -1}, solver.ErrOption},
		{least, Options{Settings: solver.Settings{Tol: 2}}, solver.ErrOption},
		{least, Options{Settings: solver.Settings{Tol: math.NaN()}}, solver.ErrOption},
		{least, Options{Settings: solver.Settings{MaxIter: -1}}, solver.ErrOption},
		{least, Options{Rule: MI}, solver.ErrOption},
		{least, Options{Norm: L1}, solver.ErrOption},
		{least, Options{Partition: Sort, Diagonal: DiagonalTau, Rule: GSD}, solver.ErrOption},
		{least, Options{Partition: Given}, solver.ErrOption},
		{quad, Options{Partition: GreedyForest, Rule: Random}, solver.ErrOption},
		{quad, Options{Partition: RandomForest, Rule: GS}, solver.ErrOption},
		{quad, Options{Partition: TreePartition, Rule: GSL}, solver.ErrOption},
		{quad, Options{Partition: TreePartition, Update: LB}, solver.ErrOption},
		{quad, Options{Partition: TreePartition, BlockSize: 5}, solver.ErrOption},
		{least, Options{BlockSize: 13}, solver.ErrInput},
		{least, Options{Partition: GreedyForest}, solver.ErrInput},
		{least, Options{Update: PN}, solver.ErrInput},
		{least, Options{Update: TMP}, solver.ErrInput},
		{positive, Options{Update: HB}, solver.ErrInput},
		{positive, Options{Update: Newton}, solver.ErrInput},
		{lasso, Options{Update: TMP}, solver.ErrInput},
		{logistic, Options{Update: Exact}, solver.ErrInput},
		{poisson, Options{Update: LB, Rule: GS}, solver.ErrInput},
		{poisson, Options{Rule: GSL, Update: Newton}, solver.ErrInput},
		{poisson, Options{Partition: Sort, Rule: GS, Update: Newton}, solver.ErrInput},
		{all["softmax, dense"], Options{Partition: RedBlack}, solver.ErrInput},
		{least, Options{Start: make([]float64, 3)}, solver.ErrDimension},
		{least, Options{Start: slices.Repeat([]float64{math.Inf(1)}, 12)}, solver.ErrNonFinite},
		{logistic, Options{Solution: make([]float64, 12)}, solver.ErrInput},
		{least, Options{Settings: solver.Settings{MaxMemory: 100}}, solver.ErrTooLarge},
	} {
		if r, err := Descend(context.Background(), c.f, &c.o); r != nil || !errors.Is(err, c.kind) {
			t.Errorf("%s, %+v: %v, want %v", c.f.Name(), c.o, err, c.kind)
		}
	}
}

// rising is an objective whose moves go wrong.
type rising struct{ Objective }

func (f rising) Value() float64 {
	v := f.Objective.Value()
	for _, x := range f.Point() {
		v += math.Abs(x) * 1e6
	}
	return v
}

func TestARisingObjectiveStops(t *testing.T) {
	f := rising{everyObjective(t)["least squares, dense"]}
	r := descend(t, f, Options{Settings: until(1e-8, 50)})
	if r.Status != solver.Stopped || r.Reason != solver.AtRoundoff || r.Iterations != 1 {
		t.Errorf("%s, %s after %d iterations: %s", r.Status, r.Reason, r.Iterations, r.Detail)
	}
	for j, x := range r.X {
		if math.Abs(x) > 1e-12 {
			t.Errorf("the step was not taken back: x_%d = %g", j, x)
		}
	}
}

func TestLimitsStop(t *testing.T) {
	f := everyObjective(t)["logistic, dense"]
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := Descend(ctx, f, nil); r == nil || !errors.Is(err, solver.ErrInterrupted) || r.Iterations != 0 {
		t.Errorf("a cancelled run: %v", err)
	}
	if r, err := Descend(context.Background(), f, &Options{Settings: until(neverSolved, 3)}); r == nil || !errors.Is(err, solver.ErrIterationLimit) || r.Iterations != 3 {
		t.Errorf("three iterations: %v", err)
	}
	stop := errors.New("enough")
	o := &Options{Settings: solver.Settings{Recorder: solver.RecorderFunc(func(solver.Record) error { return stop })}}
	if _, err := Descend(context.Background(), f, o); !errors.Is(err, stop) {
		t.Errorf("a recorder that fails: %v", err)
	}
}

// Separable data have no minimiser: the run ends by the value of the loss.
func TestSeparableDataEndByTheValue(t *testing.T) {
	x := must[*matrix.Dense](t)(matrix.NewDense(4, 1, []float64{1, 2, -1, -3}))
	f := must[Objective](t)(NewGLM(x, []float64{1, 1, 0, 0}, loss.Logistic(), nil, nil))
	r := descend(t, f, Options{Update: Newton, Rule: GS, BlockSize: 1, Settings: until(1e-6, 200)})
	if r.Status != solver.Solved || r.Objective > 1e-5 {
		t.Errorf("%s, %s, objective %g: %s", r.Status, r.Reason, r.Objective, r.Detail)
	}
}

// A start at the answer needs no iteration; the history starts there.
func TestStartAtTheAnswer(t *testing.T) {
	f := everyObjective(t)["least squares, dense"]
	first := descend(t, f, Options{BlockSize: 12, Settings: until(1e-12, 50)})
	again := descend(t, f, Options{BlockSize: 12, Start: first.X, Settings: until(1e-10, 50)})
	if again.Iterations != 0 || again.Status != solver.Solved || again.History[0].Objective != again.Objective {
		t.Errorf("%d iterations, %s", again.Iterations, again.Reason)
	}
	if first.Iterations > 2 {
		t.Errorf("one block of all variables took %d iterations", first.Iterations)
	}
}

func TestHistoryIsThinned(t *testing.T) {
	h := history{stride: 1}
	const n = 3*historyLimit + 7
	for k := range n {
		h.add(Point{Iteration: k})
	}
	p := h.all()
	if len(p) > historyLimit+1 || p[0].Iteration != 0 || p[len(p)-1].Iteration != n-1 {
		t.Errorf("%d points from %d to %d", len(p), p[0].Iteration, p[len(p)-1].Iteration)
	}
	for k := 2; k < len(p)-1; k++ {
		if p[k].Iteration-p[k-1].Iteration != h.stride {
			t.Fatalf("points %d and %d", p[k-1].Iteration, p[k].Iteration)
		}
	}
}

// In one dimension δ is λ − |g| at the kink and g at a bound.
func TestNondegeneracyByHand(t *testing.T) {
	x := must[*matrix.Dense](t)(matrix.NewDense(2, 2, []float64{1, 0, 0, 1}))
	f := must[Objective](t)(NewLeastSquares(x, []float64{3, 0.25}, nil, &loss.Separable{L1: []float64{1}}))
	r := descend(t, f, Options{BlockSize: 2, Settings: until(1e-12, 50)})
	if !near(r.Nondegeneracy, 0.75, 1e-12) || r.Support != 1 || r.SupportFixedAt != 1 || r.X[0] != 2 {
		t.Errorf("δ = %g, support %d fixed at %d, x = %v", r.Nondegeneracy, r.Support, r.SupportFixedAt, r.X)
	}
	g := must[Objective](t)(NewLeastSquares(x, []float64{3, -0.5}, nil, &loss.Separable{Lower: []float64{0}}))
	if r := descend(t, g, Options{BlockSize: 2, Settings: until(1e-12, 50)}); !near(r.Nondegeneracy, 0.5, 1e-12) {
		t.Errorf("δ = %g at a bound, want 0.5", r.Nondegeneracy)
	}
}

// Given blocks are minimised by message passing where they are forests, and
// by dense factors where not: the same steps.
func TestGivenForestsAreTheSame(t *testing.T) {
	g := must[*problems.LabelledGraph](t)(problems.PaperD(9, 8, 7, 3))
	f := must[Objective](t)(NewQuadratic(g.A, g.B, nil))
	o := Options{Blocks: LatticeForests(9, 8, g.Unknown), Rule: Cyclic, Update: Exact, Settings: until(neverSolved, 6)}
	if r := must[*run](t)(newRun(context.Background(), f, must[*Options](t)(o.resolved(f)))); !r.forests {
		t.Error("two trees are not minimised by message passing")
	}
	trees := descend(t, f, o)
	o.Update = HB
	dense := descend(t, f, o)
	for j := range trees.X {
		if !near(trees.X[j], dense.X[j], 1e-10) {
			t.Errorf("x_%d is %v by message passing, %v by dense factors", j, trees.X[j], dense.X[j])
		}
	}
	o.Blocks, o.Update = [][]int32{identity(f.Dim())}, Exact
	if r := must[*run](t)(newRun(context.Background(), f, must[*Options](t)(o.resolved(f)))); r.forests {
		t.Error("the whole lattice passes for a forest")
	}
}
