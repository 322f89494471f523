package main

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"

	"solve/bcd"
	"solve/internal/report"
	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// pathEmission are the parts that -o DIR/ writes.
var pathEmission = []partFormat{{"path", matio.FormatCSV}}

// pathRun is one run of `bcd path`.
type pathRun struct {
	delivery
	o       *bcdOptions
	problem *regression
	result  *bcd.PathResult
}

// parsePathOptions reads the command line of `bcd path` and `bcd cv`.
func parsePathOptions(verb string, args []string, v *values, con *console, parts []partFormat) (*bcdOptions, error) {
	v.refuseWith("bcd "+verb, "lambda", "lambda-ratio", "C", "b", "labels", "history", "partition", "rule", "update", "block-size")
	o, err := parseBCDOptions(v, args, con, parts)
	if err != nil {
		return nil, err
	}
	s := &o.source
	if s.quadratic() || s.penalty == bcd.NoPenalty {
		return nil, usageError("--penalty l1, enet, group or sparse-group", "bcd %s goes over values of λ, but the penalty is %s", verb, s.penalty)
	}
	if s.loss == softmaxLoss || s.loss == loss.Hinge().Name() {
		return nil, usageError("a single fit: solve bcd --loss "+s.loss, "bcd %s does not go with --loss %s", verb, s.loss)
	}
	s.lambda, s.lambdaRatio, s.lambdaGiven = 0, 0, true
	p := &o.settings.Path
	p.Count, p.Ratio = v.count("count", 0), v.positive("ratio", 0)
	if p.Ratio >= 1 {
		v.refuse("ratio", v.text("ratio"), "a number below 1")
	}
	o.settings.CV.Folds = v.count("folds", 0)
	if v.err != nil {
		return nil, v.err
	}
	if path := v.text("lambdas"); path != "" {
		v.refuseWith("--lambdas", "count", "ratio")
		if v.err != nil {
			return nil, v.err
		}
		if o.files, err = parseOutputFlags(v, o.emit, append(o.source.files(), path)); err != nil {
			return nil, err
		}
		f, err := o.in.read("lambdas", path, nil)
		if err != nil {
			return nil, err
		}
		if p.Lambdas, err = f.Vector(); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"count", "ratio", "folds", "measure"} {
		if v.given(name) {
			o.recorded.Add(name, v.text(name))
		}
	}
	return o, nil
}

func runBCDPath(ctx context.Context, args []string, v *values, con *console) error {
	o, err := parsePathOptions("path", args, v, con, pathEmission)
	if err != nil {
		return err
	}
	r := &pathRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}
	defer r.out.abort()
	if err := r.prepare(); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := bcd.Path(ctx, &r.problem.problem, &opt)
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended("", warnings); err != nil {
		return err
	}
	if res == nil {
		return wordBCDError(err, o.in, &o.source)
	}
	r.result = res
	return r.finish(ctx, r, wordBCDError(err, o.in, &o.source))
}

// prepare reads the problem and opens what is written while solving.
func (r *pathRun) prepare() error {
	var err error
	if r.problem, err = readRegression(r.o.in, &r.o.source); err != nil {
		return err
	}
	r.problem.byColumns()
	return r.open("", r.o.settings.Tol)
}

func (r *pathRun) verdict() solver.Verdict { return r.result.Verdict }

func (r *pathRun) makeParts() error {
	if r.reportOnly() {
		return nil
	}
	f := r.emit.formatOf(matio.FormatCSV)
	if f == matio.FormatCSV || f == matio.FormatTSV {
		r.parts = append(r.parts, r.lines(f))
		return nil
	}
	p, err := r.table(f)
	r.parts = append(r.parts, p)
	return err
}

// lines are the coefficients that are not zero, one a line.
func (r *pathRun) lines(f matio.Format) part {
	intercept := r.problem.problem.Intercept
	names := r.problem.featureNames(true)
	p := part{name: "path", format: f, header: []string{"feature", "lambda", "value"}}
	var data []float64
	add := func(name string, lambda, value float64) {
		p.names = append(p.names, name)
		data = append(data, lambda, value)
	}
	for _, q := range r.result.Points {
		if intercept {
			add(names[0], q.Lambda, q.Intercept)
		}
		for k, j := range q.Index {
			add(names[j+1], q.Lambda, q.Value[k])
		}
	}
	p.dense = &matrix.Dense{Rows: len(p.names), Cols: 2, Data: data}
	return p
}

// table is a row for each λ: λ, the intercept where there is one, and the
// coefficients.
func (r *pathRun) table(f matio.Format) (part, error) {
	_, cols := r.problem.problem.X.Dims()
	first := 1
	if r.problem.problem.Intercept {
		first = 2
	}
	rows := len(r.result.Points)
	nnz := 0
	for _, q := range r.result.Points {
		nnz += len(q.Index) + first
	}
	coo, err := matrix.NewCOO(rows, cols+first, nnz)
	if err != nil {
		return part{}, err
	}
	for i, q := range r.result.Points {
		err = coo.Append(i, 0, q.Lambda)
		if first == 2 && err == nil {
			err = coo.Append(i, 1, q.Intercept)
		}
		for k, j := range q.Index {
			if err == nil {
				err = coo.Append(i, int(j)+first, q.Value[k])
			}
		}
		if err != nil {
			return part{}, err
		}
	}
	csr, _, err := coo.ToCSR()
	if err != nil {
		return part{}, err
	}
	p := part{name: "path", format: f}
	if f == matio.FormatMTX {
		p.sparse = csr
		return p, nil
	}
	if need, have := 8*int64(rows)*int64(cols+first), r.o.settings.MemoryLimit(); need > have {
		return p, withHint(&solver.TooLargeError{What: "the dense path", Need: need, Have: have}, "write it as .mtx or .csv, which leave zeros out, or raise --max-memory")
	}
	p.dense = &matrix.Dense{Rows: rows, Cols: cols + first, Data: make([]float64, rows*(cols+first))}
	for i := range rows {
		scatter(csr, i, p.dense.Row(i))
	}
	return p, nil
}

