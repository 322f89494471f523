package block

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"solve/linsys/direct"
	"solve/loss"
	"solve/matrix"
	"solve/solver"
)

// figureProblem is a problem with what is known of its optimum.
type figureProblem struct {
	name      string
	data      *FigureData
	objective Objective
	optimum   float64   // f*, or a lower bound of it; unused with a solution
	solution  []float64 // of a quadratic
}

// newFigureProblem makes the objective of A: least squares, B: logistic, C:
// softmax, all of which more columns than rows can bring to about 0, and of D
// and E: quadratics, solved by a sparse Cholesky factorisation.
func newFigureProblem(ctx context.Context, name string, o *FigureOptions) (*figureProblem, error) {
	data, err := o.Data(name)
	if err != nil {
		return nil, err
	}
	p := &figureProblem{name: name, data: data}
	switch name {
	case "A":
		p.objective, err = NewLeastSquares(data.X, data.Y, nil, nil)
	case "B":
		var y []float64
		if y, _, err = loss.Labels(data.Y, 0, 1); err == nil {
			p.objective, err = NewGLM(data.X, y, loss.Logistic(), nil, nil)
		}
	case "C":
		var class []int
		var values []float64
		if class, values, err = loss.Classes(data.Y); err == nil {
			p.objective, err = NewSoftmax(data.X, class, len(values), nil, nil)
		}
	default:
		if p.objective, err = NewQuadratic(data.A, data.B, nil); err == nil {
			p.solution, err = cholesky(ctx, data.A, data.B)
		}
	}
	return p, err
}

func cholesky(ctx context.Context, a *matrix.CSR, b []float64) ([]float64, error) {
	analysis, err := direct.AnalyzeCholesky(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	c, err := analysis.Factor(ctx, a, 0)
	if err != nil {
		return nil, err
	}
	x := slices.Clone(b)
	c.Solve(x)
	return x, nil
}

// nonNegativeL1 is λ of figure 7.
const nonNegativeL1 = 5e4

// nonNegativeProblem is problem A with x ≥ 0 and λΣx_j, its optimum computed.
func nonNegativeProblem(ctx context.Context, o *FigureOptions) (*figureProblem, error) {
	data, err := o.Data("A")
	if err != nil {
		return nil, err
	}
	f, err := NewLeastSquares(data.X, data.Y, nil, &loss.Separable{L1: []float64{nonNegativeL1}, Lower: []float64{0}})
	if err != nil {
		return nil, err
	}
	r, err := Descend(ctx, f, &Options{
		BlockSize: min(200, f.Dim()), Rule: GSQ, Update: PN, Settings: solver.Settings{Tol: 1e-14, MaxIter: 2000, Seed: o.Seed},
	})
	if r == nil {
		return nil, err
	}
	return &figureProblem{name: "A", data: data, objective: f, optimum: r.Objective}, nil
}

// panels makes one panel for each problem of the figure.
func panels(ctx context.Context, opt *FigureOptions, figure, names string, methods func(*figureProblem) []method, title string) ([]Panel, error) {
	o, err := opt.resolved()
	if err != nil {
		return nil, err
	}
	var out []Panel
	for _, name := range strings.Split(names, "") {
		if o.Problems != "" && !strings.Contains(o.Problems, name) {
			continue
		}
		p, err := newFigureProblem(ctx, name, o)
		if err != nil {
			return nil, err
		}
		panel, err := p.panel(ctx, o, figure, title, methods(p))
		if err != nil {
			return nil, err
		}
		out = append(out, panel)
	}
	return out, nil
}

func (p *figureProblem) panel(ctx context.Context, o *FigureOptions, figure, title string, methods []method) (Panel, error) {
	panel := Panel{Figure: figure, Problem: p.name, Title: fmt.Sprintf("%s: %s", p.name, title)}
	for _, m := range methods {
		if o.Progress != nil {
			o.Progress(panel.Title, m.name)
		}
		s, err := p.series(ctx, o, m)
		if err != nil {
			return Panel{}, fmt.Errorf("figure %s, problem %s, %s: %w", figure, p.name, m.name, err)
		}
		panel.Series = append(panel.Series, s)
	}
	return panel, nil
}

// neverSolved keeps a run going to its last iteration.
const neverSolved = 1e-300

func (p *figureProblem) series(ctx context.Context, o *FigureOptions, m method) (Series, error) {
	r, err := Descend(ctx, p.objective, &Options{
		Settings:  solver.Settings{Tol: neverSolved, MaxIter: o.Iterations, Seed: o.Seed},
		Partition: m.partition, Rule: m.rule, Update: m.update, BlockSize: min(m.size, p.objective.Dim()),
		Blocks: m.blocks, Solution: p.solution,
	})
	if r == nil || errors.Is(err, solver.ErrInterrupted) {
		return Series{}, err
	}
	s := Series{
		Name: m.name, Partition: r.Partition, Rule: r.Rule, Update: r.Update, BlockSize: r.BlockSize,
		SupportFixedAt: r.SupportFixedAt, Reason: r.Reason,
	}
	for _, q := range r.History {
		gap := q.Objective - p.optimum
		if p.solution != nil {
			gap = q.Gap
		}
		s.Points = append(s.Points, FigurePoint{q.Iteration, gap, q.Cost})
	}
	return s, nil
}
