package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"solve/internal/report"
	"solve/ot"
	"solve/solver"
)

// otRun is one run: what was read, what came out.
type otRun struct {
	delivery
	o       *otOptions
	problem *transport
	cost    ot.Cost
	eps     float64
	result  *ot.Result
}

func runOT(ctx context.Context, o *otOptions, con *console) error {
	r := &otRun{o: o, delivery: delivery{con: con, emit: o.emit, json: o.json, plot: o.files.plot}}
	defer r.out.abort()
	if err := r.prepare(); err != nil {
		return err
	}
	opt := o.settings
	opt.Recorder = r.watch
	res, err := ot.Solve(ctx, &ot.Problem{A: r.problem.a, B: r.problem.b, Cost: r.cost, Reg: r.eps, Maximize: r.problem.maximize}, &opt)
	var warnings []string
	if res != nil {
		warnings = res.Warnings
	}
	if err := r.ended(o.files.history, warnings); err != nil {
		return err
	}
	if res == nil {
		return r.wordError(err)
	}
	r.result = res
	return r.finish(ctx, r, err)
}

// prepare reads the problem and opens what is written while solving.
func (r *otRun) prepare() error {
	var err error
	if r.problem, err = readTransport(r.o.in, &r.o.source); err != nil {
		return err
	}
	if r.cost, err = r.problem.cost(); err != nil {
		return err
	}
	if err := r.emit.feasibleTransport(r.problem, r.o.settings.MemoryLimit()); err != nil {
		return err
	}
	if !r.o.exact {
		if r.eps, err = r.resolveReg(); err != nil {
			return err
		}
	}
	if r.o.settings.Warm, err = r.readWarm(); err != nil {
		return err
	}
	return r.open(r.o.files.history, r.o.tol)
}

// resolveReg returns ε and says where it comes from.
func (r *otRun) resolveReg() (float64, error) {
	o := r.o
	if o.reg > 0 {
		r.con.say("reg", "ε = %v", o.reg)
		return o.reg, nil
	}
	if r.problem.forbidsAll() {
		return o.regFactor, nil // any ε will do for the proof that it is infeasible
	}
	eps, err := relativeReg(r.cost, o.regStat, o.regFactor, o.settings.MemoryLimit())
	if err != nil {
		return 0, wordOTError(err)
	}
	r.con.say("reg", "ε = %v (%v × the %s of the cost)", eps, o.regFactor, o.regStat)
	return eps, nil
}

// relativeReg is factor times a statistic of the cost. Where the cost is
// constant, every ε has the same plan, and it is the factor itself.
func relativeReg(cost ot.Cost, stat string, factor float64, maxMemory int64) (float64, error) {
	x, err := ot.CostStatistic(cost, stat, maxMemory)
	if err != nil {
		return 0, err
	}
	if x > 0 {
		return factor * x, nil
	}
	spread, err := ot.CostStatistic(cost, "std", maxMemory)
	if err != nil {
		return 0, err
	}
	if spread == 0 {
		return factor, nil
	}
	return 0, withHint(fmt.Errorf("the %s of the cost is %v, so ε would not be positive%w", stat, x, silent{solver.ErrInput}),
		"--reg-rel std:%v, or --reg", factor)
}

// readWarm reads the potentials g to start from: m values, or the n+m of a
// potentials file, whose last m are g.
func (r *otRun) readWarm() ([]float64, error) {
	if r.o.warm == "" {
		return nil, nil
	}
	f, err := r.o.in.read("warm", r.o.warm, nil)
	if err != nil {
		return nil, err
	}
	v, err := f.Vector()
	if err != nil {
		return nil, err
	}
	n, m := len(r.problem.a), len(r.problem.b)
	if len(v) != m && len(v) != n+m {
		return nil, fmt.Errorf("%s: %d potentials, but %d (g) or %d (f, then g) are needed: %w", r.o.in.name("warm", r.o.warm), len(v), m, n+m, solver.ErrDimension)
	}
	r.con.say("warm", "%s: starting from its potentials", r.o.in.name("warm", r.o.warm))
	return v[len(v)-m:], nil
}

// wordError is wordOTError with what else solves a problem that is too large.
func (r *otRun) wordError(err error) error {
	if r.o.exact && errors.Is(err, solver.ErrTooLarge) {
		return withHint(err, "raise --max-memory; --reg-rel max:1e-3 solves the entropic problem in less, to a certified bracket of this cost")
	}
	return wordOTError(err)
}

// wordOTError adds what to try to the refusals of the solver.
func wordOTError(err error) error {
	var hinted *hintedError
	switch {
	case err == nil || errors.As(err, &hinted):
		return err
	case errors.Is(err, solver.ErrInput) && strings.Contains(err.Error(), "ε"):
		return withHint(err, "raise --reg or --reg-rel")
	}
	var entry *solver.EntryError
	switch {
	case !errors.As(err, &entry) && !errors.Is(err, solver.ErrNonFinite):
		return err
	case entry == nil, math.IsInf(entry.Value, 1):
		return withHint(err, "the cost overflows: scale the points down, or lower --p")
	}
	return withHint(err, "a cost is finite, or inf to forbid a pair")
}

