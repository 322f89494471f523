package main

import (
	"solve/internal/report"
	"solve/internal/verify"
	"solve/matrix"
	"solve/matrix/matio"
	"solve/solver"
)

// transportEmission are the parts that -o DIR/ writes.
var transportEmission = []partFormat{{"plan", matio.FormatMTX}, {"potentials", matio.FormatCSV}}

// feasibleTransport refuses, before the work, what could not be emitted after it.
func (e emission) feasibleTransport(t *transport, maxMemory int64) error {
	if e.wants("map") && t.targets() == nil {
		return usageError("give --a and --b as points, or on a --grid", "--emit map needs points to move to, and --cost hides them")
	}
	if e.wants("plan") && e.format == matio.FormatNPY {
		if need := 8 * float64(len(t.a)) * float64(len(t.b)); need > float64(maxMemory) {
			return withHint(&solver.TooLargeError{What: "the dense plan", Need: int64(min(need, 1<<62)), Have: maxMemory},
				"write it as .mtx or .csv, which leave out negligible entries, or raise --max-memory")
		}
	}
	return nil
}

// makeParts turns the result into what is written. A plan that loses
// entries is certified again as it is written.
func (r *otRun) makeParts() error {
	res, e := r.result, r.emit
	if res.Plan == nil || res.Status == solver.Infeasible || r.reportOnly() {
		return nil
	}
	if e.wants("plan") {
		p, err := r.planPart(e.formatOf(matio.FormatMTX))
		if err != nil {
			return err
		}
		r.parts = append(r.parts, *p)
	}
	if e.wants("potentials") {
		fg := append(append(make([]float64, 0, len(res.F)+len(res.G)), res.F...), res.G...)
		r.parts = append(r.parts, part{name: "potentials", format: e.formatOf(matio.FormatCSV), dense: column(fg...)})
	}
	if e.wants("map") {
		y, err := res.Plan.Barycentric(r.problem.targets())
		if err != nil {
			return err
		}
		if k := massless(r.problem.a); k > 0 {
			r.con.warn("%d points of a have no mass and thus no image: their rows of the map are NaN", k)
		}
		r.parts = append(r.parts, part{name: "map", format: e.format, dense: y})
	}
	if e.wants("cost") {
		r.parts = append(r.parts, part{name: "cost", format: e.format, dense: column(res.Cost)})
	}
	return nil
}

func massless(w []float64) int {
	count := 0
	for _, v := range w {
		if v == 0 {
			count++
		}
	}
	return count
}

// planHeader heads the lines of a plan.
var planHeader = []string{"i", "j", "mass"}

func (r *otRun) planPart(f matio.Format) (*part, error) {
	plan := r.result.Plan
	n, m := plan.Dims()
	if f == matio.FormatNPY {
		d := &matrix.Dense{Rows: n, Cols: m, Data: make([]float64, n*m)}
		for i := range n {
			plan.Row(i, d.Row(i))
		}
		return &part{name: "plan", format: f, dense: d}, nil
	}
	csr, dropped, err := plan.Sparse(plan.DefaultDrop(), r.o.settings.MemoryLimit())
	if err != nil {
		return nil, withHint(err, "a smaller --reg gives a sparser plan; or raise --max-memory")
	}
	r.result.Stats.PlanNNZ = csr.NNZ()
	if r.eps == 0 { // certified already, with these very entries
		return &part{name: "plan", format: f, sparse: csr, header: planHeader}, nil
	}
	if t := plan.DefaultDrop(); t > 0 {
		r.con.say("plan", "%s entries above %.3g × min(a_i/m, b_j/n); the others, dropped, hold a mass of %.3g", grouped(csr.NNZ()), t, dropped)
	}
	if err := r.certifyAsWritten(csr); err != nil {
		return nil, err
	}
	return &part{name: "plan", format: f, sparse: csr, header: planHeader, dropped: dropped}, nil
}

// certifyAsWritten replaces the certificates, and with them the verdict, by
// those of the plan that is written.
func (r *otRun) certifyAsWritten(plan *matrix.CSR) error {
	res := r.result
	c, err := r.problem.certify(verify.SparseRows(plan), res.F, res.G, r.eps, r.o.settings.Threads)
	if err != nil {
		return err
	}
	res.Certificates = c.Certificates(r.o.tol, r.eps, total(r.problem.a))
	res.Cost, res.Objective, res.ValueKL, res.Lower, res.Upper = c.Cost, c.Objective, c.ValueKL, c.Lower, c.Upper
	if failed := firstFailed(res.Certificates); res.Status == solver.Solved && failed != "" {
		res.Verdict = solver.Verdict{Status: solver.Stopped, Reason: solver.AtRoundoff, Detail: failed + " of the plan as written is above its tolerance"}
	}
	return nil
}

// firstFailed names the first certificate that is not ok, "" if all are.
func firstFailed(list []solver.Certificate) string {
	for _, c := range list {
		if !c.OK {
			return c.Name
		}
	}
	return ""
}

// figure draws the plan and, when there is one, the convergence.
func (r *otRun) figure() (*report.Figure, string, error) {
	if r.result.Plan == nil || r.result.Status == solver.Infeasible {
		return nil, "there is no plan to draw", nil
	}
	fig, err := transportFigure(r.problem, r.result.Plan.Row, "", "")
	if err != nil {
		return nil, "", err
	}
	if c, err := report.Convergence("Convergence", r.watch.records, r.o.tol); err == nil {
		fig.Append(c)
	}
	return fig, "", nil
}

// transportFigure draws a plan: lines between points of the plane, else a
// heat map.
func transportFigure(t *transport, row report.PlanRow, kind, title string) (*report.Figure, error) {
	if title == "" {
		title = "Transport plan"
	}
	x, y := t.sources(), t.targets()
	if kind == "arrows" || (kind == "" && x != nil && x.Cols == 2 && t.shape == nil) {
		if x == nil {
			return nil, inputError("draw a heat map: --kind heatmap", "arrows need points, and --cost hides them")
		}
		return report.Arrows(title, x, y, t.a, t.b, row)
	}
	return report.HeatMap(title, len(t.a), len(t.b), row)
}
