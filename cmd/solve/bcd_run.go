package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"solve/bcd"
	"solve/internal/report"
	"solve/loss"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// bcdRun is one run: what was read, what came out.
type bcdRun struct {
	delivery
	o       *bcdOptions
	problem *regression
	result  *bcd.Result
}

func runBCD(ctx context.Context, o *bcdOptions, con *console) error {
	if o.source.quadratic() {
		return runQuadratic(ctx, o, con)
	}
	r := &bcdRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}
	defer r.out.abort()
	var err error
	if r.problem, err = readRegression(o.in, &o.source); err != nil {
		return err
	}
	if err := r.open(o.files.history, o.settings.Tol); err != nil {
		return err
	}
	if o.lab == nil && !o.source.machine() {
		r.problem.byColumns()
	}
	opt := o.settings
	opt.Recorder = r.watch
	var res *bcd.Result
	switch {
	case o.lab != nil && o.source.loss == softmaxLoss:
		err = usageError("solve bcd --loss softmax", "the laboratory has no softmax fits on the command line")
	case o.lab != nil:
		res, err = bcd.Laboratory(ctx, &r.problem.problem, &opt, o.lab)
	case o.source.loss == softmaxLoss:
		res, err = bcd.Softmax(ctx, &r.problem.problem, &opt)
	default:
		res, err = bcd.Solve(ctx, &r.problem.problem, &opt)
	}
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended(o.files.history, warnings); err != nil {
		return err
	}
	if res == nil {
		return wordBCDError(err, o.in, &o.source)
	}
	r.result = res
	return r.finish(ctx, r, wordBCDError(err, o.in, &o.source))
}

// wordBCDError adds where a target stands and what to try.
func wordBCDError(err error, in *inputs, s *regressionSource) error {
	var target *loss.TargetError
	var ended *solver.VerdictError
	switch {
	case errors.As(err, &target) && s.data != "" && s.target == "":
		return withHint(fmt.Errorf("%s: sample %d: %w", in.name("data", s.data), target.Index+1, err), "another --loss takes such targets; `solve bcd --help` lists them")
	case errors.As(err, &target):
		return withHint(err, "another --loss takes such targets; `solve bcd --help` lists them")
	case errors.As(err, &ended) && ended.Verdict.Reason == solver.AtRoundoff:
		return withHint(err, "loosen --tol: no step decreases the objective any more")
	case errors.As(err, &ended) && ended.Verdict.Reason == solver.Stalled:
		return withHint(err, "loosen --tol, or raise --lambda")
	case errors.Is(err, bcd.ErrTooFewRows):
		return withHint(err, "ask for fewer parts with --folds")
	case errors.Is(err, bcd.ErrUnpenalized):
		return withHint(err, "--allow-unpenalized lets it pass")
	}
	return err
}

func (r *bcdRun) verdict() solver.Verdict { return r.result.Verdict }

func (r *bcdRun) makeParts() error {
	if r.reportOnly() {
		return nil
	}
	res := r.result
	if res.Classes != nil {
		r.parts = append(r.parts, softmaxPart(r.problem, res, r.emit.formatOf(matio.FormatCSV)))
		return nil
	}
	p, err := coefficientPart(r.problem, res.X, res.Intercept, r.emit.formatOf(matio.FormatCSV))
	if err != nil {
		return err
	}
	r.parts = append(r.parts, p)
	if r.emit.wants("dual") && res.Dual != nil {
		r.parts = append(r.parts, part{name: "dual", format: r.emit.formatOf(matio.FormatCSV), dense: column(res.Dual...)})
	}
	return nil
}

// coefficientPart is w as it is written: numbers, or names and numbers; the
// intercept, where there is one, first.
func coefficientPart(g *regression, x []float64, intercept float64, f matio.Format) (part, error) {
	values := x
	if g.problem.Intercept {
		values = append([]float64{intercept}, x...)
	}
	p := part{name: "w", format: f, dense: &matrix.Dense{Rows: len(values), Cols: 1, Data: values}}
	if names := g.featureNames(g.problem.Intercept); f == matio.FormatCSV || f == matio.FormatTSV {
		p.names = names
		if names != nil {
			p.header = []string{"name", "value"}
		}
	}
	return p, nil
}