func (r *otRun) verdict() solver.Verdict { return r.result.Verdict }

// summarise says how the run ended.
func (r *otRun) summarise(writeS float64) {
	res, say := r.result, r.con.say
	method := res.Method
	if res.Why != "" {
		method += " (" + res.Why + ")"
	}
	say("method", "%s", method)
	s := res.Stats
	if r.o.exact {
		x := s.Simplex
		say("work", "%s, %s, %s, %s", counted(x.Pivots, "pivot", "pivots"), counted(x.PricingSweeps, "pricing sweep", "pricing sweeps"),
			counted(x.Levels, "level", "levels"), counted(x.ActiveArcs, "active arc", "active arcs"))
	} else {
		say("work", "%d iterations, %d passes, %d Newton steps, %d CG iterations", s.Iterations, s.Passes, s.NewtonSteps, s.CGIterations)
	}
	for _, c := range res.Certificates {
		say("", "%s", certificateLine(c, 15))
	}
	if res.Plan != nil {
		say("cost", "%.10g", res.Cost)
	}
	if r.o.exact && res.Unique {
		say("plan", "the only optimal one")
	}
	if res.Status == solver.Solved { // any other outcome is an error, said at the end
		say("solved", "%s", res.Reason)
	}
	say("time", "read %.3g s, solve %.3g s, write %.3g s, peak %s", r.o.in.seconds, s.Setup+s.Solve+s.Verify, writeS, solver.Bytes(report.PeakRSS()))
}

func (r *otRun) report() *report.Report {
	res, o := r.result, r.o
	rep := newReport(r.con, "ot", o.in)
	rep.Seed = o.settings.Seed
	rep.Method.Name, rep.Method.Chosen, rep.Method.Why = res.Method, o.chosen, res.Why
	rep.SetVerdict(res.Verdict)
	opts := &rep.Method.Options
	if !o.exact {
		opts.Add("reg", r.eps)
	}
	opts.Add("tol", o.tol)
	o.source.record(opts)
	if res.Plan != nil && !o.exact {
		opts.Add("plan_threshold", res.Plan.DefaultDrop())
	}
	*opts = append(*opts, o.recorded...)
	if res.Plan != nil && !math.IsNaN(res.Objective) {
		x := report.Number(res.Objective)
		rep.Objective = &x
	}
	rep.SetCertificates(res.Certificates)
	if o.exact {
		rep.Stats = exactStats(res, o.in.seconds)
	} else {
		rep.Stats = otStats(res, o.in.seconds)
	}
	return rep
}

// exactStats are the stats of a run without regularisation.
func exactStats(res *ot.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	if res.Plan != nil {
		f.Add("cost", res.Cost)
		f.Add("unique", res.Unique)
	}
	addViolatingRows(&f, res)
	f.Add("iterations", s.Iterations)
	f.Add("passes", s.Passes)
	f.Add("pivots", s.Simplex.Pivots)
	f.Add("levels", s.Simplex.Levels)
	f.Add("active_arcs", s.Simplex.ActiveArcs)
	f.Add("zero_flow_arcs", s.Simplex.ZeroFlow)
	f.Add("masses_rounded_up", s.Simplex.RoundedUp)
	f.Add("min_reduced_cost", s.Simplex.MinReducedCost)
	f.Add("complementary_slackness", s.Simplex.Slackness)
	f.Add("plan_nnz", s.PlanNNZ)
	addSeconds(&f, readS, s)
	return f
}

// addViolatingRows lists what proves infeasibility, from 1.
func addViolatingRows(f *report.Fields, res *ot.Result) {
	if len(res.ViolatingRows) == 0 {
		return
	}
	rows := make([]int, len(res.ViolatingRows))
	for k, i := range res.ViolatingRows {
		rows[k] = i + 1
	}
	f.Add("violating_rows", rows)
}

func addSeconds(f *report.Fields, readS float64, s ot.Stats) {
	f.Add("read_s", readS)
	f.Add("setup_s", s.Setup)
	f.Add("solve_s", s.Solve)
	f.Add("verify_s", s.Verify)
}

func otStats(res *ot.Result, readS float64) report.Fields {
	var f report.Fields
	s := res.Stats
	if res.Plan != nil {
		f.Add("cost", res.Cost)
		f.Add("value_kl", res.ValueKL)
	}
	addViolatingRows(&f, res)
	f.Add("iterations", s.Iterations)
	f.Add("passes", s.Passes)
	f.Add("sweeps", s.Sweeps)
	f.Add("updates", s.Updates)
	f.Add("newton_steps", s.NewtonSteps)
	f.Add("cg_iterations", s.CGIterations)
	f.Add("factorizations", s.Factored)
	f.Add("hessian_nnz", s.HessianNNZ)
	f.Add("eps_levels", s.EpsLevels)
	f.Add("plan_nnz", s.PlanNNZ)
	f.Add("plan_l1_bound", s.PlanL1Bound)
	addSeconds(&f, readS, s)
	return f
}
