package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"solve/internal/report"
	"solve/linsys"
	"solve/matrix/matio"
	"solve/solver"
)

// linsysRun is one run: what was read, what came out.
type linsysRun struct {
	delivery
	o      *linsysOptions
	system *system
	result *linsys.Result
}

func runLinsys(ctx context.Context, o *linsysOptions, con *console) error {
	r := &linsysRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}
	defer r.out.abort()
	var err error
	if r.system, err = readSystem(o); err != nil {
		return err
	}
	if err := r.open(o.files.history, o.settings.Tol); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := linsys.Solve(ctx, &r.system.problem, &opt)
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended(o.files.history, warnings); err != nil {
		return err
	}
	if res == nil {
		return wordLinsysError(err)
	}
	r.result = res
	return r.finish(ctx, r, wordLinsysError(err))
}

// wordLinsysError adds what to try to the refusals of the solver.
func wordLinsysError(err error) error {
	switch {
	case errors.Is(err, solver.ErrNotSymmetric):
		return withHint(err, "--method auto, lu or gmres take such a matrix")
	case errors.Is(err, solver.ErrTooLarge):
		return withHint(err, "raise --max-memory, or take an iterative method such as --method cg or gmres")
	case errors.Is(err, solver.ErrInfeasible):
		return withHint(err, "--method lsmr gives a least-squares solution; --project solves for the part of b in the range of a symmetric matrix")
	}
	var ended *solver.VerdictError
	if !errors.As(err, &ended) {
		return err
	}
	switch ended.Verdict.Reason {
	case solver.AtRoundoff:
		return withHint(err, "loosen --tol, or set --abs-tol: rounding leaves no more digits")
	case solver.Stalled, solver.EvaluationError:
		return withHint(err, "another --method or --precond, or a system with rows and columns of like size, may get further")
	case solver.Singular, solver.Inconsistent:
		return withHint(err, "--method lsmr gives a least-squares solution")
	case solver.NotPositiveDefinite:
		return withHint(err, "--method auto, ldlt and minres take such a matrix")
	}
	return err
}

func (r *linsysRun) verdict() solver.Verdict { return r.result.Verdict }

func (r *linsysRun) makeParts() error {
	if r.result.X != nil && r.result.Status != solver.Unknown && !r.reportOnly() {
		r.parts = append(r.parts, part{name: "x", format: r.emit.formatOf(matio.FormatCSV), dense: r.result.X})
	}
	return nil
}

// figure draws the convergence; a direct method has none.
func (r *linsysRun) figure() (*report.Figure, string, error) {
	return r.convergence("Relative residual", r.o.settings.Tol)
}

// summarise says how the run ended.
func (r *linsysRun) summarise(float64) {
	res, say, s := r.result, r.con.say, r.result.Stats
	for _, f := range res.Fallbacks {
		say("left", "%s", f)
	}
	method := res.Method
	if res.Preconditioner != "" {
		method += " with " + res.Preconditioner
	}
	if res.Why != "" {
		method += " (" + res.Why + ")"
	}
	if method != "" {
		say("method", "%s", method)
	}
	say("work", "%s", strings.Join(workDone(res), ", "))
	for _, c := range res.Certificates {
		say("", "%s", certificateLine(c, 17))
	}
	if e, ok := r.knownError(); ok {
		say("error", "‖x−x*‖/‖x*‖ = %.3g", e)
	}
	if s.ConditionEstimate > 0 {
		say("condition", "%.3g (%s)", s.ConditionEstimate, s.ConditionOf)
	}
	if res.Status == solver.Solved { // any other outcome is an error, said at the end
		say("solved", "%s", res.Reason)
	}
	predicted := ""
	if s.Predicted > 0 {
		predicted = fmt.Sprintf(" (%.2g s were foretold for both)", s.Predicted)
	}
	say("time", "read %.3g s, set up %.3g s, solve %.3g s%s, peak %s", r.o.in.seconds, s.Setup, s.Solve, predicted, solver.Bytes(report.PeakRSS()))
}