// figure draws the convergence.
func (r *bcdRun) figure() (*report.Figure, string, error) {
	return r.convergence("Relative duality gap", r.o.settings.Tol)
}

// summarise says how the run ended.
func (r *bcdRun) summarise(float64) {
	res, say, s := r.result, r.con.say, r.result.Stats
	sayClasses(r.con, res)
	method := res.Method
	if res.Why != "" {
		method += " (" + res.Why + ")"
	}
	say("method", "%s", method)
	if p := &r.problem.problem; p.Penalty != bcd.NoPenalty {
		share := ""
		if res.LambdaMax > 0 {
			share = fmt.Sprintf(" = %.4g × λ_max", res.Lambda/res.LambdaMax)
		}
		say("λ", "%.10g%s, %s of the losses", res.Lambda, share, scaleOf(p))
	}
	work := []string{counted(s.Iterations, "working set", "working sets"), counted(s.Epochs, "epoch", "epochs"), fmt.Sprintf("%s column updates", grouped(s.ColumnUpdates))}
	if s.NewtonSteps > 0 {
		work = append(work, counted(s.NewtonSteps, "Newton step", "Newton steps"))
	}
	say("work", "%s", strings.Join(work, ", "))
	for _, c := range res.Certificates {
		say("", "%s", certificateLine(c, 17))
	}
	say("objective", "%.12g", res.Objective)
	of := "features"
	if res.Classes != nil {
		of = fmt.Sprintf("coefficients of %d classes", len(res.Classes))
	}
	say("support", "%s of %s %s", grouped(s.Support), grouped(len(res.X)), of)
	if res.Status == solver.Solved {
		say("solved", "%s", res.Reason)
	}
	say("time", "read %.3g s, set up %.3g s, solve %.3g s, peak %s", r.o.in.seconds, s.Setup, s.Solve, solver.Bytes(report.PeakRSS()))
}

// sayClasses says which labels stand for which class.
func sayClasses(con *console, res *bcd.Result) {
	if res.Labels != nil {
		con.say("classes", "%v is the positive class, %v the negative", res.Labels[1], res.Labels[0])
	}
}

func scaleOf(p *bcd.Problem) string {
	if p.Scale == bcd.Sum {
		return "sum"
	}
	return "mean"
}

func (r *bcdRun) report() *report.Report {
	res, o := r.result, r.o
	rep := newReport(r.con, "bcd", o.in)
	rep.Seed = o.settings.Seed
	rep.Method.Name, rep.Method.Chosen, rep.Method.Why = res.Method, o.chosen, res.Why
	rep.SetVerdict(res.Verdict)
	opts := &rep.Method.Options
	opts.Add("tol", o.settings.Tol)
	o.source.record(opts)
	if o.source.penalty != bcd.NoPenalty {
		opts.Add("lambda", res.Lambda)
	}
	*opts = append(*opts, o.recorded...)
	x := report.Number(res.Objective)
	rep.Objective = &x
	rep.SetCertificates(res.Certificates)
	rep.Stats = bcdStats(res, o.in.seconds)
	return rep
}

func bcdStats(res *bcd.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	f.Add("iterations", s.Iterations)
	f.Add("epochs", s.Epochs)
	f.Add("column_updates", s.ColumnUpdates)
	f.Add("newton_steps", s.NewtonSteps)
	f.Add("extrapolations", s.Extrapolations)
	f.Add("passes", s.Passes)
	f.Add("support", s.Support)
	f.Add("support_fixed_at", s.SupportFixedAt)
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"nondegeneracy", s.Nondegeneracy}, {"lambda_max", res.LambdaMax}, {"null_objective", res.NullObjective},
		{"dual_gap_absolute", res.DualGap}, {"kkt_absolute", res.KKT},
	} {
		if !math.IsNaN(x.value) {
			f.Add(x.name, x.value)
		}
	}
	if res.Labels != nil {
		f.Add("classes", res.Labels[:])
	}
	if res.Classes != nil {
		f.Add("classes", res.Classes)
	}
	f.Add("read_s", readS)
	f.Add("setup_s", s.Setup)
	f.Add("solve_s", s.Solve)
	f.Add("verify_s", s.Verify)
	return f
}
