package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"solve/bcd"
	"solve/internal/verify"
	"solve/loss"
	"solve/solver"
)

// storedRegression states the problem of a stored run of `bcd` again.
func storedRegression(in *inputs, run *storedRun) (*regressionSource, float64, error) {
	paths, err := run.paths(in)
	if err != nil {
		return nil, 0, err
	}
	run.readAs(in)
	opts := run.report.Method.Options
	number := func(name string, otherwise float64) float64 {
		if x, ok := opts.Float(name); ok {
			return x
		}
		return otherwise
	}
	flag := func(name string) bool { return opts.Text(name) == "true" }
	s := &regressionSource{
		data: paths["data"], target: opts.Text("target"), a: paths["A"], y: paths["y"], b: paths["b"], labels: paths["labels"],
		weights: paths["weights"], offset: paths["offset"], groups: paths["groups"], penaltyFactor: paths["penalty-factor"],
		loss: opts.Text("loss"), penalty: opts.Text("penalty"), delta: number("delta", defaultDelta),
		lambda: number("lambda", 0), lambdaGiven: true, alpha: number("alpha", defaultAlpha), l2: number("l2", 0),
		lower: number("lower", math.NaN()), upper: number("upper", math.NaN()), nonneg: flag("nonneg"),
		scale: opts.Text("scale"), intercept: flag("intercept"), standardize: flag("standardize"),
	}
	tol := number("tol", 0)
	switch {
	case !(tol > 0):
		return nil, 0, run.damaged("tol is %v", tol)
	case !slices.Contains(bcdLosses, s.loss) || !slices.Contains(bcdPenalties, s.penalty):
		return nil, 0, run.damaged("its loss is %q, its penalty %q", s.loss, s.penalty)
	case !s.quadratic() && s.scale != bcd.Mean && s.scale != bcd.Sum:
		return nil, 0, run.damaged("its scale is %q", s.scale)
	case s.data == "" && s.a == "":
		return nil, 0, run.damaged("it names no data")
	case s.data == "" && s.y == "" && !s.quadratic():
		return nil, 0, run.damaged("it names no targets")
	}
	return s, tol, nil
}

// checkStoredRegression judges what `solve bcd -o DIR/` wrote.
func checkStoredRegression(o *checkOptions, run *storedRun, _ *console) ([]finding, error) {
	s, tol, err := storedRegression(o.in, run)
	if err != nil {
		return nil, err
	}
	path, err := run.answerPath("w")
	if err != nil {
		return nil, err
	}
	if path == "" {
		return nil, inputError("`solve bcd … -o DIR/` stores it", "%s: the report names no w", o.dir)
	}
	var certs []solver.Certificate
	var objective float64
	if s.loss == softmaxLoss {
		certs, objective, err = certifySoftmax(o.in, s, path, tol, o.threads)
	} else {
		var fit *coefficients
		if fit, err = readCoefficients(o.in, path, s.intercept, s.labels != ""); err != nil {
			return nil, err
		}
		_, dual := run.report.Answers["dual"]
		if s.loss == loss.Hinge().Name() || dual && s.machine() { // a squared hinge can do without
			certs, objective, err = storedMachine(o.in, run, s, fit, tol)
		} else {
			certs, objective, err = certifyRegression(o.in, s, fit, tol, o.threads)
		}
	}
	if err != nil {
		return nil, moved(err)
	}
	run.compareInputs(o.in)
	out := run.findings()
	out = append(out, againstStored(run, certs)...)
	stored := solver.Certificate{Name: "objective", Value: math.NaN(), Tol: math.NaN(), OK: true}
	if run.report.Objective != nil {
		stored.Value = float64(*run.report.Objective)
	}
	now := solver.Certificate{Name: "objective", Value: objective, Tol: math.NaN(), OK: true}
	return append(out, judged(now, stored, math.Abs(objective))), nil
}