// workDone lists what a run took, as far as the method has it.
func workDone(res *linsys.Result) []string {
	s := res.Stats
	out := []string{counted(s.Iterations, "iteration", "iterations"), counted(s.Matvecs, "product", "products")}
	if len(s.Grid) > 0 {
		out = append(out, fmt.Sprintf("grid %s", strings.Trim(strings.ReplaceAll(fmt.Sprint(s.Grid), " ", "×"), "[]")))
	}
	if s.FactorNNZ > 0 {
		out = append(out, fmt.Sprintf("%s entries in the factor", grouped(int(s.FactorNNZ))))
	}
	if s.Ordering != "" {
		out = append(out, "ordering "+s.Ordering)
	}
	if s.OperatorComplexity > 0 {
		out = append(out, fmt.Sprintf("%d levels, operator complexity %.3g", s.Levels, s.OperatorComplexity))
	}
	if s.Shift > 0 {
		out = append(out, fmt.Sprintf("diagonal shifted by %.2g", s.Shift))
	}
	if s.PivotsReplaced > 0 {
		out = append(out, fmt.Sprintf("%d small pivots replaced", s.PivotsReplaced))
	}
	if s.NegativePivots > 0 && s.PositivePivots > 0 {
		out = append(out, fmt.Sprintf("inertia %d, %d, %d", s.PositivePivots, s.NegativePivots, s.ZeroPivots))
	}
	return out
}

// knownError is the error where the right-hand side was made of a solution.
func (r *linsysRun) knownError() (float64, bool) {
	if r.system.known == nil || r.result.X == nil {
		return 0, false
	}
	return relativeDistance(r.result.X.Data, r.system.known), true
}

func relativeDistance(x, y []float64) float64 {
	d, size := 0.0, 0.0
	for i, v := range y {
		d, size = math.Hypot(d, x[i]-v), math.Hypot(size, v)
	}
	if d == 0 {
		return 0
	}
	return d / size
}

func (r *linsysRun) report() *report.Report {
	res, o := r.result, r.o
	rep := newReport(r.con, "linsys", o.in)
	rep.Seed = o.settings.Seed
	rep.Method.Name, rep.Method.Chosen, rep.Method.Why = res.Method, o.chosen, res.Why
	rep.SetVerdict(res.Verdict)
	opts := &rep.Method.Options
	opts.Add("tol", o.settings.Tol)
	opts.Add("b", o.b)
	opts.Add("preconditioner", res.Preconditioner)
	*opts = append(*opts, o.recorded...)
	rep.SetCertificates(res.Certificates)
	rep.Stats = linsysStats(res, o.in.seconds)
	if e, ok := r.knownError(); ok {
		rep.Stats.Add("known_error", e)
	}
	return rep
}

func linsysStats(res *linsys.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	f.Add("iterations", s.Iterations)
	f.Add("matvecs", s.Matvecs)
	if len(res.Columns) > 1 {
		var iterations []int
		for _, c := range res.Columns {
			iterations = append(iterations, c.Iterations)
		}
		f.Add("column_iterations", iterations)
	}
	worst := 0.0
	for _, c := range res.Columns {
		worst = max(worst, c.Componentwise)
	}
	f.Add("componentwise_error", worst)
	if len(res.Fallbacks) > 0 {
		f.Add("fallbacks", res.Fallbacks)
	}
	if res.NullVector != nil {
		f.Add("null_vector", res.NullVector)
	}
	if res.Projection > 0 {
		f.Add("projected_away", res.Projection)
	}
	for _, x := range []struct {
		name  string
		value float64
	}{
		{"factor_nnz", float64(s.FactorNNZ)}, {"factor_flops", s.Flops}, {"operator_complexity", s.OperatorComplexity},
		{"levels", float64(s.Levels)}, {"shift", s.Shift}, {"pivots_replaced", float64(s.PivotsReplaced)}, {"setup_bytes", float64(s.Memory)},
		{"condition_estimate", s.ConditionEstimate}, {"predicted_s", s.Predicted},
	} {
		if x.value > 0 {
			f.Add(x.name, x.value)
		}
	}
	for _, x := range []struct{ name, value string }{{"ordering", s.Ordering}, {"condition_of", s.ConditionOf}} {
		if x.value != "" {
			f.Add(x.name, x.value)
		}
	}
	if len(s.Grid) > 0 {
		f.Add("grid", s.Grid)
	}
	if s.PositivePivots+s.NegativePivots+s.ZeroPivots > 0 {
		f.Add("inertia", []int{s.PositivePivots, s.NegativePivots, s.ZeroPivots})
	}
	if s.EnergyError > 0 {
		f.Add("energy_error_estimate", s.EnergyError)
	}
	f.Add("reachable_residual", s.Reachable)
	f.Add("read_s", readS)
	f.Add("setup_s", s.Setup)
	f.Add("solve_s", s.Solve)
	f.Add("verify_s", s.Verify)
	return f
}
