package block

import (
	"context"
	"errors"
	"math"
	"testing"

	"solve/internal/problems"
	"solve/solver"
)

// paperData makes the paper's problems, their sides divided by shrink.
func paperData(shrink int, seed uint64) func(string) (*FigureData, error) {
	return func(name string) (*FigureData, error) {
		p, err := problems.Paper(name, shrink, seed)
		switch {
		case err != nil:
			return nil, err
		case p.Graph == nil:
			return &FigureData{X: p.X, Y: p.Y}, nil
		}
		d := &FigureData{A: p.Graph.A, B: p.Graph.B}
		if p.Side > 0 {
			d.Trees = LatticeForests(p.Side, p.Side, p.Graph.Unknown)
		}
		return d, nil
	}
}

// lastOf returns the gap at the end of a series of a panel.
func lastOf(t *testing.T, p Panel, name string) float64 {
	t.Helper()
	for _, s := range p.Series {
		if s.Name == name {
			return s.Last()
		}
	}
	t.Fatalf("panel %s has no series %q", p.Title, name)
	return 0
}

// On problem A with blocks of five, matrix updates of diagonally chosen
// variables end at least three orders of magnitude below gradient updates
// (figures 4 and 5 at 500 iterations).
func TestMatrixUpdatesBeatGradientUpdates(t *testing.T) {
	a := must[*problems.PaperProblem](t)(problems.Paper("A", 1, 1))
	f := must[Objective](t)(NewLeastSquares(a.X, a.Y, nil, nil))
	run := func(o Options) float64 {
		o.Settings = solver.Settings{Tol: neverSolved, Seed: 1}
		return descend(t, f, o).Objective
	}
	matrixGSD, gradientGSL := run(Options{Rule: GSD, Update: HB}), run(Options{Rule: GSL, Update: LB})
	if !(matrixGSD*1e3 <= gradientGSL) {
		t.Errorf("hb with gsd ends at %.3g, lb with gsl at %.3g", matrixGSD, gradientGSL)
	}
	if sorted := run(Options{Partition: Sort, Rule: GSL, Update: LB}); sorted > 10*gradientGSL {
		t.Errorf("lb with gsl over sorted blocks ends at %.3g, over variable blocks at %.3g", sorted, gradientGSL)
	}
}

// On the lattice, exact updates of greedy trees and of two trees end below
// 1e-3 after 500 iterations, those of a random tree below 1e3, and red-black
// above 1 (figure 6a).
func TestTreesOnTheLattice(t *testing.T) {
	p := must[[]Panel](t)(Figure6a(context.Background(), &FigureOptions{Data: paperData(1, 1), Seed: 1}))[0]
	for name, bounds := range map[string][2]float64{
		"greedy tree": {0, 1e-3}, "two trees": {0, 1e-3}, "random tree": {0, 1e2}, "red-black": {1, 1e3}, "general": {1e6, 1e9},
	} {
		if v := lastOf(t, p, name); !(v >= bounds[0] && v <= bounds[1]) {
			t.Errorf("%s ends at %.3g, want between %g and %g", name, v, bounds[0], bounds[1])
		}
	}
	if first := p.Series[0].Points[0].Gap; first < 1e8 || first > 1e10 {
		t.Errorf("the gap starts at %.3g, want about 1e9", first)
	}
}

// Estimated Lipschitz constants beat the loose global ones of softmax, and
// blocks of similar constants beat the given order (figures 9 and 10).
func TestEstimatesAndSortedBlocks(t *testing.T) {
	o := &FigureOptions{Data: paperData(5, 1), Seed: 1, Iterations: 150, BlockSizes: []int{5}, Problems: "C"}
	nine := must[[]Panel](t)(Figure9(context.Background(), o))[0]
	if la, lb := lastOf(t, nine, "la gsl"), lastOf(t, nine, "lb gsl"); la > 0.7*lb {
		t.Errorf("softmax: la ends at %.3g, lb at %.3g", la, lb)
	}
	o.Problems = "A"
	ten := must[[]Panel](t)(Figure10(context.Background(), o))[0]
	sorted := lastOf(t, ten, "sort gsl")
	for _, other := range []string{"order gsl", "avg gsl"} {
		if v := lastOf(t, ten, other); sorted > 0.5*v {
			t.Errorf("%s ends at %.3g, sort gsl at %.3g", other, v, sorted)
		}
	}
}