// checkRegression judges anybody's coefficients.
func checkRegression(o *checkOptions, v *values, args []string, _ *console) ([]finding, error) {
	s := parseRegressionSource(v)
	if v.err != nil {
		return nil, v.err
	}
	if err := s.takePositionals(args); err != nil {
		return nil, err
	}
	certs, objective, err := certifyAnswer(o, &s, v.positive("tol", bcd.DefaultTol))
	if err != nil {
		return nil, err
	}
	var out []finding
	for _, c := range certs {
		out = append(out, finding{name: c.Name, value: c.Value, stored: math.NaN(), tol: c.Tol, ok: c.OK})
	}
	return append(out, finding{name: "objective", value: objective, stored: math.NaN(), tol: math.NaN(), ok: !math.IsInf(objective, 0)}), nil
}

// certifyAnswer recomputes the certificates and the objective of anybody's
// answer.
func certifyAnswer(o *checkOptions, s *regressionSource, tol float64) ([]solver.Certificate, float64, error) {
	w, dual := answerFile(o.answers, "w"), answerFile(o.answers, "dual")
	switch {
	case w == "":
		return nil, 0, usageError("--answer w=FILE", "the coefficients are missing")
	case dual != "" && !s.machine() || dual == "" && s.loss == loss.Hinge().Name():
		return nil, 0, usageError("with --loss hinge, or sqhinge without a penalty, --answer dual=FILE proves how good w is", "--answer dual=FILE belongs to a support vector machine, and --loss hinge needs one")
	case s.loss == softmaxLoss:
		return certifySoftmax(o.in, s, w, tol, o.threads)
	}
	fit, err := readCoefficients(o.in, w, s.intercept, s.labels != "")
	if err != nil {
		return nil, 0, err
	}
	if dual == "" {
		return certifyRegression(o.in, s, fit, tol, o.threads)
	}
	alpha, err := readDual(o.in, dual)
	if err != nil {
		return nil, 0, err
	}
	return certifyMachine(o.in, s, fit, alpha, tol)
}

// certifyRegression recomputes the certificates and the objective of w.
func certifyRegression(in *inputs, s *regressionSource, w *coefficients, tol float64, threads int) ([]solver.Certificate, float64, error) {
	if s.quadratic() {
		return certifyQuadratic(in, s, w, tol)
	}
	r, err := readRegression(in, s)
	if err != nil {
		return nil, 0, err
	}
	p := &r.problem
	_, cols := p.X.Dims()
	if len(w.x) != cols {
		return nil, 0, fmt.Errorf("%d coefficients for %d features: %w", len(w.x), cols, solver.ErrDimension)
	}
	if p.LambdaRatio > 0 {
		top, err := bcd.LambdaMax(context.Background(), p, &bcd.Options{Settings: solver.Settings{Threads: threads, MaxMemory: in.options.MaxMemory}})
		if err != nil {
			return nil, 0, err
		}
		if p.Lambda = p.LambdaRatio * top; top == 0 {
			p.Lambda = p.LambdaRatio // as the solver does: zero is optimal at every λ
		}
	}
	in.con.say("λ", "%.10g", p.Lambda)
	return r.certify(s, w, tol, threads)
}

// certify recomputes the certificates and the objective of w at the λ of the
// problem.
func (r *regression) certify(s *regressionSource, w *coefficients, tol float64, threads int) ([]solver.Certificate, float64, error) {
	f, err := statedFit(&r.problem, s.delta, threads)
	if err != nil {
		return nil, 0, err
	}
	null, gradient, err := f.Null()
	if err != nil {
		return nil, 0, err
	}
	c, err := f.Certify(w.x, w.intercept)
	if err != nil {
		return nil, 0, err
	}
	return c.Certificates(tol, null, gradient), c.Objective, nil
}

