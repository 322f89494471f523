package main

import (
	"math"
	"path/filepath"
	"strconv"

	"solve/matrix/matio"
	"solve/solver"
)

// checkStoredPath judges what `solve bcd path -o DIR/` wrote as lines of
// features: the worst certificate over the values of λ.
func checkStoredPath(o *checkOptions, run *storedRun, _ *console) ([]finding, error) {
	s, tol, err := storedRegression(o.in, run)
	if err != nil {
		return nil, err
	}
	path, err := run.answerPath("path")
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, inputError("`solve bcd path … -o DIR/` stores it", "%s: the report names no path", o.dir)
	}
	r, err := readRegression(o.in, s)
	if err != nil {
		return nil, moved(err)
	}
	run.compareInputs(o.in)
	lambdas, err := run.pathLambdas()
	if err != nil {
		return nil, err
	}
	points, err := readPathLines(r, path, lambdas)
	if err != nil {
		return nil, err
	}
	var worst []solver.Certificate
	for k, w := range points {
		r.problem.Lambda = lambdas[k]
		certs, _, err := r.certify(s, w, tol, o.threads)
		if err != nil {
			return nil, err
		}
		if b := bounded(certs); worst == nil || math.IsNaN(b) || b > bounded(worst) {
			worst = certs
		}
	}
	return append(run.findings(), againstStored(run, worst)...), nil
}

// informative loosens the comparison of numbers that have no tolerance: they
// may be relative to a gradient that is itself little more than rounding.
const informative = 1e3

// againstStored compares recomputed certificates with those of the report.
func againstStored(run *storedRun, now []solver.Certificate) []finding {
	var out []finding
	for _, c := range now {
		scale := 1.0
		if math.IsNaN(c.Tol) {
			scale = informative
		}
		out = append(out, judged(c, storedCertificate(run.report, c), scale))
	}
	return out
}

// pathLambdas are the values of λ that the report lists.
func (run *storedRun) pathLambdas() ([]float64, error) {
	v, _ := run.report.Stats.Get("points")
	list, _ := v.([]any)
	var out []float64
	for _, x := range list {
		point, _ := x.(map[string]any)
		lambda, ok := point["lambda"].(float64)
		if !ok || !(lambda >= 0) {
			return nil, run.damaged("it has a point without λ")
		}
		out = append(out, lambda)
	}
	if len(out) == 0 {
		return nil, run.damaged("it has no points")
	}
	return out, nil
}

// readPathLines reads feature,lambda,value lines: coefficients for each of the
// given values of λ.
func readPathLines(r *regression, path string, lambdas []float64) ([]*coefficients, error) {
	if f, _, ok := matio.FormatOf(path); !ok || f != matio.FormatCSV && f != matio.FormatTSV {
		return nil, inputError("write it as path.csv", "%s: a path is checked from its lines of features", filepath.Base(path))
	}
	_, cols := r.problem.X.Dims()
	at := map[float64]int{}
	points := make([]*coefficients, len(lambdas))
	for k, lambda := range lambdas {
		at[lambda] = k
		points[k] = &coefficients{x: make([]float64, cols)}
	}
	feature := map[string]int{}
	for j, name := range r.featureNames(true) {
		feature[name] = j - 1
	}
	t, err := matio.ReadTable(path)
	if err != nil {
		return nil, err
	}
	bad := func(line int, what string) error {
		return &matio.SyntaxError{File: path, Line: line + 2, Msg: what}
	}
	for i, name := range t.Names {
		if len(t.Columns) != 2 {
			return nil, bad(i, "feature, lambda and value are wanted")
		}
		k, ok := at[t.Columns[0][i]]
		if !ok {
			return nil, bad(i, "the report has no λ of "+strconv.FormatFloat(t.Columns[0][i], 'g', -1, 64))
		}
		j, ok := feature[name]
		v := t.Columns[1][i]
		switch {
		case !ok:
			return nil, bad(i, "the data have no feature "+strconv.Quote(name))
		case v-v != 0:
			return nil, bad(i, "the value is not finite")
		case j < 0:
			points[k].intercept = v
		default:
			points[k].x[j] = v
		}
	}
	return points, nil
}

// checkStoredCV judges the coefficients that `solve bcd cv -o DIR/` wrote for
// the best λ; the errors of left-out parts have no certificate.
func checkStoredCV(o *checkOptions, run *storedRun, con *console) ([]finding, error) {
	s, tol, err := storedRegression(o.in, run)
	if err != nil {
		return nil, err
	}
	lambda, ok := run.report.Stats.Float("lambda_min")
	if !ok || !(lambda >= 0) {
		return nil, run.damaged("it has no lambda_min")
	}
	s.lambda = lambda
	path, err := run.answerPath("w")
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, inputError("`solve bcd cv … -o DIR/` stores it", "%s: the report names no w", o.dir)
	}
	fit, err := readCoefficients(o.in, path, s.intercept, false)
	if err != nil {
		return nil, err
	}
	certs, _, err := certifyRegression(o.in, s, fit, tol, o.threads)
	if err != nil {
		return nil, moved(err)
	}
	run.compareInputs(o.in)
	out := run.findings()
	for _, c := range certs {
		out = append(out, finding{name: c.Name, value: c.Value, stored: math.NaN(), tol: c.Tol, ok: c.OK})
	}
	return out, nil
}