// iterationsTo counts the iterations until the gap stays below the bound.
func iterationsTo(s Series, gap float64) int {
	for k := len(s.Points) - 1; k >= 0; k-- {
		if s.Points[k].Gap > gap {
			return s.Points[k].Iteration + 1
		}
	}
	return 0
}

// With blocks larger than the support, projected Newton over variable blocks
// ends in a handful of iterations; the gradient takes many (figure 7).
func TestProjectedNewtonEnds(t *testing.T) {
	p := must[[]Panel](t)(Figure7(context.Background(), &FigureOptions{Data: paperData(1, 1), Seed: 1, BlockSizes: []int{50}, Iterations: 150}))[0]
	steps := map[string]int{}
	for _, s := range p.Series {
		steps[s.Name] = iterationsTo(s, 1e-8)
	}
	if k := steps["variable pn"]; k > 15 {
		t.Errorf("variable pn took %d iterations, want at most 15", k)
	}
	if k := steps["variable tmp"]; k > 15 {
		t.Errorf("variable tmp took %d iterations, want at most 15", k)
	}
	if steps["variable pg"] < 3*steps["variable pn"] || steps["sort pn"] < 3*steps["variable pn"] {
		t.Errorf("iterations %v: gradient steps and fixed blocks should be much slower", steps)
	}
}

// Every figure can be made, small: the series are named once, fall, and count
// their cost.
func TestFiguresAreMade(t *testing.T) {
	for _, f := range Figures() {
		panels, err := f.Make(context.Background(), &FigureOptions{Data: paperData(10, 2), Seed: 2, Iterations: 12, BlockSizes: []int{3}})
		if err != nil {
			t.Fatalf("figure %s: %v", f.Name, err)
		}
		for _, p := range panels {
			names := map[string]bool{}
			for _, s := range p.Series {
				if names[s.Name] {
					t.Errorf("%s: two series %q", p.Title, s.Name)
				}
				names[s.Name] = true
				first, last := s.Points[0], s.Points[len(s.Points)-1]
				if !(last.Gap <= first.Gap) || math.IsNaN(last.Gap) || last.Cost.Flops <= first.Cost.Flops {
					t.Errorf("figure %s, %s, %s: gap from %g to %g, flops from %d to %d",
						f.Name, p.Title, s.Name, first.Gap, last.Gap, first.Cost.Flops, last.Cost.Flops)
				}
			}
		}
	}
}

// All figures in full; the ends of the series are logged beside the shapes
// that the paper's figures show.
func TestFiguresInFull(t *testing.T) {
	if !long() {
		t.Skip("set SOLVE_LONG=1")
	}
	for _, f := range Figures() {
		t.Run(f.Name, func(t *testing.T) {
			panels := must[[]Panel](t)(f.Make(context.Background(), &FigureOptions{Data: paperData(1, 1), Seed: 1}))
			for _, p := range panels {
				t.Logf("figure %s, %s: start %.3g", f.Name, p.Title, p.Series[0].Points[0].Gap)
				for _, s := range p.Series {
					end := s.Points[len(s.Points)-1]
					t.Logf("    %-28s %10.3g  below 1e-8 from %3d  support fixed at %3d  %9.3g flops  %s",
						s.Name, s.Last(), iterationsTo(s, 1e-8), s.SupportFixedAt, float64(end.Cost.Flops), s.Reason)
				}
			}
		})
	}
}

func TestFigureOptionsAreRefused(t *testing.T) {
	for _, o := range []FigureOptions{{Iterations: -1}, {}, {Problems: "AF"}, {BlockSizes: []int{0}}} {
		if o.Iterations+len(o.Problems)+len(o.BlockSizes) != 0 {
			o.Data = paperData(10, 1)
		}
		for _, f := range Figures() {
			if _, err := f.Make(context.Background(), &o); !errors.Is(err, solver.ErrOption) {
				t.Errorf("figure %s, %+v: %v", f.Name, o, err)
			}
		}
	}
}
