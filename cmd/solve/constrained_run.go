package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"solve/constrained"
	"solve/internal/report"
	"solve/matrix/matio"
	"solve/solver"
)

// constrainedRun is one run: what was read, what came out.
type constrainedRun struct {
	delivery
	o           *constrainedOptions
	model       *model
	result      *constrained.Result
	derivatives report.Fields // what --check-derivatives found
}

func runConstrained(ctx context.Context, o *constrainedOptions, con *console) error {
	r := &constrainedRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}
	defer r.out.abort()
	var err error
	if r.model, err = readProgram(ctx, o.in, &o.source); err != nil {
		return err
	}
	r.model.say(o.in, &o.source)
	if err := r.model.start(o.in, &o.source); err != nil {
		return err
	}
	if o.sol != "" && r.model.nl == nil {
		return inputError("-o FILE or -o DIR/ writes the answer", "--sol is for AMPL's .nl models, but this one is %s", r.model.kind)
	}
	if o.checkDerivatives {
		if r.derivatives, err = checkDerivatives(r.model, con); err != nil {
			return err
		}
	}
	if err := r.open(o.files.history, o.settings.Tol); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := constrained.Solve(ctx, r.model.problem, &opt)
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended(o.files.history, warnings); err != nil {
		return err
	}
	if res == nil {
		return wordConstrainedError(err)
	}
	r.result = res
	if err := r.writeExtras(); err != nil {
		return err
	}
	return r.finish(ctx, r, wordConstrainedError(err))
}

// say tells what was read.
func (m *model) say(in *inputs, s *modelSource) {
	p := m.problem
	name := s.gen
	if name == "" {
		name = in.name("model", s.path)
	}
	t := m.tally()
	in.con.say("model", "%s: %s, %s%s", name, m.kind, counted(p.N, "variable", "variables"), t.bounded())
	if p.M > 0 {
		in.con.say("", "%s: %s", counted(p.M, "constraint", "constraints"), t.constraints())
	}
}

// wordConstrainedError adds what to try to the refusals and verdicts of the solver.
func wordConstrainedError(err error) error {
	if errors.Is(err, solver.ErrTooLarge) {
		return withHint(err, "raise --max-memory, or make the model smaller")
	}
	var ended *solver.VerdictError
	if !errors.As(err, &ended) {
		if errors.Is(err, solver.ErrInput) {
			return withHint(err, "--method auto and --method ipm take every model")
		}
		return err
	}
	switch ended.Verdict.Status {
	case solver.Infeasible:
		return withHint(err, "the constraints that the proof names contradict each other: relax one of them")
	case solver.Unbounded:
		return withHint(err, "is a bound, or the sign of a term, missing?")
	}
	switch ended.Verdict.Reason {
	case solver.EvaluationError:
		return withHint(err, "start elsewhere with --x0, or bound the variables away from where the functions are not defined")
	case solver.LocallyInfeasible:
		return withHint(err, "--restarts or another --x0 may find a feasible point; that none was found proves nothing")
	case solver.Stalled, solver.Acceptable, solver.AtRoundoff:
		return withHint(err, "loosen --tol, start elsewhere with --x0, or scale variables and constraints to like sizes")
	}
	return err
}

func (r *constrainedRun) verdict() solver.Verdict { return r.result.Verdict }

func (r *constrainedRun) makeParts() error {
	// Where nothing is feasible no point is an answer; where f falls without limit
	// one is where the ray starts.
	status := r.result.Status
	if r.reportOnly() || r.result.X == nil || status == solver.Infeasible || status == solver.Unbounded && !r.emit.to.dir {
		return nil
	}
	if r.emit.wants("x") {
		r.parts = append(r.parts, namedPart("x", r.emit.formatOf(matio.FormatCSV), r.model.variableNames(), r.result.X))
	}
	if r.emit.wants("multipliers") {
		all := append(append([]float64{}, r.result.Y...), r.result.Z...)
		r.parts = append(r.parts, namedPart("multipliers", r.emit.formatOf(matio.FormatCSV), r.model.multiplierNames(), all))
	}
	return nil
}

