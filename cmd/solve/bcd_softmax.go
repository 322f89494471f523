package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"solve/bcd"
	"solve/internal/verify"
	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

const softmaxLoss = "softmax"

// softmaxPart is w of K classes: a row for each feature, the intercepts first
// where there are any, a column for each class.
func softmaxPart(g *regression, res *bcd.Result, f matio.Format) part {
	K := len(res.Classes)
	data := res.X
	if g.problem.Intercept {
		data = append(slices.Clone(res.Intercepts), res.X...)
	}
	p := part{name: "w", format: f, dense: &matrix.Dense{Rows: len(data) / K, Cols: K, Data: data}}
	if f != matio.FormatCSV && f != matio.FormatTSV {
		return p
	}
	p.header = []string{"name"}
	for _, c := range res.Classes {
		p.header = append(p.header, "class "+strconv.FormatFloat(c, 'g', -1, 64))
	}
	p.names = g.featureNames(true)
	if !g.problem.Intercept {
		p.names = p.names[1:]
	}
	return p
}

// softmaxAnswer is w of K classes as read: x_jk at j·K+k.
type softmaxAnswer struct {
	names []string // nil = by number
	x, x0 []float64
	K     int
}

// readSoftmax reads w of K classes: named rows, or a matrix.
func readSoftmax(in *inputs, path string, intercept bool) (*softmaxAnswer, error) {
	a := &softmaxAnswer{}
	var d *matrix.Dense
	if t, err := matio.ReadTable(path); err == nil && t.Header != nil {
		a.names = t.Names
		d = &matrix.Dense{Rows: len(t.Names), Cols: len(t.Columns), Data: make([]float64, 0, len(t.Names)*len(t.Columns))}
		for i := range t.Names {
			for _, c := range t.Columns {
				d.Data = append(d.Data, c[i])
			}
		}
	} else {
		f, err := in.openAnswer("w", path)
		if err != nil {
			return nil, err
		}
		if d, err = f.AsDense(in.options.MaxMemory); err != nil {
			return nil, err
		}
	}
	for i, v := range d.Data {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: %w", path, &solver.EntryError{What: "coefficient", Row: i/d.Cols + 1, Col: i%d.Cols + 1, Value: v, Err: solver.ErrNonFinite})
		}
	}
	a.K, a.x, a.x0 = d.Cols, d.Data, make([]float64, d.Cols)
	if intercept {
		if d.Rows == 0 {
			return nil, fmt.Errorf("%s: the row of intercepts is missing: %w", path, solver.ErrDimension)
		}
		a.x0, a.x = d.Data[:d.Cols], d.Data[d.Cols:]
		if a.names != nil {
			a.names = a.names[1:]
		}
	}
	return a, nil
}

// certifySoftmax recomputes the certificates and the objective of w.
func certifySoftmax(in *inputs, s *regressionSource, path string, tol float64, threads int) ([]solver.Certificate, float64, error) {
	w, err := readSoftmax(in, path, s.intercept)
	if err != nil {
		return nil, 0, err
	}
	r, err := readRegression(in, s)
	if err != nil {
		return nil, 0, err
	}
	p := &r.problem
	index, classes, err := loss.Classes(p.Y)
	if err != nil {
		return nil, 0, err
	}
	_, cols := p.X.Dims()
	if w.K != len(classes) || len(w.x) != cols*w.K {
		return nil, 0, fmt.Errorf("%d coefficients for %d features and %d classes: %w", len(w.x), cols, len(classes), solver.ErrDimension)
	}
	if p.LambdaRatio > 0 {
		return nil, 0, usageError("--lambda L", "λ itself is needed to check a softmax fit")
	}
	in.con.say("λ", "%.10g", p.Lambda)
	p.Loss = loss.Squared() // of the Fit only the penalty and the weights are used
	f, err := statedFit(p, s.delta, threads)
	if err != nil {
		return nil, 0, err
	}
	sf := &verify.SoftmaxFit{Fit: *f, Class: index, K: len(classes)}
	null, gradient, _ := sf.Null()
	c := sf.Certify(w.x, w.x0)
	return c.Certificates(tol, null, gradient), c.Objective, nil
}

// scores returns X x_k + x₀_k of every class, a row each.
func (a *softmaxAnswer) scores(x bcd.Design) (*matrix.Dense, error) {
	n, cols := x.Dims()
	out := &matrix.Dense{Rows: n, Cols: a.K, Data: make([]float64, n*a.K)}
	column := make([]float64, cols)
	for k := range a.K {
		for j := range column {
			column[j] = a.x[j*a.K+k]
		}
		eta, err := bcd.Predict(x, column, a.x0[k], nil)
		if err != nil {
			return nil, err
		}
		for i, v := range eta {
			out.Data[i*a.K+k] = v
		}
	}
	return out, nil
}

// emitSoftmax turns scores into what is asked for: the scores themselves,
// probabilities, or the label of the largest.
func emitSoftmax(what string, scores *matrix.Dense, classes []float64) *matrix.Dense {
	switch what {
	case "link":
		return scores
	case "class":
		out := make([]float64, scores.Rows)
		for i := range out {
			best := 0
			for k, v := range scores.Row(i) {
				if v > scores.At(i, best) {
					best = k
				}
			}
			out[i] = classes[best]
		}
		return column(out...)
	}
	for i := range scores.Rows {
		row := scores.Row(i)
		top, sum := slices.Max(row), 0.0
		for k, v := range row {
			row[k] = math.Exp(v - top)
			sum += row[k]
		}
		for k := range row {
			row[k] /= sum
		}
	}
	return scores
}