// Of a path's coefficients so many are drawn, those that grow largest, and
// so many of these named.
const (
	drawnPaths = 60
	namedPaths = 8
)

// figure draws the coefficients against λ.
func (r *pathRun) figure() (*report.Figure, string, error) {
	points := r.result.Points
	size := map[int32]float64{}
	for _, q := range points {
		for k, j := range q.Index {
			size[j] = max(size[j], math.Abs(q.Value[k]))
		}
	}
	if len(size) == 0 || len(points) < 2 {
		return nil, "no coefficient leaves zero", nil
	}
	features := slices.SortedFunc(maps.Keys(size), func(i, j int32) int {
		return cmp.Or(cmp.Compare(size[j], size[i]), cmp.Compare(i, j))
	})
	features = features[:min(len(features), drawnPaths)]
	names := r.problem.featureNames(true)
	curves := make([]report.Curve, len(features))
	for k, j := range features {
		c := &curves[k]
		if k < namedPaths {
			c.Name = names[j+1]
		}
		for _, q := range points {
			at, ok := slices.BinarySearch(q.Index, j)
			v := 0.0
			if ok {
				v = q.Value[at]
			}
			c.X, c.Y = append(c.X, q.Lambda), append(c.Y, v)
		}
	}
	fig, err := report.Curves(report.CurveAxes{Title: "Coefficients along the path", X: "λ", Y: "coefficient", LogX: true}, curves)
	return fig, "", err
}

func (r *pathRun) summarise(float64) {
	res, say, s := r.result, r.con.say, r.result.Stats
	say("path", "%d values of λ from %.6g down to %.6g", len(res.Points), res.Points[0].Lambda, res.Points[len(res.Points)-1].Lambda)
	say("work", "%s, %s, %s column updates, %s", counted(s.Iterations, "working set", "working sets"), counted(s.Epochs, "epoch", "epochs"), grouped(s.ColumnUpdates), counted(s.NewtonSteps, "Newton step", "Newton steps"))
	for _, c := range r.worst() {
		say("", "%s", certificateLine(c, 17))
	}
	last := res.Points[len(res.Points)-1]
	say("support", "%s features at the last λ, deviance ratio %.6g", grouped(len(last.Index)), last.DevianceRatio)
	if res.Status == solver.Solved {
		say("solved", "%s", res.Reason)
	}
	say("time", "read %.3g s, set up %.3g s, solve %.3g s, peak %s", r.o.in.seconds, s.Setup, s.Solve, solver.Bytes(report.PeakRSS()))
}

// worst are the certificates of the point whose first one is largest.
func (r *pathRun) worst() []solver.Certificate {
	var out []solver.Certificate
	for _, q := range r.result.Points {
		if b := bounded(q.Certificates); out == nil || math.IsNaN(b) || b > bounded(out) {
			out = q.Certificates
		}
	}
	return out
}

func (r *pathRun) report() *report.Report {
	res, o := r.result, r.o
	rep := newReport(r.con, "bcd path", o.in)
	rep.Seed = o.settings.Seed
	rep.Method.Name, rep.Method.Chosen = o.chosen, o.chosen
	rep.SetVerdict(res.Verdict)
	opts := &rep.Method.Options
	opts.Add("tol", o.settings.Tol)
	o.source.record(opts)
	*opts = append(*opts, o.recorded...)
	rep.SetCertificates(r.worst())
	var points []report.Fields
	for _, q := range res.Points {
		var f report.Fields
		f.Add("lambda", q.Lambda)
		f.Add("objective", q.Objective)
		f.Add("support", len(q.Index))
		f.Add("dual_gap", q.DualGap)
		f.Add("deviance_ratio", q.DevianceRatio)
		f.Add("status", q.Status.String())
		points = append(points, f)
	}
	s := res.Stats
	rep.Stats.Add("iterations", s.Iterations)
	rep.Stats.Add("epochs", s.Epochs)
	rep.Stats.Add("column_updates", s.ColumnUpdates)
	rep.Stats.Add("newton_steps", s.NewtonSteps)
	rep.Stats.Add("lambda_max", res.LambdaMax)
	rep.Stats.Add("null_objective", res.NullObjective)
	rep.Stats.Add("points", points)
	rep.Stats.Set("read_s", o.in.seconds)
	rep.Stats.Add("setup_s", s.Setup)
	rep.Stats.Add("solve_s", s.Solve)
	rep.Stats.Add("verify_s", s.Verify)
	return rep
}