// namedPart is a column of numbers, with names where there are any and the format
// has room for them.
func namedPart(name string, f matio.Format, names []string, values []float64) part {
	p := part{name: name, format: f, dense: column(values...)}
	if names != nil && (f == matio.FormatCSV || f == matio.FormatTSV) {
		p.names, p.header = names, []string{"name", "value"}
	}
	return p
}

// writeExtras writes --sol and --dump-kkt.
func (r *constrainedRun) writeExtras() error {
	res, p := r.result, r.model.problem
	if r.o.sol != "" {
		err := r.out.write(r.o.sol, func(w io.Writer) error {
			return r.model.nl.WriteSol(w, solMessage(res), res.Y, res.X, solCode(res.Verdict))
		})
		if err != nil {
			return err
		}
	}
	if r.o.kkt == "" || res.X == nil {
		return nil
	}
	k, err := constrained.KKTMatrix(p, res.X, res.Y)
	if err != nil {
		return err
	}
	comment := fmt.Sprintf("KKT matrix of %s: %d variables, then %d constraints", p.Name, p.N, p.M)
	return r.out.write(r.o.kkt, func(w io.Writer) error {
		return matio.WriteCSR(w, matio.FormatMTX, k, &matio.WriteOptions{Symmetric: true, Comments: []string{comment}})
	})
}

// figure draws the convergence.
func (r *constrainedRun) figure() (*report.Figure, string, error) {
	return r.convergence("KKT residual", r.o.settings.Tol)
}

// summarise says how the run ended.
func (r *constrainedRun) summarise(float64) {
	res, say, s := r.result, r.con.say, r.result.Stats
	if len(res.Attempts) > 1 {
		for _, a := range res.Attempts {
			say("tried", "%s: %s %s, %s, f = %.10g, violation %.3g", a.Method, a.Verdict.Status, a.Verdict.Reason,
				counted(a.Iterations, "iteration", "iterations"), a.Objective, a.Violation)
		}
	}
	method := res.Method
	if res.Why != "" {
		method += " (" + res.Why + ")"
	}
	if method != "" {
		say("method", "%s", method)
	}
	work := []string{
		counted(s.Iterations, "iteration", "iterations"), counted(s.Evaluations, "evaluation", "evaluations"),
		counted(s.Factorizations, "factorisation", "factorisations"),
	}
	if s.SketchSteps > 0 {
		work = append(work, counted(s.SketchSteps, "sketching step", "sketching steps"))
	}
	say("work", "%s", strings.Join(work, ", "))
	if s.InnerMissed > 0 {
		say("", "%s left short of the accuracy asked for", counted(s.InnerMissed, "Newton system", "Newton systems"))
	}
	for _, c := range res.Certificates {
		say("", "%s", certificateLine(c, 20))
	}
	if res.X != nil && res.Status != solver.Infeasible {
		say("objective", "%.12g%s", res.Objective, r.model.known(res.Objective))
		r.sayCurvature()
	}
	if proof := proofText(r.model, res.Proof); proof != "" {
		say("proof", "%s", proof)
	}
	if res.Status == solver.Solved {
		say("solved", "%s", res.Reason)
	}
	say("time", "read %.3g s, set up %.3g s, solve %.3g s, peak %s", r.o.in.seconds, s.Setup, s.Solve, solver.Bytes(report.PeakRSS()))
}

// sayCurvature tells what the second derivatives say of the answer.
func (r *constrainedRun) sayCurvature() {
	res := r.result
	if text, ok := map[constrained.SecondOrder]string{
		constrained.Minimizer: "the reduced Hessian is positive definite: a strict local minimum",
		constrained.Saddle:    "the reduced Hessian has a negative eigenvalue: no minimum",
		constrained.Flat:      "the reduced Hessian is singular: this may be a minimum or not",
	}[res.SecondOrder]; ok {
		r.con.say("curvature", "%s", text)
	}
}

// known compares f with what a comment of the file says of it.
func (m *model) known(f float64) string {
	if m.sif == nil || len(m.sif.Known) == 0 {
		return ""
	}
	best := m.sif.Known[0]
	for _, k := range m.sif.Known {
		if math.Abs(k-f) < math.Abs(best-f) {
			best = k
		}
	}
	return fmt.Sprintf(" (a comment of the file says %.10g)", best)
}

