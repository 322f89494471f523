package main

import (
	"fmt"

	"solve/bcd"
	"solve/internal/verify"
	"solve/loss"
	"solve/solver"
)

// machine tells whether the problem is a support vector machine: its
// certificate needs the dual variables beside w.
func (s *regressionSource) machine() bool {
	return s.loss == loss.Hinge().Name() || s.loss == loss.SquaredHinge().Name() && s.penalty == bcd.NoPenalty
}

// statedMachine writes a support vector machine down for the checker.
func statedMachine(p *bcd.Problem) (*verify.SVM, error) {
	f := &verify.Fit{X: p.X, Y: p.Y, Loss: p.Loss.Name()}
	f.ScaleWeights(p.Weights, p.Scale == bcd.Sum)
	if err := labelled(f); err != nil {
		return nil, err
	}
	if p.Standardize {
		_, cols := p.X.Dims()
		f.L1 = make([]float64, cols)
		f.Standardize()
	}
	return &verify.SVM{
		X: f.X, Y: f.Y, W: f.W, Offset: p.Offset, L2: p.L2, Squared: p.Loss.Name() == loss.SquaredHinge().Name(),
		Intercept: p.Intercept, ColumnScale: f.ColumnScale,
	}, nil
}

// certifyMachine recomputes the certificates and the objective of w with its
// dual variables.
func certifyMachine(in *inputs, s *regressionSource, w *coefficients, alpha []float64, tol float64) ([]solver.Certificate, float64, error) {
	r, err := readRegression(in, s)
	if err != nil {
		return nil, 0, err
	}
	n, cols := r.problem.X.Dims()
	if len(w.x) != cols || len(alpha) != n {
		return nil, 0, fmt.Errorf("%d coefficients and %d dual variables for a %d×%d matrix: %w", len(w.x), len(alpha), n, cols, solver.ErrDimension)
	}
	m, err := statedMachine(&r.problem)
	if err != nil {
		return nil, 0, err
	}
	c, err := m.Certify(w.x, w.intercept, alpha)
	if err != nil {
		return nil, 0, err
	}
	return c.Certificates(tol, m.Null()), c.Objective, nil
}

// readDual reads dual variables.
func readDual(in *inputs, path string) ([]float64, error) {
	f, err := in.openAnswer("dual", path)
	if err != nil {
		return nil, err
	}
	x, err := f.Vector()
	if err != nil {
		return nil, err
	}
	for i, v := range x {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: %w", path, &solver.EntryError{What: "dual variable", Row: i + 1, Value: v, Err: solver.ErrNonFinite})
		}
	}
	return x, nil
}

// storedMachine certifies what `solve bcd --loss hinge -o DIR/` wrote.
func storedMachine(in *inputs, run *storedRun, s *regressionSource, w *coefficients, tol float64) ([]solver.Certificate, float64, error) {
	path, err := run.answerPath("dual")
	if err != nil {
		return nil, 0, err
	}
	if path == "" {
		return nil, 0, inputError("`solve bcd … -o DIR/` stores them", "%s: the report names no dual variables", run.dir)
	}
	alpha, err := readDual(in, path)
	if err != nil {
		return nil, 0, err
	}
	return certifyMachine(in, s, w, alpha, tol)
}

// answerFile is the file that --answer PART=FILE names; "" without one.
func answerFile(answers [][2]string, part string) string {
	for _, a := range answers {
		if a[0] == part {
			return a[1]
		}
	}
	return ""
}

// lowerC is the λ or L2 that LIBLINEAR's C stands for: its squared hinge has no
// factor ½.
func lowerC(lossName string, c float64) float64 {
	if lossName == loss.SquaredHinge().Name() {
		return 1 / (2 * c)
	}
	return 1 / c
}
