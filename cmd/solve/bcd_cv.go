package main

import (
	"context"

	"solve/bcd"
	"solve/internal/report"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// cvEmission are the parts that -o DIR/ writes.
var cvEmission = []partFormat{{"cv", matio.FormatCSV}, {"w", matio.FormatCSV}}

// cvRun is one run of `bcd cv`.
type cvRun struct {
	pathRun
	cv *bcd.CVResult
}

func runBCDCV(ctx context.Context, args []string, v *values, con *console) error {
	o, err := parsePathOptions("cv", args, v, con, cvEmission)
	if err != nil {
		return err
	}
	o.settings.CV.Measure = v.word("measure", "")
	if v.err != nil {
		return v.err
	}
	r := &cvRun{pathRun: pathRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}}
	defer r.out.abort()
	if err := r.prepare(); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	cv, err := bcd.CrossValidate(ctx, &r.problem.problem, &opt)
	var warnings []string
	if cv != nil {
		warnings = cv.Path.Warnings
	}
	if err := r.ended("", warnings); err != nil {
		return err
	}
	if cv == nil {
		return wordBCDError(err, o.in, &o.source)
	}
	r.cv, r.result = cv, cv.Path
	return r.finish(ctx, r, wordBCDError(err, o.in, &o.source))
}

func (r *cvRun) makeParts() error {
	if r.reportOnly() {
		return nil
	}
	cv := r.cv
	if r.emit.wants("cv") {
		table := &matrix.Dense{Rows: len(cv.Lambdas), Cols: 4}
		for k, lambda := range cv.Lambdas {
			table.Data = append(table.Data, lambda, cv.Mean[k], cv.StdErr[k], float64(len(r.result.Points[k].Index)))
		}
		r.parts = append(r.parts, part{name: "cv", format: r.emit.formatOf(matio.FormatCSV), dense: table, header: []string{"lambda", cv.Measure, "std_err", "support"}})
	}
	if r.emit.wants("w") {
		_, cols := r.problem.problem.X.Dims()
		q := r.result.Points[cv.IndexMin]
		p, err := coefficientPart(r.problem, q.Coefficients(cols), q.Intercept, r.emit.formatOf(matio.FormatCSV))
		if err != nil {
			return err
		}
		r.parts = append(r.parts, p)
	}
	return nil
}

func (r *cvRun) summarise(writeS float64) {
	say, cv := r.con.say, r.cv
	r.pathRun.summarise(writeS)
	say("least", "λ = %.6g: %s %.6g ± %.2g, %s features", cv.LambdaMin, cv.Measure, cv.Mean[cv.IndexMin], cv.StdErr[cv.IndexMin], grouped(len(r.result.Points[cv.IndexMin].Index)))
	say("within", "one standard error of it λ = %.6g: %s %.6g, %s features", cv.Lambda1SE, cv.Measure, cv.Mean[cv.Index1SE], grouped(len(r.result.Points[cv.Index1SE].Index)))
}

func (r *cvRun) report() *report.Report {
	rep := r.pathRun.report()
	rep.Command = "bcd cv"
	cv := r.cv
	rep.Stats.Add("measure", cv.Measure)
	rep.Stats.Add("lambda_min", cv.LambdaMin)
	rep.Stats.Add("lambda_1se", cv.Lambda1SE)
	rep.Stats.Add("mean", cv.Mean)
	rep.Stats.Add("std_err", cv.StdErr)
	return rep
}

// figure draws the error of the left-out parts against λ, with one standard
// error to both sides.
func (r *cvRun) figure() (*report.Figure, string, error) {
	cv := r.cv
	if len(cv.Lambdas) < 2 {
		return nil, "one value of λ is no curve", nil
	}
	mean := report.Curve{Name: cv.Measure, X: cv.Lambdas, Y: cv.Mean}
	low, high := report.Curve{Name: "± one standard error", X: cv.Lambdas, Faint: true}, report.Curve{X: cv.Lambdas, Faint: true}
	for k, m := range cv.Mean {
		low.Y, high.Y = append(low.Y, m-cv.StdErr[k]), append(high.Y, m+cv.StdErr[k])
	}
	fig, err := report.Curves(report.CurveAxes{Title: "Cross-validation", X: "λ", Y: cv.Measure, LogX: true, LegendLeft: true}, []report.Curve{mean, low, high})
	return fig, "", err
}

func (r *cvRun) verdict() solver.Verdict { return r.result.Verdict }