// proofText tells in words why there is no solution.
func proofText(m *model, proof *constrained.Proof) string {
	p := m.problem
	switch {
	case proof == nil:
		return ""
	case proof.Rows != nil:
		var names []string
		for i, u := range proof.Rows {
			if u != 0 {
				names = append(names, p.ConstraintName(i))
			}
		}
		return "no point within the bounds meets the linear constraints " + firstOf(names, 10)
	case proof.Vector != nil:
		return "f falls without limit along a ray of feasible points"
	}
	if k := m.limits().CrossedBound(); k >= 0 {
		return m.crossed(k)
	}
	return ""
}

// crossed names the limits that cross, by the number that verify gives them.
func (m *model) crossed(k int) string {
	p := m.problem
	if k < p.N {
		return fmt.Sprintf("variable %s: its lower bound %v is above its upper bound %v", p.VariableName(k), p.Lower[k], p.Upper[k])
	}
	k -= p.N
	return fmt.Sprintf("constraint %s: its lower limit %v is above its upper limit %v", p.ConstraintName(k), p.CLower[k], p.CUpper[k])
}

// firstOf lists the first of many names.
func firstOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (r *constrainedRun) report() *report.Report {
	res, o := r.result, r.o
	rep := newReport(r.con, "constrained", o.in)
	rep.Seed = o.settings.Seed
	rep.Method.Name, rep.Method.Chosen, rep.Method.Why = res.Method, o.chosen, res.Why
	rep.SetVerdict(res.Verdict)
	opts := &rep.Method.Options
	opts.Add("tol", o.settings.Tol)
	o.source.record(opts)
	*opts = append(*opts, o.recorded...)
	if res.X != nil && res.Status != solver.Infeasible {
		x := report.Number(res.Objective)
		rep.Objective = &x
	}
	rep.SetCertificates(res.Certificates)
	rep.Stats = append(constrainedStats(res, o.in.seconds), r.derivatives...)
	if r.model.sif != nil && len(r.model.sif.Known) > 0 {
		rep.Stats.Add("known_objectives", numbers(r.model.sif.Known))
	}
	return rep
}

// numbers are numbers as reports write them.
func numbers(x []float64) []report.Number {
	out := make([]report.Number, len(x))
	for i, v := range x {
		out[i] = report.Number(v)
	}
	return out
}

func constrainedStats(res *constrained.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	f.Add("iterations", s.Iterations)
	f.Add("evaluations", s.Evaluations)
	f.Add("gradients", s.Gradients)
	f.Add("hessians", s.Hessians)
	f.Add("factorizations", s.Factorizations)
	f.Add("sketch_steps", s.SketchSteps)
	f.Add("inner_missed", s.InnerMissed)
	f.Add("inertia", s.Inertia[:])
	f.Add("second_order", string(res.SecondOrder))
	if res.Rank >= 0 {
		f.Add("jacobian_rank", res.Rank)
	}
	f.Add("kkt_residual", s.KKTResidual)
	if s.PenaltyE1 > 0 {
		f.Add("penalty_e1", s.PenaltyE1)
		f.Add("penalty_e2", s.PenaltyE2)
	}
	if s.Barrier > 0 {
		f.Add("barrier", s.Barrier)
	}
	attempts := make([]report.Fields, 0, len(res.Attempts))
	for _, a := range res.Attempts {
		var one report.Fields
		one.Add("method", a.Method)
		one.Add("status", a.Verdict.Status.String())
		one.Add("reason", string(a.Verdict.Reason))
		one.Add("iterations", a.Iterations)
		one.Add("objective", a.Objective)
		one.Add("violation", a.Violation)
		attempts = append(attempts, one)
	}
	f.Add("attempts", attempts)
	addProof(&f, res.Proof)
	f.Add("read_s", readS)
	f.Add("setup_s", s.Setup)
	f.Add("solve_s", s.Solve)
	f.Add("verify_s", s.Verify)
	return f
}

// addProof puts the evidence against a solution among the statistics.
func addProof(f *report.Fields, proof *constrained.Proof) {
	if proof == nil {
		return
	}
	f.Add("proof", proof.Kind)
	if proof.Rows != nil {
		f.Add("farkas", numbers(proof.Rows))
	}
	if proof.Vector != nil {
		f.Add("ray", numbers(proof.Vector))
	}
}