// statedFit writes the problem down for the checker, without the solver.
func statedFit(p *bcd.Problem, delta float64, threads int) (*verify.Fit, error) {
	_, cols := p.X.Dims()
	f := &verify.Fit{
		X: p.X, Y: p.Y, Offset: p.Offset, Loss: p.Loss.Name(), Delta: delta, Intercept: p.Intercept,
		L1: make([]float64, cols), L2: make([]float64, cols), Groups: p.Groups, Threads: threads,
	}
	f.ScaleWeights(p.Weights, p.Scale == bcd.Sum)
	if err := labelled(f); err != nil {
		return nil, err
	}
	if p.Standardize {
		f.Standardize()
	}
	for j := range cols {
		v := 1.0
		if p.PenaltyFactor != nil {
			v = p.PenaltyFactor[j]
		}
		f.L2[j] = p.L2
		switch {
		case math.IsInf(v, 1):
			f.L1[j], f.L2[j] = math.Inf(1), 0
		case p.Penalty == bcd.L1:
			f.L1[j] = p.Lambda * v
		case p.Penalty == bcd.ElasticNet:
			f.L1[j] = p.Lambda * v * p.Alpha
			f.L2[j] += p.Lambda * v * (1 - p.Alpha)
		case p.Penalty == bcd.SparseGroup:
			f.L1[j] = p.Lambda * p.Alpha
		}
	}
	for k, g := range p.Groups {
		share, weight := p.Lambda, math.Sqrt(float64(len(g)))
		if p.Penalty == bcd.SparseGroup {
			share *= 1 - p.Alpha
		}
		if p.GroupWeights != nil {
			weight = p.GroupWeights[k]
		}
		f.GroupL2 = append(f.GroupL2, share*weight)
	}
	if len(p.Lower)+len(p.Upper) > 0 || p.NonNegative {
		f.Lower, f.Upper = make([]float64, cols), make([]float64, cols)
		for j := range cols {
			f.Lower[j], f.Upper[j] = math.Inf(-1), math.Inf(1)
			if len(p.Lower) > 0 {
				f.Lower[j] = p.Lower[0]
			}
			if len(p.Upper) > 0 {
				f.Upper[j] = p.Upper[0]
			}
			if p.NonNegative {
				f.Lower[j] = math.Max(f.Lower[j], 0)
			}
		}
	}
	return f, nil
}

// labelled maps two labels to what the loss takes; the logistic loss takes
// probabilities as they are. Rows of weight zero have no say.
func labelled(f *verify.Fit) error {
	low := -1.0
	switch f.Loss {
	case loss.Logistic().Name():
		low = 0
	case loss.SquaredHinge().Name(), loss.Hinge().Name():
	default:
		return nil
	}
	var rows []int
	var y []float64
	probabilities := low == 0
	for i, v := range f.Y {
		if f.W[i] > 0 {
			rows, y = append(rows, i), append(y, v)
			probabilities = probabilities && v >= 0 && v <= 1
		}
	}
	if probabilities {
		return nil
	}
	mapped, _, err := loss.Labels(y, low, 1)
	if err != nil {
		return err
	}
	f.Y = make([]float64, len(f.Y))
	for k, i := range rows {
		f.Y[i] = mapped[k]
	}
	return nil
}

// certifyQuadratic judges the minimiser of a quadratic, or propagated labels.
func certifyQuadratic(in *inputs, s *regressionSource, w *coefficients, tol float64) ([]solver.Certificate, float64, error) {
	q, labels, known, err := readQuadratic(in, s)
	if err != nil {
		return nil, 0, err
	}
	x, moved := w.x, false
	if labels != nil {
		if len(x) != len(known) {
			return nil, 0, fmt.Errorf("%d values for %d nodes: %w", len(x), len(known), solver.ErrDimension)
		}
		for i, v := range known {
			moved = moved || !math.IsNaN(v) && v != w.x[i]
		}
		x = make([]float64, len(labels.Unknown))
		for k, i := range labels.Unknown {
			if x[k] = w.x[i]; math.IsNaN(x[k]) {
				return nil, 0, fmt.Errorf("w: %w", &solver.EntryError{What: "value", Row: int(i) + 1, Value: x[k], Err: solver.ErrNonFinite})
			}
		}
	}
	lo, hi := math.Inf(-1), math.Inf(1)
	if q.Lower != nil {
		lo = *q.Lower
	}
	if q.Upper != nil {
		hi = *q.Upper
	}
	if q.NonNegative {
		lo = math.Max(lo, 0)
	}
	c, err := verify.Quadratic{N: q.A.Rows, A: verify.SparseRows(q.A), B: q.B, L1: q.Lambda, L2: q.L2, Lower: lo, Upper: hi}.Certify(x)
	if err != nil {
		return nil, 0, err
	}
	certs := c.Certificates(tol)
	if moved { // a node that had a label has another value
		certs[0].Value, certs[0].OK = math.Inf(1), false
	}
	return certs, c.Objective, nil
}
